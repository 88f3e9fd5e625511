"""How good probabilities are, in the field's measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skyband.models.classifier.fitting import log_loss
from skyband.models.classifier.matrix import Doubles, Flags, Integers
from skyband.schema.errors import BadTable

CALIBRATION_BINS = 15


@dataclass(frozen=True)
class ClassScores:
    """Of one class.

    Attributes:
        rows: of that class.
        precision: share of what is called so that is; 0 where nothing is called so.
        recall: share of its rows that are called so.
        f1: harmonic mean of both.
    """

    rows: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Scores:
    """Of n rows.

    Attributes:
        rows: n.
        accuracy: share of rows whose likeliest class is the true one.
        macro_f1: mean of F1 over the classes.
        ece: expected calibration error of the likeliest class, 15 equal bins (Guo et al. 2017, arXiv:1706.04599).
        brier: mean of the summed squared errors of probabilities, 0 to 2.
        nll: mean of -ln p of the true class.
        by_class: scores of each.
        confusion: rows by true class and likeliest class.
    """

    rows: int
    accuracy: float
    macro_f1: float
    ece: float
    brier: float
    nll: float
    by_class: dict[str, ClassScores]
    confusion: list[list[int]]


def scores(probabilities: Doubles, codes: Integers, classes: Sequence[str], called: Integers | None = None) -> Scores:
    """Measure probabilities against the truth.

    Args:
        probabilities: n x classes.
        codes: true classes, shape (n,).
        classes: their names.
        called: what each row is called; None for its likeliest class.

    Raises:
        BadTable: there are no rows.
    """
    if not len(codes):
        raise BadTable("there are no rows to measure a classifier on")
    size = len(classes)
    called = probabilities.argmax(axis=1) if called is None else called
    confusion = confusion_of(called, codes, size)
    precision, recall, f1 = precision_recall_f1(confusion)
    truth = np.eye(size)[codes]
    return Scores(
        rows=len(codes),
        accuracy=float((called == codes).mean()),
        macro_f1=float(f1.mean()),
        ece=calibration_error(probabilities, codes),
        brier=float(((probabilities - truth) ** 2).sum(axis=1).mean()),
        nll=log_loss(probabilities, codes),
        by_class={
            name: ClassScores(
                int(confusion[number].sum()), float(precision[number]), float(recall[number]), float(f1[number])
            )
            for number, name in enumerate(classes)
        },
        confusion=confusion.tolist(),
    )


def confusion_of(called: Integers, codes: Integers, classes: int, weights: Doubles | None = None) -> NDArray[Any]:
    """Rows, or their weights, by true class and by what they are called: classes x classes."""
    return np.bincount(codes * classes + called, weights=weights, minlength=classes**2).reshape(classes, classes)


def precision_recall_f1(confusion: NDArray[Any]) -> tuple[Doubles, Doubles, Doubles]:
    """Precision, recall and F1 of each class from rows (or their weights) by true class and called class; 0 where
    nothing is of a class or called so."""
    right = np.diag(confusion).astype(np.float64)
    true, called = confusion.sum(axis=1), confusion.sum(axis=0)

    def share(of: NDArray[Any], times: float = 1.0) -> Doubles:
        return np.asarray(np.divide(times * right, of, out=np.zeros(len(right)), where=of > 0))

    return share(called), share(true), share(true + called, 2.0)


def calibration_error(
    probabilities: Doubles, codes: Integers, bins: int = CALIBRATION_BINS, *, weights: Doubles | None = None
) -> float:
    """Mean gap between confidence and accuracy over equal bins of confidence, weighted by their rows."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == codes
    weights = np.ones(len(codes)) if weights is None else weights
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(place, weights=weights * (correct - confidence), minlength=bins)
    return float(np.abs(gaps).sum() / weights.sum())


def area_under_curve(values: Doubles, positive: Flags) -> float:
    """Chance that a positive row has a higher value than another, ties counting half."""
    from scipy.stats import rankdata

    count, total = int(positive.sum()), len(positive)
    ranks = rankdata(values)[positive].sum()
    return float((ranks - count * (count + 1) / 2) / (count * (total - count)))
