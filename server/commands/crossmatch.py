"""`skyband crossmatch`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import command_line, json_option, percent, print_json, progress_bar, store_option

if TYPE_CHECKING:
    from skyband.queries.crossmatch import MatchReport


@click.command("crossmatch")
@click.argument("left")
@click.argument("right")
@click.option("--radius", "radius_arcsec", type=float, required=True, metavar="ARCSEC", help="Largest separation.")
@click.option("--into", required=True, metavar="NAME", help="Name of the pair table to publish.")
@click.option(
    "--find",
    type=click.Choice(["all", "best", "best1", "best2", "mutual", "one-to-one"]),
    help="Pairs to keep: all; best (closest first, each row once); best1 or best2 (nearest of each left or right row); "
    "mutual (each other's nearest); one-to-one (least total separation). Default best, and all for a self-match.",
)
@click.option(
    "--join",
    default="inner",
    show_default=True,
    metavar="TYPE",
    help="Rows to list: inner, left, right, full, left-only, right-only, xor, or STILTS' 1and2, all1, all2, 1or2, "
    "1not2, 2not1, 1xor2.",
)
@click.option("--wide", is_flag=True, help="Add all columns of both tables.")
@click.option("--replace", is_flag=True, help="Publish over a table that is there.")
@json_option
@store_option
def command(
    settings: Settings,
    left: str,
    right: str,
    radius_arcsec: float,
    into: str,
    find: str | None,
    join: str,
    wide: bool,
    replace: bool,
    as_json: bool,
) -> None:
    """Match two tables by position and publish their pairs; a table with itself gives its duplicates.

    Example: skyband crossmatch gaia twomass --radius 1 --into gaia_twomass
    """
    from skyband.queries.crossmatch import Find, MatchOptions, crossmatch, join_of
    from skyband.schema.store import Store

    options = MatchOptions(
        left=left,
        right=right,
        radius_arcsec=radius_arcsec,
        into=into,
        find=Find(find or ("all" if left == right else "best")),
        join=join_of(join),
        wide=wide,
        replace=replace,
    )
    with progress_bar(f"matching {left} with {right}") as progress:
        report = crossmatch(Store.open(settings), options, command=command_line(), progress=progress)
    if as_json:
        print_json(asdict(report.counts) | {"table": into, "rows": report.info.rows, "seconds": report.seconds})
    else:
        _print(options.left, options.right, into, report)


def _print(left: str, right: str, into: str, report: MatchReport) -> None:
    counts, chance = report.counts, report.counts.chance
    print(f"{counts.pairs:,} pairs; table {into} has {report.info.rows:,} rows ({report.seconds:.2f} s)")
    for name, rows, matched, unmatched in (
        (left, counts.left_rows, counts.left_matched, counts.left_unmatched),
        (right, counts.right_rows, counts.right_matched, counts.right_unmatched),
    ):
        share = matched / rows if rows else 0.0
        print(f"  {name}: {matched:,} of {rows:,} matched ({share:.2%}), {unmatched:,} unmatched")
    print(
        f"  chance: {percent(chance.rate)} ± {percent(chance.rate_error)} of {left} rows find a partner when shifted "
        f"by {chance.shift_arcsec:g} arcsec ({chance.sample_rows:,} rows, {chance.shifts} directions)"
    )
