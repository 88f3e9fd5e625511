"""When the index of a collection is built, and how good it has to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skyband.queries.likeness.directory import Directory
from skyband.queries.likeness.index_report import IndexReport
from skyband.queries.likeness.lance import lance_faults
from skyband.queries.likeness.provenance import Provenance
from skyband.queries.likeness.rows import EMBEDDING, PROVENANCE_KEY
from skyband.queries.likeness.snapshot import INDEX_KEY, report_of
from skyband.queries.likeness.state import unindexed_rows
from skyband.schema.errors import BadOption
from skyband.schema.progress import Note
from skyband.schema.settings import Settings

UNINDEXED_SHARE = 0.1
"""Of the rows; with more, the index is built and tuned anew."""

_LEAST_INDEXED = 256
"""Fewer rows are not worth partitions, and too few to choose them by."""


def settle_index(settings: Settings, folder: Path, table: Any) -> None:
    """Index a collection where that is due: it is too large to be looked through, or has many rows beside its index."""
    rows = table.count_rows()
    if rows > settings.likeness_exact_rows and rows >= _LEAST_INDEXED:
        report = report_of(table)
        if report is None or unindexed_rows(table, rows) > UNINDEXED_SHARE * rows:
            build_index(settings, folder, table, report.target if report else None)


def build_index(
    settings: Settings, folder: Path, table: Any, recall: float | None = None, note: Note | None = None
) -> IndexReport:
    """Build the cheapest index that reaches a recall, and keep what it reached.

    Args:
        settings: of the store.
        folder: of the collections.
        table: the collection's latest version.
        recall: of 10 neighbours; `likeness_recall` unless given.
        note: told what is being done.

    Raises:
        BadOption: there are too few rows.
        ResourceLimit: no index reaches it.
    """
    from skyband.queries.likeness.tuning import tune_index

    target = settings.likeness_recall if recall is None else recall
    if not 0 < target <= 1:
        raise BadOption(f"recall {target} is not more than 0 and at most 1")
    dimensions = Provenance.from_json(table.schema.metadata[PROVENANCE_KEY]).dimensions
    directory = Directory(table, dimensions, with_vectors=False)
    if len(directory) < _LEAST_INDEXED:
        raise BadOption(
            f"collection {table.name!r} has {len(directory)} rows; an index takes {_LEAST_INDEXED}, "
            "and so few are searched exactly in no time"
        )
    report = tune_index(folder, table, directory, dimensions, target, note or (lambda _: None))
    with lance_faults("cannot keep the report of the index"):
        table.update_field_metadata({"path": EMBEDDING, "metadata": {INDEX_KEY: report.to_json()}})
    return report
