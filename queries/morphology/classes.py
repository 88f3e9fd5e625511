"""Which classes galaxies are of, and how mixed they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyband.queries.morphology.asking import ask, sql_of
from skyband.queries.morphology.intervals import wilson
from skyband.queries.morphology.votes import Votes

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """Galaxies by class, most frequent first."""

    galaxies: Mapping[str, int]
    unclassified: int  # nobody was asked, or the class string is none

    @property
    def classified(self) -> int:
        """Galaxies that have a class."""
        return sum(self.galaxies.values())


@dataclass(frozen=True, slots=True)
class ClassShare:
    """One class among neighbours and in the collection."""

    name: str
    galaxies: int
    share: float
    low: float  # Wilson's interval, each galaxy a trial
    high: float
    collection_share: float
    lift: float | None  # share / collection_share; None where the collection has none


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of neighbours."""

    source: str  # "votes" (the most voted answers), or the column of class strings
    shares: tuple[ClassShare, ...]  # most frequent first, then those that only the collection has
    unclassified: int
    entropy_bits: float | None  # of the shares; 0 where all are of one class; None without any
    collection_entropy_bits: float | None
    purity: float | None  # share of the most frequent class


def class_source(votes: Votes) -> str:
    """Where classes come from, as `Classes.source` says it."""
    return votes.class_column.strip('"') or "votes"


def count_classes(connection: duckdb.DuckDBPyConnection, votes: Votes, rows: str) -> ClassCounts:
    """The classes of the galaxies of a relation with the columns of the table."""
    string = votes.class_column
    expression = sql_of("class_of_string", string=string) if string else votes.class_by_votes()
    found = ask(connection, sql_of("classes", rows=rows, **{"class": expression})).to_pylist()
    counts = {row["class"]: int(row["galaxies"]) for row in found}
    return ClassCounts({name: number for name, number in counts.items() if name is not None}, counts.get(None, 0))


def compare_classes(source: str, counts: ClassCounts, collection: ClassCounts, z: float) -> Classes:
    """The classes of neighbours beside those of the collection; intervals reach `z` standard deviations."""
    n, among = counts.classified, collection.classified
    shares = []
    missing = dict.fromkeys(collection.galaxies.keys() - counts.galaxies.keys(), 0) if n else {}
    for name, galaxies in {**counts.galaxies, **dict(sorted(missing.items()))}.items():
        known = collection.galaxies.get(name, 0) / among if among else 0.0
        low, high = wilson(galaxies / n, n, z)
        shares.append(
            ClassShare(name, galaxies, galaxies / n, low, high, known, galaxies / n / known if known else None)
        )
    return Classes(
        source=source,
        shares=tuple(shares),
        unclassified=counts.unclassified,
        entropy_bits=entropy_bits(counts),
        collection_entropy_bits=entropy_bits(collection),
        purity=shares[0].share if shares else None,
    )


def entropy_bits(counts: ClassCounts) -> float | None:
    """Shannon's entropy of the shares; None without galaxies."""
    n = counts.classified
    return sum(k / n * math.log2(n / k) for k in counts.galaxies.values()) if n else None
