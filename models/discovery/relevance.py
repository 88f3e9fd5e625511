"""Anomaly scores re-ranked by what people said of a few images (Lochner & Bassett 2021, Astronomy and Computing 36).

What is unusual is not always interesting. People give some images scores from 0 to 5; a forest of regression trees
predicts those of all others; and the nearer an image is to a labelled one, the more the prediction counts beside the
anomaly score. Far from every label, where nobody knows, the anomaly score stays.
"""

from __future__ import annotations

import numpy as np

from skyband.models.discovery.features import CHUNK_ROWS, Doubles, Floats, Integers
from skyband.models.discovery.labels import MOST_SCORE

_LEAST_WEIGHT, _WEIGHT_RANGE = 0.1, 0.85
"""Of the score of an image with the label 0, and what the label 5 has more: Astronomaly's."""

_TREES = 100


def relevance(scores: Doubles, predicted: Doubles, distances: Doubles, alpha: float) -> Doubles:
    """Re-ranked scores: `score * tanh(exp(alpha d / mean(d)) - 1 + artanh(0.1 + 0.85 u / 5))`.

    At a labelled image (d = 0) the score is multiplied by 0.1 to 0.95, as its label u says; far away by 1.

    Args:
        scores: anomaly scores, 0 to 1, shape (n,).
        predicted: labels u that are predicted for the images, 0 to 5.
        distances: d, from each image to the nearest labelled one.
        alpha: how fast the influence of labels ends.

    Returns:
        Shape (n,), 0 to 1.
    """
    mean = distances.mean()
    # Where every image is a labelled one, or equal to one, all are as near as can be.
    nearness = distances / mean if mean > 0 else np.zeros_like(distances)
    weight = _LEAST_WEIGHT + _WEIGHT_RANGE * predicted / MOST_SCORE
    # tanh is 1 long before the exponential is too large.
    reach = np.exp(np.minimum(alpha * nearness, 50.0)) - 1
    found: Doubles = scores * np.tanh(reach + np.arctanh(weight))
    return found


def predicted_labels(values: Floats, rows: Integers, labels: Doubles, seed: int) -> Doubles:
    """What people would say of images, by random-forest regression on what they said of some.

    Args:
        values: components, shape (n, dimensions).
        rows: of the labelled images, ascending.
        labels: their labels, 0 to 5.
        seed: of the forest.

    Returns:
        Shape (n,), 0 to 5; of labelled images too what the forest says, which their neighbours have a part in.
    """
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(n_estimators=_TREES, random_state=seed).fit(values[rows], labels)
    return np.concatenate(
        [forest.predict(values[first : first + CHUNK_ROWS]) for first in range(0, len(values), CHUNK_ROWS)]
    )


def nearest_distances(values: Floats, rows: Integers) -> Doubles:
    """Distances to the nearest of some rows, shape (n,); 0 for those rows themselves."""
    from sklearn.metrics import pairwise_distances_argmin_min

    found = np.empty(len(values))
    for first in range(0, len(values), CHUNK_ROWS):
        found[first : first + CHUNK_ROWS] = pairwise_distances_argmin_min(
            values[first : first + CHUNK_ROWS], values[rows]
        )[1]
    found[rows] = 0.0
    return found
