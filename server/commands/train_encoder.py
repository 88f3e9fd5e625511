"""`skyband train-encoder`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from skyband.server.console import json_option, print_json, progress_bar

if TYPE_CHECKING:
    from skyband.models.encoders.devices import DeviceName


@click.command("train-encoder")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File of weights to write."
)
@click.option("--steps", type=click.IntRange(min=1), default=7000, show_default=True, help="Steps of the optimiser.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of all random numbers.")
@click.option(
    "--real",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    multiple=True,
    help="Folder of real pictures of one survey, of which alikeness is learnt too; may be given several times.",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="Of the processor (default: all).")
@json_option
def command(
    output: Path, steps: int, seed: int, real: tuple[Path, ...], device: DeviceName, threads: int | None, as_json: bool
) -> None:
    """Train the embedded default encoder on simulated galaxies.

    It goes on where a training that was broken off had come to, from OUTPUT.checkpoint. An hour on one core of a
    processor or some minutes on a GPU give the figures of the model card.

    Example: skyband train-encoder -o my_encoder.safetensors --real pictures/sdss
    """
    import torch

    from skyband.models.encoders.devices import choose_device
    from skyband.models.encoders.embedded import save_network
    from skyband.models.training.real import cut_outs
    from skyband.models.training.recipe import Recipe
    from skyband.models.training.train import train

    if threads is not None:
        torch.set_num_threads(threads)
    recipe = Recipe(steps=steps, seed=seed)
    surveys = [cut_outs(folder) for folder in real]
    losses = [0.0, 0.0]
    with progress_bar("training") as progress:

        def on_step(step: int, labels: float, contrast: float) -> None:
            losses[:] = labels, contrast
            progress(step, steps)

        checkpoint = output.with_name(output.name + ".checkpoint")
        network = train(
            recipe,
            choose_device(device),
            real=surveys,
            checkpoint=checkpoint,
            on_step=on_step,
        )
    save_network(
        network,
        recipe.shape,
        output,
        {"recipe": repr(recipe), "real_pictures": str(sum(map(len, surveys)))},
    )
    if as_json:
        print_json({"output": str(output), "steps": steps, "loss_labels": losses[0], "loss_contrast": losses[1]})
    else:
        print(f"{output}: {output.stat().st_size / 1e6:.1f} MB after {steps:,} steps")
        print(f"  use it by --encoder skyband-vit --weights {output}")
