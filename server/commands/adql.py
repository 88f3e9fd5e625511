"""`skyband adql`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import rich_click as click

from skyband.schema.names import quote
from skyband.schema.settings import Settings
from skyband.server.console import store_option
from skyband.server.output import open_sky

if TYPE_CHECKING:
    from skyband.queries.adql import Table, Translation


@click.command("adql")
@click.argument("query")
@click.option(
    "--check",
    type=click.Choice(["syntax", "all"]),
    is_flag=False,
    flag_value="all",
    help="Only say whether the query is right: its grammar, or all of it.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: the SQL and the columns, or the error and its place."
)
@store_option
def command(settings: Settings, query: str, check: str | None, as_json: bool) -> None:
    """Show the DuckDB SQL of an ADQL query; `-` reads it from standard input.

    Exit code 0 if the query is right, 2 if not: the error names the line and the column.

    Example: skyband adql "SELECT TOP 5 * FROM gaia WHERE DISTANCE(ra, dec, 11.8, 85.2) < 0.1"
    """
    from skyband.queries.adql import AdqlError, check_syntax, translate

    text = sys.stdin.read() if query == "-" else query
    try:
        translation = None
        if check == "syntax":
            check_syntax(text)
        else:
            translation = translate(text, _tables(settings))
    except AdqlError as error:
        if not as_json:
            raise
        place = {"line": error.line, "column": error.column, "suggestion": error.suggestion}
        click.echo(json.dumps({"error": str(error), **place}))
        sys.exit(error.exit_code)
    if as_json:
        click.echo(json.dumps(_described(translation)))
    elif check is None and translation is not None:
        click.echo(translation.sql)


def _described(translation: Translation | None) -> dict[str, object]:
    if translation is None:
        return {"error": None}
    return {"error": None, "sql": translation.sql, "columns": [asdict(column) for column in translation.columns]}


def _tables(settings: Settings) -> Mapping[str, Table]:
    from skyband.queries.adql import Table

    with open_sky(settings) as sky:
        return {name: Table(name, quote(name), info.columns) for name, info in sky.tables.items()}
