"""How far a training is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """A step of a training.

    Attributes:
        stage: "folds" (out-of-fold predictions), "final" (members of all rows), "ensemble".
        member: that is trained; "" for none.
        fold: that is held out; None for none.
        round: of the member.
        rounds: of the member at most.
        metric: log loss of watched rows; None where none are watched.
        seconds_left: a guess; None before there is ground for one.
    """

    stage: str
    member: str = ""
    fold: int | None = None
    round: int = 0
    rounds: int = 0
    metric: float | None = None
    seconds_left: float | None = None


OnProgress = Callable[[Progress], None]


class Clock:
    """Guesses the time left from the time the trainings behind took.

    A training's cost is taken to go with its rounds; members of one kind cost alike, and those not yet seen cost as
    the mean of those seen.
    """

    def __init__(self, planned: dict[str, int]) -> None:
        """Begin.

        Args:
            planned: trainings of each member.
        """
        self._left = {name: float(count) for name, count in planned.items()}
        self._seconds: dict[str, list[float]] = {}
        self._began = time.monotonic()

    def start(self) -> None:
        """A training begins."""
        self._began = time.monotonic()

    def done(self, member: str, seconds: float) -> None:
        """One has ended, now or in an earlier process."""
        self._left[member] -= 1
        self._seconds.setdefault(member, []).append(seconds)

    def seconds_left(self, member: str, share: float) -> float | None:
        """A guess while a training is done by this share."""
        means = {name: sum(some) / len(some) for name, some in self._seconds.items()}
        if share > 0:
            means.setdefault(member, (time.monotonic() - self._began) / share)
        if not means:
            return None
        typical = sum(means.values()) / len(means)
        whole = sum(left * means.get(name, typical) for name, left in self._left.items())
        return max(0.0, whole - share * means.get(member, typical))
