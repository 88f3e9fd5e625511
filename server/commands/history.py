"""`skyband history`."""

from __future__ import annotations

from dataclasses import asdict

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import json_option, print_json, print_table, store_option


@click.command("history")
@click.argument("table")
@json_option
@store_option
def command(settings: Settings, table: str, as_json: bool) -> None:
    """List the published versions of a table, oldest first, with the command that made each.

    Example: skyband history gaia
    """
    from skyband.schema.store import Store

    versions = Store.open(settings).info(table).versions
    if as_json:
        print_json([asdict(version) for version in versions])
        return
    print_table(
        ("version", "id", "built at", "rows", "action", "skyband", "command"),
        [
            (v.version, v.version_id, v.built_at, f"{v.rows:,}", v.action, v.skyband_version, v.command)
            for v in versions
        ],
        right=(0, 3),
    )
