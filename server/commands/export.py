"""`skyband export`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import note, progress_bar, store_option
from skyband.server.output import FORMAT_OPTION


@click.command("export")
@click.argument("table", required=False)
@click.option("--sql", "query", metavar="QUERY", help="Export the answer to a SELECT instead of a whole table.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="File to write.")
@FORMAT_OPTION
@store_option
def command(settings: Settings, table: str | None, query: str | None, output: Path, format: str | None) -> None:
    """Write a table, or the answer to a query, to a file with units, UCDs and descriptions in its header.

    The format follows from the suffix: .vot .fits .parquet .csv .tsv .arrow .json

    Example: skyband export gaia -o gaia.fits
    """
    from skyband.queries.export import export

    if (table is None) == (query is None):
        raise click.UsageError("give a TABLE or --sql QUERY (one of them)")
    with progress_bar(f"writing {output.name}") as progress:
        rows = export(settings, output, table=table, query=query, format=format, progress=progress)
    note(f"{rows:,} rows written to {output}")
