"""Probabilities that are right about as often as they say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CLASSES = ("GALAXY", "QSO", "STAR")


def drawn(rows: int, seed: int, classes: int = 3) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities rows x classes and the true classes."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.full(classes, 0.5), rows)
    codes = np.array([random.choice(classes, p=row) for row in probabilities])
    return probabilities, codes
