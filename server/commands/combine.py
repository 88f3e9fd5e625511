"""`skyband combine`."""

from __future__ import annotations

import rich_click as click

from skyband.schema.errors import BadOption
from skyband.schema.settings import Settings
from skyband.server.console import command_line, json_option, print_json, store_option


@click.command("combine")
@click.argument("match")
@click.argument("tables", nargs=-1)
@click.option("--into", required=True, metavar="NAME", help="Name of the catalogue to publish.")
@click.option(
    "--columns",
    multiple=True,
    metavar="TABLE=COLUMN,...",
    help="Columns of a table to take; all by default. May repeat.",
)
@click.option(
    "--error",
    multiple=True,
    metavar="TABLE=ARCSEC",
    help="Whole position error, in place of what table and match say; may repeat.",
)
@click.option("--no-propagate", is_flag=True, help="Leave proper motions aside.")
@click.option("--replace", is_flag=True, help="Publish over a table that is there.")
@json_option
@store_option
def command(
    settings: Settings,
    match: str,
    tables: tuple[str, ...],
    into: str,
    columns: tuple[str, ...],
    error: tuple[str, ...],
    no_propagate: bool,
    replace: bool,
    as_json: bool,
) -> None:
    """Make one catalogue of a MATCH: a row an object, with columns of its TABLES (all that were matched by default).

    The position is that of all members together, weighted by their errors, at the epoch of the first of them.
    Systematic errors and displacements are those that the match found.

    Example: skyband combine gaia_twomass --into stars --columns gaia=phot_g_mean_mag,parallax --columns twomass=j_m
    """
    from skyband.queries.association.combine import CombineOptions, combine
    from skyband.schema.store import Store

    options = CombineOptions(
        match=match,
        tables=tables,
        into=into,
        columns={table: tuple(names.split(",")) for table, names in map(_pair, columns)},
        error_arcsec={table: _number(value, table) for table, value in map(_pair, error)},
        propagate=not no_propagate,
        replace=replace,
    )
    report = combine(Store.open(settings), options, command=command_line())
    if as_json:
        figures = {"table": into, "rows": report.info.rows, "members": report.members, "seconds": report.seconds}
        print_json(figures)
        return
    print(f"table {into} has {report.info.rows:,} objects, {len(report.info.columns)} columns ({report.seconds:.2f} s)")
    for table, rows in report.members.items():
        print(f"  {table}: in {rows:,} objects")


def _pair(text: str) -> tuple[str, str]:
    table, equals, value = text.partition("=")
    if not (table and equals and value):
        raise BadOption(f"{text!r} is not of the form TABLE=...")
    return table, value


def _number(text: str, table: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadOption(f"--error {table}={text!r} is not a number of arcsec") from None
