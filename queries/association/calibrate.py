"""What a cut in probability keeps and what it lets in: by the probabilities, and by skies that are shifted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import duckdb
import numpy as np

from skyband.queries.association.exclusive import exclusive_probabilities
from skyband.queries.association.judge import Covered
from skyband.queries.association.options import AssociationOptions
from skyband.queries.association.shifted import draw_true_odds, read_shifted
from skyband.queries.crossmatch.chance import Shifts
from skyband.queries.crossmatch.options import Find
from skyband.queries.crossmatch.pieces import SELECTED
from skyband.schema.errors import BadOption
from skyband.schema.healpix import Doubles

ONE_SIDED = (Find.ALL, Find.BEST1)
"""Choices that do not make left rows compete."""
_SAMPLE_PAIRS = 50_000
_BLOCK_ROWS = 2000
_CUTS = (
    0.0, *(place / 20 for place in range(1, 20)), 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cut:
    """What is expected of the chosen pairs at or above a probability."""

    least_probability: float
    rows: int  # pairs
    completeness: float  # share of the counterparts in the footprint that are among them
    contamination: float  # share of them that is not true, by their probabilities
    chance_contamination: float  # the same, by how often shifted rows find as probable a pair
    chance_error: float  # 1 sigma of it, of counting


@dataclass(frozen=True, slots=True)
class Calibration:
    """The cuts, and where they come from."""

    share: float  # of covered left rows that have a counterpart
    covered_rows: int  # left rows in the footprint of the right table
    trials: int  # shifted rows
    shift_arcsec: float
    cuts: tuple[Cut, ...]

    def at(self, least_probability: float) -> Cut:
        """The listed cut at a probability, or next to it."""
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


def calibrate(
    connection: duckdb.DuckDBPyConnection,
    options: AssociationOptions,
    shifts: Shifts,
    share: float,
    covered: Covered,
    right_share: float,
) -> Calibration:
    """Foretell the false pairs among those that were chosen, at any cut: by their probabilities, and by the pairs that
    shifted rows would have been given in their place.

    Args:
        connection: where the temporary tables `weighed` and `judged` and `work.selected` are.
        options: how pairs were chosen.
        shifts: how rows were shifted.
        share: of covered left rows that have a counterpart.
        covered: left rows in the footprint of the right table.
        right_share: of right rows that have one.
    """
    [chosen] = _columns(connection, f"SELECT p_match FROM {SELECTED} ORDER BY left_row, left_rank")
    if options.find in ONE_SIDED:
        judged = true = chosen
    else:
        judged, true = _exclusive(connection, right_share)
    pairs = read_shifted(connection, shifts)
    lone = pairs.chosen(options.find, share, np.zeros(len(pairs.row)))
    # Chance deceives also rows that have a counterpart, if something else fits better.
    deceived = pairs.chosen(options.find, share, draw_true_odds(connection, pairs))
    with_rival = share * covered.mean_within
    counterparts = max(share * covered.rows, 1e-9)
    cuts = []
    for least in sorted({*_CUTS, options.least_probability}):
        rows, kept = int((chosen >= least).sum()), true[judged >= least]
        reliability = float(kept.mean()) if len(kept) else 1.0
        counts = np.array([(lone >= least).sum(), (deceived >= least).sum()])
        weights = np.array([1 - with_rival, with_rival])
        scale = shifts.table.rows / max(shifts.trials, 1) / max(rows, 1)
        cuts.append(
            Cut(
                least_probability=least,
                rows=rows,
                completeness=min(reliability * rows / counterparts, 1.0),
                contamination=1 - reliability,
                chance_contamination=min(float((weights * counts).sum()) * scale, 1.0),
                chance_error=math.sqrt(max((weights**2 * counts).sum(), 1)) * scale,
            )
        )
    return Calibration(share, covered.rows, shifts.trials, shifts.shift_arcsec, tuple(cuts))


def calibrate_any(
    connection: duckdb.DuckDBPyConnection, options: AssociationOptions, shifts: Shifts, covered_rows: int
) -> Calibration:
    """Compare the probability of leading rows to have any counterpart with that of shifted rows.

    Args:
        connection: where the temporary table `grouped` (groups.sql) is, shifted rows in it.
        options: which cut was asked for.
        shifts: how rows were shifted.
        covered_rows: leading rows in the footprint of any other table.
    """
    best = "SELECT left_row, p_any FROM grouped WHERE left_rank = 1"
    rows = shifts.table.rows
    real = _columns(connection, f"SELECT p_any FROM ({best}) WHERE left_row < {rows}")[0]
    shifted = _columns(connection, f"SELECT p_any FROM ({best}) WHERE left_row >= {rows}")[0]
    trials = max(shifts.trials, 1)
    share = float(real.sum()) / max(covered_rows, 1)
    cuts = []
    for least in sorted({*_CUTS, options.least_probability}):
        kept, found = real[real >= least], int((shifted >= least).sum())
        scale = (1 - share) * rows / trials / max(len(kept), 1)
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


def _exclusive(connection: duckdb.DuckDBPyConnection, right_share: float) -> tuple[Doubles, Doubles]:
    """Of chosen pairs, of a sample of the sky where there are many: `p_match`, and the probability of being true where
    no row stands in two true pairs."""
    [(pairs,)] = connection.execute("SELECT count(*) FROM judged").fetchall()
    # Rows are in the order of the key: those of a block are neighbours.
    sampled = f"(left_row // {_BLOCK_ROWS}) % {max(1, pairs // _SAMPLE_PAIRS)} = 0"
    found = connection.sql(
        "SELECT j.left_row, j.right_row, p_match, p_any, s.left_row IS NOT NULL AS is_chosen "
        f"FROM (FROM judged WHERE {sampled}) j "
        f"LEFT JOIN (SELECT left_row, right_row FROM {SELECTED} WHERE {sampled}) s USING (left_row, right_row) "
        "ORDER BY j.left_row, j.right_row"
    ).to_arrow_table()
    left, right, p_match, p_any = (found[name].to_numpy() for name in ("left_row", "right_row", "p_match", "p_any"))
    weight = p_match / np.maximum(1 - p_any, 1e-12) / (1 - right_share)
    is_chosen = found["is_chosen"].to_numpy()
    return p_match[is_chosen], exclusive_probabilities(left, right, weight)[is_chosen]


def _columns(connection: duckdb.DuckDBPyConnection, query: str) -> list[Doubles]:
    return [column.to_numpy() for column in connection.sql(query).to_arrow_table().columns]
