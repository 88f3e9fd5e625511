"""What shifted rows would have been given: false pairs, counted."""

from __future__ import annotations

from dataclasses import dataclass, fields

import duckdb
import numpy as np
from numpy.typing import NDArray

from skyband.queries.association.judge import BINS
from skyband.queries.association.options import PACKAGE
from skyband.queries.crossmatch.chance import Shifts
from skyband.queries.crossmatch.options import Find
from skyband.schema.healpix import Doubles, Integers
from skyband.schema.sql import fill_sql

_SEED = 1


@dataclass(frozen=True, slots=True)
class ShiftedPairs:
    """Pairs of shifted rows, those of a row together; arrays of shape (pairs,)."""

    row: Integers  # number of the shifted row
    odds: Doubles
    within: Doubles  # share of the counterparts of such a row that lie within reach
    claim: Doubles  # probability of the most probable pair that the right row has with a left row, 0 without
    claim_odds: Doubles  # its odds
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
            return p[p > _nearby(self.claim, self.claim_odds, rival_odds)]
        if find in (Find.BEST, Find.ONE_TO_ONE):  # a row whose best is taken has the next one
            free = p > _nearby(self.taken, self.taken_odds, rival_odds)
            if find is Find.ONE_TO_ONE:  # whatever makes all of it more probable, the left row's second choice included
                prior = share / (1 - share)
                lost = np.maximum(prior * self.taken_odds, 1) / np.maximum(prior * self.second_odds, 1)
                free = prior * self.odds > lost
            best = _is_best(self.row[free], p[free])
            return np.asarray(p[free][best & (self.odds > rival_odds)[free]])
        best = _is_best(self.row, p) & (self.odds > rival_odds)
        if find is Find.MUTUAL:
            best &= p > _nearby(self.claim, self.claim_odds, rival_odds)
        return np.asarray(p[best])


def read_shifted(connection: duckdb.DuckDBPyConnection, shifts: Shifts) -> ShiftedPairs:
    """The pairs of shifted rows among those of the temporary tables `weighed` and `judged` and of `work.selected`."""
    query = fill_sql(PACKAGE, "shifted_pairs", left_rows=str(shifts.table.rows))
    found = connection.sql(query).to_arrow_table()
    return ShiftedPairs(*(np.asarray(found[field.name].to_numpy()) for field in fields(ShiftedPairs)))


def draw_true_odds(connection: duckdb.DuckDBPyConnection, pairs: ShiftedPairs) -> Doubles:
    """Odds of a true pair for each shifted row, drawn from all pairs by their probabilities; shape of the pairs."""
    found = connection.sql(
        f"SELECT exp(round(ln_odds * {BINS}) / {BINS}) AS odds, sum(p_match) AS p FROM judged GROUP BY 1 ORDER BY 1"
    ).to_arrow_table()
    odds, whole = found["odds"].to_numpy(), np.cumsum(found["p"].to_numpy())
    rows = int(pairs.row.max(initial=-1)) + 1
    if not (len(odds) and whole[-1] > 0 and rows):
        return np.zeros(len(pairs.row))
    drawn = np.searchsorted(whole, np.random.default_rng(_SEED).uniform(0, whole[-1], rows), side="right")
    return np.asarray(odds[drawn.clip(0, len(odds) - 1)][pairs.row])


def _nearby(p: Doubles, odds: Doubles, rival_odds: Doubles) -> Doubles:
    """What is left of the probabilities of right rows' pairs beside a counterpart: who has a right row is near the
    counterpart of the shifted row too, as near, perhaps, as the shifted row itself."""
    return p * odds / np.maximum(odds + p * rival_odds, 1e-300)


def _is_best(row: Integers, p: Doubles) -> NDArray[np.bool_]:
    """Whether a pair is the most probable of its row; of equal ones, one."""
    order = np.lexsort((p, row))
    last = np.diff(row[order], append=-1) != 0
    best = np.zeros(len(row), bool)
    best[order[last]] = True
    return best
