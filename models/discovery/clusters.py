"""Kinds of images: clusters of density (HDBSCAN; Campello, Moulavi & Sander 2013), and how far to believe them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from skyband.models.discovery.features import CHUNK_ROWS, Doubles, Features, Floats, Integers
from skyband.models.discovery.options import TaxonomyOptions

NOISE = -1
"""The number of no cluster."""

_LEAST_BY_ROOT, _LEAST_IMAGES = 0.6, 10
"""Images of a cluster at least: so many times the root of all that are clustered (12 of 400), and in any case."""

_DENSITY_SHARE = 0.1
"""Of the least images of a cluster: how many nearest ones tell how dense the space around an image is."""

_STABILITY_ROWS = 5_000
"""Clustered rows that halves are drawn from, at most."""

_MEDOID_ROWS = 2_000
"""Images of a cluster that its medoid is sought among, and has to be near to, at most."""


@dataclass(frozen=True)
class Clusters:
    """Images sorted into kinds, the largest first.

    Attributes:
        numbers: cluster of each image, from 0, or `NOISE`; shape (n,).
        probabilities: how firmly it belongs there, 0 to 1; 0 for noise; shape (n,).
        medoids: row of the image in the midst of each cluster.
        typical: rows of each cluster's images nearest to its medoid, itself first.
        least_images: of a cluster, as they were sought.
        clustered: images that were clustered; others went where their nearest clustered one is.
    """

    numbers: Integers
    probabilities: Doubles
    medoids: Integers
    typical: tuple[Integers, ...]
    least_images: int
    clustered: int

    def __len__(self) -> int:
        return len(self.medoids)

    def members(self, number: int) -> Integers:
        """Rows of a cluster."""
        return np.flatnonzero(self.numbers == number)


@dataclass(frozen=True)
class Stability:
    """What becomes of clusters when half of the images are clustered again.

    Attributes:
        resamples: halves that were clustered.
        rand_mean, rand_std: adjusted Rand index (Hubert & Arabie 1985) of both answers on the images of a half, noise
            being one more kind: 1 where they agree, 0 where they agree as often as by chance.
        clusters: of each cluster the mean over halves of the largest Jaccard index with a cluster of the half (Hennig
            2007, CSDA 52, 258): above 0.75 it is real, below 0.6 it should not be trusted.
    """

    resamples: int
    rand_mean: float
    rand_std: float
    clusters: tuple[float, ...]


def find_clusters(features: Features, options: TaxonomyOptions, typical: int = 8) -> Clusters:
    """Sort images into kinds.

    Args:
        features: their components.
        options: how.
        typical: images to show of each cluster.
    """
    rows = np.sort(features.sample[: options.sample_rows])
    least = options.least_images or max(_LEAST_IMAGES, round(_LEAST_BY_ROOT * len(rows) ** 0.5))
    found, certain = _density_clusters(features.values[rows], least, options)
    numbers, probabilities = _spread(features.values, rows, found, certain)
    # The largest first; of clusters of one size that whose first image comes first.
    names, firsts, sizes = np.unique(numbers[numbers != NOISE], return_index=True, return_counts=True)
    order = np.lexsort((firsts, -sizes))
    renamed = np.full(names.max() + 2 if len(names) else 1, NOISE)
    renamed[names[order]] = np.arange(len(order))
    numbers = renamed[numbers]
    shown = [_typical(features, np.flatnonzero(numbers == number), typical) for number in range(len(order))]
    medoids = np.array([members[0] for members in shown], np.int64)
    return Clusters(numbers, probabilities, medoids, tuple(shown), least, len(rows))


def stability_of(features: Features, clusters: Clusters, options: TaxonomyOptions) -> Stability | None:
    """Cluster halves of the images again and compare; None without clusters or resamples."""
    from sklearn.metrics import adjusted_rand_score

    if not len(clusters) or not options.resamples:
        return None
    random = np.random.default_rng(options.seed)
    pool = np.sort(features.sample[: min(_STABILITY_ROWS, options.sample_rows)])
    least = max(2, round(clusters.least_images * len(pool) / clusters.clustered / 2))
    rands, jaccards = [], []
    for _ in range(options.resamples):
        half = np.sort(random.choice(pool, len(pool) // 2, replace=False))
        again, _ = _density_clusters(features.values[half], least, options)
        before = clusters.numbers[half]
        rands.append(adjusted_rand_score(before, again))
        jaccards.append([_best_jaccard(before == number, again) for number in range(len(clusters))])
    return Stability(
        options.resamples,
        float(np.mean(rands)),
        float(np.std(rands)),
        tuple(float(value) for value in np.mean(jaccards, axis=0)),
    )


def _density_clusters(values: Floats, least: int, options: TaxonomyOptions) -> tuple[Integers, Doubles]:
    """Number, or `NOISE`, and probability of each row."""
    from sklearn.cluster import HDBSCAN

    least = min(least, len(values))
    model = HDBSCAN(
        min_cluster_size=least,
        min_samples=max(1, int(_DENSITY_SHARE * least)),
        max_cluster_size=max(least, int(options.largest_share * len(values))),
        copy=True,
    )
    with warnings.catch_warnings():
        # Rows that are all equal have no distances to divide by; they are one cluster, or none.
        warnings.simplefilter("ignore", RuntimeWarning)
        model.fit(values.astype(np.float64))
    numbers: Integers = model.labels_.astype(np.int64)
    return numbers, np.nan_to_num(model.probabilities_)


def _spread(values: Floats, rows: Integers, found: Integers, certain: Doubles) -> tuple[Integers, Doubles]:
    """Numbers and probabilities of all rows: those that were not clustered go with their nearest clustered one."""
    numbers, probabilities = np.full(len(values), NOISE), np.zeros(len(values))
    numbers[rows], probabilities[rows] = found, certain
    rest = np.setdiff1d(np.arange(len(values)), rows, assume_unique=True)
    for some, nearest in nearest_rows(values, rest, rows, 1):
        numbers[some], probabilities[some] = found[nearest[:, 0]], certain[nearest[:, 0]]
    return numbers, probabilities


def nearest_rows(values: Floats, rows: Integers, among: Integers, k: int) -> Iterator[tuple[Integers, Integers]]:
    """Some rows at a time, with the places in `among` of the k nearest, shape (rows, k)."""
    from sklearn.neighbors import NearestNeighbors

    if not rows.size:
        return
    near = NearestNeighbors(n_neighbors=min(k, len(among)), algorithm="brute").fit(values[among])
    for first in range(0, len(rows), CHUNK_ROWS):
        some = rows[first : first + CHUNK_ROWS]
        yield some, near.kneighbors(values[some], return_distance=False)


def _typical(features: Features, members: Integers, count: int) -> Integers:
    """The medoid of a cluster and the images nearest to it."""
    from sklearn.metrics import pairwise_distances

    inside = np.zeros(len(features), bool)
    inside[members] = True
    sample = features.sample[inside[features.sample]][:_MEDOID_ROWS]
    sample = np.sort(sample) if sample.size else members[:_MEDOID_ROWS]
    values = features.values[sample].astype(np.float64)
    medoid = sample[int(pairwise_distances(values).sum(axis=1).argmin())]
    distances = np.linalg.norm(features.values[members].astype(np.float64) - features.values[medoid], axis=1)
    distances[members == medoid] = -1.0
    return members[np.argsort(distances, kind="stable")[:count]]


def _best_jaccard(own: np.ndarray[tuple[int], np.dtype[np.bool_]], again: Integers) -> float:
    """The largest share of images that a cluster has in common with one of the others, of those in either."""
    best = 0.0
    for number in np.unique(again[own]):
        if number != NOISE:
            other = again == number
            best = max(best, float((own & other).sum() / (own | other).sum()))
    return best
