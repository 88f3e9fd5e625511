"""What volunteers said of the neighbours of a galaxy, beside the base they are from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from skyband.queries.morphology.asking import KINDS, ask, ask_one, sql_of, sums_of
from skyband.queries.morphology.classes import Classes, class_source, compare_classes, count_classes
from skyband.queries.morphology.collection import Collection
from skyband.queries.morphology.fractions import Fraction, fraction_of
from skyband.queries.morphology.intervals import z_of
from skyband.queries.morphology.joining import Joining
from skyband.queries.morphology.options import MorphologyOptions
from skyband.queries.morphology.surroundings import (
    MOST_COMPARED,
    Distances,
    SkyDispersion,
    Spread,
    distances_of,
    quantities,
    sky_dispersion,
    spread_of,
)
from skyband.queries.morphology.votes import Votes
from skyband.schema.errors import BadTable
from skyband.schema.faults import duckdb_faults
from skyband.schema.names import quote

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Place:
    """A neighbour on the sky, degrees."""

    ra: float
    dec: float
    similarity: float


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The analysis of one set of neighbours; `words.interpret` puts it into words."""

    table: str  # the votes
    tree: str  # title of the decision tree
    citation: str
    options: MorphologyOptions
    collection_galaxies: int  # of the base
    base: str  # what neighbours are compared with, in words
    neighbours: int
    with_votes: int  # neighbours the table has a row of
    fractions: tuple[Fraction, ...]
    classes: Classes
    sky: SkyDispersion | None  # None without positions
    spreads: tuple[Spread, ...]
    distances: Distances
    places: tuple[Place, ...]  # for maps: the most similar neighbours with a position, 1000 at most
    joined: Joining | None = None  # how votes were found; None where neighbours go by the ids of the votes

    def fraction(self, feature: str, kind: str = "conditional") -> Fraction:
        """The fraction of a feature.

        Raises:
            KeyError: the tree has no such feature.
        """
        for found in self.fractions:
            if (found.feature, found.kind) == (feature, kind):
                return found
        raise KeyError(feature)

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON's objects, lists and numbers, the interpretation in words among it."""
        from skyband.queries.morphology.words import interpret

        return asdict(self) | {"interpretation": asdict(interpret(self))}


def neighbourhood_of(
    connection: duckdb.DuckDBPyConnection,
    neighbours: pa.Table,
    collection: Collection,
    *,
    query: tuple[float, float] | None = None,
    typical_distance: float | None = None,
) -> Neighbourhood:
    """Analyse a set of neighbours.

    Args:
        connection: of an open store, which sees the votes; nothing stays behind in it.
        neighbours: `id` (text or integers), `similarity` (cosine, -1 to 1), and where known `ra`, `dec` (degrees),
            which are taken before those of the votes. An id that is there twice counts once, with its best similarity.
        collection: the votes, and the base that neighbours are compared with.
        query: ra, dec of the galaxy whose neighbours they are, degrees.
        typical_distance: mean distance of as many neighbours of a typical query, for the outlier score.

    Raises:
        BadTable: a column is missing, or of the wrong kind.
        ResourceLimit, StorageError: as the engine fails.
    """
    _check(neighbours)
    votes = collection.votes
    # A cursor of its own: its temporary tables are nobody else's.
    with connection.cursor() as cursor:
        cursor.register("given_neighbours", neighbours)
        has_places = {"ra", "dec"} <= set(neighbours.column_names)
        places = "arg_max(ra, similarity)::DOUBLE AS ra, arg_max(dec, similarity)::DOUBLE AS dec" if has_places else ""
        near = sql_of(
            "near",
            neighbours="temp.neighbours",
            votes=votes.relation,
            id=quote(votes.id.name),
            type=votes.id.type,
        )
        with duckdb_faults("the neighbours cannot be joined with their votes"):
            cursor.execute(
                "CREATE OR REPLACE TEMP TABLE neighbours AS SELECT id::VARCHAR AS id, "
                f"max(similarity)::DOUBLE AS similarity, {places or 'NULL::DOUBLE AS ra, NULL::DOUBLE AS dec'} "
                "FROM given_neighbours WHERE id IS NOT NULL AND isfinite(similarity) GROUP BY id"
            )
            cursor.execute(f"CREATE OR REPLACE TEMP TABLE near AS {near}")
        return _analysed(cursor, collection, query, typical_distance, has_places)


