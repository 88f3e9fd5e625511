"""The vectors of a collection, made short: principal components, in the order of the ids.

Nothing depends on the order in which a collection has its rows: samples are drawn by hashes of ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skyband.models.discovery.options import ProjectionOptions
from skyband.queries.likeness import Collection
from skyband.queries.likeness.directory import all_vectors
from skyband.queries.likeness.snapshot import Snapshot
from skyband.queries.sky import Given, Sky
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

FEWEST = 10
"""Images of a collection, to say anything of what is usual there."""

CHUNK_ROWS = 16_384
"""Rows that are worked on at once."""

_VECTOR_COLUMNS = (Column("id", "VARCHAR"), Column("checksum", "VARCHAR"))


@dataclass(frozen=True)
class Features:
    """Images as points of a space of few dimensions.

    Attributes:
        ids: of the images, ascending, shape (n,).
        values: their components, the first one has the largest variance; shape (n, components).
        explained: share of the variance of the vectors that the components have.
        sample: rows that stand for all, in an order drawn at random: the first m of them are a sample too.
        left_out: images of the table without a vector, or with that of a file they have no more.
    """

    ids: pa.Array
    values: Floats
    explained: float
    sample: Integers
    left_out: int

    def __len__(self) -> int:
        return len(self.ids)


def features_of(sky: Sky, name: str, options: ProjectionOptions) -> Features:
    """Read the vectors of a collection, some at a time, and project them onto their principal components.

    Args:
        sky: an open store.
        name: of the collection.
        options: how many components, learnt from how many rows.

    Raises:
        TableNotFound: there is no such collection, or no such table.
        BadTable: too few images have vectors, or the table has no ids.
    """
    import pyarrow.compute as pc

    table = sky.table(name)
    collection = Collection.open(sky.store, name)
    snapshot = collection.snapshot()
    fresh = _fresh(sky, table, collection)
    if len(fresh) < FEWEST:
        raise BadTable(
            f"{len(fresh)} images of {name!r} have a vector of the file they have now: too few to say what is usual "
            f"({FEWEST} at least); see skyband embed"
        )
    ids = fresh.take(pc.sort_indices(fresh))
    # The number among the sorted ids of each row of the collection, -1 for those that are left out.
    places = pc.fill_null(pc.index_in(snapshot.directory.ids, value_set=ids), -1).to_numpy().astype(np.int64)
    sample = _drawn(ids, options)
    mean, components, explained = _principal(_sampled(snapshot, places, sample), options)
    values = np.empty((len(ids), len(components)), np.float32)
    for rows, vectors in _chunks(snapshot):
        kept = places[rows] >= 0
        values[places[rows][kept]] = (vectors[kept].astype(np.float64) - mean) @ components.T
    return Features(ids, values, explained, sample, table.rows - len(ids))


def _fresh(sky: Sky, table: TableInfo, collection: Collection) -> pa.Array:
    """Ids of the vectors that belong to rows of the table as they are now."""
    key = table.role("id")
    if key is None:
        raise BadTable(f"table {table.name!r} has no column with the role 'id'")
    there = {name for name, _ in collection.state().columns}
    names = [column.name for column in _VECTOR_COLUMNS if column.name in there]
    same = "t.checksum = v.checksum" if "checksum" in names and table.column("checksum") else "true"
    query = fill_sql("skyband.models.discovery", "fresh", table=quote(table.name), key=quote(key.name), same=same)
    given = Given(collection.columns(names), [column for column in _VECTOR_COLUMNS if column.name in names])
    return sky.sql(query, given={"vectors": given}).to_arrow()["id"].combine_chunks()


def _drawn(ids: pa.Array, options: ProjectionOptions) -> Integers:
    """Rows of a sample, in the order of hashes of their ids."""
    keys = np.array(
        [
            int.from_bytes(hashlib.blake2b(f"{options.seed}\0{name}".encode(), digest_size=8).digest())
            for name in ids.to_pylist()
        ],
        np.uint64,
    )
    drawn: Integers = np.argsort(keys, kind="stable")[: options.sample_rows]
    return drawn


def _chunks(snapshot: Snapshot) -> Iterator[tuple[Integers, Floats]]:
    """Numbers of rows and their vectors, some at a time."""
    directory = snapshot.directory
    if directory.vectors is None:
        for row_ids, vectors in all_vectors(snapshot.table, snapshot.provenance.dimensions):
            yield directory.rows_of(row_ids), vectors
        return
    for first in range(0, len(directory), CHUNK_ROWS):
        rows = np.arange(first, min(first + CHUNK_ROWS, len(directory)))
        yield rows, directory.vectors[rows]


def _sampled(snapshot: Snapshot, places: Integers, sample: Integers) -> Doubles:
    """The vectors of a sample, in its order."""
    drawn = np.full(len(places), -1)
    number = np.full(int(places.max()) + 1, -1)
    number[sample] = np.arange(len(sample))
    drawn = np.where(places >= 0, number[places], -1)
    found = np.empty((len(sample), snapshot.provenance.dimensions))
    for rows, vectors in _chunks(snapshot):
        kept = drawn[rows] >= 0
        found[drawn[rows][kept]] = vectors[kept]
    return found


def _principal(vectors: Doubles, options: ProjectionOptions) -> tuple[Doubles, Doubles, float]:
    """Mean, principal components in lines, and the share of the variance they have."""
    from sklearn.decomposition import PCA

    most = min(options.most_components, *vectors.shape)
    if not np.ptp(vectors, axis=0).any():  # all alike: no direction has more variance than another
        return vectors.mean(axis=0), np.eye(1, vectors.shape[1]), 1.0
    fitted: Any = PCA(most, svd_solver="covariance_eigh").fit(vectors)
    shares = np.cumsum(fitted.explained_variance_ratio_)
    # At least two, where there are two: a map has two axes.
    number = min(max(int(np.searchsorted(shares, options.explained)) + 1, 2), most)
    return fitted.mean_, fitted.components_[:number], float(min(shares[number - 1], 1.0))
