"""Give the images of a collection their vectors; a run that was broken off goes on where it was."""

from __future__ import annotations

import hashlib
import heapq
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skyband.models.embedding.work import Work, vectors_in, with_vectors
from skyband.models.encoders.collection import fitted_to
from skyband.models.encoders.encoder import Encoder
from skyband.models.encoders.projection import ProjectedEncoder, Projection
from skyband.queries.images import Pixels, is_collection
from skyband.queries.likeness import Collection
from skyband.queries.sky import Sky
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.names import quote
from skyband.schema.progress import OnProgress
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store

PACKAGE = "skyband.models.embedding"
SAMPLE_IMAGES = 4_096
"""Images that a projection is fitted to at most."""
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
_METADATA_NAMES = ("ra", "dec", *METADATA.names)
_UPDATED_AT_ONCE = 4_096


@dataclass(frozen=True)
class EmbedReport:
    """What a run did.

    Attributes:
        collection: its name.
        embedded: images that have a vector now and had none, or another.
        updated: images that had theirs, and have another position or pixel scale now.
        unchanged: images that had theirs.
        failed: images without, by reason.
        seconds: that it took.
        provenance: of the vectors.
        projection: that made them shorter, if one did.
    """

    collection: str
    embedded: int
    updated: int
    unchanged: int
    failed: dict[str, int]
    seconds: float
    provenance: dict[str, object]
    projection: Projection | None

    @property
    def images_per_s(self) -> float:
        """Speed of the run."""
        return self.embedded / max(self.seconds, 1e-9)


def embed(
    store: Store,
    name: str,
    encoder: Encoder,
    *,
    pca: int | None = None,
    batch_images: int = 64,
    on_progress: OnProgress | None = None,
) -> EmbedReport:
    """Encode the images of a collection that have no vector, or whose file was replaced.

    Where an image has another position or pixel scale since, its vector gets these too: filters and the search for
    trivial matches go by them.

    What is encoded is kept every `likeness_batch_rows` images, so that little is lost if the run is broken off.

    Args:
        store: that has the collection.
        name: of the collection.
        encoder: of its vectors; a collection that has some takes none of another origin. If they were projected,
            those that are added will be.
        pca: dimensions of the vectors after a projection to their principal components, fitted to up to
            `SAMPLE_IMAGES` images of the collection; None for that of the collection, if it has one.
        batch_images: images the network sees at once.
        on_progress: is told how it goes.

    Raises:
        TableNotFound: there is no such collection.
        BadTable: it is a table of something else, or its vectors are of another origin.
        BadOption: there can be no such projection.
        BadFile: the projection of its vectors is missing or damaged.
        TableLocked: somebody else is writing its vectors.
    """
    began = time.monotonic()
    with Sky(settings=store.settings) as sky:
        if not is_collection(sky.table(name)):
            raise BadTable(f"table {name!r} is no collection of images; make one by skyband images add")
        collection = _existing(store, name, pca)
        if collection is not None:
            encoder = fitted_to(collection, encoder)
        images = sky.sql(
            fill_sql(PACKAGE, "images", images=quote(name), position=position_of(sky.table(name)))
        ).to_arrow()
    waiting, moved = images, images.slice(0, 0)
    if collection is not None:
        waiting, moved = _outdated(images, collection)
    with Pixels(store) as pixels:
        threads = store.settings.processors
        work = Work(pixels, threads, batch_images, len(waiting), on_progress)
        first: Iterable[pa.Table] = ()
        rest = waiting
        if collection is None and pca is not None:
            sample, rest = _sampled(waiting)
            first, encoder = _projected(list(work.encoded(sample, encoder)), encoder, pca)
            encoder.projection.save(store.projection_file(name, encoder.provenance.pca))
        if collection is None:
            collection = Collection.create(store, name, encoder.provenance, METADATA)
        written = collection.add(
            chain(first, work.encoded(rest, encoder), _with_their_vectors(moved, collection)), encoder.provenance
        )
    return EmbedReport(
        collection=name,
        embedded=written - len(moved),
        updated=len(moved),
        unchanged=len(images) - len(waiting) - len(moved),
        failed=dict(work.failed),
        seconds=time.monotonic() - began,
        provenance=json.loads(encoder.provenance.to_json()),
        projection=encoder.projection if isinstance(encoder, ProjectedEncoder) else None,
    )


def _existing(store: Store, name: str, pca: int | None) -> Collection | None:
    """The collection, if there is one.

    Raises:
        BadTable: its vectors have other dimensions than are wanted.
    """
    if name not in Collection.names(store):
        return None
    collection = Collection.open(store, name)
    origin = collection.provenance
    if pca is not None and (not origin.pca or origin.dimensions != pca):
        raise BadTable(
            f"the vectors of collection {name!r} are "
            f"{f'projected to {origin.dimensions} dimensions' if origin.pca else 'not projected'} and cannot be mixed "
            f"with those of --pca {pca}; leave --pca out, or drop them by skyband vectors drop"
        )
    return collection


def _sampled(images: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Images to fit a projection to, chosen by the hash of their ids, and the others."""
    ids = images["id"].to_pylist()
    chosen = heapq.nsmallest(SAMPLE_IMAGES, range(len(ids)), key=lambda row: hashlib.sha256(ids[row].encode()).digest())
    is_chosen = np.zeros(len(ids), bool)
    is_chosen[chosen] = True
    return images.filter(pa.array(is_chosen)), images.filter(pa.array(~is_chosen))


def _projected(
    sample: list[pa.Table], encoder: Encoder, dimensions: int
) -> tuple[Iterator[pa.Table], ProjectedEncoder]:
    """The rows of a sample with projected vectors, and the encoder that makes such."""
    if not sample:
        raise BadTable("no image of the collection can be encoded; see skyband images show")
    projection = Projection.fit(np.concatenate([vectors_in(rows) for rows in sample]), dimensions)
    rows = (with_vectors(rows, projection.apply(vectors_in(rows))) for rows in sample)
    return rows, ProjectedEncoder(encoder, projection)


def _outdated(images: pa.Table, collection: Collection) -> tuple[pa.Table, pa.Table]:
    """Images without a vector of their file, and those whose vector has other metadata than they have."""
    known = ["id", "checksum", *(name for name in _METADATA_NAMES if name != "checksum")]
    have = collection.columns(known)
    is_encoded = pc.is_in(keys_of(images), keys_of(have))
    is_same = pc.is_in(keys_of(images, known), keys_of(have, known))
    return images.filter(pc.invert(is_encoded)), images.filter(pc.and_(is_encoded, pc.invert(is_same)))


def _with_their_vectors(images: pa.Table, collection: Collection) -> Iterator[pa.Table]:
    """Rows of images with the vectors the collection has of them."""
    for first in range(0, len(images), _UPDATED_AT_ONCE):
        rows = images.slice(first, _UPDATED_AT_ONCE).drop_columns(["source"])
        yield with_vectors(rows, collection.targets(rows["id"].to_pylist()).vectors)


def position_of(table: TableInfo) -> str:
    """SQL of the two columns of positions, which a collection may lack."""
    return "ra, dec" if table.role("ra") else "NULL::DOUBLE AS ra, NULL::DOUBLE AS dec"


def keys_of(rows: pa.Table, names: Sequence[str] = ("id", "checksum")) -> pa.ChunkedArray:
    """What is the same as long as some values of an image are: by default its id and the checksum of its file."""
    texts = [rows[name].cast(pa.utf8()) for name in names]
    return pc.binary_join_element_wise(*texts, "\0", null_handling="replace")
