"""One version of a collection, open for searches; it stays what it is while others write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skyband.queries.likeness.directory import Directory
from skyband.queries.likeness.index_reader import IndexReader
from skyband.queries.likeness.index_report import IndexReport
from skyband.queries.likeness.indexed import IndexedTier
from skyband.queries.likeness.lance import filter_faults, lance_faults
from skyband.queries.likeness.provenance import Provenance
from skyband.queries.likeness.rows import EMBEDDING, IDENTITY_KEY, PROVENANCE_KEY
from skyband.queries.likeness.tiers import ExactTier, FlatTier, Tier
from skyband.queries.likeness.where import lance_condition
from skyband.schema.errors import BadOption
from skyband.schema.healpix import Integers, ranges_of_cone

if TYPE_CHECKING:
    import pyarrow as pa

    from skyband.queries.cones import Cone
    from skyband.queries.likeness.options import LikenessOptions

INDEX_KEY = "skyband:index"
"""Metadata of the embedding: the report of its index."""


class Snapshot:
    """A version: its rows, and the best way to their vectors."""

    def __init__(self, folder: Path, name: str, table: Any, exact_rows: int) -> None:
        """Read a version.

        Args:
            folder: of Lance datasets.
            name: of the collection.
            table: of Lance; nobody else may check another version out with it.
            exact_rows: up to so many rows all vectors are held in memory.
        """
        self.name, self.table = name, table
        self.version: int = table.version
        schema = table.schema
        self.identity: bytes = schema.metadata[IDENTITY_KEY]
        self.columns = {field.name: _is_integer(field.type) for field in schema if field.name != EMBEDDING}
        """To filter by, and whether they hold integers."""
        self.provenance = Provenance.from_json(schema.metadata[PROVENANCE_KEY])
        self.report = report_of(table)
        with lance_faults(f"cannot read collection {name!r}"):
            rows = table.count_rows()
        self.directory = Directory(table, self.provenance.dimensions, with_vectors=rows <= exact_rows)
        flat = FlatTier(table, self.directory, self.provenance.dimensions)
        self.tier: Tier = flat
        if rows <= exact_rows:
            self.tier = ExactTier(self.directory)
        elif self.report is not None and self.report.kind == _kind_of_index(table):
            self.tier = IndexedTier(IndexReader(folder, name, self.version), self.directory, flat, self.report)

    @property
    def recall(self) -> float:
        """Of a search: 1 where all vectors are looked at."""
        return self.report.recall if self.report is not None and self.tier.name != "exact" else 1.0

    def rows_of(self, ids: Sequence[str | None]) -> Integers:
        """Numbers of rows by id, -1 where there is none; shape (n,)."""
        if all(one is None for one in ids):
            return np.full(len(ids), -1)
        found = self.directory.rows_of_ids([one or "" for one in ids])
        return np.where([one is None for one in ids], -1, found)

    def chosen_rows(self, options: LikenessOptions) -> Integers | None:
        """Numbers of the rows that all filters let pass, ascending; None if there are no filters.

        Raises:
            BadOption: the condition cannot be applied.
        """
        chosen: Integers | None = None
        if options.ids is not None:
            found = np.unique(self.directory.rows_of_ids(_texts(options.ids)))
            chosen = found[found >= 0]
        if options.cone is not None:
            chosen = _both(chosen, self._rows_in(options.cone))
        if options.where.strip():
            chosen = _both(chosen, self._rows_where(options.where))
        return chosen

    def _rows_in(self, cone: Cone) -> Integers:
        candidates = self.directory.rows_within(ranges_of_cone(cone.ra, cone.dec, cone.radius_deg))
        inside, _ = cone.nearest(self.directory.ra[candidates], self.directory.dec[candidates])
        return np.sort(candidates[inside])

    def _rows_where(self, where: str) -> Integers:
        condition = lance_condition(where, self.columns)
        with lance_faults("cannot filter the collection"), filter_faults(where):
            found = self.table.search().where(condition).select(["id"]).with_row_id(True).to_arrow()
        return np.sort(self.directory.rows_of(found["_rowid"].to_numpy().astype(np.int64)))


def report_of(table: Any) -> IndexReport | None:
    """The report of a table's index; None if it has none."""
    kept = (table.schema.field(EMBEDDING).metadata or {}).get(INDEX_KEY.encode())
    return IndexReport.from_json(kept) if kept else None


def _kind_of_index(table: Any) -> str:
    """The kind of index there is; while another is tried, it is not the one that was reported."""
    found = [index.name for index in table.list_indices() if index.columns == [EMBEDDING]]
    return str(table.index_stats(found[0]).index_type) if found else ""


def _is_integer(type_: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(type_))


def _both(chosen: Integers | None, also: Integers) -> Integers:
    return also if chosen is None else np.intersect1d(chosen, also, assume_unique=True)


def _texts(ids: Any) -> Any:
    """Ids of any type as one array of text."""
    import pyarrow as pa

    try:
        texts = ids.cast(pa.utf8())
        return (texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts).drop_null()
    except pa.ArrowNotImplementedError as error:
        raise BadOption(f"{ids.type} are no ids; select the column with the ids of the collection") from error
