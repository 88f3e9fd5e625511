"""Every kind of member: it learns, it is kept without code, and it goes on as if it had not been broken off."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xgboost
from sklearn.ensemble import RandomForestClassifier

from skyband.models.classifier.bands import Bands
from skyband.models.classifier.fitting import log_loss
from skyband.models.classifier.labels import Labels
from skyband.models.classifier.members import boosting
from skyband.models.classifier.members.boosting import Boosting
from skyband.models.classifier.members.forest import Forest
from skyband.models.classifier.members.member import Learner, Rows, Task
from skyband.models.classifier.members.network import Network
from skyband.models.classifier.members.trees import Trees
from skyband.models.classifier.recipe import Recipe
from skyband.schema.errors import BadFile, StorageError
from tests.models.classifier.sources import simulated

LEARNERS: list[Learner] = [Boosting(depth=3, rate=0.2), Forest(), Network(width=32, depth=1)]
MATRIX, NAMES = simulated(700, 3)
LABELS = Labels.of(NAMES)


def task(rounds: int = 20, *, seed: int = 5, **changes: Any) -> Task:
    def rows(chosen: slice) -> Rows:
        numbers = np.arange(700)[chosen]
        return Rows(MATRIX.values, numbers, LABELS.codes[numbers], np.ones(len(numbers)))

    given: dict[str, Any] = {
        "trained": rows(slice(0, 500)), "watched": rows(slice(500, 700)), "classes": 3, "rounds": rounds,
        "schedule": 20, "seed": seed, "threads": 1, "processors": 2, "device": "cpu", "bands": Bands.of(MATRIX),
        "band_dropout": 0.2,
    }  # fmt: skip
    return Task(**(given | changes))


each_learner = pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: learner.name)


def test_a_training_without_dropout_takes_rows_as_they_are() -> None:
    part = np.arange(300)
    plain, codes, weights = task(band_dropout=0.0).draw(part, 0)
    np.testing.assert_array_equal(plain, MATRIX.values[:300])
    with_dropout, more_codes, more_weights = task().draw(part, 0)
    np.testing.assert_array_equal(with_dropout[:300], plain)
    assert 330 < len(with_dropout) == len(more_codes) == len(more_weights) < 420
    np.testing.assert_array_equal(
        np.concatenate([codes, weights]), np.concatenate([more_codes[:300], more_weights[:300]])
    )
    again = task().draw(part, 0)[0]
    other = task().draw(part, 1)[0]
    np.testing.assert_array_equal(again, with_dropout)
    assert len(other) != len(again) or not np.array_equal(other, again, equal_nan=True)


@each_learner
def test_it_learns(learner: Learner) -> None:
    training = learner.start(task())
    training.advance(20)
    found = training.watched_proba()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    codes = LABELS.codes[500:]
    assert (found.argmax(axis=1) == codes).mean() > 0.8
    assert log_loss(found, codes) < 0.75 * log_loss(np.tile(LABELS.shares(), (200, 1)), codes)


@each_learner
def test_a_member_survives_its_file(learner: Learner) -> None:
    training = learner.start(task())
    training.advance(8)
    member = training.member()
    again = learner.load(member.dump(), 4, 3)
    before = member.predict_proba(MATRIX.values)
    np.testing.assert_array_equal(again.predict_proba(MATRIX.values), before)
    np.testing.assert_array_equal(before[500:], training.watched_proba())
    # What is learnt later does not change it.
    training.advance(4)
    np.testing.assert_array_equal(member.predict_proba(MATRIX.values), before)
    assert again.predict_proba(MATRIX.values[:0]).shape == (0, 3)


def test_trees_are_the_same_where_their_bins_lie_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learner = Boosting(depth=3, rate=0.2)

    def grown(**changes: Any) -> bytes:
        training = learner.start(task(**changes))
        training.advance(5)
        training.restore(training.dump())
        training.advance(5)
        return training.member().dump()

    in_memory = grown(scratch=tmp_path)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(boosting, "_MANY_VALUES", 100)
    kept = learner.start(task(scratch=tmp_path))
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("bins")]
    del kept
    assert grown(scratch=tmp_path) == in_memory


@pytest.mark.skipif(xgboost.build_info()["USE_CUDA"], reason="XGBoost runs on the GPU here")
def test_bins_lie_on_disk_where_xgboost_runs_on_the_cpu_beside_a_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boosting, "_MANY_VALUES", 100)
    kept = Boosting(depth=3).start(task(scratch=tmp_path, device="cuda"))
    kept.advance(1)
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("bins")]


def test_bins_that_find_no_room_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boosting, "_MANY_VALUES", 100)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=1_000))
    with pytest.raises(StorageError, match=r"cannot keep the bins of trees in .*: they take 0.0 GB, 0.0 GB are free"):
        Boosting().start(task(scratch=tmp_path))
    assert not list(tmp_path.iterdir())


@each_learner
def test_segments_go_on_from_a_state_alone(learner: Learner) -> None:
    whole = learner.start(task())
    for _ in range(4):
        whole.advance(5)
    broken = learner.start(task())
    broken.advance(5)
    state = broken.dump()
    # Other trainings draw random numbers meanwhile.
    learner.start(task(seed=9)).advance(3)
    taken_up = learner.start(task())
    taken_up.restore(state)
    assert taken_up.rounds == 5
    for _ in range(3):
        taken_up.advance(5)
    assert taken_up.rounds == whole.rounds == 20
    np.testing.assert_array_equal(taken_up.watched_proba(), whole.watched_proba())
    assert taken_up.member().dump() == whole.member().dump()


@each_learner
def test_another_seed_gives_another_member(learner: Learner) -> None:
    found = []
    for seed in (1, 2):
        training = learner.start(task(seed=seed))
        training.advance(5)
        found.append(training.watched_proba())
    assert (found[0] != found[1]).any()


@each_learner
def test_the_largest_seed_there_can_be(learner: Learner) -> None:
    recipe = Recipe(rounds={learner.name: 5}, seed=2**31 - 1)
    training = learner.start(task(seed=recipe.seed * 101 + recipe.folds.count))
    training.advance(5)
    taken_up = learner.start(task(seed=recipe.seed * 101 + recipe.folds.count))
    taken_up.restore(training.dump())
    for one in (training, taken_up):
        one.advance(5)
    np.testing.assert_array_equal(training.watched_proba(), taken_up.watched_proba())


@pytest.mark.parametrize("seed", [0, 5, 42_000_000 * 101])
def test_a_forest_of_a_usual_seed_is_what_it_was(seed: int) -> None:
    training = Forest().start(task(seed=seed, band_dropout=0.0))
    training.advance(3)
    random = np.random.RandomState([seed, 0])
    theirs = RandomForestClassifier(3, min_samples_leaf=2, random_state=random)
    theirs.fit(MATRIX.values[:500], LABELS.codes[:500], sample_weight=np.ones(500))
    np.testing.assert_allclose(training.watched_proba(), theirs.predict_proba(MATRIX.values[500:]), rtol=1e-12)


@each_learner
def test_files_of_other_things_are_refused(learner: Learner) -> None:
    training = learner.start(task())
    training.advance(2)
    data = training.member().dump()
    with pytest.raises(BadFile):
        learner.load(data, 5, 3)
    with pytest.raises(BadFile):
        learner.load(data, 4, 2)
    for wrong in (b"", b"nonsense", data[: len(data) // 2]):
        with pytest.raises(BadFile):
            learner.load(wrong, 4, 3)
        with pytest.raises(BadFile):
            learner.start(task()).restore(wrong)


def test_a_forest_is_what_scikit_learn_makes_of_its_trees() -> None:
    values, codes = MATRIX.values[:500], LABELS.codes[:500]
    forest = RandomForestClassifier(12, random_state=1, min_samples_leaf=2).fit(values, codes)
    trees = Trees([one.tree_ for one in forest.estimators_], 4, 3)
    expected = forest.predict_proba(MATRIX.values)
    np.testing.assert_allclose(trees.mean(MATRIX.values), expected, rtol=1e-12)
    np.testing.assert_array_equal(Trees.load(trees.dump(), 4, 3).mean(MATRIX.values), trees.mean(MATRIX.values))


@pytest.mark.parametrize(
    ("name", "place", "value", "said"),
    [
        ("left", 0, 0, "children do not follow"),
        ("right", 0, 10**6, "children do not follow"),
        ("right", 0, -1, "one child"),
        ("feature", 0, 4, "a feature beyond the 4"),
        ("feature", 0, -2, "a feature beyond the 4"),
        ("sizes", 0, -1, "sizes do not fit"),
        ("values", 0, np.nan, "finite numbers"),
    ],
)
def test_trees_a_walk_would_lose_its_way_in_are_refused(name: str, place: int, value: float, said: str) -> None:
    training = Forest().start(task())
    training.advance(2)
    with np.load(io.BytesIO(training.member().dump())) as stored:
        arrays: dict[str, Any] = dict(stored)
    arrays[name][place] = value
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    with pytest.raises(BadFile, match=said):
        Trees.load(buffer.getvalue(), 4, 3)


def test_pickled_arrays_are_not_read() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, left=np.array([print], dtype=object))
    with pytest.raises(BadFile, match="no trees"):
        Trees.load(buffer.getvalue(), 4, 3)


def test_files_that_unpack_to_much_more_are_not_unpacked() -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, left=np.zeros(10**7))
    with pytest.raises(BadFile, match="bytes are packed into"):
        Trees.load(buffer.getvalue(), 4, 3)


def test_large_trainings_draw_rows_for_each_batch_of_trees_and_keep_all_classes() -> None:
    training = Forest(most_rows=60).start(task())
    first = training._drawn()
    training.rounds = 10
    other = training._drawn()
    assert 60 <= len(first) <= 63
    assert set(first) != set(other)
    assert set(LABELS.codes[first]) == set(LABELS.codes[other]) == {0, 1, 2}
    training.rounds = 0
    training.advance(10)
    assert len(training.member().trees) == 10


def test_a_network_without_bands_knows_less_but_no_nonsense() -> None:
    training = Network(width=48, depth=1).start(task(40, schedule=40))
    training.advance(40)
    values = MATRIX.values[500:].copy()
    values[:, [0, 1, 3]] = np.nan
    found = training.member().predict_proba(values)
    codes = LABELS.codes[500:]
    # W1 - W2 alone tells quasars; where that is missing too, classes are as common as they are.
    lost = np.isnan(values[:, 2])
    assert log_loss(found[~lost], codes[~lost]) < log_loss(np.tile(LABELS.shares(), ((~lost).sum(), 1)), codes[~lost])
    np.testing.assert_allclose(found[lost].mean(axis=0), LABELS.shares(), atol=0.25)
