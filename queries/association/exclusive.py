"""Probabilities of pairs where each row has one counterpart at most, on either side."""

from __future__ import annotations

import numpy as np

from skyband.schema.healpix import Doubles, Integers

_ROUNDS = 100
_CLOSE = 1e-6


def exclusive_probabilities(left: Integers, right: Integers, weight: Doubles) -> Doubles:
    """The probability of each pair, if no row stands in two true ones.

    Belief propagation over matchings: a configuration of disjoint true pairs is as probable as the product of their
    weights (Bayati, Shah & Sharma 2008; Vontobel 2013, the Bethe permanent). Exact where the pairs form no cycles.

    Args:
        left, right: row of each pair on either side, shape (n,).
        weight: of a pair being true against both its rows being without a counterpart, shape (n,).

    Returns:
        Shape (n,).
    """
    i, j = (np.unique(rows, return_inverse=True)[1] for rows in (left, right))
    weight = np.minimum(weight, 1e12)
    free_left, free_right = np.ones(len(weight)), np.ones(len(weight))
    for _ in range(_ROUNDS):
        # That a row is free as far as its other pairs tell.
        by_left, by_right = weight * free_right, weight * free_left
        next_left = 1 / (1 + np.maximum(np.bincount(i, by_left)[i] - by_left, 0.0))
        next_right = 1 / (1 + np.maximum(np.bincount(j, by_right)[j] - by_right, 0.0))
        change = max(np.abs(next_left - free_left).max(initial=0.0), np.abs(next_right - free_right).max(initial=0.0))
        free_left, free_right = (free_left + next_left) / 2, (free_right + next_right) / 2
        if change < _CLOSE:
            break
    odds = weight * free_left * free_right
    return np.asarray(odds / (1 + odds))
