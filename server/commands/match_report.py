"""`skyband match-report`."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import json_option, note, print_facts, print_json, store_option


@click.command("match-report")
@click.argument("table")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="HTML file to write (default: TABLE.html, unless --png or --json asks for something else).",
)
@click.option("--png", "folder", type=click.Path(path_type=Path, file_okay=False), help="Folder for the plots as PNG.")
@json_option
@store_option
def command(settings: Settings, table: str, output: Path | None, folder: Path | None, as_json: bool) -> None:
    """Report on a match of two tables or more: counts, chance, reliability and offsets, with plots, in one HTML file.

    TABLE is one that skyband crossmatch made, with or without probabilities.

    Example: skyband match-report gaia_twomass -o report.html
    """
    from skyband.schema.store import Store
    from skyband.server.report import report_on, report_on_groups
    from skyband.server.report.group_words import summary_of

    store = Store.open(settings)
    is_of_groups = "groups" in store.info(table).details
    report = report_on_groups(store, table) if is_of_groups else report_on(store, table)
    if output is None and folder is None and not as_json:
        output = Path(f"{table}.html")
    if output is not None or folder is not None:
        from skyband.server.report.page import sections_of, write_page, write_plots

        sections = sections_of(report)
        if folder is not None:
            note(f"{len(write_plots(sections, folder))} plots written to {folder}")
        if output is not None:
            write_page(report, sections, output)
            note(f"report written to {output}")
    if as_json:
        print_json(report.document())
        return
    facts, warnings = summary_of(report)
    for warning in warnings:
        note(f"skyband: {warning}")
    print_facts(facts)
