"""What a cut in probability keeps and what it lets in: by the probabilities, and by skies that are shifted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from skyband.queries.association.options import AssociationOptions
from skyband.queries.crossmatch.chance import Shifts
from skyband.schema.errors import BadOption

Doubles = NDArray[np.float64]

_SEED = 1
_CUTS = (
    0.0, *(place / 20 for place in range(1, 20)), 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cut:
    """What is expected of the best pairs of left rows at or above a probability."""

    least_probability: float
    rows: int  # left rows whose best pair is as probable
    completeness: float  # share of the true pairs within reach that are among them
    contamination: float  # share of them that is not true, by their probabilities
    chance_contamination: float  # the same, by how often shifted rows find as probable a pair
    chance_error: float  # 1 sigma of it, of counting


@dataclass(frozen=True, slots=True)
class Calibration:
    """The cuts, and where they come from."""

    share: float  # of covered left rows that have a counterpart within reach
    covered_rows: int  # left rows in the footprint of the right table
    trials: int  # shifted rows
    shift_arcsec: float
    cuts: tuple[Cut, ...]

    def at(self, least_probability: float) -> Cut:
        """The listed cut next to a probability."""
        return min(self.cuts, key=lambda cut: abs(cut.least_probability - least_probability))

    def least_probability(self, options: AssociationOptions) -> float:
        """The probability below which pairs are left out, for all that was asked.

        Raises:
            BadOption: no cut gives the purity that is wanted.
        """
        wanted = 0.0 if options.purity is None else self.for_purity(options.purity)
        return max(options.least_probability, wanted)

    def for_purity(self, purity: float) -> float:
        """The lowest listed probability above which pairs are as pure as wanted.

        Raises:
            BadOption: none is.
        """
        for cut in self.cuts:
            if cut.rows and max(cut.contamination, cut.chance_contamination) <= 1 - purity:
                return cut.least_probability
        best = max((1 - max(c.contamination, c.chance_contamination) for c in self.cuts if c.rows), default=0.0)
        raise BadOption(f"no cut gives a purity of {purity:g}; the best gives {best:.4f}")


def calibrate(connection: duckdb.DuckDBPyConnection, shifts: Shifts, share: float, covered_rows: int) -> Calibration:
    """Compare the best pairs of left rows with those of shifted rows.

    Args:
        connection: where the temporary tables `weighed` and `judged` are.
        shifts: how rows were shifted.
        share: of covered left rows that have a counterpart.
        covered_rows: left rows in the footprint of the right table.
    """
    real = _columns(connection, "SELECT p_match FROM judged WHERE left_rank = 1")[0]
    sky = _shifted(connection, shifts)
    true = _true_odds(connection, sky.trials)
    alone, rivals = sky.best, np.maximum(sky.best, true)
    p_alone = share * alone / ((1 - share) + share * sky.total)
    p_rivals = share * rivals / ((1 - share) + share * (sky.total + true))
    is_deceived = sky.best > true
    cuts = []
    for least in _CUTS:
        kept = real[real >= least]
        # Chance deceives rows without a counterpart, and those whose counterpart fits less well than something else.
        lone, deceived = ((p_alone >= least) & (alone > 0)).sum(), ((p_rivals >= least) & is_deceived).sum()
        scale = covered_rows / sky.trials / max(len(kept), 1)
        cuts.append(
            Cut(
                least_probability=least,
                rows=len(kept),
                completeness=min(float(kept.sum()) / max(share * covered_rows, 1e-9), 1.0),
                contamination=float((1 - kept).mean()) if len(kept) else 0.0,
                chance_contamination=min(float((1 - share) * lone + share * deceived) * scale, 1.0),
                chance_error=math.sqrt(max((1 - share) ** 2 * lone + share**2 * deceived, 1)) * scale,
            )
        )
    return Calibration(share, covered_rows, sky.trials, shifts.shift_arcsec, tuple(cuts))


def calibrate_any(connection: duckdb.DuckDBPyConnection, groups: str, shifts: Shifts, covered_rows: int) -> Calibration:
    """Compare the probability of leading rows to have any counterpart with that of shifted rows.

    Args:
        connection: where the groups are.
        groups: relation of groups.sql, shifted rows among them.
        shifts: how rows were shifted.
        covered_rows: leading rows in the footprint of any other table.
    """
    best = f"SELECT left_row, p_any FROM {groups} WHERE left_rank = 1"
    rows = shifts.table.rows
    real = _columns(connection, f"SELECT p_any FROM ({best}) WHERE left_row < {rows}")[0]
    shifted = _columns(connection, f"SELECT p_any FROM ({best}) WHERE left_row >= {rows}")[0]
    trials = max(shifts.trials, 1)
    share = float(real.sum()) / max(covered_rows, 1)
    cuts = []
    for least in _CUTS:
        kept, found = real[real >= least], int((shifted >= least).sum())
        scale = (1 - share) * covered_rows / trials / max(len(kept), 1)
        cuts.append(
            Cut(
                least_probability=least,
                rows=len(kept),
                completeness=float(kept.sum()) / max(float(real.sum()), 1e-9),
                contamination=float((1 - kept).mean()) if len(kept) else 0.0,
                chance_contamination=min(found * scale, 1.0),
                chance_error=math.sqrt(max(found, 1)) * scale,
            )
        )
    return Calibration(share, covered_rows, trials, shifts.shift_arcsec, tuple(cuts))


@dataclass(frozen=True, slots=True)
class _Shifted:
    """What shifted rows found; arrays of shape (trials,), in random order."""

    best: Doubles  # odds of the best pair, 0 where there is none
    total: Doubles  # of all pairs

    @property
    def trials(self) -> int:
        return len(self.best)


def _shifted(connection: duckdb.DuckDBPyConnection, shifts: Shifts) -> _Shifted:
    found = _columns(
        connection,
        f"SELECT max(odds), sum(odds) FROM weighed WHERE left_row >= {shifts.table.rows} GROUP BY left_row",
    )
    trials = max(shifts.trials, 1)
    places = np.random.default_rng(_SEED).permutation(trials)[: len(found[0])]
    best, total = np.zeros(trials), np.zeros(trials)
    best[places], total[places] = found
    return _Shifted(best, total)


def _true_odds(connection: duckdb.DuckDBPyConnection, number: int) -> Doubles:
    """Odds of so many true pairs, drawn from all pairs by their probabilities."""
    odds, probability = _columns(connection, "SELECT odds, p_match FROM judged")
    if not len(odds) or not probability.sum() > 0:
        return np.zeros(number)
    whole = np.cumsum(probability)
    drawn = np.searchsorted(whole, np.random.default_rng(_SEED + 1).uniform(0, whole[-1], number), side="right")
    return np.asarray(odds[drawn.clip(0, len(odds) - 1)])


def _columns(connection: duckdb.DuckDBPyConnection, query: str) -> list[Doubles]:
    return [column.to_numpy() for column in connection.sql(query).to_arrow_table().columns]
