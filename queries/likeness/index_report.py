"""What is known of an index: how it was built, and how hard to look in it for the recall that was asked for."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from skyband.schema.errors import StorageError


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to look for so many neighbours."""

    neighbours: int
    nprobes: int  # partitions looked into
    ef: int  # candidates kept while walking a graph; 0 where there is none
    refine_factor: int  # times as many are found by quantised vectors and judged by whole ones; 0: all are whole
    recall: float  # measured, of that many neighbours


@dataclass(frozen=True, slots=True)
class IndexReport:
    """An index, tuned against exact search with rows of the collection as queries, themselves left out."""

    kind: str  # IVF_FLAT or IVF_HNSW_SQ, as Lance calls them
    partitions: int
    target: float  # recall that was asked for
    recall: float  # reached, of `neighbours`
    neighbours: int
    efforts: tuple[Effort, ...]  # by ascending number of neighbours
    rows: int  # of the collection when it was built
    queries: int  # rows that were looked for
    seed: int  # of their choice: numpy's default_rng(seed).choice(rows, queries, replace=False), sorted, in the order
    # of the collection's rows
    ms_per_query: float  # one query at a time, lower quartile
    build_s: float
    built: str  # UTC, ISO 8601
    lance_version: str
    rejected: str = ""  # an index that was tried and is not better

    def effort(self, neighbours: int) -> Effort | None:
        """The least effort known to find so many neighbours; None if nothing is known of so many."""
        return next((effort for effort in self.efforts if effort.neighbours >= neighbours), None)

    def to_json(self) -> str:
        """As it is kept in the metadata of the embedding."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> IndexReport:
        """Read what `to_json` wrote.

        Raises:
            StorageError: it was written by another version of skyband.
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            fields["efforts"] = tuple(Effort(**effort) for effort in fields["efforts"])
            return cls(**fields)
        except (TypeError, KeyError, ValueError) as error:
            raise StorageError(f"the index was built by another version of skyband ({error}); build it anew") from error
