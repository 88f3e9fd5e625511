"""The training of a classifier, which can be killed at any point and ends in the same model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from skyband.models.classifier.bands import Bands
from skyband.models.classifier.classifier import Classifier, member_file
from skyband.models.classifier.combination import Choice, Votes, choose_combination
from skyband.models.classifier.conformal import ConformalSets, coverage_by_class
from skyband.models.classifier.decision import Decision
from skyband.models.classifier.fitting import Fitted, fit
from skyband.models.classifier.folds import Folds, deal_folds
from skyband.models.classifier.kept import KEPT, OutOfFold
from skyband.models.classifier.labels import Labels, balancing_weights
from skyband.models.classifier.matrix import Doubles, FeatureMatrix, Integers
from skyband.models.classifier.members.known import all_learners
from skyband.models.classifier.members.member import Learner, Rows, Task, probabilities
from skyband.models.classifier.metrics import scores
from skyband.models.classifier.priors import reweight
from skyband.models.classifier.progress import Clock, OnProgress, Progress
from skyband.models.classifier.recipe import Recipe
from skyband.models.classifier.run import RunFolder, described
from skyband.models.classifier.safety import Safety
from skyband.schema.errors import BadOption
from skyband.schema.faults import storage_error
from skyband.schema.locks import writer_lock
from skyband.schema.processors import processors

_WATCHED_ROWS = 200_000
"""Rows, or nearly twice as many, that say when a training has learnt enough."""
_ENSEMBLE_ROWS = 1_000_000
"""Rows that out-of-fold predictions are made of at most."""


def train(
    matrix: FeatureMatrix,
    labels: Sequence[str | None],
    folder: Path,
    recipe: Recipe,
    *,
    learners: Sequence[Learner] | None = None,
    data: Mapping[str, str] | None = None,
    versions: Mapping[str, str] | None = None,
    threads: int | None = None,
    on_progress: OnProgress | None = None,
) -> Classifier:
    """Train a classifier, or go on with the training in `folder`, or read the model it ended in.

    Members are trained once without each fold, for predictions of rows they had not learnt from; on these the
    ensemble is chosen, calibrated and measured. The first fold says for how many rounds: its training stops early by
    the rows it holds out, and that one number serves the others, and the last training, of all rows.

    Args:
        matrix: features, with healpix_29.
        labels: class of each row.
        folder: of the model; `models/<name>/<version>` of a store.
        recipe: of the training; `recipe_for` chooses one.
        learners: members; None for `all_learners`.
        data: where the rows came from, for the manifest; a training with other ones is another.
        versions: of the tables they came from, for the manifest too; that the rows are the same is seen by themselves.
        threads: of the processor; None for one each.
        on_progress: is told how it goes.

    Returns:
        The model: bit for bit the same after a kill and a restart, with the same libraries and threads.

    Raises:
        BadTable: the features or labels cannot be learnt from.
        BadOption: an argument has an impossible value.
        OtherTraining: the folder holds another training.
        BadFile: a checkpoint is damaged.
        TableLocked: another process trains in this folder.
        StorageError: a file could not be written.
    """
    chosen = tuple(all_learners() if learners is None else learners)
    matrix.check_trainable()
    if len(labels) != len(matrix):
        raise BadOption(f"{len(labels)} labels for {len(matrix)} rows")
    known = Labels.of(labels)
    known.check(recipe.folds.count)
    unplanned = [learner.name for learner in chosen if learner.name not in recipe.rounds]
    if unplanned or not chosen:
        raise BadOption(f"the recipe has no rounds for {', '.join(unplanned) or 'any member'}")
    folds = deal_folds(known, matrix.places(), matrix.groups, recipe.folds)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(f"cannot make the folder {folder}", error) from error
    run = RunFolder(folder)
    description = described(matrix, known, recipe, chosen, data or {})
    run.check_same(description)
    with writer_lock(folder / f".{folder.name}.lock"):
        run.begin(description)
        if not run.finished:
            description["data"] |= versions or {}
            _Run(matrix, known, folds, recipe, chosen, run, threads, on_progress).work(description)
        run.tidy()
    return Classifier.load(folder, learners=chosen)


@dataclass(frozen=True)
class _Level:
    """Labels that members are trained for: the classes, or the coarse ones."""

    name: str
    labels: Labels
    learners: tuple[Learner, ...]


class _Run:
    """One process's work on a training."""

    def __init__(
        self,
        matrix: FeatureMatrix,
        labels: Labels,
        folds: Folds,
        recipe: Recipe,
        learners: tuple[Learner, ...],
        run: RunFolder,
        threads: int | None,
        on_progress: OnProgress | None,
    ) -> None:
        self._matrix = matrix
        self._labels = labels
        self._folds = folds
        self._recipe = recipe
        self._run = run
        self._processors = threads or processors()
        self._tell = on_progress or (lambda progress: None)
        self._weights = np.ones(len(matrix)) if matrix.weights is None else matrix.weights / matrix.weights.mean()
        self._bands = Bands.of(matrix)
        self._of = np.arange(len(labels.classes))
        self._levels = [_Level("classes", labels, learners)]
        if recipe.coarse:
            coarse, self._of = labels.coarse(recipe.coarse)
            # One member that learns the coarse classes alone is enough to say whether the level helps.
            self._levels.append(_Level("coarse", coarse, learners[:1]))
        self._measured = np.arange(len(matrix))
        if len(matrix) > _ENSEMBLE_ROWS:
            self._measured = np.sort(np.random.default_rng(recipe.seed).choice(len(matrix), _ENSEMBLE_ROWS, False))
        trainings = {learner.name: (recipe.folds.count + 1) for learner in learners}
        for level in self._levels[1:]:
            for learner in level.learners:
                trainings[learner.name] += recipe.folds.count + 1
        self._clock = Clock(trainings)
        self._seconds = 0.0

    def work(self, description: dict[str, Any]) -> None:
        """Do what is left, and write the model."""
        rounds: dict[str, int] = {}
        votes = {level.name: self._out_of_fold(level, rounds) for level in self._levels}
        files: dict[str, bytes] = {}
        class_weights: dict[str, list[float]] = {}
        for level in self._levels:
            for learner in level.learners:
                file = member_file(level.name, learner)
                fitted, weights = self._fit(level, learner, None, rounds[file])
                files[file] = fitted.member.dump()
                class_weights[level.name] = weights.tolist()
        self._tell(Progress("ensemble"))
        both = Votes(votes["classes"], votes.get("coarse", np.empty((0, len(self._measured), 1))), self._of)
        choice, conformal, decision, kept, report = self._ensemble(both)
        files[KEPT] = kept.dump()
        files["safety.npz"] = Safety.fit(self._matrix, self._recipe.seed).dump()
        ensemble = {
            "combination": choice.combination.to_json(),
            "conformal": conformal.to_json(),
            "tilt": decision.tilt,
            "class_weights": class_weights,
            "shares": self._labels.shares(self._matrix.weights).tolist(),
            "coarse_of": self._of.tolist(),
        }
        files["ensemble.json"] = json.dumps(ensemble).encode()
        manifest = description | {
            "rounds": rounds,
            "seconds": round(self._seconds, 1),
            "tilt": decision.tilt,
            "class_rows": dict(zip(self._labels.classes, self._labels.counts.tolist(), strict=True)),
        }
        self._run.finish(manifest | report, files)

    def _out_of_fold(self, level: _Level, rounds: dict[str, int]) -> Doubles:
        """Probabilities of the measured rows by each member, members x rows x classes; notes the rounds."""
        classes = len(level.labels.classes)
        found = np.empty((len(level.learners), len(self._measured), classes))
        for place, learner in enumerate(level.learners):
            rounds_of = self._recipe.rounds[learner.name]
            for fold in range(self._recipe.folds.count):
                own = np.flatnonzero(self._folds.fold[self._measured] == fold)
                part = f"{level.name}-{learner.name}-{fold}"
                done = self._run.read_part(part, len(own), classes)
                if done is None:
                    fitted, weights = self._fit(level, learner, fold, rounds_of)
                    values = self._matrix.values[self._measured[own]]
                    said = reweight(probabilities(fitted.member, values, self._processors), weights, np.ones(classes))
                    self._run.write_part(part, said, fitted)
                    done = self._run.read_part(part, len(own), classes)
                else:
                    self._count(learner, float(done[1]["seconds"]))
                assert done is not None
                found[place, own] = done[0]
                rounds_of = int(done[1]["rounds"])
            rounds[member_file(level.name, learner)] = rounds_of
        return found

    def _fit(self, level: _Level, learner: Learner, fold: int | None, rounds: int) -> tuple[Fitted, Doubles]:
        """A member of all rows but a fold's, and what its classes weighed while it learnt."""
        trained = np.arange(len(self._matrix)) if fold is None else self._folds.training(fold)
        watched = self._folds.held_out(0) if fold == 0 else np.empty(0, np.int64)
        watched = watched[:: max(1, len(watched) // _WATCHED_ROWS)]
        class_weights = balancing_weights(level.labels, trained, self._recipe.rare_share)
        codes = level.labels.codes

        def rows(chosen: Integers) -> Rows:
            weights = self._weights[chosen] * class_weights[codes[chosen]]
            return Rows(self._matrix.values, chosen, codes[chosen], weights)

        number = self._recipe.folds.count if fold is None else fold
        task = Task(
            trained=rows(trained),
            watched=rows(watched),
            classes=len(level.labels.classes),
            rounds=rounds,
            schedule=self._recipe.rounds[learner.name],
            seed=self._recipe.seed * 101 + number,
            threads=self._recipe.threads,
            processors=self._processors,
            device=self._recipe.device,
            bands=self._bands,
            band_dropout=self._recipe.band_dropout,
        )
        stage = "final" if fold is None else "folds"
        self._clock.start()

        def on_round(done: int, most: int, metric: float | None) -> None:
            left = self._clock.seconds_left(learner.name, done / most)
            self._tell(Progress(stage, learner.name, fold, done, most, metric, left))

        checkpoint = self._run.checkpoint(f"{level.name}-{learner.name}-{'final' if fold is None else fold}")
        with self._run.scratch() as scratch:
            fitted = fit(learner, replace(task, scratch=scratch), checkpoint, pace=self._recipe.pace, on_round=on_round)
        self._count(learner, fitted.seconds)
        return fitted, class_weights

    def _count(self, learner: Learner, seconds: float) -> None:
        self._clock.done(learner.name, seconds)
        self._seconds += seconds

    def _ensemble(self, votes: Votes) -> tuple[Choice, ConformalSets, Decision, OutOfFold, dict[str, Any]]:
        """What the members are made by, and how good it is where it was not fitted."""
        rows, coverage = self._measured, self._recipe.coverage
        codes, fold = self._labels.codes[rows], self._folds.fold[rows]
        weights = None if self._matrix.weights is None else self._weights[rows]
        magnitude = None if self._matrix.magnitude is None else self._matrix.magnitude[rows]
        choice = choose_combination(votes, codes, fold, weights, magnitude)
        sets, called = np.empty(choice.probabilities.shape, bool), np.empty(len(rows), np.int64)
        shares = self._labels.shares(self._matrix.weights)
        for number in range(self._recipe.folds.count):
            own, others = fold == number, fold != number
            fitted = ConformalSets.fit(
                choice.probabilities[others], codes[others], None if magnitude is None else magnitude[others], coverage
            )
            sets[own] = fitted.sets(choice.probabilities[own], None if magnitude is None else magnitude[own])
            decision = Decision.fit(choice.probabilities[others], codes[others], shares)
            called[own] = decision.codes(choice.probabilities[own], shares)
        classes = self._labels.classes
        report = {
            "ensemble": choice.combination.name,
            "log_losses": choice.log_losses,
            "metrics": asdict(scores(choice.probabilities, codes, classes, called)),
            "member_metrics": {
                learner.name: asdict(scores(said, codes, classes))
                for learner, said in zip(self._levels[0].learners, votes.fine, strict=True)
            },
            "conformal": {
                "coverage": coverage,
                "covered": dict(zip(classes, coverage_by_class(sets, codes).tolist(), strict=True)),
                "mean_classes": float(sets.sum(axis=1).mean()),
                "empty": float((~sets.any(axis=1)).mean()),
            },
        }
        kept = OutOfFold.of(self._matrix, rows, codes, called, fold, choice.probabilities, sets)
        conformal = ConformalSets.fit(choice.probabilities, codes, magnitude, coverage)
        return choice, conformal, Decision.fit(choice.probabilities, codes, shares), kept, report
