"""Folds: places and objects stay whole, classes are spread, and the same rows are dealt alike."""

from __future__ import annotations

import healpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from skyband.models.classifier.folds import FoldPlan, deal_folds
from skyband.models.classifier.labels import Labels
from skyband.schema.errors import BadOption, BadTable
from tests.models.classifier.sources import positions, simulated


def dealt(rows: int, seed: int, plan: FoldPlan, groups: np.ndarray | None = None):  # type: ignore[no-untyped-def]
    matrix, names = simulated(rows, seed)
    labels = Labels.of(names)
    assert matrix.healpix_29 is not None
    return deal_folds(labels, matrix.healpix_29, groups, plan), labels, matrix.healpix_29


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 6), order=st.integers(3, 6), objects=st.integers(2, 300))
def test_no_pixel_and_no_object_is_in_two_folds(seed: int, count: int, order: int, objects: int) -> None:
    groups = np.random.default_rng(seed).integers(-objects, objects, 400)
    plan = FoldPlan(count=count, order=order, seed=seed)
    try:
        folds, _, keys = dealt(400, seed, plan, groups)
    except BadTable:
        # So few objects that all pixels hang together.
        assert objects < 300
        return
    pixels = keys >> (2 * (29 - order))
    for one in (pixels, np.where(groups >= 0, groups, -1 - np.arange(400))):
        pairs = np.unique(np.column_stack([one, folds.fold]), axis=0)
        assert len(pairs) == len(np.unique(one))
    assert set(folds.fold) == set(range(count))
    for fold in range(count):
        trained, held = folds.training(fold), folds.held_out(fold)
        assert sorted([*trained, *held]) == list(range(400))
        assert not set(folds.places[held]) & set(folds.places[trained])


def test_the_same_rows_are_dealt_alike_and_another_seed_otherwise() -> None:
    first, *_ = dealt(600, 3, FoldPlan(seed=1))
    again, *_ = dealt(600, 3, FoldPlan(seed=1))
    other, *_ = dealt(600, 3, FoldPlan(seed=2))
    np.testing.assert_array_equal(first.fold, again.fold)
    assert (first.fold != other.fold).any()


def test_classes_are_spread_as_evenly_as_by_scikit_learn() -> None:
    folds, labels, _ = dealt(3000, 5, FoldPlan(count=5, order=3))

    def unevenness(fold: np.ndarray) -> float:
        table = np.zeros((5, 3))
        np.add.at(table, (fold, labels.codes), 1)
        return float((table / table.sum(axis=0)).std(axis=0).mean())

    theirs = np.empty(3000, int)
    splitter = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    for number, (_, rows) in enumerate(splitter.split(labels.codes, labels.codes, folds.places)):
        theirs[rows] = number
    assert unevenness(folds.fold) <= unevenness(theirs) + 0.005


def test_nothing_is_learnt_in_the_pixels_beside_what_is_held_out() -> None:
    plan = FoldPlan(count=4, order=3, buffer_order=6)
    folds, _, keys = dealt(2000, 9, plan)
    pixels = keys >> (2 * (29 - 6))
    for fold in range(4):
        kept = np.zeros(2000, bool)
        kept[folds.training(fold)] = True
        held = set(pixels[folds.held_out(fold)].tolist())
        for row in np.flatnonzero(folds.fold != fold):
            around = healpy.get_all_neighbours(64, pixels[row], nest=True).tolist()
            assert kept[row] == (not held & {pixels[row], *around})


def test_plans_and_rows_that_cannot_be_dealt() -> None:
    labels = Labels.of(simulated(100, 1)[1])
    keys = positions(100, 1)
    with pytest.raises(BadOption, match="1 folds: take 2 or more"):
        deal_folds(labels, keys, None, FoldPlan(count=1))
    with pytest.raises(BadOption, match="HEALPix orders of folds are 5 and 4"):
        deal_folds(labels, keys, None, FoldPlan(order=5, buffer_order=4))
    with pytest.raises(BadTable, match="lie in 1 separate pixels of HEALPix order 3, too few for 5 folds"):
        deal_folds(labels, np.full(100, 77), None, FoldPlan(order=3))
    with pytest.raises(BadTable, match="no pixels of order 29"):
        deal_folds(labels, np.full(100, -1), None, FoldPlan())
    keys[labels.codes == 1] = keys[0]
    with pytest.raises(BadTable, match="all rows of quasar lie in so few pixels"):
        deal_folds(labels, keys, None, FoldPlan(count=2, order=5))
