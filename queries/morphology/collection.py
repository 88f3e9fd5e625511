"""What is known of many galaxies with votes: the base that neighbours are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from skyband.queries.morphology.asking import ask_one, sums_of
from skyband.queries.morphology.classes import ClassCounts, count_classes
from skyband.queries.morphology.intervals import Sums
from skyband.queries.morphology.options import MorphologyOptions
from skyband.queries.morphology.surroundings import Direction, mean_direction, quantities, spread_of
from skyband.queries.morphology.votes import Votes

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Collection:
    """Galaxies with votes, summed up once for all their neighbourhoods."""

    votes: Votes
    options: MorphologyOptions  # with the measure that was taken
    galaxies: int
    base: str  # these galaxies, in words
    sums: Mapping[tuple[str, str], Sums]  # by feature and kind
    classes: ClassCounts
    direction: Direction
    spreads: Mapping[str, tuple[int, float, float, float]] = field(default_factory=dict)  # by quantity


def collection_of(
    connection: duckdb.DuckDBPyConnection, votes: Votes, options: MorphologyOptions | None = None, base: str = ""
) -> Collection:
    """Sum up a table of votes; one pass for each feature, so keep the answer while the table stays the same.

    Args:
        connection: of an open store (a `Session`), which sees `votes.relation`.
        votes: the table.
        options: how answers are counted; neighbourhoods are analysed with the same.
        base: what its galaxies are, in words; all of the table unless given.

    Raises:
        BadOption: the table lacks the columns of the measure.
        ResourceLimit, StorageError: as the engine fails.
    """
    options = options or MorphologyOptions()
    options = replace(options, measure=votes.measure(options.measure))
    rows = f"(FROM {votes.relation})"
    ra, dec = votes.position("ra"), votes.position("dec")
    spreads = {quantity: spread_of(connection, rows, column) for quantity, column in quantities(votes).items()}
    galaxies = ask_one(connection, f"SELECT count(*) AS n FROM {rows}")["n"]
    return Collection(
        votes=votes,
        options=options,
        galaxies=galaxies,
        base=base or f"all {galaxies:,} galaxies of {votes.name}",
        sums=sums_of(connection, votes, options, rows, "1"),
        classes=count_classes(connection, votes, rows),
        direction=mean_direction(connection, f"(SELECT {ra} AS ra, {dec} AS dec FROM {rows})")
        if ra and dec
        else Direction(0, None, None, None, None),
        spreads={quantity: spread for quantity, spread in spreads.items() if spread is not None},
    )
