"""Whole rows of every join, with every find, against plain loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyband.queries import Sky
from skyband.queries.crossmatch import Find, Join, MatchOptions, crossmatch
from tests.queries.brute_force import Positions, expected_pairs, random_sky, separations_arcsec

Rows = dict[tuple[int | None, int | None], tuple[Any, ...]]


def expected_rows(left: Positions, right: Positions, radius_arcsec: float, find: Find, join: Join) -> Rows:
    """Whole rows of a match by (left id, right id), by plain loops: separation, ranks, counts, and the position."""
    sep = separations_arcsec(left, right)
    within = {(i, j): float(sep[i, j]) for i, j in expected_pairs(left, right, radius_arcsec, Find.ALL)}
    of_left = [sorted((d, j) for (i, j), d in within.items() if i == row) for row in range(len(left))]
    of_right = [sorted((d, i) for (i, j), d in within.items() if j == row) for row in range(len(right))]
    kept = expected_pairs(left, right, radius_arcsec, find)
    rows: Rows = {}
    if join in ("inner", "left", "right", "full"):
        for i, j in kept:
            ranks = of_left[i].index((within[i, j], j)) + 1, of_right[j].index((within[i, j], i)) + 1
            mates = sum(1 for row, found in enumerate(of_left) if row != i and found and found[0][1] == j)
            rows[i, j] = (within[i, j], *ranks, len(of_left[i]), mates, ranks == (1, 1), *left[i])
    if join in ("left", "full", "left-only", "xor"):
        rows |= {(i, None): (*(None,) * 6, *left[i]) for i in set(range(len(left))) - {i for i, _ in kept}}
    if join in ("right", "full", "right-only", "xor"):
        rows |= {(None, j): (*(None,) * 6, *right[j]) for j in set(range(len(right))) - {j for _, j in kept}}
    return rows


@pytest.fixture
def crowd(store: Any, make_table: Any) -> tuple[Positions, Positions]:
    """Positions of gaia and wise in three small crowds, by id."""
    rng = np.random.default_rng(3)
    left, right = random_sky(rng, 40, 0.01), random_sky(rng, 30, 0.01)
    for name, positions in (("gaia", left), ("wise", right)):
        make_table(name, id=list(range(len(positions))), ra=[p[0] for p in positions], dec=[p[1] for p in positions])
    return left, right


@given(st.floats(0.1, 80), st.sampled_from(Find), st.sampled_from(Join), st.sampled_from([1, 3]))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_join_lists_the_rows_plain_loops_list(
    store: Any, crowd: tuple[Positions, Positions], radius_arcsec: float, find: Find, join: Join, batches: int
) -> None:
    options = MatchOptions(
        left="gaia", right="wise", radius_arcsec=radius_arcsec, into="m", find=find, join=join, replace=True
    )
    crossmatch(store, options, batches=batches)
    with Sky(store.path) as sky:
        rows = sky.sql("SELECT * EXCLUDE (healpix_29) FROM m").rows()
    found = {row[:2]: (row[2] and pytest.approx(row[2], abs=1e-9), *row[3:]) for row in rows}
    assert len(found) == len(rows)
    assert found == expected_rows(*crowd, radius_arcsec, find, join)
