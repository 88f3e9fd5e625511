"""`skyband drop`."""

from __future__ import annotations

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import note, store_option


@click.command("drop")
@click.argument("tables", nargs=-1, required=True, metavar="TABLE...")
@store_option
def command(settings: Settings, tables: tuple[str, ...]) -> None:
    """Remove tables with their rejected rows; readers that have them open go on undisturbed.

    Example: skyband drop gaia_test
    """
    from skyband.schema.store import Store

    store = Store.open(settings)
    for table in tables:
        if not store.has(table):
            raise store.not_found(table)
    for table in tables:
        store.drop(table)
        note(f"dropped {table}")
