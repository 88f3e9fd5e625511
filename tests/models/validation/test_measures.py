"""Measures of rows, against scikit-learn's and scipy's, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as theirs

from skyband.models.classifier.decision import Decision
from skyband.models.validation.classes import class_reports
from skyband.models.validation.coverage import coverage
from skyband.models.validation.measures import Figures, Said, Share, star_galaxy_auc
from skyband.models.validation.prevalence import at_prevalence, sky_prior
from skyband.models.validation.reliability import by_magnitude, faintest, reliability
from skyband.schema.errors import BadOption

from .drawn import CLASSES, drawn


def rule(prior: np.ndarray) -> Decision:
    """The likeliest class under any prior."""
    return Decision()


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(1, 2000), share=st.floats(0, 1))
def test_intervals_are_those_of_wilson(rows: int, share: float) -> None:
    found = Share.of(round(share * rows), rows)
    low, high = binomtest(found.found, rows).proportion_ci(0.95, method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    assert found.share == pytest.approx(found.found / rows)


def test_a_share_of_no_rows_is_not_known() -> None:
    assert Share.of(0, 0) == Share(0, 0, None, 0.0, 1.0)
    assert Share.that(np.array([True, False, True])).found == 2


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 60), seed=st.integers(0, 10**6))
def test_figures_are_those_of_scikit_learn(rows: int, seed: int) -> None:
    probabilities, codes = drawn(rows, seed)
    called = probabilities.argmax(axis=1)
    found = Figures.of(Said.likeliest(probabilities, codes))
    assert found.accuracy.rows == rows
    assert found.accuracy.share == pytest.approx(theirs.accuracy_score(codes, called))
    there = sorted(set(codes.tolist()))
    expected = theirs.f1_score(codes, called, labels=there, average="macro", zero_division=0)
    assert found.macro_f1 == pytest.approx(expected)
    assert found.confidence == pytest.approx(probabilities.max(axis=1).mean())


def test_stars_of_all_kinds_against_galaxies() -> None:
    probabilities, codes = drawn(300, 5, classes=5)
    classes = ("giant", "galaxy", "QSO", "white_dwarf", "Star")
    star = np.isin(codes, [0, 3, 4])
    rows = star | (codes == 1)
    odds = probabilities[:, [0, 3, 4]].sum(axis=1) / probabilities[:, 1]
    assert star_galaxy_auc(probabilities, codes, classes) == pytest.approx(theirs.roc_auc_score(star[rows], odds[rows]))
    assert star_galaxy_auc(probabilities, codes, ("a", "b", "c", "d", "e")) is None


@pytest.mark.parametrize("prior", [{"GALAXY": 0.5, "QSO": 0.01, "STAR": 0.49}, {"GALAXY": 1, "QSO": 1, "STAR": 1}])
def test_another_prevalence_is_one_of_weighted_rows(prior: dict[str, float]) -> None:
    probabilities, codes = drawn(400, 2)
    trained = np.array([0.5, 0.2, 0.3])
    found = at_prevalence("there", "", prior, probabilities, codes, CLASSES, trained, rule)
    shares = np.array([prior[name] for name in CLASSES]) / sum(prior.values())
    said = np.array([row * shares / trained / (row * shares / trained).sum() for row in probabilities])
    called, counts = said.argmax(axis=1), np.bincount(codes, minlength=3)
    weights = np.array([shares[code] / counts[code] for code in codes])
    options = {"labels": [0, 1, 2], "sample_weight": weights, "zero_division": 0}
    precision, recall, f1, _ = theirs.precision_recall_fscore_support(codes, called, **options)
    assert found.accuracy == pytest.approx(theirs.accuracy_score(codes, called, sample_weight=weights))
    assert found.macro_f1 == pytest.approx(f1.mean())
    for code, name in enumerate(CLASSES):
        one = found.by_class[name]
        assert (one.prior, one.precision, one.recall, one.f1) == pytest.approx(
            (shares[code], precision[code], recall[code], f1[code])
        )
    gap = 0.0
    for low in np.arange(15) / 15:
        own = (said.max(axis=1) >= low) & (said.max(axis=1) < low + 1 / 15)
        gap += abs((weights[own] * ((called == codes)[own] - said.max(axis=1)[own])).sum())
    assert found.ece == pytest.approx(gap)


def test_classes_without_rows_have_no_part_in_a_prevalence() -> None:
    probabilities, codes = drawn(200, 2)
    there = codes != 1
    found = at_prevalence("x", "", "uniform", probabilities[there], codes[there], CLASSES, np.full(3, 1 / 3), rule)
    assert set(found.by_class) == {"GALAXY", "STAR"}
    with pytest.raises(BadOption, match="no share of QSO"):
        at_prevalence("x", "", {"STAR": 1, "GALAXY": 1}, probabilities, codes, CLASSES, np.full(3, 1 / 3), rule)


def test_the_sky_is_known_for_stars_galaxies_and_quasars() -> None:
    assert sky_prior(("GALAXY", "QSO", "STAR")) == {"GALAXY": 0.453, "QSO": 0.019, "STAR": 0.528}
    assert sky_prior(("galaxy", "quasar", "star", "giant")) is None
    assert sky_prior(("a", "b", "c")) is None


def test_reliability_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.45, 0.55], [0.0, 1.0], [0.91, 0.09]])
    found = reliability(probabilities, np.array([0, 1, 1, 1, 0]))
    assert [(one.low, one.high, one.right.rows, one.right.found) for one in found] == [
        (0.5, 0.6, 1, 1),
        (0.9, 1.0, 4, 3),
    ]
    assert found[1].confidence == pytest.approx((0.95 + 0.95 + 1.0 + 0.91) / 4)


def test_bins_of_magnitude_hold_all_rows() -> None:
    probabilities, codes = drawn(400, 7)
    magnitude = np.linspace(15, 23, 400)
    magnitude[::10] = np.nan
    *bins, without = by_magnitude(Said.likeliest(probabilities, codes), magnitude)
    assert (without.brightest, without.faintest, without.figures.accuracy.rows) == (None, None, 40)
    assert bins[0].brightest is None and bins[-1].faintest is None
    for one in bins:
        low, high = one.brightest or 0, one.faintest or 99
        own = (magnitude >= low) & (magnitude < high)
        assert one.figures == Figures.of(Said.likeliest(probabilities[own], codes[own]))
    assert sum(one.figures.accuracy.rows for one in bins) == 360


def test_the_faintest_tenth() -> None:
    probabilities, codes = drawn(1000, 7)
    magnitude = np.random.default_rng(1).permutation(1000) / 100
    found = faintest(Said.likeliest(probabilities, codes), magnitude)
    assert found is not None
    own = magnitude >= 9
    assert 8.99 <= found.from_magnitude <= 9
    assert found.faint == Figures.of(Said.likeliest(probabilities[own], codes[own]))
    assert found.others == Figures.of(Said.likeliest(probabilities[~own], codes[~own]))
    assert faintest(Said.likeliest(probabilities, codes), np.full(1000, np.nan)) is None


def test_classes_one_by_one() -> None:
    probabilities, codes = drawn(500, 3)
    codes[codes == 1] = 0
    codes[:12] = 1
    called = probabilities.argmax(axis=1)
    table = theirs.confusion_matrix(codes, called, labels=[0, 1, 2])
    for code, one in enumerate(class_reports(called, codes, CLASSES)):
        assert one.recall == Share.of(table[code, code], table[code].sum())
        assert one.precision == Share.of(table[code, code], table[:, code].sum())
        assert one.f1 == pytest.approx(theirs.f1_score(codes == code, called == code))
        assert one.is_rare == (code == 1)
        wrong = {CLASSES[other]: table[code, other] for other in range(3) if other != code and table[code, other]}
        assert one.taken_for == wrong
        assert list(one.taken_for.values()) == sorted(wrong.values(), reverse=True)


def test_coverage_by_hand() -> None:
    sets = np.array([[1, 0], [1, 1], [0, 0], [0, 1], [1, 0], [0, 1]], bool)
    codes = np.array([0, 1, 0, 1, 1, 1])
    found = coverage(sets, codes, np.full(6, np.nan), ("a", "b"), 0.9)
    assert found.by_class == {"a": Share.of(1, 2), "b": Share.of(3, 4)}
    assert [(one.brightest, one.faintest, one.covered) for one in found.by_magnitude] == [(None, None, Share.of(4, 6))]
    assert (found.promised, found.mean_classes) == pytest.approx((0.9, 1.0))
    assert (found.single, found.empty) == pytest.approx((4 / 6, 1 / 6))


def test_coverage_by_magnitude() -> None:
    random = np.random.default_rng(4)
    sets, codes, magnitude = random.random((300, 2)) < 0.8, random.integers(0, 2, 300), random.uniform(15, 20, 300)
    found = coverage(sets, codes, magnitude, ("a", "b"), 0.8)
    held = sets[np.arange(300), codes]
    for one in found.by_magnitude:
        own = (magnitude >= (one.brightest or 0)) & (magnitude < (one.faintest or 99))
        assert one.covered == Share.that(held[own])
    assert sum(one.covered.rows for one in found.by_magnitude) == 300
    for code, name in enumerate(("a", "b")):
        bins = found.by_class_and_magnitude[name]
        assert sum(one.covered.rows for one in bins) == found.by_class[name].rows
        for one in bins:
            own = (codes == code) & (magnitude >= (one.brightest or 0)) & (magnitude < (one.faintest or 99))
            assert one.covered == Share.that(held[own])
