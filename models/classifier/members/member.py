"""What every model of an ensemble can do, and what it is trained with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from skyband.models.classifier.bands import Bands
from skyband.models.classifier.matrix import Doubles, Floats, Integers, blocks
from skyband.schema.processors import in_order

SIZES = 7
"""How large trainings can be."""

_DRAWN_AGAIN = 0.25
"""Share of the rows that trees learn from once more. By the bands alone that labelled sets have in common (84 % can be
told right by them) trees call 33 % right without it, 75 % with it and 78 % if all rows are drawn again; by all their
bands 91 % each time."""


@dataclass(frozen=True)
class Rows:
    """Rows of a matrix to train with.

    Attributes:
        values: of the whole matrix, N x f; NaN is missing.
        chosen: rows of it, shape (n,).
        codes: class of each chosen row, shape (n,).
        weights: of each chosen row, shape (n,), mean about 1.
    """

    values: Floats
    chosen: Integers
    codes: Integers
    weights: Doubles

    def __len__(self) -> int:
        return len(self.chosen)

    def features(self) -> Floats:
        """Features of the chosen rows, n x f, copied."""
        return self.values[self.chosen]


@dataclass(frozen=True)
class Task:
    """All that a training depends on.

    Attributes:
        trained: rows to learn from.
        watched: rows whose log loss says when to stop; may be none.
        classes: number of classes; all of them are in `trained`.
        rounds: most rounds (trees or epochs).
        schedule: rounds a schedule of learning rates is laid out for, `rounds` or more.
        seed: of everything random.
        threads: of the processor; sums depend on them in their last digits.
        processors: threads for what does not depend on their number.
        device: "cpu" or "cuda".
        bands: features by the bands they need.
        band_dropout: chance with which a row loses a band, where it is learnt with less than was observed; 0 for rows
            as they are alone.
        scratch: folder for what does not fit into memory, emptied when the training ends; None keeps all of it there.
    """

    trained: Rows
    watched: Rows
    classes: int
    rounds: int
    schedule: int
    seed: int
    threads: int
    processors: int
    device: str
    bands: Bands
    band_dropout: float
    scratch: Path | None = None

    def draw(self, part: Integers, number: int) -> tuple[Floats, Integers, Doubles]:
        """Features, classes and weights of some trained rows, and of every fourth of them as if less were observed.

        Args:
            part: places in `trained`.
            number: of this draw; what is not observed differs between any two.
        """
        rows = self.trained
        values, codes, weights = rows.values[rows.chosen[part]], rows.codes[part], rows.weights[part]
        if not self.band_dropout:
            return values, codes, weights
        random = np.random.default_rng([self.seed, number])
        again = np.flatnonzero(random.random(len(part)) < _DRAWN_AGAIN)
        poorer = self.bands.less_observed(values[again], self.band_dropout, random)
        return (
            np.concatenate([values, poorer]),
            np.concatenate([codes, codes[again]]),
            np.concatenate([weights, weights[again]]),
        )


class Member(Protocol):
    """A trained model."""

    def predict_proba(self, values: Floats) -> Doubles:
        """Probabilities n x classes of rows n x f, by the calling thread alone; several threads may ask at once."""

    def dump(self) -> bytes:
        """The model as bytes that `Learner.load` takes; they hold numbers, never code."""


def probabilities(member: Member, values: Floats, threads: int) -> Doubles:
    """Probabilities n x classes of many rows n x f, by several threads."""
    return np.concatenate(list(in_order(lambda rows: member.predict_proba(values[rows]), blocks(len(values)), threads)))


class Training(Protocol):
    """A training under way: a chain of segments, each of which depends on what `dump` gave after the one before."""

    rounds: int
    """Rounds that are done."""

    def advance(self, rounds: int) -> None:
        """Do a segment of some more."""

    def watched_proba(self) -> Doubles:
        """Probabilities of the watched rows, n x classes."""

    def member(self) -> Member:
        """The model as it is now."""

    def dump(self) -> bytes:
        """All that further rounds depend on."""

    def restore(self, state: bytes) -> None:
        """Go on from a state of `dump` of the same task.

        Raises:
            BadFile: it is none.
        """


class Learner(Protocol):
    """A kind of model. One of LightGBM or CatBoost joins the ensemble as an entry point (`members.known`)."""

    @property
    def name(self) -> str:
        """In file names: letters and dashes."""

    @property
    def suffix(self) -> str:
        """Of files of its models, with the dot."""

    @property
    def libraries(self) -> tuple[str, ...]:
        """Distributions its results depend on."""

    @property
    def stops_early(self) -> bool:
        """Whether more rounds than the best harm it."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Rounds at most of `SIZES` trainings, from small to large."""

    def row_seconds(self, rounds: int, features: int, classes: int, threads: int, processors: int) -> float:
        """Seconds a row takes in a training on a laptop, roughly: good for choosing a size, no promise.

        Args:
            rounds: of the training.
            features, classes: how many there are.
            threads, processors: as in `Task`.
        """

    def segment(self, rounds: int) -> int:
        """Rounds between two looks at the watched rows, of so many in all."""

    def start(self, task: Task) -> Training:
        """Begin a training."""

    def load(self, data: bytes, features: int, classes: int) -> Member:
        """The model of `Member.dump`.

        Raises:
            BadFile: it is none of this kind, or has other features or classes.
        """
