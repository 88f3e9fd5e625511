"""What a collection is made of: rows, files, versions, index."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skyband.queries.likeness.index_report import IndexReport
from skyband.queries.likeness.lance import lance_faults
from skyband.queries.likeness.provenance import Provenance
from skyband.queries.likeness.rows import EMBEDDING, PROVENANCE_KEY
from skyband.queries.likeness.snapshot import report_of


@dataclass(frozen=True, slots=True)
class CollectionState:
    """What a collection is made of."""

    name: str
    provenance: Provenance
    rows: int
    bytes: int
    version: int
    versions: int  # that are kept
    fragments: int  # files the rows lie in
    unindexed_rows: int  # that came after the index, and are looked at one by one; all, without an index
    index: IndexReport | None
    columns: tuple[tuple[str, str], ...]  # name and Arrow type of those one may filter by


def state_of(name: str, table: Any, folder: Path) -> CollectionState:
    """The state of a collection.

    Args:
        name: of the collection.
        table: of Lance.
        folder: it lies in.
    """
    with lance_faults(f"cannot read collection {name!r}"):
        rows = table.count_rows()
        return CollectionState(
            name=name,
            provenance=Provenance.from_json(table.schema.metadata[PROVENANCE_KEY]),
            rows=rows,
            bytes=sum(_bytes(path) for path in folder.rglob("*")),
            version=table.version,
            versions=len(table.list_versions()),
            fragments=table.stats()["fragment_stats"]["num_fragments"],
            unindexed_rows=unindexed_rows(table, rows),
            index=report_of(table),
            columns=tuple((field.name, str(field.type)) for field in table.schema if field.name != EMBEDDING),
        )


def unindexed_rows(table: Any, rows: int) -> int:
    """How many of its rows are in no index."""
    found = [index.num_unindexed_rows for index in table.list_indices() if index.columns == [EMBEDDING]]
    return int(found[0]) if found else rows


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:  # deleted while they are counted
        return 0