def _analysed(
    cursor: duckdb.DuckDBPyConnection,
    collection: Collection,
    query: tuple[float, float] | None,
    typical_distance: float | None,
    has_places: bool,
) -> Neighbourhood:
    votes, options = collection.votes, collection.options
    counts = ask_one(
        cursor,
        f"SELECT (SELECT count(*) FROM temp.neighbours) AS neighbours, count(DISTINCT {quote(votes.id.name)}) AS "
        "with_votes FROM temp.near",
    )
    sums = sums_of(cursor, votes, options, "temp.near", "__weight")
    positions = _positions(votes, has_places)
    classes = count_classes(cursor, votes, "temp.near")
    return Neighbourhood(
        table=votes.name,
        tree=votes.tree.title,
        citation=votes.tree.citation,
        options=options,
        collection_galaxies=collection.galaxies,
        base=collection.base,
        neighbours=counts["neighbours"],
        with_votes=counts["with_votes"],
        fractions=tuple(
            fraction_of(feature.name, kind, sums[feature.name, kind], collection.sums[feature.name, kind], options)
            for feature in votes.features
            for kind in KINDS
        ),
        classes=compare_classes(class_source(votes), classes, collection.classes, z_of(options.confidence)),
        sky=sky_dispersion(cursor, positions, collection.direction, query) if positions else None,
        spreads=tuple(_spreads(cursor, collection)),
        distances=distances_of(cursor, "temp.neighbours", typical_distance),
        places=_places(cursor, positions) if positions else (),
    )


def _check(neighbours: pa.Table) -> None:
    import pyarrow as pa

    there = dict(zip(neighbours.column_names, neighbours.schema.types, strict=True))
    for name in ("id", "similarity"):
        if name not in there:
            raise BadTable(f"neighbours need the columns 'id' and 'similarity'; they have {', '.join(there) or 'none'}")
    # An empty list of Python has no type.
    if not any(
        is_kind(there["similarity"]) for is_kind in (pa.types.is_floating, pa.types.is_integer, pa.types.is_null)
    ):
        raise BadTable(f"the similarity of neighbours must be numbers, not {there['similarity']}")


def _positions(votes: Votes, has_places: bool) -> str:
    """SQL of (ra, dec, similarity) of the neighbours; "" where none has a position."""
    if has_places:
        return "temp.neighbours"
    ra, dec = votes.position("ra"), votes.position("dec")
    return f"(SELECT {ra} AS ra, {dec} AS dec, __similarity AS similarity FROM temp.near)" if ra and dec else ""


def _places(cursor: duckdb.DuckDBPyConnection, positions: str) -> tuple[Place, ...]:
    found = ask(
        cursor,
        f"SELECT ra, dec, similarity FROM {positions} WHERE isfinite(ra) AND isfinite(dec) "
        f"ORDER BY similarity DESC, ra, dec LIMIT {MOST_COMPARED}",
    )
    return tuple(Place(row["ra"], row["dec"], row["similarity"]) for row in found.to_pylist())


def _spreads(cursor: duckdb.DuckDBPyConnection, collection: Collection) -> Iterator[Spread]:
    units = {column.name: column.unit for column in collection.votes.columns}
    for quantity, column in quantities(collection.votes).items():
        found, known = spread_of(cursor, "temp.near", column), collection.spreads.get(quantity)
        if found and known:
            yield Spread(quantity, column, units[column], *found, *known[1:])
