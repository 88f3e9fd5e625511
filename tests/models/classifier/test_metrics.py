"""Measures, against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs

from skyband.models.classifier.metrics import calibration_error, scores
from skyband.schema.errors import BadTable

CLASSES = ("GALAXY", "QSO", "STAR")


def drawn(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet([0.5, 0.5, 0.5], rows)
    codes = np.array([random.choice(3, p=0.7 * row + 0.1) for row in probabilities])
    return probabilities, codes


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 60), seed=st.integers(0, 10**6))
def test_measures_are_those_of_scikit_learn(rows: int, seed: int) -> None:
    probabilities, codes = drawn(rows, seed)
    found = scores(probabilities, codes, CLASSES)
    called = probabilities.argmax(axis=1)
    options = {"labels": [0, 1, 2], "zero_division": 0}
    assert found.rows == rows
    assert found.accuracy == pytest.approx(theirs.accuracy_score(codes, called))
    assert found.confusion == theirs.confusion_matrix(codes, called, labels=[0, 1, 2]).tolist()
    assert found.nll == pytest.approx(-np.log(probabilities[np.arange(rows), codes].clip(1e-7)).mean())
    assert found.macro_f1 == pytest.approx(theirs.f1_score(codes, called, average="macro", **options))
    assert found.brier == pytest.approx(sum(((probabilities - np.eye(3)[codes]) ** 2).flatten()) / rows)
    precision, recall, f1, support = theirs.precision_recall_fscore_support(codes, called, **options)
    for code, name in enumerate(CLASSES):
        one = found.by_class[name]
        assert (one.rows, one.precision, one.recall, one.f1) == pytest.approx(
            (support[code], precision[code], recall[code], f1[code])
        )


def test_calibration_error_by_its_definition() -> None:
    probabilities, codes = drawn(500, 4)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == codes
    total = 0.0
    for low in np.arange(15) / 15:
        rows = (confidence >= low) & (confidence < low + 1 / 15)
        if rows.any():
            total += rows.sum() / 500 * abs(right[rows].mean() - confidence[rows].mean())
    assert calibration_error(probabilities, codes) == pytest.approx(total)
    assert calibration_error(np.eye(3)[codes], codes) == 0


def test_no_rows_have_no_measures() -> None:
    probabilities, codes = drawn(30, 1)
    with pytest.raises(BadTable, match="there are no rows"):
        scores(probabilities[:0], codes[:0], CLASSES)
