"""`skyband demo`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from skyband.server.console import SEED


@click.command("demo")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"), show_default=True)
@click.option("--rows", type=click.IntRange(min=1000), default=300_000, show_default=True, help="True objects.")
@click.option("--seed", type=SEED, default=1, show_default=True)
def command(folder: Path, rows: int, seed: int) -> None:
    """Run the main job on a simulated sky: ingest four surveys, match them, ask, export, plot; find
    pictures by likeness; learn what objects are and classify all of them.

    What is found is compared with the truth the simulation knows. The folder is made anew.

    Example: skyband demo --folder demo
    """
    from skyband.server.demo.tour import run_demo

    run_demo(folder, rows=rows, seed=seed)
