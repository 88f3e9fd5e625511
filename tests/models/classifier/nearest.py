"""A kind of member as another package may bring it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.matrix import Doubles, Floats
from skyband.models.classifier.members.member import SIZES, Task


@dataclass(frozen=True)
class Nearest:
    """Classes by the nearest of their centres."""

    name: str = "nearest"
    suffix: str = ".bytes"
    libraries: tuple[str, ...] = ("numpy",)
    stops_early: bool = False
    sizes: tuple[int, ...] = (1,) * SIZES

    def row_seconds(self, rounds: int, features: int, classes: int, threads: int, processors: int) -> float:
        return 1e-8 * features * classes

    def segment(self, rounds: int) -> int:
        return rounds

    def start(self, task: Task) -> _Centres:
        return _Centres(task)

    def load(self, data: bytes, features: int, classes: int) -> _Nearest:
        return _Nearest(np.frombuffer(data).reshape(classes, features))


@dataclass
class _Nearest:
    centres: Doubles

    def predict_proba(self, values: Floats) -> Doubles:
        gaps = np.nan_to_num(values[:, None] - self.centres)
        powers = np.exp(-(gaps**2).sum(axis=2))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def dump(self) -> bytes:
        return self.centres.tobytes()


class _Centres:
    def __init__(self, task: Task) -> None:
        self.rounds = 0
        self._task = task

    def advance(self, rounds: int) -> None:
        self.rounds += rounds

    def watched_proba(self) -> Doubles:
        return self.member().predict_proba(self._task.watched.features())

    def member(self) -> _Nearest:
        rows = self._task.trained
        values = rows.features().astype(np.float64)
        return _Nearest(
            np.array([np.nanmean(values[rows.codes == code], axis=0) for code in range(self._task.classes)])
        )

    def dump(self) -> bytes:
        return str(self.rounds).encode()

    def restore(self, state: bytes) -> None:
        self.rounds = int(state)
