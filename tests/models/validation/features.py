"""Matrices of features by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from skyband.models.classifier.matrix import FeatureMatrix
from skyband.models.features.groups import find_features


def matrix_of(**columns: Any) -> FeatureMatrix:
    """A matrix of these features, with the bands they need."""
    bands: dict[str, tuple[str, ...]] = {}
    for feature in find_features(columns):
        for need in feature.needs:
            bands[need] = (*bands.get(need, ()), feature.name)
    values = np.column_stack(list(columns.values())).astype(np.float32)
    counts = {feature.name: feature.counts for feature in find_features(columns) if feature.counts}
    return FeatureMatrix(values, tuple(columns), bands=bands, counts=counts)
