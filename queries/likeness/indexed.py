"""The way to the nearest vectors through an index of Lance."""

from __future__ import annotations

from math import ceil

import numpy as np

from skyband.queries.likeness.directory import Directory
from skyband.queries.likeness.index_reader import IndexReader
from skyband.queries.likeness.index_report import Effort, IndexReport
from skyband.queries.likeness.rows import Vectors
from skyband.queries.likeness.tiers import FlatTier, Nearest
from skyband.schema.healpix import Integers

_TOGETHER = 256
"""Queries of one call: what a call costs by itself is then nothing."""

_ABUNDANCE = 1.3
"""Rows looked for, over those that a filter is expected to let pass: it lets more pass here and fewer there."""

_FEW_ROWS = 2_000
"""Rows that are sooner fetched than looked for."""


class IndexedTier:
    """Neighbours from the index, at the effort that was tuned; those it cannot find, from the disk.

    A filter is a choice of rows, made before: of the nearest `n` rows those that it lets pass are the nearest of all
    that it lets pass, so enough are asked for, and with the effort for so many. Lance's own filters would look as hard
    as without one and lose neighbours.
    """

    def __init__(self, reader: IndexReader, directory: Directory, flat: FlatTier, report: IndexReport) -> None:
        self._reader, self._directory, self._flat, self._report = reader, directory, flat, report
        self.name = report.kind

    def nearest(self, queries: Vectors, count: int, allowed: Integers | None, sure: int) -> Nearest:
        """The nearest rows; whatever the index finds, the first `sure` of them are there, if there are so many."""
        chosen = len(self._directory) if allowed is None else len(allowed)
        count, sure = min(count, chosen), min(sure, chosen)
        thinned = 1.0 if allowed is None else _ABUNDANCE * len(self._directory) / max(chosen, 1)
        asked = ceil(count * thinned)
        effort = self._report.effort(ceil(sure * thinned))
        if effort is None or (allowed is not None and chosen <= max(_FEW_ROWS, asked)):
            return self._flat.nearest(queries, count, allowed)
        rows = np.full((len(queries), count), -1)
        similarity = np.full((len(queries), count), np.nan, np.float32)
        for first in range(0, len(queries), _TOGETHER):
            some = slice(first, first + _TOGETHER)
            self._fill(rows[some], similarity[some], queries[some], asked, effort, allowed)
        # A partition may hold fewer rows than are wanted, or the filter let fewer pass here.
        short = np.flatnonzero(rows[:, sure - 1] < 0) if sure else np.empty(0, np.int64)
        if short.size:
            rows[short], similarity[short] = self._flat.nearest(queries[short], count, allowed)
        return Nearest(rows, similarity)

    def _fill(
        self,
        rows: Integers,
        similarity: Vectors,
        queries: Vectors,
        asked: int,
        effort: Effort,
        allowed: Integers | None,
    ) -> None:
        """Write the first that are allowed into lines of their own; what is not found stays."""
        number, found, cosine = self._reader.nearest(queries, asked, effort)
        found = self._directory.rows_of(found)
        if allowed is not None:
            place = np.minimum(np.searchsorted(allowed, found), len(allowed) - 1)
            passes = allowed[place] == found
            number, found, cosine = number[passes], found[passes], cosine[passes]
        rank = np.arange(len(number)) - np.searchsorted(number, number)
        kept = rank < rows.shape[1]
        rows[number[kept], rank[kept]] = found[kept]
        similarity[number[kept], rank[kept]] = cosine[kept]
