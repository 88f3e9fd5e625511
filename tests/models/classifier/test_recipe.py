"""How large trainings are: by the time there is and the places rows lie in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skyband.models.classifier.folds import deal_folds
from skyband.models.classifier.labels import Labels
from skyband.models.classifier.members.boosting import Boosting
from skyband.models.classifier.members.forest import Forest
from skyband.models.classifier.members.known import own_learners
from skyband.models.classifier.members.member import SIZES
from skyband.models.classifier.recipe import Recipe, expected_seconds, recipe_for
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.healpix import healpix_index
from tests.models.classifier.nearest import Nearest
from tests.models.classifier.sources import SMALL, simulated

LEARNERS = (Boosting(), Forest())
MATRIX, NAMES = simulated(1_500, 11)
LABELS = Labels.of(NAMES)


def recipe(budget_s: float, seed: int = 0) -> Recipe:
    return recipe_for(MATRIX, LABELS, LEARNERS, budget_s, threads=2, seed=seed)


def test_every_kind_of_member_has_a_number_of_rounds_for_each_size() -> None:
    for learner in own_learners():
        assert len(learner.sizes) == SIZES
        assert list(learner.sizes) == sorted(learner.sizes)


def test_the_largest_size_that_fits_the_time() -> None:
    assert recipe(1e-9).rounds == {"boosting": 15, "forest": 15}
    assert recipe(1e9).rounds == {"boosting": 1_000, "forest": 500}
    for number in range(1, SIZES):
        rounds = {learner.name: learner.sizes[number] for learner in LEARNERS}
        five = replace(recipe(1e-9), rounds=rounds)
        needed_s = expected_seconds(five, MATRIX, LABELS, LEARNERS, 2)
        ten_s = needed_s * 11 / 6
        assert recipe(needed_s).rounds["boosting"] >= rounds["boosting"] or ten_s > needed_s
        assert recipe(ten_s).rounds == rounds
        # Ten folds are for models that are more than a sketch.
        assert recipe(ten_s).folds.count == (10 if number >= 2 else 5)
    assert recipe(10, seed=3) == recipe(10, seed=3)


def test_classes_of_few_rows_are_dealt_into_five_folds() -> None:
    few = Labels(LABELS.classes, np.where(np.arange(1_500) < 90, 0, 1 + np.arange(1_500) % 2))
    assert recipe_for(MATRIX, few, LEARNERS, 1e9).folds.count == 5


def test_rows_of_a_rare_class_are_dealt_into_ten_folds() -> None:
    matrix, names = simulated(40_000, 12)
    fold_counts = [
        recipe_for(matrix, Labels(LABELS.classes, codes), LEARNERS, 1e9).folds.count
        for codes in (Labels.of(names).codes, np.minimum(np.arange(40_000) // 1_000, 2))
    ]
    assert min(Labels.of(names).counts) > 2_000
    assert fold_counts == [5, 10]


def test_members_of_other_packages_have_sizes_of_their_own() -> None:
    assert recipe_for(MATRIX, LABELS, (Nearest(), Boosting()), 1e9).rounds == {"nearest": 1, "boosting": 1_000}


@pytest.mark.parametrize(("width_deg", "order"), [(90.0, 4), (4.0, 5), (1.4, 7), (0.05, 12)])
def test_rows_of_a_field_are_dealt_by_finer_pixels(width_deg: float, order: int) -> None:
    random = np.random.default_rng(5)
    ra, dec = (centre + random.uniform(-0.5, 0.5, 1_500) * width_deg for centre in (150.1, 2.2))
    field = replace(MATRIX, healpix_29=healpix_index(29, ra, dec))
    plan = recipe_for(field, LABELS, LEARNERS, 1e9).folds
    assert (plan.count, plan.order) == (10, order)
    assert field.healpix_29 is not None
    folds = deal_folds(LABELS, field.healpix_29, None, plan)
    # Shares of each class in each fold, a tenth if pixels were many and small.
    table = np.zeros((10, 3))
    np.add.at(table, (folds.fold, LABELS.codes), 1)
    assert (table / table.sum(axis=0)).max() < 0.25


def test_what_no_training_can_have() -> None:
    with pytest.raises(BadOption, match="a budget of 0 s"):
        recipe(0)
    with pytest.raises(BadOption, match="device 'tpu'"):
        recipe_for(MATRIX, LABELS, LEARNERS, 10, device="tpu")
    with pytest.raises(BadOption, match="rare_share 2 is not in 0 to 1"):
        replace(SMALL, rare_share=2)
    with pytest.raises(BadOption, match="no rounds for forest"):
        replace(SMALL, rounds={"forest": 0})


def test_a_level_first_where_classes_are_kinds_of_others() -> None:
    fine = Labels(("brown_dwarf", "cluster", "galaxy", "giant", "QSO", "star"), np.arange(1_500) % 6)
    found = recipe_for(MATRIX, fine, LEARNERS, 10, with_levels=True)
    assert found.coarse == {
        "brown_dwarf": "star", "cluster": "cluster", "galaxy": "galaxy",
        "giant": "star", "QSO": "quasar", "star": "star",
    }  # fmt: skip
    assert recipe_for(MATRIX, LABELS, LEARNERS, 10, with_levels=True).coarse == {}
    assert recipe_for(MATRIX, fine, LEARNERS, 10).coarse == {}


def test_rows_without_places_have_no_folds() -> None:
    with pytest.raises(BadTable, match="training needs healpix_29 of every row"):
        recipe_for(replace(MATRIX, healpix_29=None), LABELS, LEARNERS, 10)
