"""Collections of vectors in a store: made, filled, indexed, searched."""

from __future__ import annotations

import secrets
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from skyband.queries.likeness.batches import collection_lock, merge, regrouped, remove_rows
from skyband.queries.likeness.directory import fetch_vectors
from skyband.queries.likeness.index_report import IndexReport
from skyband.queries.likeness.indexing import build_index, settle_index
from skyband.queries.likeness.lance import connect, lance_faults
from skyband.queries.likeness.options import Likeness, LikenessOptions, Targets
from skyband.queries.likeness.provenance import Provenance
from skyband.queries.likeness.rows import IDENTITY_KEY, PROVENANCE_KEY, checked, collection_schema
from skyband.queries.likeness.search import search
from skyband.queries.likeness.snapshot import Snapshot
from skyband.queries.likeness.state import CollectionState, state_of
from skyband.schema.errors import BadOption, BadTable, StorageError, TableExists, TableNotFound
from skyband.schema.names import check_table_name, quote_text
from skyband.schema.progress import Note
from skyband.schema.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

_SETTLED_S = 0.1
"""A folder that changed so recently may change again without its clock moving."""

Progress = Callable[[int], None]


class Collection:
    """A collection of vectors; use `Collection.open` or `Collection.create`.

    Searches see what was written before them, by any process. It must not be carried over a fork.
    """

    def __init__(self, store: Store, name: str) -> None:
        self.store, self.name = store, name
        self._folder = store.path / "vectors"
        self._versions = self._folder / f"{name}.lance" / "_versions"
        self._connection = connect(self._folder)
        self._snapshot: Snapshot | None = None
        self._seen: tuple[int, int] | None = None
        self._opening = threading.Lock()

    @classmethod
    def create(cls, store: Store, name: str, provenance: Provenance, metadata: pa.Schema | None = None) -> Collection:
        """Make an empty collection.

        Args:
            store: that will have it.
            name: a name for tables.
            provenance: of the vectors it will hold.
            metadata: further columns, to filter by.

        Raises:
            TableExists: it is there.
            BadName: the name, or that of a column, cannot be used.
        """
        schema = collection_schema(provenance, metadata, secrets.token_hex(8))
        with collection_lock(store, name):
            collection = cls(store, name)
            if collection._versions.exists():
                raise TableExists(f"collection {name!r} is there already; drop it first, or choose another name")
            with lance_faults(f"cannot make collection {name!r}"):
                collection._connection.create_table(name, schema=schema)
        return collection

    @classmethod
    def open(cls, store: Store, name: str) -> Collection:
        """A collection that is there.

        Raises:
            TableNotFound: it is not.
        """
        collection = cls(store, check_table_name(name))
        if not collection._versions.exists() or not _is_collection(collection._table()):
            there = ", ".join(cls.names(store)) or "none yet"
            raise TableNotFound(f"no collection {name!r} in the store; there are: {there}")
        return collection

    @classmethod
    def only(cls, store: Store) -> Collection:
        """The collection, where there is one alone.

        Raises:
            TableNotFound: there is none.
            BadOption: there are several.
        """
        names = cls.names(store)
        if len(names) > 1:
            raise BadOption(f"there are several collections, {', '.join(names)}: say which")
        if not names:
            raise TableNotFound("no collection of the store has vectors; see skyband embed")
        return cls(store, names[0])

    @staticmethod
    def names(store: Store) -> list[str]:
        """Names of all collections, sorted; thumbnails that lie beside them are none."""
        folder = store.path / "vectors"
        names = sorted(path.parent.stem for path in folder.glob("[!.]*.lance/_versions"))
        if not names:
            return []
        connection = connect(folder)
        with lance_faults("cannot list the collections"):
            return [name for name in names if _is_collection(connection.open_table(name))]

    @classmethod
    def drop(cls, store: Store, name: str) -> None:
        """Remove a collection, and the projection of its vectors.

        Raises:
            TableNotFound: it is not there.
            TableLocked: somebody is writing it.
        """
        collection = cls.open(store, name)
        with collection_lock(store, name), lance_faults(f"cannot drop collection {name!r}"):
            collection._connection.drop_table(name)
            store.remove_projections(name)

    @property
    def provenance(self) -> Provenance:
        """Where its vectors come from."""
        return Provenance.from_json(self._table().schema.metadata[PROVENANCE_KEY])

    def add(
        self,
        rows: pa.Table | pa.RecordBatch | Iterable[pa.Table | pa.RecordBatch],
        provenance: Provenance,
        *,
        settle: bool = True,
        progress: Progress | None = None,
    ) -> int:
        """Add rows; a row whose id is there takes the place of the old one.

        Every batch of `likeness_batch_rows` is written whole or not at all.

        Args:
            rows: `id`, `embedding` (unit vectors), and any of `ra`, `dec` (degrees) and the metadata columns.
            provenance: of the vectors.
            settle: whether to index what needs it, at the end.
            progress: called with the number of rows written so far.

        Returns:
            How many rows were written.

        Raises:
            BadTable: vectors of another origin, or that are no unit vectors; the message names some ids.
            TableLocked: somebody else is writing.
        """
        with collection_lock(self.store, self.name):
            table = self._table()
            differences = provenance.differences(Provenance.from_json(table.schema.metadata[PROVENANCE_KEY]))
            if differences:
                raise BadTable(
                    f"these vectors cannot be mixed with those of collection {self.name!r}: {differences}; "
                    "encode them as the others were, or make another collection"
                )
            written = 0
            for batch in regrouped(rows, self.store.settings.likeness_batch_rows):
                merge(table, checked(batch, table.schema))
                written += batch.num_rows
                if progress is not None:
                    progress(written)
            if settle:
                settle_index(self.store.settings, self._folder, table)
        return written

    def remove(self, ids: Sequence[str]) -> int:
        """Remove rows; ids that are not there do not matter.

        Returns:
            How many were there.

        Raises:
            TableLocked: somebody else is writing.
        """
        with collection_lock(self.store, self.name):
            return remove_rows(self._table(), ids)

    def build_index(self, recall: float | None = None, note: Note | None = None) -> IndexReport:
        """Build the cheapest index that reaches a recall, and keep what it reached.

        Args:
            recall: of 10 neighbours; `likeness_recall` unless given.
            note: told what is being done.

        Raises:
            BadOption: there are too few rows.
            ResourceLimit: no index reaches it.
        """
        with collection_lock(self.store, self.name):
            return build_index(self.store.settings, self._folder, self._table(), recall, note)

    def optimize(self, keep_s: float | None = None) -> tuple[CollectionState, CollectionState]:
        """Join small files, put rows that came later into the index, and delete old versions.

        Args:
            keep_s: versions younger than so many seconds stay, so that searches that run can end;
                `likeness_keep_versions_s` unless given.

        Returns:
            The state before and after.
        """
        keep = timedelta(seconds=self.store.settings.likeness_keep_versions_s if keep_s is None else keep_s)
        with collection_lock(self.store, self.name):
            before = self.state()
            table = self._table()
            with lance_faults(f"cannot optimize collection {self.name!r}"), warnings.catch_warnings():
                # That 0 seconds may stop searches that run is said above.
                warnings.simplefilter("ignore", UserWarning)
                table.optimize(cleanup_older_than=keep)
            return before, self.state()

    def state(self) -> CollectionState:
        """What it is made of now."""
        return state_of(self.name, self._table(), self._versions.parent)

    def columns(self, names: Sequence[str]) -> pa.Table:
        """Columns of all rows, in no order.

        Raises:
            BadOption: there is no such column.
        """
        table = self._table()
        missing = [name for name in names if name not in table.schema.names]
        if missing:
            raise BadOption(f"collection {self.name!r} has no column {missing[0]!r}")
        with lance_faults(f"cannot read collection {self.name!r}"):
            return table.search().select(list(names)).to_arrow().select(list(names))

    def similar(self, target: Targets, options: LikenessOptions | None = None) -> Likeness:
        """The nearest rows of one target.

        Raises:
            BadOption: more than one target, too large a `k`, a filter that cannot be applied.
        """
        if len(target) != 1:
            raise BadOption(f"{len(target)} targets where one is looked for; similar_batch takes many")
        return self._search(target, options or LikenessOptions(), numbered=False)

    def similar_batch(self, targets: Targets, options: LikenessOptions | None = None) -> Likeness:
        """The nearest rows of many targets; looking for them together is far cheaper than one by one."""
        return self._search(targets, options or LikenessOptions(), numbered=True)

    def targets(self, ids: Sequence[str]) -> Targets:
        """Rows of the collection, to look for their likes.

        Raises:
            BadOption: an id is not there.
        """
        snapshot = self.snapshot()
        rows = snapshot.rows_of(ids)
        missing = [one for one, row in zip(ids, rows, strict=True) if row < 0]
        if missing:
            shown = ", ".join(map(repr, missing[:5]))
            raise BadOption(f"{len(missing)} ids are not in collection {self.name!r}: {shown}")
        return self._targets(snapshot, rows)

    def ids_of_checksums(self, checksums: Sequence[str]) -> dict[str, str]:
        """Ids by the checksums of their files (SHA-256, hexadecimal), for those of some checksums that are there.

        Empty where the collection does not know the checksums of its images.
        """
        table = self._table()
        if "checksum" not in table.schema.names or not checksums:
            return {}
        wanted = ", ".join(quote_text(one) for one in checksums)
        with lance_faults(f"cannot read collection {self.name!r}"):
            found = table.search().where(f"checksum IN ({wanted})").select(["checksum", "id"]).to_arrow()
        return dict(sorted(zip(found["checksum"].to_pylist(), found["id"].to_pylist(), strict=True), reverse=True))

    def snapshot(self) -> Snapshot:
        """The latest version, opened; the same object until somebody writes.

        Raises:
            TableNotFound: the collection was dropped.
        """
        # Held while a new version is read: everybody else would wait for the same rows.
        with self._opening:
            seen = self._stamp()
            if self._snapshot is None or self._seen is None or seen != self._seen:
                table = self._table()
                if self._snapshot is None or not _is_same(table, self._snapshot):
                    self._snapshot = Snapshot(self._folder, self.name, table, self.store.settings.likeness_exact_rows)
                self._seen = seen if time.time() - seen[1] / 1e9 > _SETTLED_S else None
            return self._snapshot

    def _search(self, targets: Targets, options: LikenessOptions, *, numbered: bool) -> Likeness:
        most = self.store.settings.likeness_max_k
        if options.k > most:
            raise BadOption(
                f"{options.k} neighbours are more than {most}; ask for fewer, or raise SKYBAND_LIKENESS_MAX_K"
            )
        snapshot = self.snapshot()
        try:
            return search(snapshot, targets, options, numbered=numbered)
        except StorageError:
            # An old version may have been deleted while it was read.
            self._seen = None
            if self.snapshot() is snapshot:
                raise
            return search(self.snapshot(), targets, options, numbered=numbered)

    def _targets(self, snapshot: Snapshot, rows: np.ndarray[Any, np.dtype[np.int64]]) -> Targets:
        directory = snapshot.directory
        if directory.vectors is not None:
            vectors = directory.vectors[rows]
        else:
            unique, back = np.unique(rows, return_inverse=True)
            vectors = fetch_vectors(snapshot.table, directory.row_ids[unique], snapshot.provenance.dimensions)[back]
        return Targets(vectors, directory.ids.take(rows).to_pylist(), directory.ra[rows], directory.dec[rows])

    def _stamp(self) -> tuple[int, int]:
        """What changes when a version is added: the folder of versions, and when it changed."""
        try:
            status = self._versions.stat()
        except FileNotFoundError:
            raise TableNotFound(f"collection {self.name!r} is not there any more") from None
        return status.st_ino, status.st_mtime_ns

    def _table(self) -> Any:
        """The latest version, to be read and written."""
        self._stamp()
        with lance_faults(f"cannot open collection {self.name!r}"):
            return self._connection.open_table(self.name)


def _is_collection(table: Any) -> bool:
    """Thumbnails lie in the same folder."""
    return PROVENANCE_KEY in (table.schema.metadata or {})


def _is_same(table: Any, snapshot: Snapshot) -> bool:
    return bool(table.version == snapshot.version and table.schema.metadata[IDENTITY_KEY] == snapshot.identity)
