"""`skyband morphology-stats`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import json_option, print_json, store_option
from skyband.server.output import deliver, open_sky, output_options
from skyband.server.vote_options import measure_option

_SHARE = click.FloatRange(0, 1)


@click.command("morphology-stats")
@click.argument("table")
@click.option("--smooth", type=_SHARE, default=0.469, show_default=True, help="Least share of smooth: smooth galaxies.")
@click.option("--features", type=_SHARE, default=0.430, show_default=True, help="Least share of features: spirals.")
@click.option(
    "--not-edge-on", type=_SHARE, default=0.715, show_default=True, help="Least share of not edge-on: spirals."
)
@click.option("--spiral", type=_SHARE, default=0.619, show_default=True, help="Least share of spiral arms: spirals.")
@click.option(
    "--least-votes",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Votes for smooth, or for spiral arms, that a galaxy must have at least.",
)
@measure_option
@click.option("--sql", "show_sql", is_flag=True, help="Print the SQL statement instead of its answer.")
@json_option
@output_options
@store_option
def command(
    settings: Settings,
    table: str,
    smooth: float,
    features: float,
    not_edge_on: float,
    spiral: float,
    least_votes: int,
    measure: str | None,
    show_sql: bool,
    as_json: bool,
    output: Path | None,
    format: str | None,
) -> None:
    """Votes and volunteers of smooth and of spiral galaxies in TABLE, which holds votes of Galaxy Zoo.

    Count, mean, standard deviation, least, quartiles and most of the votes and of the classifications (volunteers) of
    each galaxy, and votes per classification: how many questions a volunteer answered. The defaults of the cuts are
    those of Willett et al. 2013, table 3.

    Example: skyband morphology-stats gz2 -o statistics.csv
    """
    from skyband.queries.morphology import Cuts, Votes, explain, statistics_sql

    cuts = Cuts(smooth, features, not_edge_on, spiral, least_votes, measure or "")
    with open_sky(settings) as sky:
        votes = Votes.of(sky.table(table), sky.store.path)
        query, cuts = statistics_sql(votes, cuts)
        if show_sql:
            click.echo(query.strip())
            return
        result = sky.sql(query)
        found = explain(votes, cuts, result.to_arrow().to_pylist())
        if as_json:
            print_json(found.to_json())
            return
        # Reading the rows has used the answer up.
        deliver(sky.sql(query), settings, output, format)
    if output is None and format in (None, "table"):
        print(f"\n{' '.join(found.explanation)}")
