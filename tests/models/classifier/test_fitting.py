"""One training: it stops early, is saved, and is taken up wherever it was killed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from skyband.models.classifier.bands import Bands
from skyband.models.classifier.fitting import Pace, fit, log_loss
from skyband.models.classifier.matrix import Doubles, Floats
from skyband.models.classifier.members.member import SIZES, Rows, Task
from skyband.schema.errors import BadFile

CODES = np.array([0, 1, 1, 0])
# Log losses of the rounds 1 to 9: they fall, rise, and fall again too late.
SURE = [0.5, 0.6, 0.7, 0.8, 0.75, 0.74, 0.73, 0.99, 0.99]


@dataclass
class Known:
    """Gives the true class the probability of its round."""

    rounds: int

    def predict_proba(self, values: Floats) -> Doubles:
        sure = SURE[self.rounds - 1]
        return np.where(np.eye(2)[CODES] > 0, sure, 1 - sure)

    def dump(self) -> bytes:
        return str(self.rounds).encode()


class Learning:
    def __init__(self) -> None:
        self.rounds = 0

    def advance(self, rounds: int) -> None:
        self.rounds += rounds

    def watched_proba(self) -> Doubles:
        return self.member().predict_proba(np.empty((4, 1), np.float32))

    def member(self) -> Known:
        return Known(self.rounds)

    def dump(self) -> bytes:
        return self.member().dump()

    def restore(self, state: bytes) -> None:
        if not state.isdigit():
            raise BadFile("no number")
        self.rounds = int(state)


@dataclass(frozen=True)
class Teacher:
    stops_early: bool = True
    name: str = "teacher"
    suffix: str = ".txt"
    libraries: tuple[str, ...] = ()
    sizes: tuple[int, ...] = (1,) * SIZES

    def row_seconds(self, rounds: int, features: int, classes: int, threads: int, processors: int) -> float:
        return 0.0

    def segment(self, rounds: int) -> int:
        return 1

    def start(self, task: Task) -> Learning:
        return Learning()

    def load(self, data: bytes, features: int, classes: int) -> Known:
        return Known(int(data))


def task(watched: int = 4) -> Task:
    rows = Rows(np.zeros((4, 1), np.float32), np.arange(4), CODES, np.ones(4))
    seen = Rows(rows.values, np.arange(watched), CODES[:watched], np.ones(watched))
    return Task(rows, seen, 2, 9, 9, 0, 1, 1, "cpu", Bands.none(1), 0.0)


class Killed(Exception):
    """Somebody pulled the plug."""


def test_it_stops_early_at_the_best_round(tmp_path: Path) -> None:
    told: list[tuple[int, int, float | None]] = []
    found = fit(Teacher(), task(), tmp_path / "state", pace=Pace(patience=3), on_round=lambda *one: told.append(one))
    assert (found.member, found.rounds) == (Known(4), 4)
    assert [(done, most) for done, most, _ in told] == [(number, 9) for number in range(1, 8)]
    assert [one[2] for one in told] == pytest.approx([-np.log(sure) for sure in SURE[:7]])
    assert fit(Teacher(), task(), tmp_path / "state", pace=Pace(patience=4)).rounds == 8


def test_without_rows_to_watch_all_rounds_are_done(tmp_path: Path) -> None:
    assert fit(Teacher(), task(0), tmp_path / "state", pace=Pace(patience=1)).rounds == 9
    assert fit(Teacher(stops_early=False), task(), tmp_path / "state", pace=Pace(patience=1)).rounds == 9


@pytest.mark.parametrize("killed_at", range(1, 8))
def test_it_goes_on_where_it_was_killed(tmp_path: Path, killed_at: int) -> None:
    def kill(done: int, most: int, score: float | None) -> None:
        if done == killed_at:
            raise Killed

    state, pace = tmp_path / "state", Pace(patience=3, checkpoint_s=0)
    with pytest.raises(Killed):
        fit(Teacher(), task(), state, pace=pace, on_round=kill)
    told: list[int] = []
    found = fit(Teacher(), task(), state, pace=pace, on_round=lambda done, most, score: told.append(done))
    assert (found.member, found.rounds) == (Known(4), 4)
    assert told == list(range(killed_at + 1, 8))


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    state = tmp_path / "state"
    pace = Pace(patience=3, checkpoint_s=0)
    fit(Teacher(), task(), state, pace=pace)
    whole = state.read_bytes()
    for damaged in (whole[:-1], whole[:40] + b"?" + whole[41:], b"", b"something else"):
        state.write_bytes(damaged)
        with pytest.raises(BadFile, match=r"checkpoint .*state is damaged; remove it"):
            fit(Teacher(), task(), state, pace=pace)


def test_log_loss_by_hand() -> None:
    probabilities = np.array([[0.5, 0.5], [0.9, 0.1]])
    assert log_loss(probabilities, np.array([0, 1])) == pytest.approx(-(np.log(0.5) + np.log(0.1)) / 2)
    assert log_loss(probabilities, np.array([0, 1]), np.array([3.0, 1.0])) == pytest.approx(
        -(3 * np.log(0.5) + np.log(0.1)) / 4
    )
