"""Conformal sets hold the true class as often as they say, whatever the probabilities are worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyband.models.classifier.conformal import ConformalSets, coverage_by_class
from skyband.schema.errors import BadOption


def drawn(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Poor probabilities, worse for faint sources."""
    random = np.random.default_rng(seed)
    codes = random.choice(3, rows, p=[0.6, 0.3, 0.1])
    magnitude = random.uniform(15, 22, rows)
    noise = random.normal(size=(rows, 3)) * ((magnitude - 13) / 4)[:, None]
    powers = np.exp(2.0 * np.eye(3)[codes] + noise)
    return powers / powers.sum(axis=1, keepdims=True), codes, magnitude


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), coverage=st.sampled_from([0.8, 0.9, 0.95]))
def test_each_class_is_covered_at_each_magnitude(seed: int, coverage: float) -> None:
    fitted = ConformalSets.fit(*drawn(20_000, seed), coverage)
    probabilities, codes, magnitude = drawn(20_000, seed + 1)
    sets = fitted.sets(probabilities, magnitude)
    np.testing.assert_allclose(coverage_by_class(sets, codes), coverage, atol=0.04)
    for rows in (magnitude < 16.4, magnitude > 20.6):
        np.testing.assert_allclose(coverage_by_class(sets[rows], codes[rows])[:2], coverage, atol=0.06)


def test_the_few_of_a_class_that_are_bright_are_covered_too() -> None:
    def some(rows: int, bright: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Two classes; the first is faint and easy, but for the bright ones of it, which look like the second."""
        random = np.random.default_rng(seed)
        codes = np.repeat([0, 1], rows)
        magnitude = np.where(codes == 0, random.uniform(19, 22, 2 * rows), random.uniform(15, 22, 2 * rows))
        magnitude[:bright] = random.uniform(15, 16, bright)
        first = np.where(codes == 0, random.uniform(0.95, 1, 2 * rows), random.uniform(0, 0.1, 2 * rows))
        first[:bright] = random.uniform(0.2, 0.4, bright)
        return np.column_stack([first, 1 - first]), codes, magnitude

    for bright in (60, 5):
        fitted = ConformalSets.fit(*some(2_000, bright, 1), 0.9)
        probabilities, codes, magnitude = some(2_000, 400, 2)
        sets = fitted.sets(probabilities[:400], magnitude[:400])
        assert coverage_by_class(sets, codes[:400])[0] > 0.75


def test_thresholds_are_order_statistics() -> None:
    probabilities = np.column_stack([np.linspace(0.01, 0.99, 99), 1 - np.linspace(0.01, 0.99, 99)])
    fitted = ConformalSets.fit(probabilities, np.zeros(99, int), None, 0.9)
    # 1 - p of the 90th smallest misfit of 99; nothing is known of the second class, which is never ruled out.
    np.testing.assert_allclose(fitted.thresholds, [[0.9, 0.9], [1.0, 1.0]])
    sets = fitted.sets(np.array([[0.11, 0.89], [0.05, 0.95]]), None)
    assert sets.tolist() == [[True, True], [False, True]]
    again = ConformalSets.from_json(fitted.to_json())
    np.testing.assert_array_equal(again.sets(probabilities, None), fitted.sets(probabilities, None))


def test_rows_without_a_magnitude_have_the_threshold_of_their_class() -> None:
    probabilities, codes, magnitude = drawn(5_000, 1)
    fitted = ConformalSets.fit(probabilities, codes, magnitude, 0.9)
    whole = ConformalSets.fit(probabilities, codes, None, 0.9)
    assert len(fitted.edges) == 4
    np.testing.assert_array_equal(fitted.thresholds[:, -1], whole.thresholds[:, -1])
    np.testing.assert_array_equal(fitted.sets(probabilities, None), whole.sets(probabilities, None))


def test_coverage_is_a_share() -> None:
    with pytest.raises(BadOption, match="a coverage of 90"):
        ConformalSets.fit(*drawn(100, 1), 90)
    sets = np.array([[True, False], [False, True]])
    np.testing.assert_array_equal(coverage_by_class(sets, np.array([0, 0])), [0.5, np.nan])
