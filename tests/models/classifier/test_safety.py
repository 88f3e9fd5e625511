"""What is far from the training is said to be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from skyband.models.classifier.safety import Safety
from skyband.schema.errors import BadFile
from tests.models.classifier.sources import simulated

MATRIX, _ = simulated(3_000, 1)
SAFETY = Safety.fit(MATRIX, seed=1)
MIDDLE = np.nanmedian(MATRIX.values, axis=0)


def of(**changes: float) -> int:
    row = MIDDLE.copy()
    for name, value in changes.items():
        row[MATRIX.names.index(name)] = value
    return int(SAFETY.codes(row[None])[0])


def test_most_of_the_training_is_safe() -> None:
    shares = np.bincount(SAFETY.codes(MATRIX.values), minlength=3) / len(MATRIX)
    assert shares[0] > 0.985
    assert shares[2] < 0.002
    fresh, _ = simulated(3_000, 2)
    assert (SAFETY.codes(fresh.values) == 0).mean() > 0.97


def test_what_lies_beyond() -> None:
    faintest, brightest = float(np.nanmax(MATRIX.values[:, 3])), float(np.nanmin(MATRIX.values[:, 3]))
    assert of() == 0
    assert of(r=faintest + 0.1) == 1
    assert of(r=brightest - 0.1) == 1
    assert of(r=faintest + 4) == 2
    assert of(g_r=float(np.nanmax(MATRIX.values[:, 0])) + 3) == 2


def test_what_is_missing() -> None:
    assert of(w1_w2=np.nan) == 0
    # Without the optical bands no source was trained, though with as many bands.
    assert of(g_r=np.nan, r_i=np.nan, r=np.nan) == 1
    # One colour of a band that is there: a pattern the training knows.
    assert of(g_r=np.nan) == 0
    assert of(w1_w2=np.nan, g_r=np.nan, r_i=np.nan, r=np.nan) == 2
    whole = Safety.fit(replace(MATRIX, values=np.where(np.isnan(MATRIX.values), MIDDLE, MATRIX.values)), 1)
    row = MIDDLE.copy()
    row[2] = np.nan
    assert whole.codes(row[None]).tolist() == [2]


def test_isolation_is_that_of_scikit_learn() -> None:
    values = MATRIX.values[~np.isnan(MATRIX.values).any(axis=1)]
    safety = Safety.fit(replace(MATRIX, values=values, healpix_29=None, magnitude=None), seed=4)
    forest = IsolationForest(n_estimators=48, max_samples=256, random_state=4).fit(values)
    theirs = -forest.score_samples(values)
    # Theirs is 2 to the power of minus our mean path length over that of 256 rows.
    path = 2 * (np.log(255) + np.euler_gamma) - 2 * 255 / 256
    np.testing.assert_allclose(2 ** (-safety.isolation.mean(values)[:, 0] / path), theirs, rtol=1e-6)


def test_it_survives_its_file() -> None:
    again = Safety.load(SAFETY.dump(), 4)
    fresh, _ = simulated(2_000, 3)
    np.testing.assert_array_equal(again.codes(fresh.values * 1.3), SAFETY.codes(fresh.values * 1.3))
    for wrong in (b"", b"nonsense", SAFETY.dump()[:500]):
        with pytest.raises(BadFile, match="no record of what is safe"):
            Safety.load(wrong, 4)
    with pytest.raises(BadFile):
        Safety.load(SAFETY.dump(), 5)
