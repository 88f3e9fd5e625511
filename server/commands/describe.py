"""`skyband describe`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import json_option, print_facts, print_json, print_table, store_option

_LONGEST_LIST = 30


def _flat(prefix: str, details: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Nested details as `match.chance.rate` and the like."""
    for key, value in details.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield prefix + key, _listed(value) if isinstance(value, list) else value


def _listed(values: list[object]) -> str:
    # A record is long in itself: those of a calibration would fill the screen.
    is_short = len(values) <= _LONGEST_LIST and not any(isinstance(value, Mapping) for value in values)
    return ", ".join(map(str, values)) if is_short else f"{len(values):,} values, see --json"


@click.command("describe")
@click.argument("table")
@json_option
@store_option
def command(settings: Settings, table: str, as_json: bool) -> None:
    """Show what is known of a table: provenance, columns, units, UCDs, roles.

    Example: skyband describe gaia
    """
    from skyband.schema.store import Store

    info = Store.open(settings).info(table)
    if as_json:
        print_json(asdict(info) | {"rows": info.rows})
        return
    facts: dict[str, object] = {
        "table": info.name,
        "rows": f"{info.rows:,}",
        "description": info.description,
        "survey": info.survey,
        "source": info.source,
        "licence": info.licence,
        "citation": info.citation,
        "frame": info.frame,
        "epoch": info.epoch,
        "version": f"{info.version.version} ({info.version.version_id}, {info.version.built_at})",
        "command": info.version.command,
    }
    facts |= dict(_flat("", info.details))
    print_facts({name: value for name, value in facts.items() if value not in ("", None)})
    print()
    print_table(
        ("column", "type", "unit", "UCD", "role", "description"),
        [(c.name, c.type, c.unit, c.ucd, c.role, c.description) for c in info.columns],
    )
