"""One member's training: round after round, stopped early, taken up again after a crash."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from skyband.models.classifier.matrix import Doubles, Integers
from skyband.models.classifier.members.member import Learner, Member, Task
from skyband.models.classifier.sealed import read_sealed, write_sealed
from skyband.schema.errors import BadFile

_LEAST_GAIN = 1e-5
"""A log loss that is not lower by so much is no better."""
_SMALLEST = 1e-7
"""Probabilities below count as this in logarithms."""

OnRound = Callable[[int, int, float | None], None]
"""Is told the round, of how many, and the log loss of the watched rows if there are any."""


@dataclass(frozen=True)
class Pace:
    """When to stop, and when to save.

    Attributes:
        patience: looks at the watched rows without gain after which a training stops.
        checkpoint_s: seconds between two checkpoints at least; results do not depend on it.
    """

    patience: int = 6
    checkpoint_s: float = 10.0


@dataclass(frozen=True)
class Fitted:
    """A trained member.

    Attributes:
        member: at its best round.
        rounds: up to there.
        seconds: that it took, of all processes that worked on it.
    """

    member: Member
    rounds: int
    seconds: float


@dataclass
class _Course:
    """What is known of a training besides its state."""

    best: float | None = None
    best_rounds: int = 0
    waited: int = 0
    seconds: float = 0.0
    stopped: bool = False


def fit(
    learner: Learner,
    task: Task,
    checkpoint: Path,
    *,
    pace: Pace,
    on_round: OnRound | None = None,
) -> Fitted:
    """Train a member.

    Args:
        learner: its kind.
        task: all that it depends on.
        checkpoint: where the state is kept, and a training goes on; the caller removes it when the result is safe.
        pace: when to stop and save.
        on_round: is told how it goes.

    Returns:
        The same member, however often the process was killed and begun again.

    Raises:
        BadFile: the checkpoint is damaged.
    """
    training = learner.start(task)
    course, best = _Course(), b""
    if checkpoint.exists():
        note, parts = read_sealed(checkpoint)
        try:
            training.restore(parts["state"])
        except BadFile as error:
            raise BadFile(f"checkpoint {checkpoint}: {error}; remove it, and its part is trained again") from None
        course, best = _Course(**note), parts["best"]
    watches = learner.stops_early and len(task.watched) > 0
    segment = learner.segment(task.schedule)
    began = saved = time.monotonic()
    earlier = course.seconds
    while training.rounds < task.rounds and not course.stopped:
        training.advance(min(segment, task.rounds - training.rounds))
        score = log_loss(training.watched_proba(), task.watched.codes) if len(task.watched) else None
        if watches and score is not None:
            if course.best is None or score < course.best - _LEAST_GAIN:
                course.best, course.best_rounds, course.waited = score, training.rounds, 0
                best = training.member().dump()
            else:
                course.waited += 1
            course.stopped = course.waited >= pace.patience
        course.seconds = earlier + time.monotonic() - began
        if time.monotonic() - saved >= pace.checkpoint_s:
            write_sealed(checkpoint, asdict(course), {"state": training.dump(), "best": best})
            saved = time.monotonic()
        if on_round is not None:
            on_round(training.rounds, task.rounds, score)
    if not watches:
        return Fitted(training.member(), training.rounds, course.seconds)
    features = task.trained.values.shape[1]
    return Fitted(learner.load(best, features, task.classes), course.best_rounds, course.seconds)


def log_loss(probabilities: Doubles, codes: Integers, weights: Doubles | None = None) -> float:
    """Mean of -ln p of the true classes."""
    true = np.maximum(probabilities[np.arange(len(codes)), codes], _SMALLEST)
    return float(np.average(-np.log(true), weights=weights))
