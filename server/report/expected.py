"""What is expected of the pairs of a match: how many are missing, how many are wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass

from skyband.queries.crossmatch import Find
from skyband.server.report.chance import ChanceLevel
from skyband.server.report.questions import Unknown
from skyband.server.report.subject import Subject


@dataclass(frozen=True, slots=True)
class Expected:
    """Shares between 0 and 1; None where there is nothing to tell them from."""

    share: float | None  # of left rows (an association: of those in the footprint) that have a counterpart
    share_error: float | None  # 1 sigma, of counting
    completeness: float | None  # share of the counterparts within reach that are among the pairs
    contamination: float | None  # share of the pairs that is wrong, by their probabilities
    chance_contamination: float | None  # the same by what shifted rows found
    chance_error: float | None  # 1 sigma, of counting
    cut: float | None  # the listed probability to which the figures of an association belong


def expect(subject: Subject, chance: ChanceLevel | Unknown) -> Expected:
    """The figures of the chosen cut of an association, and those of a plain match that its chance rate tells."""
    if subject.is_of_groups:
        share, rows = subject.counts["share"], max(subject.counts["covered_rows"], 1)
        return Expected(share, math.sqrt(share * (1 - share) / rows), None, None, None, None, None)
    if subject.is_association:
        return _of_calibration(subject)
    share, share_error = _share(subject)
    if isinstance(chance, Unknown) or not subject.counts["pairs"]:
        return Expected(share, share_error, None, None, None, None, None)
    assert subject.radius_arcsec is not None
    # Chance adds partners to every row where all pairs are kept; else only to rows without a counterpart, which would
    # be nearer.
    if subject.find is Find.ALL:
        asking, each = float(chance.rows), math.pi * chance.per_arcsec2 / chance.rows * subject.radius_arcsec**2
    else:
        asking, each = lone_rows(subject, chance), chance.rate(subject.radius_arcsec)
    wrong, error = (asking * rate / subject.counts["pairs"] for rate in (each, subject.counts["chance"]["rate_error"]))
    return Expected(share, share_error, None, None, min(wrong, 1.0), error, None)


def lone_rows(subject: Subject, chance: ChanceLevel) -> float:
    """Rows without a counterpart: so many that, when chance has given some a partner, the unmatched are left."""
    assert subject.radius_arcsec is not None
    matched = subject.counts["right_matched" if subject.find is Find.BEST2 else "left_matched"]
    alone = max(1 - chance.rate(subject.radius_arcsec), 1e-12)
    return float(min((chance.rows - matched) / alone, chance.rows))


def _share(subject: Subject) -> tuple[float | None, float | None]:
    """Matched rows less those that chance matched, of a plain match."""
    counts, chance = subject.counts, subject.counts["chance"]
    rows, rate = counts["left_rows"], chance["rate"]
    if not rows or rate >= 1:
        return None, None
    matched = counts["left_matched"] / rows
    of_matched = math.sqrt(matched * (1 - matched) / rows) / (1 - rate)
    of_rate = (1 - matched) * chance["rate_error"] / (1 - rate) ** 2
    return max((matched - rate) / (1 - rate), 0.0), math.hypot(of_matched, of_rate)


def _of_calibration(subject: Subject) -> Expected:
    calibration = subject.calibration
    rows = max(calibration["covered_rows"], 1)
    share = calibration["share"]
    cut = min(calibration["cuts"], key=lambda c: abs(c["least_probability"] - subject.counts["least_probability"]))
    is_known = cut["rows"] > 0
    return Expected(
        share=share,
        share_error=math.sqrt(share * (1 - share) / rows),
        completeness=cut["completeness"],
        contamination=cut["contamination"] if is_known else None,
        chance_contamination=cut["chance_contamination"] if is_known else None,
        chance_error=cut["chance_error"] if is_known else None,
        cut=cut["least_probability"],
    )
