"""Trainings: they end in a model that knows what it knows, and in the same one after kills."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import multiprocessing.connection
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from skyband.models.classifier.classifier import Classifier, Predictions
from skyband.models.classifier.conformal import coverage_by_class
from skyband.models.classifier.decision import Decision
from skyband.models.classifier.kept import read_kept
from skyband.models.classifier.labels import Labels
from skyband.models.classifier.matrix import FeatureMatrix
from skyband.models.classifier.members.boosting import Boosting
from skyband.models.classifier.members.forest import Forest
from skyband.models.classifier.members.member import Learner
from skyband.models.classifier.members.network import Network
from skyband.models.classifier.metrics import scores
from skyband.models.classifier.priors import reweight
from skyband.models.classifier.progress import Progress
from skyband.models.classifier.recipe import Recipe
from skyband.models.classifier.train import train
from skyband.schema.errors import BadFile, BadOption, BadTable, TableLocked
from skyband.schema.locks import writer_lock
from tests.models.classifier.nearest import Nearest
from tests.models.classifier.sources import SMALL, simulated

LEARNERS: tuple[Learner, ...] = (Boosting(depth=3, rate=0.2), Forest(), Network(width=24, depth=1))
MATRIX, NAMES = simulated(500, 11)
FRESH, FRESH_NAMES = simulated(2_000, 12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the small training."""
    path = tmp_path_factory.mktemp("models") / "m" / "1"
    train(MATRIX, NAMES, path, SMALL, learners=LEARNERS, data={"survey": "3 a1b2c3"})
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> Classifier:
    return Classifier.load(folder, learners=LEARNERS)


def assert_equal(one: Predictions, other: Predictions) -> None:
    for name, value in vars(one).items():
        np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)


def test_it_classifies_sources_it_has_not_seen(model: Classifier) -> None:
    found = model.predict(FRESH)
    codes = Labels.of(FRESH_NAMES).codes
    assert found.classes == ("galaxy", "quasar", "star")
    measured = scores(found.probabilities, codes, found.classes)
    assert measured.accuracy > 0.85
    assert measured.ece < 0.05
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    tilted = np.log(found.probabilities) - model.decision.tilt * np.log(model.shares)
    is_sure = found.probabilities.max(axis=1, keepdims=True) > 0.9
    np.testing.assert_array_equal(found.called, np.where(is_sure, found.probabilities, tilted).argmax(axis=1))
    np.testing.assert_allclose(coverage_by_class(found.sets, codes), 0.9, atol=0.08)
    assert (found.safety == 0).mean() > 0.9
    assert found.entropy.min() >= 0 and found.entropy.max() <= 1
    assert found.disagreement.min() >= 0 and found.disagreement.max() <= 1
    # Doubt goes with error.
    wrong = found.called != codes
    assert found.entropy[wrong].mean() > 1.5 * found.entropy[~wrong].mean()
    assert found.members.shape == (3, 2_000, 3)


def test_the_rule_for_another_prior_is_fitted_to_rows_as_common_as_it_says(folder: Path, model: Classifier) -> None:
    prior = {"galaxy": 0.03, "quasar": 0.01, "star": 0.96}
    shares = np.array(list(prior.values()))
    kept = read_kept(folder)
    assert kept is not None
    odds = kept.probabilities * shares / model.shares
    said = odds / odds.sum(axis=1, keepdims=True)
    weights = np.array([shares[code] / np.count_nonzero(kept.codes == code) for code in kept.codes])
    rule = Decision.fit(said, kept.codes, shares, weights)
    found = model.predict(FRESH, prior=prior)
    np.testing.assert_array_equal(found.called, rule.codes(found.probabilities, shares))
    # What it may cost, where classes are so common.
    accuracies = [weights[called == kept.codes].sum() for called in (said.argmax(axis=1), rule.codes(said, shares))]
    assert accuracies[1] >= accuracies[0] - 0.001
    assert model.decision_under(model.shares) == model.decision


