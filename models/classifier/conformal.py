"""Sets of classes that hold the true one as often as promised, for each class and magnitude."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from skyband.models.classifier.magnitudes import magnitude_bins, magnitude_edges
from skyband.models.classifier.matrix import Doubles, Flags, Integers
from skyband.schema.errors import BadOption

_BIN_ROWS = 100
"""Of a bin of magnitude for each class."""
_LEAST_ROWS = 20
"""Of a class in a bin of magnitude; with fewer, the threshold is that of the whole class, or higher if a row of the bin
needs it: bright galaxies are no faint ones, which are most of their class."""


@dataclass(frozen=True)
class ConformalSets:
    """Thresholds of split conformal prediction, Mondrian by class and magnitude (Vovk et al. 2005, ch. 4.5).

    A class is in the set of a row if 1 - p of the class is no more than the threshold. The share of rows of a class
    whose set holds it is then at least `coverage`, for sources drawn as the training's were: not for fainter ones.
    Thresholds are of each class, so another mixture of classes leaves them as they are. A set may be empty: no class
    looks like its own.

    Attributes:
        coverage: share of the rows of each class whose set holds it.
        edges: of the bins of magnitude.
        thresholds: classes x (bins + 1); the last is for rows without a magnitude, and of the whole class.
    """

    coverage: float
    edges: Doubles
    thresholds: Doubles

    @classmethod
    def fit(cls, probabilities: Doubles, codes: Integers, magnitude: Doubles | None, coverage: float) -> ConformalSets:
        """Thresholds from rows that the probabilities were not learnt from.

        Args:
            probabilities: n x classes, under the training's prior.
            codes: true classes.
            magnitude: of each row, or None.
            coverage: above 0, below 1.

        Raises:
            BadOption: there is no such coverage.
        """
        if not 0 < coverage < 1:
            raise BadOption(f"a coverage of {coverage:g}: take one between 0 and 1, as 0.9")
        classes = probabilities.shape[1]
        edges = magnitude_edges(magnitude, _BIN_ROWS * classes)
        bins = magnitude_bins(magnitude, edges, len(codes))
        misfit = 1 - probabilities[np.arange(len(codes)), codes]
        thresholds = np.empty((classes, len(edges) + 2))
        for code in range(classes):
            own = codes == code
            whole = _quantile(misfit[own], coverage)
            for number in range(len(edges) + 2):
                cell = misfit[own & (bins == number)]
                if number > len(edges):
                    thresholds[code, number] = whole
                elif len(cell) >= _LEAST_ROWS:
                    thresholds[code, number] = _quantile(cell, coverage)
                else:
                    thresholds[code, number] = max(whole, cell.max(initial=0.0))
        return cls(coverage, edges, thresholds)

    def sets(self, probabilities: Doubles, magnitude: Doubles | None) -> Flags:
        """Whether each class is in the set of each row, n x classes."""
        bins = magnitude_bins(magnitude, self.edges, len(probabilities))
        return np.asarray(1 - probabilities <= self.thresholds[:, bins].T)

    def to_json(self) -> dict[str, Any]:
        """Plain lists."""
        return {"coverage": self.coverage, "edges": self.edges.tolist(), "thresholds": self.thresholds.tolist()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> ConformalSets:
        """What `to_json` gave."""
        return cls(float(stored["coverage"]), np.array(stored["edges"], float), np.array(stored["thresholds"], float))


def coverage_by_class(sets: Flags, codes: Integers) -> Doubles:
    """Share of the rows of each class whose set holds it; NaN for a class without rows."""
    held = sets[np.arange(len(codes)), codes].astype(np.float64)
    counts = np.bincount(codes, minlength=sets.shape[1])
    kept = np.bincount(codes, weights=held, minlength=sets.shape[1])
    return np.where(counts > 0, kept / np.maximum(counts, 1), np.nan)


def _quantile(misfit: Doubles, coverage: float) -> float:
    """The ceil((n + 1) coverage)-th smallest, or 1 (any probability will do) where there are not so many."""
    rank = math.ceil((len(misfit) + 1) * coverage)
    return 1.0 if rank > len(misfit) else float(np.partition(misfit, rank - 1)[rank - 1])
