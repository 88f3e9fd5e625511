"""Gradient-boosted trees: XGBoost (Chen & Guestrin 2016, doi:10.1145/2939672.2939785)."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skyband.models.classifier.matrix import Doubles, Floats, chunks
from skyband.models.classifier.members.boosted_file import check_boosted
from skyband.models.classifier.members.member import Task
from skyband.schema.errors import BadFile, StorageError
from skyband.schema.faults import first_line

_SEEDS = 1_000_003
"""Seeds of two trainings lie so far apart, more than rounds of one do."""
_BINS, _FINE_BINS, _FEW_VALUES = 256, 1_024, 500_000
"""Of histograms, and of those of few values (rows times features), which are worth looking at more closely: of 11,000
sources with spectra 0.1 % more are told right. Of many they would take three times as long."""

_MANY_VALUES = 50_000_000
"""Beyond so many, bins are read from disk in every round: of 2M x 100 values 1.1 GB in memory instead of 1.9, in the
same time, and the same trees."""
_BIN_BYTES = 7
"""That a value takes there at most, rows that are drawn again among them."""

_STEPS, _STEEPEST = 15.0, 0.15
"""Sum of the shares of all trees, and the largest share. Of 30,000 simulated objects 60 trees of 0.05 end in a log loss
of 0.091, 60 of 0.15 in 0.033, and 300 of 0.05 in 0.032."""


def _library() -> Any:
    # Its threads would spin while they wait for each other: on a busy machine a training took twice as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import xgboost

    xgboost.set_config(verbosity=0)
    return xgboost


@dataclass(frozen=True)
class Boosting:
    """How trees are boosted.

    Attributes:
        depth: of a tree at most.
        rate: share of each tree that is added in a long training; a short one adds more, so that it arrives too.
        rows: share of rows a tree sees.
        features: share of features a split is chosen from.
        least_weight: of a leaf (sum of second derivatives).
        l2: penalty on leaves.
    """

    depth: int = 7
    rate: float = 0.05
    rows: float = 0.8
    features: float = 0.5
    least_weight: float = 4.0
    l2: float = 2.0
    name: str = "boosting"
    suffix: str = ".ubj"
    libraries: tuple[str, ...] = ("xgboost-cpu", "xgboost")
    stops_early: bool = True
    sizes: tuple[int, ...] = (15, 30, 60, 100, 200, 400, 1_000)

    def row_seconds(self, rounds: int, features: int, classes: int, threads: int, processors: int) -> float:
        """Seconds a row takes in a training, roughly."""
        return 1e-8 * rounds * features * classes / threads

    def segment(self, rounds: int) -> int:
        """Rounds between two looks."""
        return max(5, min(20, rounds // 20))

    def start(self, task: Task) -> BoostingTraining:
        """Begin a training."""
        return BoostingTraining(self, task)

    def load(self, data: bytes, features: int, classes: int) -> BoostingMember:
        """The model of bytes.

        Raises:
            BadFile: they are none, or the model has other features or classes.
        """
        check_boosted(data, features, classes)
        xgboost = _library()
        try:
            return BoostingMember(xgboost.Booster(model_file=bytearray(data)), classes)
        except xgboost.core.XGBoostError as error:
            raise BadFile(f"no model of XGBoost: {first_line(error)}") from None


class BoostingMember:
    """A trained booster."""

    def __init__(self, booster: Any, classes: int) -> None:
        # Set once and for all: while another thread predicts it is too late.
        booster.set_param({"nthread": 1, "device": "cpu"})
        self.booster = booster
        self._classes = classes

    def predict_proba(self, values: Floats) -> Doubles:
        """Probabilities, n x classes."""
        found: Doubles = self.booster.inplace_predict(values).astype(np.float64)
        return found if len(values) else np.empty((0, self._classes))

    def contributions(self, values: Floats) -> Floats:
        """What each feature adds to the log odds of each class (SHAP), n x classes x (features + 1), the bias last."""
        found: Floats = self.booster.predict(_library().DMatrix(values), pred_contribs=True)
        return found

    def dump(self) -> bytes:
        """XGBoost's own UBJSON."""
        return bytes(self.booster.save_raw("ubj"))


