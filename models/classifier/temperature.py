"""Calibration by temperature: sharper or softer probabilities in the same order (Guo et al. 2017, arXiv:1706.04599)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from skyband.models.classifier.fitting import log_loss
from skyband.models.classifier.magnitudes import magnitude_bins, magnitude_edges
from skyband.models.classifier.matrix import Doubles, Integers

SMALLEST = 1e-6
"""Least probability whose logarithm is taken."""
_LEAST_ROWS = 500
"""Of a bin of magnitude with a temperature of its own."""
_HOTTEST = 20.0


@dataclass(frozen=True)
class Temperatures:
    """A temperature for each bin of magnitude.

    Attributes:
        edges: of the bins; none for one temperature.
        values: of the bins, and last that of rows without a magnitude.
    """

    edges: Doubles
    values: Doubles

    @classmethod
    def fit(
        cls, probabilities: Doubles, codes: Integers, weights: Doubles | None, magnitude: Doubles | None
    ) -> Temperatures:
        """Temperatures of least log loss.

        Args:
            probabilities: n x classes, of rows they were not learnt from.
            codes: true classes.
            weights: of rows, or None.
            magnitude: of rows, for temperatures by magnitude; None for one temperature.
        """
        edges = magnitude_edges(magnitude, _LEAST_ROWS)
        bins = magnitude_bins(magnitude, edges, len(codes))
        whole = _best(probabilities, codes, weights)
        values = np.full(len(edges) + 2, whole)
        for number in range(len(edges) + 1) if len(edges) else ():
            rows = bins == number
            values[number] = _best(probabilities[rows], codes[rows], None if weights is None else weights[rows])
        return cls(edges, values)

    def apply(self, probabilities: Doubles, magnitude: Doubles | None) -> Doubles:
        """Calibrated probabilities, n x classes."""
        bins = magnitude_bins(magnitude, self.edges, len(probabilities))
        return tempered(probabilities, self.values[bins][:, None])

    def to_json(self) -> dict[str, Any]:
        """Plain lists."""
        return {"edges": self.edges.tolist(), "values": self.values.tolist()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Temperatures:
        """What `to_json` gave."""
        return cls(np.array(stored["edges"], float), np.array(stored["values"], float))


def tempered(probabilities: Doubles, temperature: Doubles | float) -> Doubles:
    """Probabilities to the power 1 / temperature, scaled to sum 1."""
    logs = np.log(np.maximum(probabilities, SMALLEST)) / temperature
    return softmax(logs)


def softmax(logits: Doubles) -> Doubles:
    """Exponentials scaled to sum 1 in each row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _best(probabilities: Doubles, codes: Integers, weights: Doubles | None) -> float:
    from scipy.optimize import minimize_scalar

    limit = float(np.log(_HOTTEST))
    found = minimize_scalar(
        lambda log: log_loss(tempered(probabilities, float(np.exp(log))), codes, weights),
        bounds=(-limit, limit),
        method="bounded",
        options={"xatol": 1e-5},
    )
    return float(np.exp(found.x))
