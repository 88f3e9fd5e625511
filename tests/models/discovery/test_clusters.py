"""Clusters, their medoids and their stability, against what was drawn and against brute force."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score

from skyband.models.discovery.clusters import NOISE, find_clusters, nearest_rows, stability_of
from skyband.models.discovery.features import Features
from skyband.models.discovery.maps import map_of
from skyband.models.discovery.options import TaxonomyOptions


def features_of(values: np.ndarray, seed: int = 4) -> Features:
    names = pa.array([f"n{row:04}" for row in range(len(values))])
    sample = np.random.default_rng(seed).permutation(len(values))
    return Features(names, values.astype(np.float32), 1.0, sample, 0)


@pytest.fixture
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Three blobs of 100, 60 and 40 points, and 20 scattered widely."""
    rng = np.random.default_rng(1)
    kinds = np.repeat([0, 1, 2, NOISE], [100, 60, 40, 20])
    centres = np.array([[0, 0, 0], [9, 0, 0], [0, 9, 3], [0, 0, 0]])
    spread = np.where(kinds == NOISE, 15.0, 0.7)[:, None]
    order = rng.permutation(220)
    return (centres[kinds] + spread * rng.normal(size=(220, 3)))[order], kinds[order]


def test_blobs_are_found_and_numbered_by_size(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    values, kinds = drawn
    found = find_clusters(features_of(values), TaxonomyOptions())
    assert len(found) == 3
    assert (found.numbers == kinds)[kinds != NOISE].mean() > 0.95
    assert (found.numbers == NOISE)[kinds == NOISE].mean() > 0.8
    assert [len(found.members(number)) for number in range(3)] == sorted(np.bincount(found.numbers + 1)[1:])[::-1]
    assert (found.probabilities[found.numbers == NOISE] == 0).all()
    assert found.probabilities.max() <= 1 and found.probabilities.min() >= 0


def test_medoids_are_nearest_to_all_of_their_cluster(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    values, _ = drawn
    found = find_clusters(features_of(values), TaxonomyOptions(), typical=4)
    for number, (medoid, typical) in enumerate(zip(found.medoids, found.typical, strict=True)):
        members = found.members(number)
        distances = cdist(values[members], values[members])
        assert medoid == members[distances.sum(axis=1).argmin()]
        nearest = members[np.argsort(np.linalg.norm(values[members] - values[medoid], axis=1))][:4]
        assert typical.tolist() == nearest.tolist()


def test_images_that_were_not_clustered_go_with_their_nearest(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    values, kinds = drawn
    features = features_of(values)
    found = find_clusters(features, TaxonomyOptions(sample_rows=120))
    clustered = features.sample[:120]
    assert found.clustered == 120
    nearest = clustered[cdist(features.values, features.values[clustered]).argmin(axis=1)]
    assert (found.numbers == found.numbers[nearest]).all()
    assert adjusted_rand_score(found.numbers[kinds != NOISE], kinds[kinds != NOISE]) > 0.9


def test_real_kinds_are_stable_and_chance_ones_are_not(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    options = TaxonomyOptions(resamples=5)
    features = features_of(drawn[0])
    stable = stability_of(features, find_clusters(features, options), options)
    assert stable is not None
    assert stable.resamples == 5
    assert stable.rand_mean > 0.8
    assert min(stable.clusters) > 0.75
    even = features_of(np.random.default_rng(2).uniform(size=(200, 3)))
    chance = find_clusters(even, options)
    unstable = stability_of(even, chance, options)
    assert unstable is None or (unstable.rand_mean < 0.5 and np.mean(unstable.clusters) < 0.6)
    assert stability_of(features, find_clusters(features, options), TaxonomyOptions(resamples=0)) is None


def test_everything_is_the_same_again(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    options = TaxonomyOptions(resamples=3, map_rows=60)
    features = features_of(drawn[0])
    clusters = find_clusters(features, options)
    assert stability_of(features, clusters, options) == stability_of(features, clusters, options)
    np.testing.assert_array_equal(map_of(features, options), map_of(features, options))


def test_neighbours_on_the_map_are_neighbours(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    values, kinds = drawn
    features = features_of(values)
    places = map_of(features, TaxonomyOptions(map_rows=150))
    assert places.shape == (220, 2)
    placed = np.sort(features.sample[:150])
    distances = cdist(places[placed], places[placed])
    np.fill_diagonal(distances, np.inf)
    known = kinds[placed] != NOISE
    same = kinds[placed][distances.argmin(axis=1)] == kinds[placed]
    assert same[known].mean() > 0.9
    rest = np.setdiff1d(np.arange(220), placed)
    beside = placed[cdist(features.values[rest], features.values[placed]).argmin(axis=1)]
    np.testing.assert_array_equal(places[rest], places[beside])
    np.testing.assert_array_equal(map_of(features, TaxonomyOptions(map="pca")), features.values[:, :2])


def test_nearest_rows_come_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skyband.models.discovery.clusters.CHUNK_ROWS", 7)
    values = np.random.default_rng(3).normal(size=(50, 4)).astype(np.float32)
    among = np.arange(0, 50, 3)
    parts = list(nearest_rows(values, np.arange(50), among, 2))
    assert [len(rows) for rows, _ in parts] == [7] * 7 + [1]
    expected = np.argsort(cdist(values, values[among]), axis=1)[:, :2]
    np.testing.assert_array_equal(np.concatenate([near for _, near in parts]), expected)
    assert list(nearest_rows(values, np.arange(0), among, 2)) == []
