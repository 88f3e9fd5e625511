"""Several members' probabilities made one: by vote or by a stacked regression, chosen on rows none had learnt from."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skyband.models.classifier.fitting import log_loss
from skyband.models.classifier.matrix import Doubles, Integers
from skyband.models.classifier.temperature import SMALLEST, Temperatures, softmax

_STACK_ROWS = 100_000
"""Rows a stacked regression is fitted on at most."""
_PENALTY = 1.0
"""Of its squared coefficients (C of scikit-learn)."""


@dataclass(frozen=True)
class Votes:
    """What the members say of n rows.

    Attributes:
        fine: probabilities of the classes by each member, members x n x classes.
        coarse: probabilities of the coarse classes by each member of that level, members x n x coarse classes; no
            members where there is no such level.
        of: coarse class of each class.
    """

    fine: Doubles
    coarse: Doubles
    of: Integers

    def __len__(self) -> int:
        return int(self.fine.shape[1])

    def rows(self, chosen: Any) -> Votes:
        """Those of some rows."""
        return Votes(self.fine[:, chosen], self.coarse[:, chosen], self.of)

    def mean(self, levels: bool) -> Doubles:
        """The mean of the members, n x classes.

        With levels the coarse classes come first: their probability is the mean of all members of both levels, and it
        is parted among the classes as the fine members part it.
        """
        fine = np.asarray(self.fine.mean(axis=0))
        if not levels:
            return np.asarray(fine)
        within = np.maximum(self._parents(fine), SMALLEST)
        both = np.concatenate([self._parents(self.fine), self.coarse]).mean(axis=0)
        found = fine * (both / within)[:, self.of]
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    def _parents(self, fine: Doubles) -> Doubles:
        """Sums of the classes of each coarse class, along the last axis."""
        sums = [fine[..., self.of == coarse].sum(axis=-1) for coarse in range(self.coarse.shape[2])]
        return np.stack(sums, axis=-1)

    def logs(self, levels: bool) -> Doubles:
        """Logarithms of all members' probabilities side by side, n x inputs."""
        blocks = [*self.fine, *(self.coarse if levels else ())]
        return np.asarray(np.log(np.maximum(np.concatenate(blocks, axis=1), SMALLEST)))


@dataclass(frozen=True)
class Combination:
    """How votes become probabilities.

    Attributes:
        kind: "vote" or "stack".
        levels: whether the coarse level has a say.
        by_magnitude: whether temperatures are by magnitude.
        coefficients: of a stacked multinomial logistic regression, (inputs + 1) x classes, the intercept last; empty
            for a vote.
        temperatures: of the calibration.
    """

    kind: str
    levels: bool
    by_magnitude: bool
    coefficients: Doubles
    temperatures: Temperatures

    @property
    def name(self) -> str:
        """In words."""
        return self.kind + (" with levels" if self.levels else "") + (" by magnitude" if self.by_magnitude else "")

    def apply(self, votes: Votes, magnitude: Doubles | None) -> Doubles:
        """Calibrated probabilities, n x classes, under the prior of the training."""
        return self.temperatures.apply(_combined(votes, self.levels, self.coefficients), magnitude)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kind": self.kind,
            "levels": self.levels,
            "by_magnitude": self.by_magnitude,
            "coefficients": self.coefficients.tolist(),
            "temperatures": self.temperatures.to_json(),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Combination:
        """What `to_json` gave."""
        return cls(
            str(stored["kind"]),
            bool(stored["levels"]),
            bool(stored["by_magnitude"]),
            np.array(stored["coefficients"], float),
            Temperatures.from_json(stored["temperatures"]),
        )


@dataclass(frozen=True)
class Choice:
    """What was tried and taken.

    Attributes:
        combination: the best, fitted on all rows.
        probabilities: by it, each fold's from a fit on the others, n x classes.
        log_losses: of all that were tried, by name, measured likewise.
    """

    combination: Combination
    probabilities: Doubles
    log_losses: dict[str, float]


