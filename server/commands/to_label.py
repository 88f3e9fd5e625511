"""`skyband to-label`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import SEED, json_option, note, print_json, store_option
from skyband.server.feature_options import input_options
from skyband.server.output import deliver, open_sky, output_options

if TYPE_CHECKING:
    from skyband.models.features import FeatureOptions


@click.command("to-label")
@click.argument("table")
@click.option("-n", "count", type=click.IntRange(min=1), default=20, show_default=True, help="Rows to label.")
@click.option("--where", default="", metavar="SQL", help="Only rows of TABLE for which this holds.")
@click.option("--prefix", default="", metavar="TEXT", help="Of the names of the scores, as given to skyband score.")
@click.option("--seed", type=SEED, default=1, show_default=True, help="Of everything drawn at random.")
@input_options
@output_options
@json_option
@store_option
def command(
    settings: Settings,
    table: str,
    count: int,
    where: str,
    prefix: str,
    seed: int,
    features: FeatureOptions,
    output: Path | None,
    format: str | None,
    as_json: bool,
) -> None:
    """Name the rows of TABLE, which skyband score has classified, whose label would teach the model most.

    They are doubtful, disputed among the members of the ensemble, not all alike, and not labelled yet. Label them by
    skyband label TABLE ID --word CLASS, or --csv FILE; then skyband train --with-labels, and score anew.

    Example: skyband to-label objects -n 50 -o to_label.csv
    """
    from skyband.models.candidates.to_label import COLUMNS, choose_to_label
    from skyband.queries.sky import Given

    with open_sky(settings) as sky:
        found = choose_to_label(sky, table, count, where=where, prefix=prefix, inputs=features, seed=seed)
        if as_json:
            print_json(
                {
                    "table": table,
                    "version": sky.table(table).version.version,
                    "doubtful": found.doubtful,
                    "known": found.known,
                    "to_label": found.rows.to_pylist(),
                }
            )
            return
        note(f"chosen from the {found.doubtful:,} most doubtful rows without a label; {found.known:,} have one")
        deliver(sky.sql("FROM to_label", given={"to_label": Given(found.rows, COLUMNS)}), settings, output, format)
