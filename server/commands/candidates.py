"""`skyband candidates`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from skyband.models.candidates.kind import ALL, load_kinds
from skyband.schema.settings import Settings
from skyband.server.console import command_line, json_option, note, print_json, store_option
from skyband.server.feature_options import input_options
from skyband.server.output import deliver, open_sky, output_options

if TYPE_CHECKING:
    from skyband.models.features import FeatureOptions


@click.command("candidates")
@click.argument("table")
@click.option(
    "--kind", "kinds", type=click.Choice([*load_kinds(), ALL]), multiple=True, default=(ALL,), show_default=True,
    help="Kind of rare object. May repeat.",
)  # fmt: skip
@click.option("-k", "most", type=click.IntRange(min=1), default=20, show_default=True, help="Candidates of each kind.")
@click.option("--where", default="", metavar="SQL", help="Only rows of TABLE for which this holds.")
@click.option(
    "--least-score", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Score of a candidate at least."
)
@click.option("--prefix", default="", metavar="TEXT", help="Of the names of the scores, as given to skyband score.")
@click.option("--into", metavar="NAME", help="Keep the candidates as a table too.")
@click.option("--replace", is_flag=True, help="Publish over a table of that name.")
@input_options
@output_options
@json_option
@store_option
def command(
    settings: Settings,
    table: str,
    kinds: tuple[str, ...],
    most: int,
    where: str,
    least_score: float,
    prefix: str,
    into: str | None,
    replace: bool,
    features: FeatureOptions,
    output: Path | None,
    format: str | None,
    as_json: bool,
) -> None:
    """Rank rare objects of TABLE, which skyband score has classified, for spectroscopy, and say why.

    A score is the probability of the class times the chance that colours, or changes, are beyond the cuts of the
    literature. Kinds for which TABLE lacks something are named and left out.

    Example: skyband candidates objects --kind high-z-quasar -k 50 --where "dec > -20" -o quasars.fits
    """
    from skyband.models.candidates.find import COLUMNS, CandidateOptions, find_candidates, publish_candidates
    from skyband.queries.sky import Given

    options = CandidateOptions(kinds=kinds, most=most, least_score=least_score, where=where, prefix=prefix)
    with open_sky(settings) as sky:
        found = find_candidates(sky, table, options, inputs=features, note=note)
        for name, lacks in found.skipped.items():
            note(f"left out: {name}, since {table} lacks {' and '.join(lacks)}")
        if into is not None:
            info = publish_candidates(sky.store, into, found, sky.table(table), command=command_line(), replace=replace)
            note(f"{info.rows:,} candidates are in the table {info.name}")
        if as_json:
            print_json(
                {
                    "table": table,
                    "version": sky.table(table).version.version,
                    "found": dict(found.found),
                    "skipped": {name: list(lacks) for name, lacks in found.skipped.items()},
                    "candidates": found.rows.to_pylist(),
                }
            )
            return
        note(", ".join(f"{name}: {rows:,}" for name, rows in found.found.items()) + f" of a score of {least_score:g}")
        deliver(sky.sql("FROM candidates", given={"candidates": Given(found.rows, COLUMNS)}), settings, output, format)
