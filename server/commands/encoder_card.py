"""`skyband encoder-card`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from skyband.server.console import json_option, note, print_json


@click.command("encoder-card")
@click.option(
    "--weights", type=click.Path(path_type=Path, dir_okay=False), help="Of skyband-vit (default: the package's)."
)
@click.option(
    "--examples",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of labelled real pictures.",
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="CSV file of their image_id, survey, question and answer, as of Galaxy Zoo.",
)
@click.option("--simulated", type=click.IntRange(min=100), default=5000, show_default=True, help="Simulated galaxies.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Markdown file (default: print).")
@json_option
def command(
    weights: Path | None,
    examples: Path | None,
    labels: Path | None,
    simulated: int,
    output: Path | None,
    as_json: bool,
) -> None:
    """Measure how good the embedded default encoder is, and write its model card.

    Example: skyband encoder-card --examples gz_examples --labels gz_examples_labels.csv -o card.md
    """
    from dataclasses import asdict

    from skyband.models.encoders.embedded import EmbeddedEncoder, default_weights, described
    from skyband.models.evaluation.card import model_card
    from skyband.models.evaluation.field_guide import field_guide_figures, read_examples
    from skyband.models.evaluation.simulated import simulated_figures

    if (examples is None) != (labels is None):
        raise click.UsageError("--examples and --labels go together")
    encoder = EmbeddedEncoder(weights)
    real = None
    if examples is not None and labels is not None:
        real = field_guide_figures(encoder, read_examples(examples, labels))
    figures = simulated_figures(encoder, simulated)
    if as_json:
        print_json({"real": asdict(real) if real else None, "simulated": asdict(figures)})
        return
    file = weights or default_weights()
    card = model_card(
        encoder.provenance,
        figures,
        real,
        size_bytes=file.stat().st_size,
        parameters=encoder.parameters,
        recipe=described(file),
    )
    if output is None:
        print(card, end="")
    else:
        output.write_text(card, encoding="utf-8")
        note(f"{output} written")
