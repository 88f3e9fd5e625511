"""What a cut in probability keeps and what it lets in: by the probabilities, and by skies that are shifted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from skyband.queries.crossmatch.chance import DIRECTIONS, Shifts
from skyband.schema.errors import BadOption

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
    real = _column(connection, "SELECT p_match FROM judged WHERE left_rank = 1")
    shifted = _column(
        connection,
        f"SELECT {share!r} * max(odds) / ((1 - {share!r}) + {share!r} * sum(odds)) FROM weighed "
        f"WHERE left_row >= {shifts.table.rows} GROUP BY left_row",
    )
    trials = max(shifts.sample_rows * DIRECTIONS, 1)
    cuts = []
    for least in _CUTS:
        kept = real[real >= least]
        found = int((shifted >= least).sum())
        # Rows that have no counterpart are those that chance can deceive.
        alone = (1 - share) * covered_rows / max(len(kept), 1)
        cuts.append(
            Cut(
                least_probability=least,
                rows=len(kept),
                completeness=min(float(kept.sum()) / max(share * covered_rows, 1e-9), 1.0),
                contamination=float((1 - kept).mean()) if len(kept) else 0.0,
                chance_contamination=found / trials * alone,
                chance_error=float(np.sqrt(max(found, 1)) / trials * alone),
            )
        )
    return Calibration(share, covered_rows, trials, shifts.shift_arcsec, tuple(cuts))


def _column(connection: duckdb.DuckDBPyConnection, query: str) -> NDArray[Any]:
    values: NDArray[Any] = connection.sql(query).to_arrow_table().column(0).to_numpy()
    return values
