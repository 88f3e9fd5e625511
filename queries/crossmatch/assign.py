"""One-to-one assignment: disjoint pairs of the greatest total gain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Left rows of one assignment problem, about: the time of a problem grows faster than its size.
_PROBLEM_ROWS = 500


def assign(left: NDArray[np.int64], right: NDArray[np.int64], cost: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Choose disjoint pairs so that the sum of (1 - cost) over them is greatest.

    A bipartite matching of least cost (Jonker & Volgenant 1987, scipy's sparse form) in which a left row may also stay
    alone, at cost 1. Rows that no chain of pairs links are independent, and are solved in small problems.

    Args:
        left, right: row of each pair on either side, shape (n,).
        cost: of each pair, 0 to 1, shape (n,).

    Returns:
        Which pairs are chosen, shape (n,).
    """
    chosen = np.zeros(len(cost), bool)
    if len(cost) == 0:
        return chosen
    i, j = (np.unique(rows, return_inverse=True)[1] for rows in (left, right))
    group = connected_parts(i, j)[i]
    for places in _problems(group):
        chosen[places] = _solve(i[places], j[places], cost[places])
    return chosen


def connected_parts(i: NDArray[Any], j: NDArray[Any]) -> NDArray[Any]:
    """The number of the part that each row is in, left rows first; chains of pairs link the rows of a part.

    Args:
        i, j: rows of each pair on either side, numbered from 0 without gaps, shape (n,), one pair at least.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    lefts, nodes = int(i.max()) + 1, int(i.max()) + int(j.max()) + 2
    links = coo_array((np.ones(len(i)), (i, lefts + j)), shape=(nodes, nodes))
    return np.asarray(connected_components(links, directed=False)[1])


def _problems(group: NDArray[Any]) -> Iterator[NDArray[np.intp]]:
    """Places of pairs, whole groups together, in portions of about `_PROBLEM_ROWS`."""
    order = np.argsort(group, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(group[order])) + 1, len(order))
    start = 0
    for end in ends:
        if end - start >= _PROBLEM_ROWS or end == len(order):
            yield order[start:end]
            start = end


def _solve(i: NDArray[Any], j: NDArray[Any], cost: NDArray[np.float64]) -> NDArray[np.bool_]:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    _, row = np.unique(i, return_inverse=True)
    _, column = np.unique(j, return_inverse=True)
    rows, columns = int(row.max()) + 1, int(column.max()) + 1
    alone = np.arange(rows)
    # All costs are raised by 1, because a sparse matrix does not store zeros; a tie with staying alone is a pair.
    weights = np.r_[1.0 + cost, np.full(rows, 2.0 + 1e-9)]
    graph = csr_array((weights, (np.r_[row, alone], np.r_[column, columns + alone])), shape=(rows, columns + rows))
    _, partner = min_weight_full_bipartite_matching(graph)
    return np.asarray(partner[row] == column)
