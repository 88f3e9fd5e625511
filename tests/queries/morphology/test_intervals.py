"""Pooled fractions: correlation, intervals that hold what they promise, and galaxies drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from skyband.queries.morphology.intervals import (
    Sums,
    against_random,
    pearson_above,
    pooled_interval,
    shared_correlation,
    wilson,
    z_of,
)

Doubles = npt.NDArray[np.float64]


def sums(y: Any, m: Any, w: Any = 1.0) -> Sums:
    y, m = np.asarray(y, float), np.asarray(m, float)
    w, f = np.broadcast_to(w, m.shape), y / m
    return Sums(
        n=len(m), m=m.sum(), mm=(m * m).sum(), mmm=(m**3).sum(), y=y.sum(), ym=(y * m).sum(), ymm=(y * m * m).sum(),
        yy=(y * y).sum(), yym=(y * y * m).sum(), yyy=(y**3).sum(), yf=(y * f).sum(), w=w.sum(), ww=(w * w).sum(),
        wf=(w * f).sum(), wwf=(w * w * f).sum(), wwff=(w * w * f * f).sum(),
    )  # fmt: skip


@given(st.integers(1, 400), st.floats(0, 1), st.sampled_from([0.5, 0.8, 0.95, 0.99]))
def test_wilson_is_scipys_interval(trials: int, share: float, confidence: float) -> None:
    yes = round(share * trials)
    expected = stats.binomtest(yes, trials).proportion_ci(confidence, method="wilson")
    assert wilson(yes / trials, trials, z_of(confidence)) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_correlation_is_that_of_an_analysis_of_variance_of_single_votes() -> None:
    rng = np.random.default_rng(1)
    m = np.full(12, 30)
    y = rng.binomial(m, rng.beta(1, 2, 12))
    ratio = stats.f_oneway(*(np.repeat([1, 0], [yes, 30 - yes]) for yes in y)).statistic
    assert sums(y, m).correlation == pytest.approx((ratio - 1) / (ratio - 1 + 30), abs=1e-12)


def test_the_correlation_by_hand_of_uneven_votes() -> None:
    # Two galaxies, 2 of 4 and 6 of 6: p = 0.8, between = 4 (0.3)^2 + 6 (0.2)^2 = 0.6, within = 4/4 / 8 = 0.125,
    # mean votes = 10 - 52/10 = 4.8
    assert sums([2, 6], [4, 6]).correlation == pytest.approx((0.6 - 0.125) / (0.6 + 3.8 * 0.125))


def test_the_correlation_of_simulated_galaxies_is_the_true_one() -> None:
    """Of shares from Beta(a, b) it is 1 / (a + b + 1)."""
    rng = np.random.default_rng(2)
    m = rng.integers(10, 60, 20_000)
    assert sums(rng.binomial(m, rng.beta(2, 5, 20_000)), m).correlation == pytest.approx(1 / 8, abs=0.003)
    assert sums(rng.binomial(m, 0.3), m).correlation == pytest.approx(0, abs=0.002)
    assert sums(m * (rng.random(20_000) < 0.3), m).correlation == pytest.approx(1, abs=1e-9)


def test_what_the_votes_cannot_tell_is_none() -> None:
    for told in (
        Sums(),
        sums([3], [10]),
        sums([0, 0, 0], [10, 20, 30]),
        sums([10, 20], [10, 20]),
        sums([0, 1], [1, 1]),
    ):
        assert told.correlation is None
    assert Sums().fraction is Sums().weighted is Sums().weighted_error is None
    assert pooled_interval(Sums(), sums([1], [2]), 2.0) is None
    assert sums([3], [10]).weighted_error is None
    assert sums([3, 5], [10, 10], 0.0).weighted is None


def test_each_galaxy_is_one_vote_of_a_collection_that_is_too_small() -> None:
    few = sums([5] * 10, [40] * 10)
    assert shared_correlation(few, sums([5] * 29, [40] * 29)) == shared_correlation(few, None) == 1
    assert few.independent(1) == pytest.approx(10)
    assert few.independent(0) == 400
    assert pooled_interval(few, None, 1.96) == pytest.approx(wilson(0.125, 10, 1.96))


def test_the_larger_correlation_is_taken() -> None:
    rng = np.random.default_rng(3)
    m = np.full(200, 40)
    alike, mixed = sums(rng.binomial(m, 0.3), m), sums(rng.binomial(m, rng.beta(0.5, 0.5, 200)), m)
    assert shared_correlation(alike, mixed) == mixed.correlation == shared_correlation(mixed, alike)


def halves(rng: np.random.Generator, n: int) -> Doubles:
    return rng.beta(0.5, 0.5, n)


def rare(rng: np.random.Generator, n: int) -> Doubles:
    return np.where(rng.random(n) < 0.05, 0.9, 0.02)


def even(rng: np.random.Generator, n: int) -> Doubles:
    return np.full(n, 0.3)


def spirals(rng: np.random.Generator, n: int) -> Doubles:
    return rng.beta(8, 2, n)


def mixed(rng: np.random.Generator, n: int) -> Doubles:
    return np.where(rng.random(n) < 0.2, spirals(rng, n), rng.beta(1, 12, n))


@pytest.mark.parametrize(
    ("collection", "neighbours", "least", "most"),
    [
        (halves, halves, 0.93, 0.98),  # neighbours like the collection: near what was asked for
        (mixed, mixed, 0.93, 0.98),
        (even, even, 0.93, 0.99),
        (rare, rare, 0.93, 1.0),  # one galaxy in twenty has it all, and often none is among them
        (mixed, spirals, 0.95, 1.0),  # neighbours alike: wider than needed, never too narrow
        (halves, even, 0.95, 1.0),
        (mixed, halves, 0.91, 0.98),  # neighbours more mixed than the collection: their own correlation saves it
    ],
)
@pytest.mark.parametrize("n", [8, 30])
def test_intervals_hold_the_truth_as_often_as_they_say(
    collection: Callable[..., Doubles], neighbours: Callable[..., Doubles], least: float, most: float, n: int
) -> None:
    rng = np.random.default_rng(4)
    many = rng.integers(10, 60, 20_000)
    base = sums(rng.binomial(many, collection(rng, 20_000)), many)
    truth = neighbours(rng, 1_000_000).mean()
    trials, z = 2000, z_of(0.95)
    m = rng.integers(10, 60, (trials, n))
    y = rng.binomial(m, neighbours(rng, trials * n).reshape(trials, n))
    found = [pooled_interval(sums(*votes), base, z) for votes in zip(y, m, strict=True)]
    held = np.mean([low <= truth <= high for low, high in (pair for pair in found if pair)])
    # With eight galaxies a little is lost where nothing but them can tell how mixed they are.
    assert least - (0.02 if n == 8 else 0) <= held <= most + (0.01 if n == 8 else 0)


def test_plain_wilson_intervals_of_votes_would_promise_too_much() -> None:
    """Why galaxies, not votes, are the unit."""
    rng = np.random.default_rng(5)
    m = rng.integers(10, 60, (1000, 30))
    y = rng.binomial(m, halves(rng, 30_000).reshape(1000, 30))
    limits = [wilson(yes / votes, votes, z_of(0.95)) for yes, votes in zip(y.sum(1), m.sum(1), strict=True)]
    assert np.mean([low <= 0.5 <= high for low, high in limits]) < 0.5


@pytest.mark.parametrize("law", [halves, rare, mixed])
@pytest.mark.parametrize("n", [20, 200])
def test_random_neighbours_are_as_often_odd_as_the_p_value_says(law: Callable[..., Doubles], n: int) -> None:
    """Against draws of galaxies of the collection, one by one, without replacement."""
    rng = np.random.default_rng(6)
    m = rng.integers(10, 60, 2000).astype(float)
    y = rng.binomial(m.astype(int), law(rng, 2000)).astype(float)
    base = sums(y, m)
    chosen = rng.random((4000, 2000)).argpartition(n, axis=1)[:, :n]
    fractions = y[chosen].sum(1) / m[chosen].sum(1)
    found = [against_random(sums(y[places], m[places]), base) for places in chosen[:1500]]
    z = np.array([draw.z for draw in found if draw])
    assert len(z) == 1500
    assert z.mean() == pytest.approx(0, abs=0.1)
    assert z.std() == pytest.approx(1, abs=0.08)
    p = np.array([draw.p_value for draw in found if draw])
    # Few draws of a rare feature have any of it: less often than said then, never much more often.
    assert (0.01 if law is rare else 0.025) < np.mean(p < 0.05) < 0.075
    assert np.mean(p < 0.01) < 0.025
    # One that is far above: as often reached by draws as the p-value says, within counting.
    high = np.quantile(fractions, 0.975)
    near = int(np.argmin(abs(fractions[:1500] - high)))
    assert p[near] == pytest.approx(0.05, abs=0.03)


def test_there_is_nothing_to_compare_without_votes_or_differences() -> None:
    base = sums([3] * 100, [10] * 100)
    assert against_random(sums([3, 4], [10, 10]), base) is None  # all of the collection agree
    assert against_random(Sums(), base) is None
    some = sums(np.arange(10), np.full(10, 10))
    assert against_random(some, some) is None  # nothing else to draw


@given(st.floats(-4, 4), st.floats(-3, 3))
def test_pearson_is_scipys_distribution(z: float, skewness: float) -> None:
    assert pearson_above(z, skewness) == pytest.approx(stats.pearson3(skewness).sf(z), abs=1e-4)


def test_the_weighted_mean_and_its_error_are_those_of_numpy() -> None:
    rng = np.random.default_rng(7)
    m = rng.integers(10, 60, 25)
    y, w = rng.binomial(m, rng.random(25)), rng.uniform(0.3, 1, 25)
    mean = np.average(y / m, weights=w)
    error = np.sqrt((w**2 * (y / m - mean) ** 2).sum() * 25 / 24) / w.sum()
    found = sums(y, m, w)
    assert (found.weighted, found.weighted_error) == pytest.approx((mean, error), abs=1e-12)
    # With even weights it is the standard error everybody knows.
    assert sums(y, m).weighted_error == pytest.approx(stats.sem(y / m), abs=1e-12)
