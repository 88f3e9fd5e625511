"""Chi squares by products of matrices against one pair after the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from skyband.models.classifier.matrix import Doubles
from skyband.models.templates.fit import LEAST_BANDS, chi_squares, fit
from skyband.models.templates.library import Library, bands, packaged

BANDS = len(bands())


def drawn(seed: int, rows: int, templates: int) -> tuple[Doubles, Doubles, Doubles]:
    rng = np.random.default_rng(seed)
    magnitudes = rng.uniform(12, 24, (rows, 1)) + rng.normal(0, 1, (rows, BANDS))
    errors = rng.uniform(0.01, 0.4, (rows, BANDS))
    models = rng.normal(0, 1, (templates, BANDS))
    magnitudes[rng.random(magnitudes.shape) < 0.3] = np.nan
    errors[rng.random(errors.shape) < 0.1] = np.nan
    models[rng.random(models.shape) < 0.2] = np.nan
    return magnitudes, errors, models


def by_hand(magnitude: Doubles, error: Doubles, model: Doubles, scatter: float) -> float:
    """The smallest chi square of a source and a template, found by trying scales."""
    both = np.isfinite(magnitude) & np.isfinite(model)
    if both.sum() < LEAST_BANDS:
        return np.inf
    variance = np.where(np.isnan(error), 0.1, error)[both] ** 2 + scatter**2
    difference = (magnitude - model)[both]

    def chi2(offset: float) -> float:
        return float((((difference - offset) ** 2) / variance).sum())

    found = minimize_scalar(chi2, bracket=(difference.min() - 1, difference.max() + 1), tol=1e-12)
    return float(found.fun) + float(np.isfinite(magnitude).sum() - both.sum())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 0.3))
def test_as_by_trying_scales_one_pair_after_the_other(seed: int, scatter: float) -> None:
    magnitudes, errors, models = drawn(seed, 6, 5)
    expected = [[by_hand(*row, model, scatter) for model in models] for row in zip(magnitudes, errors, strict=True)]
    assert chi_squares(magnitudes, errors, models, scatter) == pytest.approx(np.array(expected), rel=1e-6, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.floats(-30, 30))
def test_brightness_does_not_matter(seed: int, offset: float) -> None:
    magnitudes, errors, models = drawn(seed, 6, 5)
    plain = chi_squares(magnitudes, errors, models, 0.1)
    assert chi_squares(magnitudes + offset, errors, models - offset, 0.1) == pytest.approx(plain, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_the_class_is_the_one_of_the_largest_likelihood(seed: int) -> None:
    magnitudes, errors, models = drawn(seed, 40, 12)
    magnitudes[:, :LEAST_BANDS] = 18.0 + np.random.default_rng(seed).normal(0, 0.3, (40, LEAST_BANDS))
    models[:, :LEAST_BANDS] = 0.0
    titles, no_redshift = tuple("abcdef"), np.full(6, np.nan)
    narrow = Library("narrow", titles, no_redshift, models[:6], 0.02)
    wide = Library("wide", titles, no_redshift, models[6:], 0.6)

    def log_likelihood(row: int, model: Doubles, scatter: float) -> float:
        """The largest there is at any brightness; bands that a template lacks count what they do on average."""
        there = np.isfinite(magnitudes[row])
        sigma = np.hypot(np.where(np.isnan(errors[row]), 0.1, errors[row]), scatter)[there]
        difference, covered = (magnitudes[row] - model)[there], np.isfinite(model[there])
        found = minimize_scalar(
            lambda offset: -norm.logpdf(difference[covered], offset, sigma[covered]).sum(),
            bracket=(difference[covered].min() - 1, difference[covered].max() + 1),
            tol=1e-12,
        )
        return float(-found.fun - norm(scale=sigma[~covered]).entropy().sum())

    expected = np.array(
        [
            [max(log_likelihood(row, model, one.scatter_mag) for model in one.magnitudes) for one in (narrow, wide)]
            for row in range(40)
        ]
    )
    found = fit(magnitudes, errors, (narrow, wide))
    assert found.deviance + (found.bands * np.log(2 * np.pi))[:, None] == pytest.approx(-2 * expected, abs=1e-6)
    assert found.best.tolist() == expected.argmax(axis=1).tolist()
    # Chi square alone takes the wide one for nearly all.
    assert set(found.best) == {0, 1} and (found.chi2.argmin(axis=1) == 1).mean() > 0.9


def test_every_template_is_recognised_and_the_rest_is_left_out() -> None:
    libraries = packaged()
    for place, library in enumerate(libraries):
        rows = library.magnitudes + 19.0
        found = fit(rows, np.full(rows.shape, 0.02), libraries)
        assert found.chi2[:, place] == pytest.approx(np.zeros(len(rows)), abs=1e-9)
        assert (found.bands == np.isfinite(rows).sum(axis=1)).all()
        if library.name != "galaxy":  # of whose mixes neighbours are nearly alike
            assert found.template[:, place].tolist() == list(range(len(rows)))
    faint = np.full((1, BANDS), 20.0)
    errors = np.full((1, BANDS), 0.05)
    errors[0, 3:] = 0.6
    found = fit(faint, errors, libraries)
    assert found.bands.tolist() == [3]
    errors[0, 2] = 0.6
    found = fit(faint, errors, libraries)
    assert found.bands.tolist() == [2]
    assert np.isnan(found.chi2).all()
