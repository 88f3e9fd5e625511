"""Figures of merit of vectors whose neighbours are known to be alike or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from skyband.models.encoders.encoder import Vectors

Bools = NDArray[np.bool_]
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Accuracy:
    """Shares of right answers, with the 95 % interval of the balanced one by bootstrap over galaxies.

    Attributes:
        plain: of all.
        balanced: mean of those of the two classes.
        low, high: bounds of the balanced one.
        n: galaxies.
    """

    plain: float
    balanced: float
    low: float
    high: float
    n: int


def vote_of_neighbours(vectors: Vectors, values: NDArray[np.generic], k: int) -> Doubles:
    """Mean of the values of the k nearest others of each row (leave one out, cosine)."""
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -np.inf)
    nearest = np.argpartition(-likeness, min(k, len(likeness) - 1) - 1, axis=1)[:, :k]
    mean: Doubles = np.asarray(values, dtype=np.float64)[nearest].mean(axis=1)
    return mean


def accuracy(vectors: Vectors, is_second: Bools, *, k: int = 5, seed: int = 1, resamples: int = 2000) -> Accuracy:
    """How often the majority of the k nearest others tells the class."""
    right = (vote_of_neighbours(vectors, is_second, k) > 0.5) == is_second
    rng = np.random.default_rng(seed)
    first, second = right[~is_second], right[is_second]
    balanced = [
        (rng.choice(first, len(first)).mean() + rng.choice(second, len(second)).mean()) / 2 for _ in range(resamples)
    ]
    low, high = np.quantile(balanced, [0.025, 0.975])
    return Accuracy(
        float(right.mean()), float((first.mean() + second.mean()) / 2), float(low), float(high), len(is_second)
    )


def area_under_curve(score: Doubles, is_true: Bools) -> float:
    """Probability that a true one has the higher score: the area under the ROC curve (Hanley & McNeil 1982)."""
    true, false = int(is_true.sum()), int((~is_true).sum())
    if not true or not false:
        return float("nan")
    return float((rankdata(score)[is_true].sum() - true * (true + 1) / 2) / (true * false))


def same_group_share(vectors: Vectors, groups: NDArray[np.str_]) -> tuple[float, float]:
    """Share of nearest neighbours of the same group, and that by chance."""
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -np.inf)
    found = float((groups[likeness.argmax(axis=1)] == groups).mean())
    n = len(groups)
    _, counts = np.unique(groups, return_counts=True)
    return found, float((counts * (counts - 1)).sum() / (n * (n - 1)))


def precision_at(vectors: Vectors, is_true: Bools, k: int = 10) -> tuple[float, float]:
    """Mean share of true ones among the k nearest others of true ones, and its ratio to their share among all."""
    precision = float(vote_of_neighbours(vectors, is_true, k)[is_true].mean())
    base = (is_true.sum() - 1) / (len(is_true) - 1)
    return precision, float(precision / base) if base > 0 else float("nan")


def finds_original(originals: Vectors, changed: Vectors) -> float:
    """Share of changed pictures whose nearest original is their own."""
    return float(((changed @ originals.T).argmax(axis=1) == np.arange(len(changed))).mean())


def variance_explained(predicted: Doubles, true: Doubles) -> float:
    """R2: 1 - residual over total variance."""
    return float(1 - ((true - predicted) ** 2).sum() / ((true - true.mean()) ** 2).sum())
