"""Ways to the nearest vectors: the exact one in memory, and the exact one that reads from the disk."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np

from skyband.queries.likeness.directory import Directory, all_vectors, fetch_vectors
from skyband.queries.likeness.rows import Vectors
from skyband.queries.likeness.sketch import sketch_of
from skyband.schema.healpix import Integers

_SCORES = 16_000_000
"""Similarities held at once: 64 MB."""

_FETCHED_ROWS = 16_384

_SKETCHED = 100
"""Times as many rows as are wanted, from which on a sketch is looked at first."""

_MOST = 0.25
"""Share of the rows from which on it is cheaper to judge all than to gather those."""


Flags = np.ndarray[Any, np.dtype[np.bool_]]


class Nearest(NamedTuple):
    """Rows nearest to some queries, most similar first."""

    rows: Integers  # numbers in the directory, shape (queries, count); count is less where there are no more rows
    # to choose from; -1 at the end of a line where an index found no more
    similarity: Vectors  # cosines, same shape


class Tier(Protocol):
    """Finds the nearest rows of one version of a collection."""

    name: str
    """"exact" or the kind of index."""

    def nearest(self, queries: Vectors, count: int, allowed: Integers | None, sure: int) -> Nearest:
        """The nearest rows.

        Args:
            queries: unit vectors, shape (m, dimensions).
            count: how many of each, if there are so many.
            allowed: numbers of the rows to choose from, ascending; None for all.
            sure: how many of them must be there; an index looks hard enough for so many.
        """


class ExactTier:
    """Products with all vectors, in memory."""

    name = "exact"

    def __init__(self, directory: Directory) -> None:
        assert directory.vectors is not None
        self._vectors = directory.vectors
        self._sketch = sketch_of(self._vectors)

    @property
    def is_sketched(self) -> bool:
        """Whether most vectors need not be looked at."""
        return self._sketch is not None

    # Products of finite numbers now and then tell of invalid ones: BLAS looks beyond the ends of rows.
    @np.errstate(invalid="ignore")
    def nearest(self, queries: Vectors, count: int, allowed: Integers | None, sure: int = 0) -> Nearest:
        """The nearest rows, with no exception."""
        is_out = None
        if allowed is not None:
            count = min(count, len(allowed))
            if len(allowed) <= len(self._vectors) * _MOST:
                return self._nearest_of(queries, count, allowed)
            is_out = np.ones(len(self._vectors), bool)
            is_out[allowed] = False
        count = min(count, len(self._vectors))
        rows = np.empty((len(queries), count), np.int64)
        similarity = np.empty((len(queries), count), np.float32)
        for first, end in _chunks(len(queries), max(1, _SCORES // max(1, len(self._vectors)))):
            rows[first:end], similarity[first:end] = self._nearest_in(queries[first:end], count, is_out)
        return Nearest(rows, similarity)

    def _nearest_of(self, queries: Vectors, count: int, allowed: Integers) -> Nearest:
        """Of few rows."""
        best = _Best(len(queries), count)
        for first, end in _chunks(len(allowed), _FETCHED_ROWS):
            part = allowed[first:end]
            best.add(part, _products(self._vectors[part], queries))
        return best.found()

    def _nearest_in(self, queries: Vectors, count: int, is_out: Flags | None) -> Nearest:
        """Of all rows that are not out, for so many queries that their scores fit into memory."""
        sketch = self._sketch if count * _SKETCHED < len(self._vectors) else None
        scores = _products(self._vectors, queries) if sketch is None else sketch.bounds(queries)
        if is_out is not None:
            scores[:, is_out] = -np.inf
        if sketch is None:
            rows = highest(scores, count)
            return Nearest(rows, np.take_along_axis(scores, rows, 1))
        lines = []
        for query, bounds in zip(queries, scores, strict=True):
            near, cosines = sketch.nearest(query, bounds, count)
            places = highest(cosines[None, :], count)[0]
            lines.append((near[places], cosines[places]))
        return Nearest(*(np.stack(column) for column in zip(*lines, strict=True)))


class FlatTier:
    """Products with vectors as they come from the disk: slow, and bounded in memory."""

    name = "exact"

    def __init__(self, table: Any, directory: Directory, dimensions: int) -> None:
        self._table, self._directory, self._dimensions = table, directory, dimensions

    def nearest(self, queries: Vectors, count: int, allowed: Integers | None, sure: int = 0) -> Nearest:
        """The nearest rows, with no exception."""
        best = _Best(len(queries), count)
        if allowed is None:
            for row_ids, vectors in all_vectors(self._table, self._dimensions):
                best.add(self._directory.rows_of(row_ids), queries @ vectors.T)
            return best.found()
        for first, end in _chunks(len(allowed), _FETCHED_ROWS):
            part = allowed[first:end]
            best.add(part, queries @ fetch_vectors(self._table, self._directory.row_ids[part], self._dimensions).T)
        return best.found()


class _Best:
    """The best rows so far of each query."""

    def __init__(self, queries: int, count: int) -> None:
        self._count = count
        self._rows = np.empty((queries, 0), np.int64)
        self._similarity = np.empty((queries, 0), np.float32)

    def add(self, rows: Integers, similarity: Vectors) -> None:
        """Consider more rows, shape (n,), with their similarity to each query, shape (queries, n)."""
        similarity = np.concatenate([self._similarity, similarity], axis=1)
        rows = np.concatenate([self._rows, np.broadcast_to(rows, (len(similarity), len(rows)))], axis=1)
        places = highest(similarity, self._count)
        self._rows = np.take_along_axis(rows, places, 1)
        self._similarity = np.take_along_axis(similarity, places, 1)

    def found(self) -> Nearest:
        """What remains."""
        return Nearest(self._rows, self._similarity)


def highest(scores: Vectors, count: int) -> Integers:
    """Places of the highest scores of each line, highest first, those equal in the order of their places.

    Args:
        scores: shape (m, n).
        count: how many; all, if there are no more.

    Returns:
        Shape (m, least of count and n).
    """
    if count < scores.shape[1]:
        places = np.sort(np.argpartition(scores, scores.shape[1] - count, axis=1)[:, scores.shape[1] - count :], axis=1)
    else:
        places = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    order = np.argsort(-np.take_along_axis(scores, places, 1), axis=1, kind="stable")
    return np.take_along_axis(places, order, 1)


def _products(vectors: Vectors, queries: Vectors) -> Vectors:
    """Shape (queries, vectors); for one query the vectors are read once, in order."""
    products: Vectors = (vectors @ queries[0])[None, :] if len(queries) == 1 else queries @ vectors.T
    return products


def _chunks(total: int, size: int) -> list[tuple[int, int]]:
    return list(pairwise([*range(0, total, size), total]))