def test_the_manifest_says_what_was_done(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["features"] == list(MATRIX.names)
    assert manifest["features_digest"] == "d1"
    assert manifest["classes"] == ["galaxy", "quasar", "star"]
    assert manifest["class_rows"] == {name: NAMES.count(name) for name in manifest["classes"]}
    assert manifest["data"] == {"survey": "3 a1b2c3"}
    assert manifest["recipe"]["seed"] == 7
    assert {"numpy", "scikit-learn", "torch"} < set(manifest["libraries"])
    assert set(manifest["files"]) == {
        "members/classes-boosting.ubj", "members/classes-forest.npz", "members/classes-network.safetensors",
        "safety.npz", "ensemble.json", "out_of_fold.npz",
    }  # fmt: skip
    assert set(manifest["member_metrics"]) == {"boosting", "forest", "network"}
    assert manifest["ensemble"] == min(manifest["log_losses"], key=lambda name: manifest["log_losses"][name])
    assert manifest["metrics"]["nll"] == pytest.approx(manifest["log_losses"][manifest["ensemble"]], rel=1e-6)
    assert manifest["metrics"]["rows"] == 500
    assert manifest["tilt"] == json.loads((folder / "ensemble.json").read_text())["tilt"]
    assert min(manifest["conformal"]["covered"].values()) > 0.8
    assert not (folder / "checkpoints").exists()


def test_a_finished_training_is_not_done_again(folder: Path, model: Classifier) -> None:
    told: list[Progress] = []
    again = train(MATRIX, NAMES, folder, SMALL, learners=LEARNERS, data={"survey": "3 a1b2c3"}, on_progress=told.append)
    assert told == []
    assert_equal(again.predict(FRESH), model.predict(FRESH))


def test_another_training_in_the_folder_is_refused(folder: Path) -> None:
    def refused(said: str, matrix: FeatureMatrix = MATRIX, recipe: Recipe = SMALL, **options: Any) -> None:
        given = {"data": {"survey": "3 a1b2c3"}, "learners": LEARNERS} | options
        with pytest.raises(BadOption, match=f"holds a training with other {said}; give a new name"):
            train(matrix, NAMES, folder, recipe, **given)

    refused("rows_digest", matrix=replace(MATRIX, values=MATRIX.values + np.float32(0.01)))
    refused("features_digest", matrix=replace(MATRIX, digest="d2"))
    refused("recipe", recipe=replace(SMALL, seed=8))
    refused("data", data={"survey": "4 d4e5f6"})
    refused("members", learners=(Boosting(depth=4), *LEARNERS[1:]))


def test_priors_reweight_what_is_said(model: Classifier) -> None:
    plain = model.predict(FRESH)
    shares = {"galaxy": 0.1, "quasar": 0.01, "star": 0.89}
    other = model.predict(FRESH, prior=shares)
    np.testing.assert_allclose(other.prior, [0.1, 0.01, 0.89])
    np.testing.assert_allclose(other.probabilities, reweight(plain.probabilities, model.shares, other.prior))
    np.testing.assert_array_equal(other.sets, plain.sets)
    assert (other.called == 2).sum() > (plain.called == 2).sum()
    # A sky of other shares than the training's is recognised.
    few = np.flatnonzero(np.array(FRESH_NAMES) != "galaxy")
    estimated = model.predict(FRESH.rows(few), prior="estimate")
    assert estimated.prior[0] < 0.08 < plain.prior[0]


def test_threads_change_nothing(model: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skyband.models.classifier.matrix._BLOCK_ROWS", 16)
    before = torch.get_num_threads()
    alone = model.predict(FRESH, threads=1)
    for threads in (2, 7):
        assert_equal(model.predict(FRESH, threads=threads), alone)
    assert torch.get_num_threads() == before


def test_missing_and_foreign_features_are_refused(model: Classifier) -> None:
    with pytest.raises(BadTable, match="the table lacks 1 of 4 features: w1_w2"):
        model.predict(FRESH.features(("r", "g_r", "r_i")))
    with pytest.raises(BadOption, match="trained with features of the definition d1, these are of d7"):
        model.predict(replace(FRESH, digest="d7"))
    shuffled = FRESH.features(("r", "w1_w2", "g_r", "r_i"))
    assert_equal(model.predict(shuffled), model.predict(FRESH))


def test_rows_without_features_are_as_common_classes_are(model: Classifier) -> None:
    empty = replace(FRESH.rows(slice(0, 2)), values=np.full((2, 4), np.nan, np.float32))
    found = model.predict(empty, prior="uniform")
    np.testing.assert_allclose(found.probabilities, 1 / 3)
    assert found.safety.tolist() == [2, 2]
    assert model.predict(FRESH.rows(slice(0, 0))).probabilities.shape == (0, 3)


def test_labels_and_rows_that_cannot_be_trained_with(tmp_path: Path) -> None:
    with pytest.raises(BadTable, match="all 500 labels are 'star'"):
        train(MATRIX, ["star"] * 500, tmp_path / "m", SMALL)
    with pytest.raises(BadTable, match=r"'comet' has 3; 6 are needed"):
        train(MATRIX, ["comet"] * 3 + NAMES[3:], tmp_path / "m", SMALL)
    with pytest.raises(BadTable, match="every feature of every row is missing"):
        train(replace(MATRIX, values=np.full((500, 4), np.nan, np.float32)), NAMES, tmp_path / "m", SMALL)
    with pytest.raises(BadOption, match="499 labels for 500 rows"):
        train(MATRIX, NAMES[1:], tmp_path / "m", SMALL)
    with pytest.raises(BadOption, match="the recipe has no rounds for network"):
        train(MATRIX, NAMES, tmp_path / "m", replace(SMALL, rounds={"boosting": 1, "forest": 1}))
    assert not (tmp_path / "m").exists()


def test_one_process_trains_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    with writer_lock(tmp_path / "m" / ".m.lock"), pytest.raises(TableLocked, match="another writer holds 'm'"):
        train(MATRIX, NAMES, tmp_path / "m", SMALL)


def test_damaged_models_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="holds no model"):
        Classifier.load(tmp_path)
    copy = tmp_path / "copy"
    for name in json.loads((folder / "manifest.json").read_text())["files"]:
        shutil.copytree(folder, copy)
        path = copy / name
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        with pytest.raises(BadFile, match=f"file .*{name} is damaged; train it anew"):
            Classifier.load(copy, learners=LEARNERS)
        path.unlink()
        with pytest.raises(BadFile, match=f"lacks its file {name}"):
            Classifier.load(copy, learners=LEARNERS)
        shutil.rmtree(copy)
    for text, said in (("{", "is damaged"), ("[]", "it holds no object"), ("{}", "is damaged")):
        shutil.copytree(folder, copy)
        (copy / "manifest.json").write_text(text)
        with pytest.raises(BadFile, match=said):
            Classifier.load(copy, learners=LEARNERS)
        shutil.rmtree(copy)
    shutil.copytree(folder, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"files": {"../../outside": "0"}}))
    with pytest.raises(BadFile, match="names a file outside its folder"):
        Classifier.load(copy, learners=LEARNERS)
    ensemble = json.loads((copy / "ensemble.json").read_text())
    for name, value in (("shares", [0.5, 0.5]), ("coarse_of", "x"), ("combination", {}), ("class_weights", {})):
        data = json.dumps(ensemble | {name: value}).encode()
        (copy / "ensemble.json").write_bytes(data)
        files = manifest["files"] | {"ensemble.json": hashlib.sha256(data).hexdigest()}
        (copy / "manifest.json").write_text(json.dumps(manifest | {"files": files}))
        with pytest.raises(BadFile, match="copy is damaged"):
            Classifier.load(copy, learners=LEARNERS)
    (copy / "ensemble.json").write_text(json.dumps(ensemble))
    (copy / "manifest.json").write_text(json.dumps(manifest | {"members": {"oracle": ""}}))
    with pytest.raises(BadFile, match="members of kinds not known here: oracle"):
        Classifier.load(copy, learners=LEARNERS)


