"""`skyband features`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import json_option, note, print_json, print_table, store_option
from skyband.server.feature_options import feature_options, listed_names
from skyband.server.output import deliver, open_sky, output_options

if TYPE_CHECKING:
    from skyband.models.features import FeatureOptions, FeatureTable


@click.command("features")
@click.argument("table")
@feature_options
@click.option("--also", metavar="COLUMN,...", default="", help="Columns of TABLE to pass on.")
@click.option("--list", "only_list", is_flag=True, help="List the features, and what is missing for the others.")
@output_options
@json_option
@store_option
def command(
    settings: Settings,
    table: str,
    features: FeatureOptions,
    also: str,
    only_list: bool,
    output: Path | None,
    format: str | None,
    as_json: bool,
) -> None:
    """Show or write the features of TABLE: what a classifier sees of each source.

    The bands are those of the surveys of TABLE, in their own system (AB or Vega); missing values stay empty.
    --json says what the features are, where their inputs come from, and what the others lack.

    Example: skyband features objects --groups colours,parallax --light-curves sim_light_curves -o features.parquet
    """
    from skyband.models.features import facts, feature_table

    with open_sky(settings) as sky:
        found = feature_table(sky, table, features)
        if as_json:
            print_json(facts(found))
        elif only_list:
            _list(found)
        if output is not None or not (as_json or only_list):
            deliver(found.rows(also=listed_names(also)), settings, output, format)
            note(f"{len(found.names)} features, {len(found.missing)} more cannot be given: see --list")


def _list(found: FeatureTable) -> None:
    from skyband.models.features.groups import choose_groups

    wanted = choose_groups(found.options.groups)
    rows = [
        (
            group.name,
            feature.name,
            feature.unit,
            "lacks " + ", ".join(found.missing[feature.name]) if feature.name in found.missing else "yes",
            feature.description,
        )
        for group in wanted
        for feature in group.features
    ]
    print_table(("group", "feature", "unit", "given", "description"), rows)
    print(
        f"\n{len(found.names)} features of {found.info.name}, digest {found.digest[:12]}. Where the inputs come from:"
    )
    print_table(
        ("input", "from", "system"), [(name, item.origin, item.system) for name, item in sorted(found.inputs.items())]
    )
