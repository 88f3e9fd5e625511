"""What shifted rows would have been given: false pairs, counted."""

from __future__ import annotations

from dataclasses import dataclass, fields

import duckdb
import numpy as np
from numpy.typing import NDArray

from skyband.queries.crossmatch.chance import Shifts
from skyband.queries.crossmatch.options import Find
from skyband.schema.healpix import Doubles, Integers

_SEED = 1


@dataclass(frozen=True, slots=True)
class ShiftedPairs:
    """Pairs of shifted rows, those of a row together; arrays of shape (pairs,)."""

    row: Integers  # number of the shifted row
    odds: Doubles
    within: Doubles  # share of the counterparts of such a row that lie within reach
    claim: Doubles  # probability of the most probable pair that the right row has with a left row, 0 without
    taken: Doubles  # probability of the chosen pair of the right row, 0 without
    taken_odds: Doubles  # its odds, 0 without
    second_odds: Doubles  # odds of what its left row would have instead, 0 without

    def chosen(self, find: Find, share: float, rival_odds: Doubles) -> Doubles:
        """Probabilities of the pairs that a choice would have published.

        Args:
            find: how pairs are chosen.
            share: of left rows that have a counterpart.
            rival_odds: of the row's counterpart, 0 where it has none; shape (pairs,), the same for pairs of a row.

        Returns:
            The probabilities of false pairs, any number of them.
        """
        total = np.bincount(self.row, self.odds)[self.row] if len(self.row) else self.odds
        p = share * self.odds / (1 - share * self.within + share * (total + rival_odds))
        if find is Find.ALL:
            return p
        if find is Find.BEST2:
            return p[p > self.claim]
        if find in (Find.BEST, Find.ONE_TO_ONE):  # a row whose best is taken has the next one
            free = p > self.taken
            if find is Find.ONE_TO_ONE:  # whatever makes all of it more probable, the left row's second choice included
                prior = share / (1 - share)
                free = prior * self.odds > np.maximum(prior * self.taken_odds, 1) / np.maximum(
                    prior * self.second_odds, 1
                )
            best = _is_best(self.row[free], p[free])
            return np.asarray(p[free][best & (self.odds > rival_odds)[free]])
        best = _is_best(self.row, p) & (self.odds > rival_odds)
        return np.asarray(p[best & (p > self.claim)] if find is Find.MUTUAL else p[best])


def read_shifted(connection: duckdb.DuckDBPyConnection, shifts: Shifts) -> ShiftedPairs:
    """The pairs of shifted rows among those of the temporary tables `weighed`, `judged` and `selected`."""
    found = connection.sql(
        "WITH shifted AS ("
        f"FROM weighed WHERE left_row >= {shifts.table.rows}), "
        "claims AS ("
        "SELECT right_row, max(p_match) AS claim FROM judged SEMI JOIN shifted USING (right_row) GROUP BY right_row), "
        "chosen AS ("
        "SELECT right_row, max(p_match) AS taken, max(odds) AS taken_odds, "
        "max(CASE WHEN left_rank = 1 THEN exp(ln_second) ELSE 0 END) AS second_odds "
        "FROM selected SEMI JOIN shifted USING (right_row) GROUP BY right_row) "
        "SELECT dense_rank() OVER (ORDER BY left_row) - 1 AS row, odds, within, coalesce(claim, 0) AS claim, "
        "coalesce(taken, 0) AS taken, coalesce(taken_odds, 0) AS taken_odds, coalesce(second_odds, 0) AS second_odds "
        "FROM shifted LEFT JOIN claims USING (right_row) LEFT JOIN chosen USING (right_row)"
    ).to_arrow_table()
    return ShiftedPairs(*(np.asarray(found[field.name].to_numpy()) for field in fields(ShiftedPairs)))


def draw_true_odds(connection: duckdb.DuckDBPyConnection, pairs: ShiftedPairs) -> Doubles:
    """Odds of a true pair for each shifted row, drawn from all pairs by their probabilities; shape of the pairs."""
    found = connection.sql("SELECT odds, p_match FROM judged").to_arrow_table()
    odds, whole = found["odds"].to_numpy(), np.cumsum(found["p_match"].to_numpy())
    rows = int(pairs.row.max(initial=-1)) + 1
    if not (len(odds) and whole[-1] > 0 and rows):
        return np.zeros(len(pairs.row))
    drawn = np.searchsorted(whole, np.random.default_rng(_SEED).uniform(0, whole[-1], rows), side="right")
    return np.asarray(odds[drawn.clip(0, len(odds) - 1)][pairs.row])


def _is_best(row: Integers, p: Doubles) -> NDArray[np.bool_]:
    """Whether a pair is the most probable of its row; of equal ones, one."""
    order = np.lexsort((p, row))
    last = np.diff(row[order], append=-1) != 0
    best = np.zeros(len(row), bool)
    best[order[last]] = True
    return best