def choose_combination(
    votes: Votes,
    codes: Integers,
    fold: Sequence[int] | np.ndarray[Any, Any],
    weights: Doubles | None,
    magnitude: Doubles | None,
) -> Choice:
    """Try vote and stack, with and without levels and temperatures by magnitude; take what has the least log loss.

    Args:
        votes: out-of-fold probabilities of the members.
        codes: true classes.
        fold: of each row; what is measured in a fold was fitted on the others.
        weights: of rows, or None.
        magnitude: of rows, or None.
    """
    folds = np.asarray(fold)
    numbers = np.unique(folds).tolist()
    tried: dict[str, tuple[float, Doubles, tuple[str, bool, bool]]] = {}
    for kind in ("vote", "stack"):
        for levels in (False, True) if len(votes.coarse) else (False,):
            regressions = [_regression(kind, levels, votes, codes, weights, folds != number) for number in numbers]
            for by_magnitude in (False, True) if magnitude is not None else (False,):
                found = np.empty((len(codes), votes.fine.shape[2]))
                for number, coefficients in zip(numbers, regressions, strict=True):
                    one = _calibrated(
                        (kind, levels, by_magnitude), coefficients, votes, codes, weights, magnitude, folds != number
                    )
                    own = folds == number
                    found[own] = one.apply(votes.rows(own), None if magnitude is None else magnitude[own])
                tried[one.name] = (log_loss(found, codes, weights), found, (kind, levels, by_magnitude))
    _, probabilities, (kind, levels, by_magnitude) = min(tried.values(), key=lambda item: item[0])
    everywhere = np.ones(len(codes), bool)
    coefficients = _regression(kind, levels, votes, codes, weights, everywhere)
    combination = _calibrated((kind, levels, by_magnitude), coefficients, votes, codes, weights, magnitude, everywhere)
    return Choice(combination, probabilities, {name: loss for name, (loss, *_) in tried.items()})


def _combined(votes: Votes, levels: bool, coefficients: Doubles) -> Doubles:
    if not len(coefficients):
        return votes.mean(levels)
    # Not as a product of matrices, which would call threads that hinder each other.
    return softmax(np.einsum("ri,ic->rc", votes.logs(levels), coefficients[:-1]) + coefficients[-1])


def _calibrated(
    choice: tuple[str, bool, bool],
    coefficients: Doubles,
    votes: Votes,
    codes: Integers,
    weights: Doubles | None,
    magnitude: Doubles | None,
    rows: np.ndarray[Any, np.dtype[np.bool_]],
) -> Combination:
    kind, levels, by_magnitude = choice
    combined = _combined(votes.rows(rows), levels, coefficients)
    temperatures = Temperatures.fit(
        combined,
        codes[rows],
        None if weights is None else weights[rows],
        magnitude[rows] if by_magnitude and magnitude is not None else None,
    )
    return Combination(kind, levels, by_magnitude, coefficients, temperatures)


def _regression(
    kind: str,
    levels: bool,
    votes: Votes,
    codes: Integers,
    weights: Doubles | None,
    rows: np.ndarray[Any, np.dtype[np.bool_]],
) -> Doubles:
    """Coefficients of a multinomial logistic regression on logarithms of probabilities; none for a vote."""
    if kind == "vote":
        return np.empty((0, votes.fine.shape[2]))
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    chosen = np.flatnonzero(rows)
    if len(chosen) > _STACK_ROWS:
        chosen = np.sort(np.random.default_rng(0).choice(chosen, _STACK_ROWS, replace=False))
    inputs = votes.rows(chosen).logs(levels)
    # Logarithms of classes that are always told spread over many units, of others over few: alike, they take a third of
    # the steps.
    spread = np.maximum(inputs.std(axis=0), 1e-6)
    model = LogisticRegression(C=_PENALTY, max_iter=2_000)
    # Threads of small sums wait for each other longer than they work. One that has not arrived is judged as it is.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(inputs / spread, codes[chosen], sample_weight=None if weights is None else weights[chosen])
    found = np.zeros((inputs.shape[1] + 1, votes.fine.shape[2]))
    slopes, intercepts = model.coef_ / spread, model.intercept_
    if len(model.classes_) == 2:
        # Of two classes scikit-learn gives the second's odds.
        slopes, intercepts = np.vstack([-slopes, slopes]) / 2, np.concatenate([-intercepts, intercepts]) / 2
    absent = np.setdiff1d(np.arange(found.shape[1]), model.classes_)
    found[:-1, model.classes_], found[-1, model.classes_] = slopes.T, intercepts
    found[-1, absent] = np.log(SMALLEST)
    return found
