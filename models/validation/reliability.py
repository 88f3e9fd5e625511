"""Whether probabilities are kept: by confidence, by magnitude, and among the faintest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.magnitudes import magnitude_bins, magnitude_edges
from skyband.models.classifier.matrix import Doubles, Integers
from skyband.models.validation.measures import Figures, Said, Share

_BINS = 10
_LEAST_ROWS = 30
FAINTEST = 0.1
"""Share of the rows that are the faintest."""


@dataclass(frozen=True)
class ConfidenceBin:
    """Rows whose likeliest class has a probability between `low` and `high`: their mean, and how many are right."""

    low: float
    high: float
    confidence: float
    right: Share


@dataclass(frozen=True)
class MagnitudeBin:
    """Rows between two magnitudes; None for a bin without a limit there, both for rows without a magnitude."""

    brightest: float | None
    faintest: float | None
    figures: Figures


@dataclass(frozen=True)
class Faintest:
    """The faintest tenth of the rows beside all others.

    Attributes:
        from_magnitude: on which they begin.
        faint, others: measures of both.
    """

    from_magnitude: float
    faint: Figures
    others: Figures


def reliability(probabilities: Doubles, codes: Integers) -> list[ConfidenceBin]:
    """Equal bins of confidence, those without rows left out."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == codes
    place = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    return [
        ConfidenceBin(
            number / _BINS, (number + 1) / _BINS, float(confidence[place == number].mean()),
            Share.that(right[place == number]),
        )
        for number in np.unique(place).tolist()
    ]  # fmt: skip


def by_magnitude(said: Said, magnitude: Doubles) -> list[MagnitudeBin]:
    """Bins of magnitude with equally many rows each, then the rows without one."""
    edges = magnitude_edges(magnitude, _LEAST_ROWS)
    bins = magnitude_bins(magnitude, edges, len(said.codes))
    limits = [None, *edges.tolist(), None]
    found = []
    for number in np.unique(bins).tolist():
        own = bins == number
        has_limits = number <= len(edges)
        found.append(
            MagnitudeBin(
                limits[number] if has_limits else None,
                limits[number + 1] if has_limits else None,
                Figures.of(said.rows(own)),
            )
        )
    return found


def faintest_tenth(magnitude: Doubles) -> tuple[Integers, Integers, float] | None:
    """Rows of the faintest tenth, the brighter ones, and the magnitude between; None with too few magnitudes."""
    there = np.isfinite(magnitude)
    if there.sum() * FAINTEST < _LEAST_ROWS:
        return None
    limit = float(np.quantile(magnitude[there], 1 - FAINTEST))
    faint, bright = np.flatnonzero(there & (magnitude > limit)), np.flatnonzero(there & (magnitude <= limit))
    return (faint, bright, limit) if len(faint) and len(bright) else None


def faintest(said: Said, magnitude: Doubles) -> Faintest | None:
    """The faintest tenth; None with too few magnitudes."""
    parts = faintest_tenth(magnitude)
    if parts is None:
        return None
    faint, bright, limit = parts
    return Faintest(limit, Figures.of(said.rows(faint)), Figures.of(said.rows(bright)))
