"""Re-ranking by labels: the formula of Lochner & Bassett (2021) by hand, and what it must do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from skyband.models.discovery.relevance import nearest_distances, predicted_labels, relevance

SHARES = st.floats(0, 1)
LABELS = st.floats(0, 5)
DISTANCES = st.floats(0, 1e6)


def test_values_by_hand() -> None:
    # Mean distance 1. At labels: weights 0.1 and 0.95. At distance 2 with alpha 0.1:
    # exp(0.2) - 1 = 0.2214028, artanh(0.1) = 0.1003353, tanh(0.3217381) = 0.3110776.
    scores = np.array([1.0, 0.5, 0.5, 0.8])
    predicted = np.array([0.0, 5.0, 0.0, 2.5])
    distances = np.array([0.0, 0.0, 2.0, 2.0])
    # Label 2.5 there: 0.2214028 + artanh(0.525) = 0.8046202, whose tanh is 0.6666118.
    expected = [0.1, 0.475, 0.5 * 0.3110777, 0.8 * 0.6666118]
    np.testing.assert_allclose(relevance(scores, predicted, distances, 0.1), expected, atol=1e-6)


def test_everything_labelled_is_multiplied_by_what_people_said() -> None:
    found = relevance(np.ones(3), np.array([0.0, 1.0, 5.0]), np.zeros(3), 1.0)
    np.testing.assert_allclose(found, [0.1, 0.27, 0.95])


@given(score=SHARES, label=LABELS, other=LABELS, near=DISTANCES, far=DISTANCES, alpha=st.floats(0.01, 100))
def test_it_falls_with_dullness_and_ends_with_distance(
    score: float, label: float, other: float, near: float, far: float, alpha: float
) -> None:
    distances = np.array([0.0, *sorted((near, far))])
    found = relevance(np.full(3, score), np.full(3, label), distances, alpha)
    assert found[0] == pytest.approx(score * (0.1 + 0.17 * label))
    assert found[0] <= found[1] + 1e-12 and found[1] <= found[2] + 1e-12
    assert found[2] <= score
    duller, keener = (
        relevance(np.full(3, score), np.full(3, value), distances, alpha) for value in sorted((label, other))
    )
    assert (duller <= keener + 1e-12).all()


def test_far_from_labels_the_score_stays() -> None:
    distances = np.array([0.0] * 99 + [100.0])
    found = relevance(np.full(100, 0.7), np.zeros(100), distances, 1.0)
    assert found[-1] == pytest.approx(0.7)
    assert math.isfinite(found.sum())


def test_distances_are_to_the_nearest_labelled_image() -> None:
    values = np.random.default_rng(1).normal(size=(200, 5)).astype(np.float32)
    rows = np.array([3, 50, 51, 199])
    expected = cdist(values, values[rows]).min(axis=1)
    found = nearest_distances(values, rows)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (found[rows] == 0).all()


def test_labels_are_learnt() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(300, 4)).astype(np.float32)
    rows = np.sort(rng.choice(300, 40, replace=False))
    labels = np.where(values[rows, 0] > 0, 5.0, 0.0)
    predicted = predicted_labels(values, rows, labels, 1)
    assert ((predicted > 2.5) == (values[:, 0] > 0)).mean() > 0.9
    assert predicted.min() >= 0 and predicted.max() <= 5
    np.testing.assert_array_equal(predicted, predicted_labels(values, rows, labels, 1))


@pytest.mark.parametrize("labels", [[4.0], [2.0, 2.0, 2.0]])
def test_labels_that_are_all_equal_predict_themselves(labels: list[float]) -> None:
    values = np.random.default_rng(3).normal(size=(20, 4)).astype(np.float32)
    predicted = predicted_labels(values, np.arange(len(labels)), np.array(labels), 1)
    np.testing.assert_array_equal(predicted, labels[0])
