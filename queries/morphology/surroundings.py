"""Where neighbours are: on the sky, in redshift and size, and in the space of their vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyband.queries.morphology.asking import ask_one, sql_of
from skyband.queries.morphology.votes import Votes
from skyband.schema.names import quote

if TYPE_CHECKING:
    import duckdb

CLOSE_ARCSEC = 100.0
"""Nearer than this, neighbours may be parts or images of one object."""

MOST_COMPARED = 1000
"""Positions whose separations are taken, pair by pair."""


@dataclass(frozen=True, slots=True)
class Direction:
    """The mean of unit vectors (Mardia & Jupp 2000, Directional Statistics, chapter 9)."""

    n: int
    ra: float | None  # degrees, ICRS; None where the vectors cancel or there are none
    dec: float | None
    resultant: float | None  # length R of the mean: 1 where all are in one place, 0 where they lie all around
    circular_std_deg: float | None  # sqrt(-2 ln R)


@dataclass(frozen=True, slots=True)
class SkyDispersion:
    """How neighbours lie on the sky."""

    direction: Direction
    collection: Direction  # what the footprint alone gives
    median_separation_deg: float | None  # of pairs
    nearest_pair_arcsec: float | None
    compared: int  # neighbours whose pairs were taken, the most similar ones
    in_close_pairs: int  # of them, with another one within 100 arcsec
    near_query: int | None  # neighbours within 100 arcsec of the query; None where that has no position


@dataclass(frozen=True, slots=True)
class Spread:
    """A number of neighbours beside that of the collection; low and high hold 68 percent."""

    quantity: str  # "redshift" or "size"
    column: str
    unit: str
    n: int
    median: float
    low: float
    high: float
    collection_median: float
    collection_low: float
    collection_high: float


@dataclass(frozen=True, slots=True)
class Distances:
    """How alike neighbours are to the query. Distances are those of the ends of unit vectors, 0 to 2."""

    n: int
    least_similarity: float | None  # cosines
    median_similarity: float | None
    most_similarity: float | None
    nearest: float | None
    farthest: float | None
    gap: float | None  # farthest / nearest; None where the nearest is a copy
    local_density: float | None  # 1 / mean distance
    outlier_score: float | None  # mean distance / that of a typical query of the collection, if it was given


def mean_direction(connection: duckdb.DuckDBPyConnection, positions: str) -> Direction:
    """The mean direction of a relation of (ra, dec), degrees, as SQL."""
    found = ask_one(connection, sql_of("direction", positions=positions))
    if not found["n"]:
        return Direction(0, None, None, None, None)
    x, y, z = found["x"], found["y"], found["z"]
    resultant = min(math.sqrt(x * x + y * y + z * z), 1.0)
    if resultant < 1e-9:
        return Direction(found["n"], None, None, 0.0, None)
    ra, dec = math.degrees(math.atan2(y, x)) % 360, math.degrees(math.atan2(z, math.hypot(x, y)))
    # Rounding leaves 1 - R at some 1e-16 where all are in one place, and -2 ln R at the square root of that.
    std_deg = math.degrees(math.sqrt(-2 * math.log(resultant))) if resultant < 1 - 1e-15 else 0.0
    return Direction(found["n"], ra, dec, resultant, std_deg)


def sky_dispersion(
    connection: duckdb.DuckDBPyConnection, positions: str, collection: Direction, query: tuple[float, float] | None
) -> SkyDispersion | None:
    """How positions lie on the sky; None where there are none.

    Args:
        connection: of an open store.
        positions: relation of (ra, dec, similarity), degrees, as SQL.
        collection: the mean direction of all galaxies.
        query: ra, dec of the query, degrees, if it has a position.
    """
    direction = mean_direction(connection, positions)
    if not direction.n:
        return None
    ra, dec = ("NULL::DOUBLE", "NULL::DOUBLE") if query is None else (f"{value!r}::DOUBLE" for value in query)
    sql = sql_of(
        "separations",
        positions=positions,
        most=str(MOST_COMPARED),
        close_arcsec=repr(CLOSE_ARCSEC),
        query_ra=ra,
        query_dec=dec,
    )
    found = ask_one(connection, sql)
    return SkyDispersion(
        direction,
        collection,
        found["median_deg"],
        found["nearest_arcsec"],
        min(direction.n, MOST_COMPARED),
        found["in_close_pairs"],
        found["near_query"],
    )


def quantities(votes: Votes) -> dict[str, str]:
    """The columns of redshift and size the table has, by quantity."""
    found = {"redshift": votes.redshift(), "size": votes.size()}
    return {quantity: column.name for quantity, column in found.items() if column is not None}


def spread_of(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> tuple[int, float, float, float] | None:
    """Number of finite values, median, and the limits of 68 percent of them; None without any."""
    found = ask_one(connection, sql_of("spread", rows=rows, value=quote(column)))
    return (found["n"], found["median"], found["low"], found["high"]) if found["n"] else None


def distances_of(connection: duckdb.DuckDBPyConnection, neighbours: str, typical_distance: float | None) -> Distances:
    """How alike the neighbours of a relation of (similarity) are.

    Args:
        connection: of an open store.
        neighbours: the relation, as SQL.
        typical_distance: the mean distance of the neighbours of a typical query, as many as here, if known.
    """
    found = ask_one(connection, sql_of("distances", neighbours=neighbours))
    if not found["n"]:
        return Distances(0, *[None] * 8)
    # Cosines of float32 vectors are right to 1e-7: what is nearer than their root is a copy.
    is_copy = found["nearest"] < 1e-3
    return Distances(
        n=found["n"],
        least_similarity=found["least"],
        median_similarity=found["median"],
        most_similarity=found["most"],
        nearest=found["nearest"],
        farthest=found["farthest"],
        gap=None if is_copy else found["farthest"] / found["nearest"],
        local_density=1 / found["mean"] if found["mean"] > 0 else None,
        outlier_score=found["mean"] / typical_distance if typical_distance else None,
    )
