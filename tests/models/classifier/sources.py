"""Simulated sources for the classifier's tests, and what its trainings are given."""

from __future__ import annotations

import numpy as np

from skyband.models.classifier.fitting import Pace
from skyband.models.classifier.folds import FoldPlan
from skyband.models.classifier.matrix import FeatureMatrix
from skyband.models.classifier.recipe import Recipe
from skyband.schema.healpix import healpix_index

NAMES = ("g_r", "r_i", "w1_w2", "r")
BANDS = {"optical": ("g_r", "r_i", "r"), "WISE": ("w1_w2",)}
CENTRES = {"galaxy": (0.9, 0.4, 0.3, 19.0), "quasar": (0.2, 0.2, 1.1, 19.5), "star": (0.5, 0.2, 0.0, 18.0)}
SMALL = Recipe(
    rounds={"boosting": 20, "forest": 20, "network": 6},
    folds=FoldPlan(count=3, order=3),
    seed=7,
    pace=Pace(patience=3, checkpoint_s=0.0),
)


def positions(rows: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Keys of places all over the sky."""
    random = np.random.default_rng(seed)
    ra, sine = random.uniform(0, 360, rows), random.uniform(-1, 1, rows)
    return healpix_index(29, ra, np.degrees(np.arcsin(sine)))


def simulated(rows: int, seed: int, *, missing: float = 0.2) -> tuple[FeatureMatrix, list[str]]:
    """Sources of three classes that overlap; some have no WISE."""
    random = np.random.default_rng(seed)
    names = sorted(CENTRES)
    codes = random.choice(3, rows, p=[0.5, 0.15, 0.35])
    values = np.array([CENTRES[name] for name in names])[codes]
    values = values + random.normal(size=values.shape) * [0.25, 0.15, 0.25, 1.2]
    values[random.random(rows) < missing, 2] = np.nan
    matrix = FeatureMatrix(
        values.astype(np.float32), NAMES, "d1", positions(rows, seed + 1), magnitude=values[:, 3], bands=BANDS
    )
    return matrix, [names[code] for code in codes]
