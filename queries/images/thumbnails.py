"""Small pictures of a collection's images, in LanceDB beside its vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from skyband.queries.images.decode import Picture
from skyband.queries.likeness.batches import remove_rows
from skyband.schema.errors import StorageError
from skyband.schema.faults import first_line
from skyband.schema.names import check_table_name, quote_text
from skyband.schema.store import Store

if TYPE_CHECKING:
    from lancedb.db import DBConnection
    from lancedb.table import Table

SIDE_PIXELS = 128
"""Longer side of a thumbnail at most."""

SCHEMA = pa.schema([pa.field("id", pa.utf8(), nullable=False), pa.field("jpeg", pa.binary(), nullable=False)])

_QUALITY = 85
_ASKED_AT_ONCE = 1000


def make_thumbnail(picture: Picture) -> bytes:
    """A JPEG file of a picture, its longer side `SIDE_PIXELS` at most; smaller pictures stay as large as they are."""
    from PIL import Image

    image = Image.fromarray(picture)
    image.thumbnail((SIDE_PIXELS, SIDE_PIXELS), Image.Resampling.LANCZOS, reducing_gap=3.0)
    file = BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


class Thumbnails:
    """The thumbnails of one collection: the Lance table `<collection>_thumbnails` of the store's `vectors`."""

    def __init__(self, store: Store, collection: str) -> None:
        self._store = store
        self._name = f"{check_table_name(collection)}_thumbnails"

    def write(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Keep thumbnails (columns `id` and `jpeg`), in place of those of the same ids.

        Raises:
            StorageError: the disk is full or refuses.
        """
        table: Table | None = None
        try:
            for batch in batches:
                table = table or self._opened(create=True)
                merge = table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
                merge.execute(pa.Table.from_batches([batch]))
            if table is not None:
                table.optimize()
        except (OSError, RuntimeError) as error:
            raise StorageError(f"cannot write the thumbnails {self._name}: {first_line(error)}") from error

    def read(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The JPEG files of images, by id; those without one are left out."""
        table = self._opened(create=False)
        if table is None:
            return {}
        found: dict[str, bytes] = {}
        for first in range(0, len(ids), _ASKED_AT_ONCE):
            some = ids[first : first + _ASKED_AT_ONCE]
            listed = ", ".join(map(quote_text, some))
            rows = table.search().where(f"id IN ({listed})").select(["id", "jpeg"]).limit(len(some)).to_arrow()
            found |= zip(rows["id"].to_pylist(), rows["jpeg"].to_pylist(), strict=True)
        return found

    def remove(self, ids: Sequence[str]) -> int:
        """Remove thumbnails; ids without one do not matter.

        Returns:
            How many there were.

        Raises:
            StorageError: the disk is full or refuses.
        """
        table = self._opened(create=False)
        return 0 if table is None else remove_rows(table, ids)

    def count(self) -> int:
        """How many there are."""
        table = self._opened(create=False)
        return 0 if table is None else int(table.count_rows())

    def _opened(self, *, create: bool) -> Any:
        import lancedb

        folder = self._store.path / "vectors"
        if not create and not (folder / f"{self._name}.lance").exists():
            return None
        connection: DBConnection = lancedb.connect(str(folder))
        if (folder / f"{self._name}.lance").exists():
            return connection.open_table(self._name)
        table = connection.create_table(self._name, schema=SCHEMA)
        # Two writers at once would otherwise both insert what they both have.
        table.set_unenforced_primary_key(["id"])
        return table
