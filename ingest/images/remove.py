"""`remove_images`: images out of a collection, with their vectors and thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from skyband.ingest.images.table import build, check_collection, create_staging, publish
from skyband.queries.images.thumbnails import Thumbnails
from skyband.queries.likeness import Collection
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadOption
from skyband.schema.keys import data_of
from skyband.schema.store import Store
from skyband.schema.writer import TableWriter, write_table

_NAMED = 5


@dataclass(frozen=True, slots=True)
class RemoveReport:
    """What removing images did."""

    info: TableInfo  # the collection as it is now
    removed: int  # images
    vectors: int  # of them
    thumbnails: int


def remove_images(store: Store, collection: str, ids: Sequence[str], *, command: str = "") -> RemoveReport:
    """Remove images from a collection, with their vectors and thumbnails; the files stay where they are.

    The table is the last to lose them: a run that was broken off can be done again.

    Args:
        store: where the collection is.
        collection: its name.
        ids: of the images.
        command: what was typed, kept as provenance.

    Raises:
        TableNotFound: there is no such collection.
        BadTable: the table is none.
        BadOption: an id is not there, or no image would remain; then nothing is removed.
        TableLocked: somebody else writes the collection or its vectors.
        StorageError: it could not be written.
    """
    if not store.has(collection):
        raise store.not_found(collection)
    with write_table(store, collection) as writer:
        old = writer.previous
        check_collection(collection, old)
        if old is None:
            raise store.not_found(collection)
        create_staging(writer.connection)
        removed = _name_removed(writer, old, ids)
        unplaced = build(writer.connection, old)
        vectors = Collection.open(store, collection).remove(ids) if collection in Collection.names(store) else 0
        thumbnails = Thumbnails(store, collection).remove(ids)
        info = publish(writer, unplaced, command=command, description=old.description, source=old.source, details={})
    return RemoveReport(info, removed, vectors, thumbnails)


def _name_removed(writer: TableWriter, old: TableInfo, ids: Sequence[str]) -> int:
    """Put ids into the temporary table `removed`; how many there are."""
    connection = writer.connection
    connection.register("given_ids", pa.table({"id": pa.array(ids, pa.utf8())}))
    connection.execute("INSERT INTO removed SELECT DISTINCT id FROM given_ids")
    connection.unregister("given_ids")
    query = f"SELECT id FROM removed ANTI JOIN {data_of(old)} USING (id) ORDER BY id"
    missing = [name for (name,) in connection.execute(query).fetchall()]
    if missing:
        named = ", ".join(map(repr, missing[:_NAMED])) + (", ..." if len(missing) > _NAMED else "")
        raise BadOption(f"{len(missing):,} ids are not in collection {old.name!r}: {named}; nothing was removed")
    [(removed,)] = connection.execute("SELECT count(*) FROM removed").fetchall()
    if removed == old.rows:
        raise BadOption(f"these are all images of collection {old.name!r}; remove it by skyband drop {old.name}")
    return int(removed)
