"""Small models, boosted trees of a few seconds, for experiments with what a model may see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from skyband.models.classifier.bands import Bands
from skyband.models.classifier.matrix import Doubles, Floats, Integers
from skyband.models.classifier.members.boosting import Boosting
from skyband.models.classifier.members.member import Member, Rows, Task, probabilities

MOST_ROWS = 20_000
"""That an experiment looks at."""
_ROUNDS = 80
_STEP = 20
_HOW = Boosting(depth=6, rate=0.1)

OnStep = Callable[[], None]
"""Is told that a small model is done."""


def quick_model(values: Floats, codes: Integers, trained: Integers, classes: int, *, threads: int = 1) -> Member:
    """A model of some rows.

    Args:
        values: features, N x f.
        codes: true classes of all N rows.
        trained: rows to learn from.
        classes: number of them.
        threads: of the processor.
    """
    rows = Rows(values, trained, codes[trained], np.ones(len(trained)))
    nothing = np.empty(0, np.int64)
    task = Task(
        trained=rows,
        watched=Rows(values, nothing, nothing, np.empty(0)),
        classes=classes,
        rounds=_ROUNDS,
        schedule=_ROUNDS,
        seed=0,
        threads=threads,
        processors=threads,
        device="cpu",
        bands=Bands.none(values.shape[1]),
        band_dropout=0.0,
    )
    training = _HOW.start(task)
    for _ in range(0, _ROUNDS, _STEP):
        training.advance(_STEP)
    return training.member()


def cross_validated(
    values: Floats, codes: Integers, fold: Integers, classes: int, *, threads: int = 1, on_step: OnStep | None = None
) -> Doubles:
    """Probabilities of all rows n x classes, each by a model of the other folds."""
    found = np.empty((len(codes), classes))
    for number in np.unique(fold):
        own = fold == number
        member = quick_model(values, codes, np.flatnonzero(~own), classes, threads=threads)
        found[own] = probabilities(member, values[own], threads)
        if on_step is not None:
            on_step()
    return found


def sample_of(rows: int, most: int = MOST_ROWS) -> Integers:
    """At most so many of n rows, by chance, always the same."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))
