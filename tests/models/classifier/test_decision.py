"""Which class a row is called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs

from skyband.models.classifier.decision import Decision

SHARES = np.array([0.9, 0.08, 0.02])


def drawn(seed: int, rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Posteriors of three classes, one of them rare, and true classes that follow them."""
    random = np.random.default_rng(seed)
    odds = SHARES * random.lognormal(0, 2, (rows, 3))
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    return probabilities, np.array([random.choice(3, p=row) for row in probabilities])


def test_a_tilt_gives_rare_classes_the_benefit_of_the_doubt() -> None:
    probabilities = np.array([[0.6, 0.3, 0.1], [0.9, 0.02, 0.08], [0.99, 0.009, 0.001], [0.901, 0.019, 0.08]])
    assert Decision().codes(probabilities, SHARES).tolist() == [0, 0, 0, 0]
    # 0.6 / 0.9, 0.3 / 0.08 and 0.1 / 0.02 of the first; of the last there is no doubt.
    assert Decision(1.0).codes(probabilities, SHARES).tolist() == [2, 2, 0, 0]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), is_weighted=st.booleans())
def test_the_rule_that_finds_most_of_the_rare_at_little_cost(seed: int, is_weighted: bool) -> None:
    probabilities, codes = drawn(seed)
    weights = np.random.default_rng(seed).uniform(0.1, 3, len(codes)) if is_weighted else None
    options: dict[str, Any] = {"sample_weight": weights, "zero_division": 0, "average": "macro"}

    def rated(tilt: float) -> tuple[float, float, float]:
        tilted = np.argmax(np.log(probabilities) - tilt * np.log(SHARES), axis=1)
        called = np.where(probabilities.max(axis=1) > 0.9, np.argmax(probabilities, axis=1), tilted)
        f1 = theirs.f1_score(codes, called, labels=[0, 1, 2], **options)
        recall = theirs.recall_score(codes, called, labels=[2], **options)
        return theirs.accuracy_score(codes, called, sample_weight=weights), f1, recall

    tilts = [rated(step / 20) for step in range(21)]
    best_f1 = max(f1 for _, f1, _ in tilts)
    cheap = [one for one in tilts if one[0] >= tilts[0][0] - 0.001 and one[1] >= best_f1 - 0.01] + tilts[:1]
    found = rated(Decision.fit(probabilities, codes, SHARES, weights).tilt)
    assert found[2] == pytest.approx(max(recall for _, _, recall in cheap))
    assert found in cheap


def test_without_a_rare_class_it_is_the_likeliest() -> None:
    probabilities, codes = drawn(7)
    assert Decision.fit(probabilities, codes, np.array([0.5, 0.3, 0.2])) == Decision(0.0)