def test_damaged_checkpoints_are_named_and_made_anew_once_removed(tmp_path: Path, model: Classifier) -> None:
    def stop(progress: Progress) -> None:
        if progress.member == "forest" and progress.fold == 1:
            raise Stopped

    options: dict[str, Any] = {"recipe": SMALL, "learners": LEARNERS}
    with pytest.raises(Stopped):
        train(MATRIX, NAMES, tmp_path / "m", on_progress=stop, **options)
    with pytest.raises(BadFile, match="a training that has not ended"):
        Classifier.load(tmp_path / "m")
    done = tmp_path / "m" / "checkpoints" / "classes-boosting-1.done"
    state = tmp_path / "m" / "checkpoints" / "classes-forest-1.state"
    for path in (done, state):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BadFile, match=f"{path.name} is damaged; remove it"):
            train(MATRIX, NAMES, tmp_path / "m", **options)
        path.unlink()
    again = train(MATRIX, NAMES, tmp_path / "m", **options)
    assert_equal(again.predict(FRESH), model.predict(FRESH))


class Stopped(Exception):
    """Somebody pulled the plug."""


def _train_and_tell(folder: Path, pipe: multiprocessing.connection.Connection) -> None:
    train(MATRIX, NAMES, folder, SMALL, learners=LEARNERS, on_progress=lambda progress: pipe.send(1))
    pipe.send(0)


