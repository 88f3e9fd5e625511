"""Detectors of the unusual, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import percentileofscore

from skyband.models.discovery.anomalies import isolation, neighbour_distances, ranked
from skyband.models.discovery.options import AnomalyOptions


@pytest.fixture
def values() -> np.ndarray:
    drawn = np.random.default_rng(1).normal(size=(150, 6)).astype(np.float32)
    drawn[10] = drawn[20]  # the same image twice
    return drawn


def brute(values: np.ndarray, sample: np.ndarray, k: int) -> np.ndarray:
    distances = cdist(values, values[sample])
    distances[sample, np.arange(len(sample))] = np.inf
    mean: np.ndarray = np.sort(distances, axis=1)[:, :k].mean(axis=1)
    return mean


@pytest.mark.parametrize("sampled", [150, 40, 3])
@pytest.mark.parametrize("k", [1, 7])
def test_mean_distance_to_neighbours(values: np.ndarray, sampled: int, k: int) -> None:
    sample = np.random.default_rng(2).permutation(150)[:sampled]
    found = neighbour_distances(values, sample, k)
    np.testing.assert_allclose(found, brute(values, sample, min(k, sampled - 1)), atol=2e-3)
    if k == 1 and sampled == 150:
        assert found[10] == found[20] == pytest.approx(0, abs=2e-3)


def test_many_rows_are_worked_on_in_parts(values: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    options, sample = AnomalyOptions(trees=20), np.arange(150)
    whole = neighbour_distances(values, sample, 5), isolation(values, sample, options)
    monkeypatch.setattr("skyband.models.discovery.anomalies.CHUNK_ROWS", 31)
    parts = neighbour_distances(values, sample, 5), isolation(values, sample, options)
    np.testing.assert_allclose(parts[0], whole[0], atol=1e-5)
    np.testing.assert_allclose(parts[1], whole[1])


def test_ranks_are_shares_of_lower_scores() -> None:
    scores = np.array([3.0, 1.0, 2.0, 2.0, 9.0])
    np.testing.assert_allclose(ranked(scores), [0.75, 0.0, 0.375, 0.375, 1.0])
    drawn = np.random.default_rng(3).integers(0, 20, 100).astype(float)
    expected = [(percentileofscore(drawn, value, "mean") - 0.5) / 99 for value in drawn]
    np.testing.assert_allclose(ranked(drawn), expected)
    np.testing.assert_array_equal(ranked(np.ones(7)), 0.5)
    np.testing.assert_array_equal(ranked(np.ones(1)), 0.5)


def test_the_forest_sets_the_far_ones_apart(values: np.ndarray) -> None:
    values[[5, 77]] += 9
    scores = isolation(values, np.arange(150), AnomalyOptions(trees=50))
    assert set(np.argsort(scores)[-2:]) == {5, 77}
    assert 0 < scores.min() < scores.max() < 1
