"""`skyband tables`."""

from __future__ import annotations

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import json_option, print_json, print_table, store_option
from skyband.server.output import open_sky

_FACTS = (
    "name", "rows", "columns", "survey", "epoch", "version", "version_id", "built_at", "bytes", "description",
    "damaged",
)  # fmt: skip


@click.command("tables")
@json_option
@store_option
def command(settings: Settings, as_json: bool) -> None:
    """List the tables of the store, and at the end those that cannot be read.

    Example: skyband tables --store sky
    """
    with open_sky(settings) as sky:
        store, infos, damaged = sky.store, list(sky.tables.values()), dict(sky.damaged)
    if as_json:
        print_json(
            [
                {
                    "name": info.name,
                    "rows": info.rows,
                    "columns": len(info.columns),
                    "survey": info.survey,
                    "epoch": info.epoch,
                    "version": info.version.version,
                    "version_id": info.version.version_id,
                    "built_at": info.version.built_at,
                    "bytes": store.table_file(info.name).stat().st_size,
                    "description": info.description,
                    "damaged": None,
                }
                for info in infos
            ]
            + [dict.fromkeys(_FACTS) | {"name": name, "damaged": reason} for name, reason in sorted(damaged.items())]
        )
        return
    print_table(
        ("table", "rows", "columns", "survey", "epoch", "version", "MB", "description"),
        [
            (
                info.name,
                f"{info.rows:,}",
                len(info.columns),
                info.survey,
                info.epoch,
                info.version.version,
                f"{store.table_file(info.name).stat().st_size / 1e6:,.1f}",
                info.description,
            )
            for info in infos
        ]
        + [(name, *[None] * 6, "cannot be read") for name in sorted(damaged)],
        right=(1, 2, 4, 5, 6),
    )