def killed_trainings(folder: Path, kills: int, seed: int) -> int:
    """Train in processes that are killed after as many steps as chance says, then to the end; returns the kills."""
    random = np.random.default_rng(seed)
    processes = multiprocessing.get_context("forkserver")
    # What every process would import for itself; the last is what optimisers of torch are made by.
    processes.set_forkserver_preload(["tests.models.classifier.test_train", "torch._dynamo"])
    done = 0
    while True:
        ours, theirs = processes.Pipe(duplex=False)
        process = processes.Process(target=_train_and_tell, args=(folder, theirs))
        process.start()
        theirs.close()
        steps = int(random.integers(1, 36 // kills + 2)) if done < kills else 10**9
        ended = False
        while steps > 0 and not ended:
            ended = ours.recv() == 0
            steps -= 1
        if not ended:
            process.kill()
        process.join()
        if ended:
            return done
        done += process.exitcode == -signal.SIGKILL


def test_a_killed_training_ends_in_the_same_model(tmp_path: Path, model: Classifier) -> None:
    # One that was quicker than its killer counts for none.
    assert killed_trainings(tmp_path / "m", 3, seed=1) >= 2
    assert_equal(Classifier.load(tmp_path / "m", learners=LEARNERS).predict(FRESH), model.predict(FRESH))


@pytest.mark.slow
def test_ten_kills(tmp_path: Path, folder: Path, model: Classifier) -> None:
    for seed in (2, 3, 4):
        path = tmp_path / str(seed)
        assert killed_trainings(path, 10, seed) >= 5
        assert_equal(Classifier.load(path, learners=LEARNERS).predict(FRESH), model.predict(FRESH))
        for name in json.loads((folder / "manifest.json").read_text())["files"]:
            assert (path / name).read_bytes() == (folder / name).read_bytes()


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[Progress] = []
    train(MATRIX, NAMES, tmp_path / "m", SMALL, learners=LEARNERS[:2], on_progress=told.append)
    first = told[0]
    assert (first.stage, first.member, first.fold, first.rounds) == ("folds", "boosting", 0, 20)
    assert first.metric is not None and first.seconds_left is not None and first.seconds_left > 0
    stages = [progress.stage for progress in told]
    assert stages == sorted(stages, key=["folds", "final", "ensemble"].index)
    assert told[-1] == Progress("ensemble")


def test_coarse_classes_have_members_of_their_own(tmp_path: Path) -> None:
    coarse = {"galaxy": "extended", "quasar": "point", "star": "point"}
    found = train(MATRIX, NAMES, tmp_path / "m", replace(SMALL, coarse=coarse), learners=LEARNERS[:2])
    assert {"vote with levels", "stack with levels"} < set(found.manifest["log_losses"])
    assert "members/coarse-boosting.ubj" in found.manifest["files"]
    votes = found.votes(FRESH.values)
    assert votes.coarse.shape == (1, 2_000, 2)
    assert votes.of.tolist() == [0, 1, 1]
    codes = Labels.of(FRESH_NAMES).codes
    assert scores(found.predict(FRESH).probabilities, codes, found.classes).accuracy > 0.85


def test_other_kinds_of_members_join(tmp_path: Path) -> None:
    recipe = replace(SMALL, rounds={"nearest": 1, "boosting": 20})
    found = train(MATRIX, NAMES, tmp_path / "m", recipe, learners=(Nearest(), LEARNERS[0]))
    assert set(found.manifest["member_metrics"]) == {"nearest", "boosting"}
    again = Classifier.load(tmp_path / "m", learners=(Nearest(), LEARNERS[0]))
    assert_equal(again.predict(FRESH), found.predict(FRESH))
    with pytest.raises(BadFile, match="members of kinds not known here: nearest"):
        Classifier.load(tmp_path / "m")
