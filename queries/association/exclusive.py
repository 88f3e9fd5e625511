"""Probabilities of pairs where each row has one counterpart at most, on either side."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from skyband.queries.crossmatch.assign import connected_parts
from skyband.schema.healpix import Doubles, Integers

_ROUNDS = 200
_CLOSE = 1e-8
_MOST_ROWS = 10
"""Rows of the smaller side of a tangle of pairs up to which all its configurations are summed."""


def exclusive_probabilities(left: Integers, right: Integers, weight: Doubles) -> Doubles:
    """The probability of each pair, if no row stands in two true ones.

    A configuration of disjoint true pairs is as probable as the product of their weights. Belief propagation over
    matchings (Bayati, Shah & Sharma 2008) is exact where the pairs form no cycles; where they do, it favours
    configurations of many pairs, and all of them are summed instead, unless there are too many.

    Args:
        left, right: row of each pair on either side, shape (n,).
        weight: of a pair being true against both its rows being without a counterpart, shape (n,).

    Returns:
        Shape (n,).
    """
    i, j = (np.unique(rows, return_inverse=True)[1] for rows in (left, right))
    weight = np.minimum(weight, 1e12)
    p = _believed(i, j, weight)
    for places in _tangles(i, j):
        if min(len(np.unique(i[places])), len(np.unique(j[places]))) <= _MOST_ROWS:
            p[places] = _summed(i[places], j[places], weight[places])
    return p


def _believed(i: NDArray[np.intp], j: NDArray[np.intp], weight: Doubles) -> Doubles:
    """By belief propagation."""
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


def _tangles(i: NDArray[np.intp], j: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Places of the pairs of each connected part that has a cycle."""
    if not len(i):
        return []
    part = connected_parts(i, j)
    of_pair = part[i]
    # A connected part without cycles has one pair less than rows.
    has_cycle = np.bincount(of_pair) >= np.bincount(part)
    places = np.flatnonzero(has_cycle[of_pair])
    places = places[np.argsort(of_pair[places], kind="stable")]
    return np.split(places, np.flatnonzero(np.diff(of_pair[places])) + 1) if len(places) else []


def _summed(i: NDArray[np.intp], j: NDArray[np.intp], weight: Doubles) -> Doubles:
    """By the sum over all configurations: row by row of the larger side, over the sets of rows of the smaller one that
    are taken."""
    if len(np.unique(i)) < len(np.unique(j)):
        i, j = j, i
    bit = 1 << np.unique(j, return_inverse=True)[1]
    rows = [np.flatnonzero(i == row) for row in np.unique(i)]
    before: list[dict[int, float]] = [{0: 1.0}]
    for places in rows:
        sums: dict[int, float] = defaultdict(float, before[-1])
        for taken, value in before[-1].items():
            for place in places:
                if not taken & bit[place]:
                    sums[taken | int(bit[place])] += value * weight[place]
        before.append(sums)
    p = np.zeros(len(weight))
    after: dict[int, float] = dict.fromkeys(before[-1], 1.0)
    for places, reached in zip(reversed(rows), reversed(before[:-1]), strict=True):
        sums = {}
        for taken, value in reached.items():
            sums[taken] = after[taken]
            for place in places:
                if not taken & bit[place]:
                    both = weight[place] * after[taken | int(bit[place])]
                    sums[taken] += both
                    p[place] += value * both
        after = sums
    return np.asarray(p / after[0])
