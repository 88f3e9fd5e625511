"""Figures of merit, against scikit-learn and small cases by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from skyband.models.evaluation.neighbours import (
    accuracy,
    area_under_curve,
    finds_original,
    precision_at,
    same_group_share,
    variance_explained,
    vote_of_neighbours,
)


@pytest.fixture
def vectors() -> np.ndarray:
    drawn = np.random.default_rng(1).normal(size=(60, 5)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn


def test_accuracy_is_that_of_leave_one_out(vectors: np.ndarray) -> None:
    classes = vectors[:, 0] + 0.4 * np.random.default_rng(2).normal(size=60) > 0.2
    model = KNeighborsClassifier(5, metric="cosine")
    predicted = cross_val_predict(model, vectors, classes, cv=LeaveOneOut())
    found = accuracy(vectors, classes)
    assert found.plain == pytest.approx((predicted == classes).mean())
    assert found.balanced == pytest.approx((predicted[classes].mean() + (~predicted[~classes]).mean()) / 2)
    assert found.low < found.balanced < found.high
    assert found.n == 60


def test_the_mean_of_neighbours_is_a_regression(vectors: np.ndarray) -> None:
    values = np.random.default_rng(3).normal(size=60)
    model = KNeighborsRegressor(7, metric="cosine")
    expected = cross_val_predict(model, vectors, values, cv=LeaveOneOut())
    np.testing.assert_allclose(vote_of_neighbours(vectors, values, 7), expected)
    assert variance_explained(expected, values) == pytest.approx(r2_score(values, expected))


def test_area_under_curve_with_ties() -> None:
    rng = np.random.default_rng(4)
    score, true = rng.integers(0, 6, 80).astype(float), rng.random(80) < 0.4
    assert area_under_curve(score, true) == pytest.approx(roc_auc_score(true, score))
    assert np.isnan(area_under_curve(score, np.zeros(80, bool)))


def test_pairs_by_hand() -> None:
    east, north = [1.0, 0.0], [0.0, 1.0]
    vectors = np.array([east, east, north, north], np.float32)
    assert same_group_share(vectors, np.array(["a", "b", "a", "a"])) == pytest.approx((0.5, 6 / 12))
    assert precision_at(vectors, np.array([True, True, False, False]), k=1) == pytest.approx((1.0, 3.0))
    assert finds_original(np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32)[[0, 1, 3, 2]]) == 0.5
