"""How unusual images are among those of their collection, by two detectors that see different things."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skyband.models.discovery.features import CHUNK_ROWS, Doubles, Features, Floats, Integers
from skyband.models.discovery.options import AnomalyOptions


@dataclass(frozen=True)
class AnomalyScores:
    """Ranks from 0 (the most usual image) to 1 (the most unusual), each of shape (n,).

    Attributes:
        forest: by an isolation forest (Liu, Ting & Zhou 2008): how few cuts at random set an image apart.
        neighbours: by the mean distance to the nearest others: how empty the space around it is.
        both: by the mean of the two ranks.
    """

    forest: Doubles
    neighbours: Doubles
    both: Doubles


def anomaly_scores(features: Features, options: AnomalyOptions) -> AnomalyScores:
    """Score images; what is learnt is learnt from the sample: time grows with the number of images, not its square."""
    forest = ranked(isolation(features.values, features.sample, options))
    neighbours = ranked(neighbour_distances(features.values, features.sample, options.neighbours))
    return AnomalyScores(forest, neighbours, ranked(forest + neighbours))


def isolation(values: Floats, sample: Integers, options: AnomalyOptions) -> Doubles:
    """Scores of an isolation forest, 0 to 1: higher is more unusual.

    Args:
        values: shape (n, dimensions).
        sample: rows the trees are grown from.
        options: number of trees and seed.

    Returns:
        Shape (n,).
    """
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=options.trees, random_state=options.seed).fit(values[sample])
    return np.concatenate(
        [-forest.score_samples(values[first : first + CHUNK_ROWS]) for first in range(0, len(values), CHUNK_ROWS)]
    )


def neighbour_distances(values: Floats, sample: Integers, k: int) -> Doubles:
    """Mean distances to the k nearest others of a sample.

    Args:
        values: shape (n, dimensions).
        sample: rows among which neighbours are looked for; a row is no neighbour of itself.
        k: neighbours; fewer if the sample has fewer.

    Returns:
        Shape (n,).
    """
    from sklearn.neighbors import NearestNeighbors

    k = min(k, len(sample) - 1)
    near = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(values[sample])
    own = np.full(len(values), -1)
    own[sample] = np.arange(len(sample))
    found = np.empty(len(values))
    for first in range(0, len(values), CHUNK_ROWS):
        rows = slice(first, first + CHUNK_ROWS)
        distances, neighbours = near.kneighbors(values[rows])
        distances = distances.astype(np.float64)
        distances[neighbours == own[rows, None]] = np.inf
        # The farthest goes: the row itself, or the one too many of a row outside the sample.
        found[rows] = np.sort(distances, axis=1)[:, :k].mean(axis=1)
    return found


def ranked(scores: Doubles) -> Doubles:
    """Scores as ranks from 0 to 1; equal scores share the middle of their ranks."""
    from scipy.stats import rankdata

    if len(scores) < 2:
        return np.full(len(scores), 0.5)
    ranks: Doubles = (rankdata(scores) - 1) / (len(scores) - 1)
    return ranks
