"""Pairs that exclude each other, against the sum over all configurations."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skyband.queries.association.exclusive import exclusive_probabilities

PAIRS = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 3)), st.floats(1e-3, 1e4), max_size=9)


def summed(pairs: dict[tuple[int, int], float]) -> dict[tuple[int, int], float]:
    """Each set of pairs without a row in common is as probable as the product of their weights."""
    whole, of_pair = 0.0, dict.fromkeys(pairs, 0.0)
    for size in range(len(pairs) + 1):
        for chosen in itertools.combinations(pairs, size):
            if len({i for i, _ in chosen}) == len({j for _, j in chosen}) == size:
                weight = float(np.prod([pairs[pair] for pair in chosen]))
                whole += weight
                for pair in chosen:
                    of_pair[pair] += weight
    return {pair: value / whole for pair, value in of_pair.items()}


@given(PAIRS)
@example({})
@example({(0, 0): 2000.0, (0, 1): 1000.0, (1, 0): 1000.0, (1, 1): 1000.0})
@settings(deadline=None)
def test_probabilities_are_those_of_all_configurations(pairs: dict[tuple[int, int], float]) -> None:
    rows = np.array([*pairs], np.int64).reshape(-1, 2)
    found = exclusive_probabilities(rows[:, 0] * 7, rows[:, 1] + 100, np.array([*pairs.values()], float))
    np.testing.assert_allclose(found, [*summed(pairs).values()], atol=1e-4)


def test_a_tangle_too_large_to_sum_has_probabilities_all_the_same() -> None:
    left, right = (rows.ravel() for rows in np.indices((12, 12)))
    found: Any = exclusive_probabilities(left, right, np.full(144, 50.0))
    assert ((found > 0) & (found < 1)).all()
    assert np.bincount(left, found).max() <= 1 + 1e-6
