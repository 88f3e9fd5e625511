"""Rows with fewer bands than were observed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyband.models.classifier.bands import Bands
from skyband.models.classifier.matrix import FeatureMatrix
from skyband.schema.errors import BadTable

NAN = np.nan
NAMES = ("g_r", "g", "r", "w1", "bands", "infrared", "parallax")
MATRIX = FeatureMatrix(
    np.array(
        [
            [0.5, 19.5, 19.0, 15.0, 3, 1, 2.0],
            [0.5, 19.5, 19.0, NAN, 2, 0, 2.0],
            [NAN, NAN, 19.0, 15.0, 2, 1, 2.0],
            [NAN, NAN, NAN, NAN, 0, 0, 2.0],
        ],
        np.float32,
    ),
    NAMES,
    bands={"g": ("g_r", "g"), "r": ("g_r", "r"), "w1": ("w1",)},
    counts={"bands": ("g", "r", "w1"), "infrared": ("w1", "w2")},
)


def test_features_belong_to_bands() -> None:
    bands = Bands.of(MATRIX)
    np.testing.assert_array_equal(bands.vanish, [[1, 1, 0, 0, 0, 0, 0], [1, 0, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0, 0]])
    np.testing.assert_array_equal(bands.counted, [[0, 0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 1, 1, 0]])
    np.testing.assert_array_equal(bands.missing(MATRIX.values), [[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 1, 1]])
    # Where nobody says what needs which band each feature stands for itself.
    alone = Bands.of(replace(MATRIX, bands={}, counts={}))
    np.testing.assert_array_equal(alone.vanish, np.eye(7))
    assert not alone.counted.any()
    assert len(Bands.none(7)) == 0
    with pytest.raises(BadTable, match="name features that are not there: all"):
        replace(MATRIX, counts={"all": ("g",)})


def test_a_hidden_band_takes_its_features_and_is_not_counted() -> None:
    bands = Bands.of(MATRIX)
    found = bands.hide(MATRIX.values, np.tile([True, False, True], (4, 1)))
    np.testing.assert_array_equal(
        found,
        [
            [NAN, NAN, 19.0, NAN, 1, 0, 2.0],
            [NAN, NAN, 19.0, NAN, 1, 0, 2.0],
            [NAN, NAN, 19.0, NAN, 1, 0, 2.0],
            [NAN, NAN, NAN, NAN, 0, 0, 2.0],
        ],
    )
    assert MATRIX.values[0, 0] == 0.5
    np.testing.assert_array_equal(bands.hide(MATRIX.values, np.zeros((4, 3), bool)), MATRIX.values)


@given(st.integers(1, 200), st.floats(0, 0.9), st.integers(0, 2**32))
def test_rows_lose_what_another_row_lacks(rows: int, chance: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    values = MATRIX.values[random.integers(0, 4, rows)]
    bands = Bands.of(MATRIX)
    before = bands.missing(values)
    found = bands.less_observed(values, chance, np.random.default_rng(seed))
    after = bands.missing(found)
    assert (after | ~before).all()
    assert (after.all(axis=1) == before.all(axis=1)).all()
    np.testing.assert_array_equal(found[:, 4], (~after).sum(axis=1))
    np.testing.assert_array_equal(found[:, 6], values[:, 6])
    kept = ~np.isnan(found)
    np.testing.assert_array_equal(found[:, :4][kept[:, :4]], values[:, :4][kept[:, :4]])
    np.testing.assert_array_equal(found, bands.less_observed(values, chance, np.random.default_rng(seed)))


def test_classes_with_bands_of_their_own_come_to_share_them() -> None:
    """Every second row has W1: of these half lose it, and of those with g half."""
    values = np.tile(MATRIX.values[[1, 2]], (5000, 1))
    found = Bands.of(MATRIX).less_observed(values, 0, np.random.default_rng(1))
    lost = Bands.of(MATRIX).missing(found).mean(axis=0)
    np.testing.assert_allclose(lost, [0.75, 0, 0.75], atol=0.02)
