"""Votes on groups of galaxies, each beside all that are grouped: against sums in Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skyband.queries.morphology import MorphologyOptions, Votes, neighbourhood_of, profiles_of
from skyband.queries.morphology.collection import collection_of
from skyband.schema.columns import Column
from skyband.schema.session import Session

FIRST = "t01_smooth_or_features"
SMOOTH, FEATURES, STAR = (
    f"{FIRST}_{answer}_count" for answer in ("a01_smooth", "a02_features_or_disk", "a03_star_or_artifact")
)
GALAXIES = 60


@pytest.fixture
def votes(empty_session: Session) -> Iterator[Votes]:
    rng = np.random.default_rng(1)
    table = pa.table(
        {
            "name": pa.array(range(100, 100 + GALAXIES), pa.int64()),
            SMOOTH: rng.integers(0, 40, GALAXIES),
            FEATURES: rng.integers(0, 40, GALAXIES),
            STAR: rng.integers(0, 3, GALAXIES),
        }
    )
    empty_session.connection.register("given_votes", table)
    empty_session.connection.execute("CREATE OR REPLACE TABLE memory.main.profile_votes AS FROM given_votes")
    columns = [Column(name, "BIGINT") for name in table.column_names]
    yield Votes.of_columns("votes", "memory.main.profile_votes", columns, "name")
    empty_session.connection.execute("DROP TABLE memory.main.profile_votes")


def pooled(table: list[dict[str, Any]], ids: set[int]) -> tuple[int, float]:
    asked = [row for row in table if row["name"] in ids and row[SMOOTH] + row[FEATURES] + row[STAR] >= 10]
    total = sum(row[SMOOTH] + row[FEATURES] + row[STAR] for row in asked)
    return len(asked), sum(row[SMOOTH] for row in asked) / total


def test_fractions_are_pooled_over_the_groups(empty_session: Session, votes: Votes) -> None:
    connection = empty_session.connection
    table = connection.sql("FROM memory.main.profile_votes").to_arrow_table().to_pylist()
    # Two groups, some in none, some that nobody voted on, and ids that are no numbers.
    numbers = {100 + row: (0 if row < 20 else 1 if row < 35 else -1) for row in range(50)} | {999: 0}
    groups = pa.table({"id": [*map(str, numbers), "none"], "number": [*numbers.values(), 1]})
    found = profiles_of(connection, groups, votes)
    assert sorted(found) == [0, 1]
    base = pooled(table, set(numbers))
    for number, fractions in found.items():
        smooth = next(one for one in fractions if (one.feature, one.kind) == ("smooth", "joint"))
        galaxies, fraction = pooled(table, {name for name, own in numbers.items() if own == number})
        assert (smooth.galaxies, smooth.collection_galaxies) == (galaxies, base[0])
        assert smooth.fraction == pytest.approx(fraction)
        assert smooth.collection_fraction == pytest.approx(base[1])
        assert smooth.lift == pytest.approx(fraction / base[1])
    assert connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'grouped'").fetchall() == [(0,)]


def test_one_group_is_a_neighbourhood(empty_session: Session, votes: Votes) -> None:
    connection, ids = empty_session.connection, [str(100 + row) for row in range(GALAXIES)]
    groups = pa.table({"id": ids, "number": [0] * 25 + [-1] * (GALAXIES - 25)})
    [(_, fractions)] = profiles_of(connection, groups, votes, MorphologyOptions(least_votes=5)).items()
    base = collection_of(connection, votes, MorphologyOptions(least_votes=5))
    near = neighbourhood_of(connection, pa.table({"id": ids[:25], "similarity": [1.0] * 25}), base)
    assert fractions == near.fractions
