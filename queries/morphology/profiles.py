"""What volunteers said of groups of galaxies, each beside all that are in any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from skyband.queries.morphology.asking import KINDS, sql_of, sums_of
from skyband.queries.morphology.fractions import Fraction, fraction_of
from skyband.queries.morphology.options import MorphologyOptions
from skyband.queries.morphology.votes import Votes
from skyband.schema.faults import duckdb_faults
from skyband.schema.names import quote

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def profiles_of(
    connection: duckdb.DuckDBPyConnection, groups: pa.Table, votes: Votes, options: MorphologyOptions | None = None
) -> Mapping[int, tuple[Fraction, ...]]:
    """Pooled fractions of the features of a decision tree for each group.

    Args:
        connection: of an open store, which sees the votes; nothing stays behind in it.
        groups: `id` (text) and `number` (integer) of the group, each galaxy once. The base that groups are compared
            with are all these galaxies, those of groups below 0 too.
        votes: the table.
        options: how answers are counted.

    Returns:
        For each group from 0 that has galaxies, the fractions of all features, conditional and joint.

    Raises:
        BadOption: the table lacks the columns of the measure.
        ResourceLimit, StorageError: as the engine fails.
    """
    options = options or MorphologyOptions()
    with connection.cursor() as cursor:
        cursor.register("given_groups", groups)
        grouped = sql_of(
            "grouped", groups="given_groups", votes=votes.relation, id=quote(votes.id.name), type=votes.id.type
        )
        with duckdb_faults("the groups cannot be joined with their votes"):
            cursor.execute(f"CREATE OR REPLACE TEMP TABLE grouped AS {grouped}")
            numbers = [
                row[0] for row in cursor.execute("SELECT DISTINCT number FROM given_groups ORDER BY 1").fetchall()
            ]
        whole = sums_of(cursor, votes, options, "temp.grouped", "1")
        profiles = {}
        for number in (number for number in numbers if number >= 0):
            rows = f"(FROM temp.grouped WHERE __group = {int(number)})"
            sums = sums_of(cursor, votes, options, rows, "1")
            profiles[int(number)] = tuple(
                fraction_of(feature.name, kind, sums[feature.name, kind], whole[feature.name, kind], options)
                for feature in votes.features
                for kind in KINDS
            )
        return profiles
