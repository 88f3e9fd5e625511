"""Give the images of a collection their vectors; a run that was broken off goes on where it was."""

from __future__ import annotations

import json
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from skyband.models.encoders.encoder import Encoder
from skyband.queries.images import Pixels, is_collection
from skyband.queries.likeness import Collection
from skyband.queries.sky import Sky
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadImage, BadTable
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store

PACKAGE = "skyband.models.embedding"
_AHEAD = 2
"""Batches that are prepared while the network works on one."""
METADATA = pa.schema(
    [
        ("checksum", pa.utf8()),
        ("format", pa.utf8()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("pixel_scale", pa.float64()),
    ]
)
"""Columns of the image table that likeness can be filtered by."""
_SOURCE = "source"

OnProgress = Callable[[int, int | None], None]
"""Is told how many images are done, and of how many."""


@dataclass(frozen=True)
class EmbedReport:
    """What a run did.

    Attributes:
        collection: its name.
        embedded: images that have a vector now and had none, or another.
        unchanged: images that had theirs.
        failed: images without, by reason.
        seconds: that it took.
        provenance: of the vectors.
    """

    collection: str
    embedded: int
    unchanged: int
    failed: dict[str, int]
    seconds: float
    provenance: dict[str, object]

    @property
    def images_per_s(self) -> float:
        """Speed of the run."""
        return self.embedded / max(self.seconds, 1e-9)


def embed(
    store: Store,
    name: str,
    encoder: Encoder,
    *,
    batch_images: int = 64,
    on_progress: OnProgress | None = None,
) -> EmbedReport:
    """Encode the images of a collection that have no vector, or whose file was replaced.

    Pictures are read and prepared by threads while the network works; what is encoded is kept every
    `likeness_batch_rows` images, so that little is lost if the run is broken off.

    Args:
        store: that has the collection.
        name: of the collection.
        encoder: of its vectors; a collection that has some takes none of another origin.
        batch_images: images the network sees at once.
        on_progress: is told how it goes.

    Raises:
        TableNotFound: there is no such collection.
        BadTable: it is a table of something else, or its vectors are of another origin.
        TableLocked: somebody else is writing its vectors.
    """
    began = time.monotonic()
    with Sky(settings=store.settings) as sky:
        if not is_collection(sky.table(name)):
            raise BadTable(f"table {name!r} is no collection of images; make one by skyband images add")
        if name in Collection.names(store):
            collection = Collection.open(store, name)
        else:
            collection = Collection.create(store, name, encoder.provenance, METADATA)
        check_origin(collection, encoder)
        images = sky.sql(
            fill_sql(PACKAGE, "images", images=quote(name), position=position_of(sky.table(name)))
        ).to_arrow()
    have = collection.columns(["id", "checksum"])
    waiting = images.filter(pc.invert(pc.is_in(keys_of(images), keys_of(have))))
    work = _Work(waiting, encoder, batch_images, on_progress)
    with Pixels(store) as pixels:
        embedded = collection.add(
            work.encoded(pixels, store.settings.threads or os.cpu_count() or 1), encoder.provenance
        )
    return EmbedReport(
        collection=name,
        embedded=embedded,
        unchanged=len(images) - len(waiting),
        failed=dict(work.failed),
        seconds=time.monotonic() - began,
        provenance=json.loads(encoder.provenance.to_json()),
    )


def check_origin(collection: Collection, encoder: Encoder) -> None:
    """Refuse an encoder whose vectors cannot be compared with those of the collection.

    Raises:
        BadTable: they cannot.
    """
    differences = encoder.provenance.differences(collection.provenance)
    if differences:
        raise BadTable(
            f"the vectors of collection {collection.name!r} are of another origin: {differences}; encode by the same, "
            "or drop them by skyband vectors drop"
        )


def position_of(table: TableInfo) -> str:
    """SQL of the two columns of positions, which a collection may lack."""
    return "ra, dec" if table.role("ra") else "NULL::DOUBLE AS ra, NULL::DOUBLE AS dec"


def keys_of(rows: pa.Table) -> pa.ChunkedArray:
    """What is the same as long as an image's file is: its id and checksum."""
    return pc.binary_join_element_wise(rows["id"], rows["checksum"], "\0")


class _Work:
    """The images of a run, from files to rows with vectors."""

    def __init__(self, images: pa.Table, encoder: Encoder, batch_images: int, on_progress: OnProgress | None) -> None:
        self._images = images
        self._encoder = encoder
        self._batch_images = batch_images
        self._on_progress = on_progress
        self.failed: Counter[str] = Counter()

    def encoded(self, pixels: Pixels, threads: int) -> Iterator[pa.Table]:
        """Rows with vectors, a batch at a time."""
        done = 0
        with ThreadPoolExecutor(threads) as pool:
            for rows, prepared in self._prepared(pixels, pool):
                if prepared:
                    vectors = self._encoder.embed(torch.stack(prepared))
                    table = self._images.take(rows).drop_columns([_SOURCE])
                    width = vectors.shape[1]
                    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), width)
                    yield table.append_column("embedding", column)
                done += self._batch_images
                if self._on_progress is not None:
                    self._on_progress(min(done, len(self._images)), len(self._images))

    def _prepared(self, pixels: Pixels, pool: ThreadPoolExecutor) -> Iterator[tuple[list[int], list[Tensor]]]:
        """Rows and what the encoder wants of their pictures, some batches ahead of the network."""
        ahead: deque[list[tuple[int, Future[Tensor | str]]]] = deque()
        sources, checksums = (self._images[name].to_pylist() for name in (_SOURCE, "checksum"))
        for first in range(0, len(self._images) + _AHEAD * self._batch_images, self._batch_images):
            rows = range(first, min(first + self._batch_images, len(self._images)))
            if rows:
                ahead.append([(row, pool.submit(self._prepare, pixels, sources[row], checksums[row])) for row in rows])
            if len(ahead) > _AHEAD or (ahead and not rows):
                yield self._of(ahead.popleft())

    def _prepare(self, pixels: Pixels, source: str, checksum: str) -> Tensor | str:
        """What the encoder wants of one picture, or why there is none."""
        try:
            return self._encoder.prepare(pixels.picture(source, checksum))
        except BadImage as error:
            return error.reason

    def _of(self, batch: list[tuple[int, Future[Tensor | str]]]) -> tuple[list[int], list[Tensor]]:
        rows: list[int] = []
        prepared: list[Tensor] = []
        for row, future in batch:
            result = future.result()
            if isinstance(result, str):
                self.failed[result] += 1
            else:
                rows.append(row)
                prepared.append(result)
        return rows, prepared