class BoostingTraining:
    """Rounds of one tree a class."""

    def __init__(self, how: Boosting, task: Task) -> None:
        xgboost = _library()
        self._task = task
        values = len(task.trained) * task.trained.values.shape[1]
        bins = _FINE_BINS if values <= _FEW_VALUES else _BINS
        # XGBoost may have been built for the CPU alone, where the rest of the training has a GPU.
        device = task.device if xgboost.build_info()["USE_CUDA"] else "cpu"
        self._parameters = {
            "objective": "multi:softprob",
            "num_class": task.classes,
            "tree_method": "hist",
            "max_bin": bins,
            "max_depth": how.depth,
            "eta": max(how.rate, min(_STEEPEST, _STEPS / task.schedule)),
            "subsample": how.rows,
            "colsample_bynode": how.features,
            "min_child_weight": how.least_weight,
            "lambda": how.l2,
            "nthread": task.threads,
            "device": device,
        }
        cache = task.scratch / "bins" if task.scratch and device == "cpu" and values > _MANY_VALUES else None
        if cache is not None:
            _check_room(cache.parent, values * _BIN_BYTES)
        kind = xgboost.QuantileDMatrix if cache is None else xgboost.ExtMemQuantileDMatrix
        self._matrix = kind(_source(xgboost, task, cache), max_bin=bins, nthread=task.threads)
        self._watched = xgboost.DMatrix(task.watched.features()) if len(task.watched) else None
        self._booster = self._begun(None, 0)
        self.rounds = 0

    def advance(self, rounds: int) -> None:
        """Boost on.

        XGBoost cannot save the state of what it draws rows and features by. So every segment begins with a booster
        read from bytes and a seed of its own, whether the process was restarted or not.
        """
        if self.rounds:
            self._booster = self._begun(self._booster.save_raw("ubj"), self.rounds)
        for number in range(self.rounds, self.rounds + rounds):
            self._booster.update(self._matrix, number)
        self.rounds += rounds

    def watched_proba(self) -> Doubles:
        """Probabilities of the watched rows."""
        assert self._watched is not None
        found: Doubles = self._booster.predict(self._watched).astype(np.float64)
        return found

    def member(self) -> BoostingMember:
        """A copy of the booster."""
        return BoostingMember(_library().Booster(model_file=self._booster.save_raw("ubj")), self._task.classes)

    def dump(self) -> bytes:
        """The booster; margins are summed anew from its trees."""
        return bytes(self._booster.save_raw("ubj"))

    def restore(self, state: bytes) -> None:
        """Boost on from these trees.

        Raises:
            BadFile: they are none.
        """
        self.rounds = check_boosted(state, self._task.trained.values.shape[1], self._task.classes)
        xgboost = _library()
        try:
            self._booster = self._begun(bytearray(state), self.rounds)
        except xgboost.core.XGBoostError as error:
            raise BadFile(f"no state of XGBoost: {first_line(error)}") from None

    def _begun(self, model: bytearray | None, rounds: int) -> Any:
        seed = {"seed": (self._task.seed * _SEEDS + rounds) % 2**31}
        return _library().Booster(self._parameters | seed, [self._matrix], model_file=model)


def _source(xgboost: Any, task: Task, cache: Path | None) -> Any:
    """Rows handed to XGBoost a part at a time, so that they are never copied at once."""
    parts = list(chunks(len(task.trained)))

    class Parts(xgboost.DataIter):  # type: ignore[misc]
        def __init__(self) -> None:
            self._next = 0
            super().__init__(cache_prefix=None if cache is None else str(cache))

        def next(self, input_data: Any) -> bool:
            if self._next == len(parts):
                return False
            part = parts[self._next]
            data, label, weight = task.draw(np.arange(part.start, part.stop), self._next)
            self._next += 1
            input_data(data=data, label=label, weight=weight)
            return True

        def reset(self) -> None:
            self._next = 0

    return Parts()


def _check_room(folder: Path, wanted: int) -> None:
    # XGBoost maps its files: on a full disk the process would die.
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise StorageError(
            f"cannot keep the bins of trees in {folder}: they take {wanted / 1e9:.1f} GB, {free / 1e9:.1f} GB are free"
        )
