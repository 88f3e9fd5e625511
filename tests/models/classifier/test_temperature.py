"""Temperatures: found again where they are known, and never a change of order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyband.models.classifier.fitting import log_loss
from skyband.models.classifier.magnitudes import magnitude_bins, magnitude_edges
from skyband.models.classifier.temperature import Temperatures, tempered


def overconfident(rows: int, temperature: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that a temperature sets right, and classes drawn from the right ones."""
    random = np.random.default_rng(seed)
    right = random.dirichlet([0.7, 0.7, 0.7], rows).clip(1e-3)
    right /= right.sum(axis=1, keepdims=True)
    codes = (random.random((rows, 1)) > right.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    return tempered(right, 1 / temperature), codes


def test_a_known_temperature_is_found() -> None:
    given_, codes = overconfident(20_000, 1.8, 1)
    found = Temperatures.fit(given_, codes, None, None)
    assert found.edges.tolist() == []
    np.testing.assert_allclose(found.values, 1.8, rtol=0.05)
    best = log_loss(found.apply(given_, None), codes)
    for other in np.linspace(0.5, 4, 50):
        assert best <= log_loss(tempered(given_, other), codes) + 1e-9


def test_temperatures_by_magnitude() -> None:
    bright, bright_codes = overconfident(6_000, 0.8, 2)
    faint, faint_codes = overconfident(6_000, 2.5, 3)
    magnitude = np.r_[np.linspace(14, 18, 6_000), np.linspace(18.001, 22, 6_000)]
    given_, codes = np.vstack([bright, faint]), np.r_[bright_codes, faint_codes]
    found = Temperatures.fit(given_, codes, None, magnitude)
    assert len(found.edges) == 4
    assert found.values[0] == pytest.approx(0.8, rel=0.1)
    assert found.values[4] == pytest.approx(2.5, rel=0.1)
    whole = Temperatures.fit(given_, codes, None, None).values[0]
    assert found.values[5] == whole
    np.testing.assert_allclose(found.apply(given_[:1], np.array([np.nan])), tempered(given_[:1], whole))
    again = Temperatures.from_json(found.to_json())
    np.testing.assert_array_equal(again.apply(given_, magnitude), found.apply(given_, magnitude))


@given(
    st.lists(st.floats(1e-4, 1), min_size=2, max_size=6).map(lambda some: np.array(some) / sum(some)),
    st.floats(0.1, 10),
)
def test_no_temperature_changes_the_order(row: np.ndarray, temperature: float) -> None:
    found = tempered(row[None], temperature)[0]
    assert found.sum() == pytest.approx(1)
    assert (np.diff(found[np.argsort(row)]) >= -1e-12).all()


def test_weights_count_rows_as_often() -> None:
    given_, codes = overconfident(900, 1.5, 4)
    weights = np.random.default_rng(1).integers(1, 4, 900)
    repeated = np.repeat(np.arange(900), weights)
    np.testing.assert_allclose(
        Temperatures.fit(given_, codes, weights.astype(float), None).values,
        Temperatures.fit(given_[repeated], codes[repeated], None, None).values,
        rtol=1e-3,
    )


def test_bins_of_magnitude_hold_equally_many() -> None:
    magnitude = np.random.default_rng(1).normal(20, 2, 1_000)
    magnitude[:100] = np.nan
    edges = magnitude_edges(magnitude, 200)
    bins = magnitude_bins(magnitude, edges, 1_000)
    assert np.bincount(bins).tolist() == [225, 225, 225, 225, 100]
    assert magnitude_edges(magnitude, 500).tolist() == []
    assert magnitude_edges(None, 1).tolist() == []
    assert magnitude_bins(None, edges, 3).tolist() == [4, 4, 4]
    # One value of many rows: bins that would have none are not made.
    assert magnitude_edges(np.full(1_000, 20.0), 100).tolist() == [20.0]
