"""Exact search that reads a tenth of the memory: short projections say which vectors can be near at all.

With an orthonormal basis of few directions, x = Y + R, where Y is the projection and R is orthogonal to it. Then
x.q = Y.Yq + R.Rq <= Y.Yq + |R| |Rq| (Cauchy-Schwarz): one product with the short row (Y, |R|) bounds the cosine from
above. The vectors whose bound reaches the cosine of the k-th best candidate are judged whole; no other can be among
the k nearest, so the answer is that of a full search.
"""

from __future__ import annotations

import numpy as np

from skyband.queries.likeness.rows import Vectors
from skyband.schema.healpix import Integers

_LEAST_ROWS = 5_000
"""Fewer are searched sooner than thought about."""

_SAMPLE_ROWS = 20_000
_TRIED = 16
_REST = 0.03
"""Share of the squared length the directions should leave over."""

_MOST_DIRECTIONS = 0.25
"""Of the dimensions."""

_MOST_JUDGED = 0.03
"""Share of the rows that may be judged whole on average; with more, reading all in order is as fast."""

_ROUNDING2, _ROUNDING = 4e-6, 1e-5
"""Rounding of squared lengths, and of cosines, in float32: the bound is an upper one all the same."""


class Sketch:
    """Short rows for a matrix of unit vectors."""

    def __init__(self, vectors: Vectors, basis: Vectors) -> None:
        self._vectors, self._basis = vectors, basis
        # One line a direction: a product with one query then takes half the time.
        self.lines = np.empty((basis.shape[1] + 1, len(vectors)), np.float32)
        for first in range(0, len(vectors), _SAMPLE_ROWS):
            self.lines[:, first : first + _SAMPLE_ROWS] = self.shortened(vectors[first : first + _SAMPLE_ROWS]).T

    def bounds(self, queries: Vectors) -> Vectors:
        """Upper bounds of the cosines with all vectors, shape (queries, rows)."""
        bounds: Vectors = self.shortened(queries) @ self.lines
        return bounds

    def shortened(self, vectors: Vectors) -> Vectors:
        """Projections and what they leave over, shape (n, directions + 1)."""
        projected = vectors @ self._basis
        rest2 = np.maximum(1 - np.einsum("ij,ij->i", projected, projected), 0) + _ROUNDING2
        short: Vectors = np.column_stack([projected, np.sqrt(rest2)])
        return short

    def nearest(self, query: Vectors, bounds: Vectors, count: int) -> tuple[Integers, Vectors]:
        """Every row that can be among the nearest, and perhaps others.

        Args:
            query: unit vector, shape (dimensions,).
            bounds: of the query, shape (rows,); -inf for rows to leave out.
            count: how many are wanted; there are so many.

        Returns:
            Rows in ascending order and their cosines, shape (m,).
        """
        first = min(2 * count + 32, len(bounds))
        likely = np.argpartition(bounds, len(bounds) - first)[len(bounds) - first :]
        cosines = self._vectors[likely] @ query
        cosines[np.isneginf(bounds[likely])] = -np.inf
        least = np.partition(cosines, first - count)[first - count]
        rows = np.flatnonzero(bounds >= max(least - _ROUNDING, np.finfo(np.float32).min))
        return rows, self._vectors[rows] @ query


@np.errstate(invalid="ignore")  # as in `ExactTier.nearest`
def sketch_of(vectors: Vectors) -> Sketch | None:
    """A sketch, where it makes searches faster; measured with some of the vectors."""
    if len(vectors) < _LEAST_ROWS:
        return None
    sample = vectors[:: max(1, len(vectors) // _SAMPLE_ROWS)]
    energy, directions = np.linalg.eigh(sample.T @ sample / np.float32(len(sample)))
    rest = 1 - np.cumsum(energy[::-1]) / energy.sum()
    number = int(np.searchsorted(-rest, -_REST)) + 1
    if number > vectors.shape[1] * _MOST_DIRECTIONS:
        return None
    sketch = Sketch(vectors, np.ascontiguousarray(directions[:, ::-1][:, :number], np.float32))
    tried = vectors[:: max(1, len(vectors) // _TRIED)][:_TRIED]
    bounds = sketch.bounds(tried)
    judged = [len(sketch.nearest(query, line, 10)[0]) for query, line in zip(tried, bounds, strict=True)]
    return sketch if np.mean(judged) <= _MOST_JUDGED * len(vectors) else None
