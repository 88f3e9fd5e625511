"""`skyband simulate`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import command_line, json_option, print_json, progress_bar, store_option


@click.command("simulate")
@click.option("--rows", type=click.IntRange(min=1), required=True, help="True objects: the rows of sim_truth.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Chooses the sky.")
@click.option(
    "--light-curves",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    metavar="SHARE",
    help="Share of the sky whose sources have light curves, in sim_light_curves.",
)
@click.option(
    "--files", type=click.Path(path_type=Path, file_okay=False), help="Only write Parquet files into this folder."
)
@click.option("--replace", is_flag=True, help="Publish over simulated tables that are there.")
@json_option
@store_option
def command(
    settings: Settings,
    rows: int,
    seed: int,
    light_curves: float,
    files: Path | None,
    replace: bool,
    as_json: bool,
) -> None:
    """Simulate four surveys of one true sky, with the truth, and ingest them.

    The tables are sim_optical, sim_nir, sim_mir, sim_astrometry and sim_truth; the same seed gives the same sky.

    Example: skyband simulate --rows 100000 --seed 1
    """
    from skyband.ingest.simulate.into_store import ingest_simulated
    from skyband.ingest.simulate.sky import simulate_sky
    from skyband.schema.store import Store

    with progress_bar("simulating") as progress:
        if files is not None:
            sky = simulate_sky(
                files,
                rows=rows,
                seed=seed,
                progress=lambda done: progress(done, rows),
                light_curve_share=light_curves,
            )
            made = {name: {"rows": sky.rows[name], "file": str(path)} for name, path in sky.paths.items()}
        else:
            reports = ingest_simulated(
                Store.create(settings),
                rows=rows,
                seed=seed,
                light_curve_share=light_curves,
                replace_tables=replace,
                command=command_line(),
                progress=progress,
            )
            made = {report.info.name: {"rows": report.rows_kept, "table": report.info.name} for report in reports}
    if as_json:
        print_json(made)
    else:
        for name, facts in made.items():
            print(f"{name:<16} {facts['rows']:>12,} rows{'  ' + str(facts['file']) if 'file' in facts else ''}")
