"""Each class: what is found of it and what is called so, with intervals that hold for few rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.matrix import Integers
from skyband.models.classifier.metrics import confusion_of, precision_recall_f1
from skyband.models.validation.measures import Share

RARE_SHARE, RARE_ROWS = 0.05, 100


@dataclass(frozen=True)
class ClassReport:
    """Of one class.

    Attributes:
        name: of it.
        recall: share of its rows that are called so.
        precision: share of what is called so that is.
        f1: harmonic mean of both.
        is_rare: fewer than 5 % of the rows, or than 100.
        taken_for: other classes its rows were called, with their number, most first.
    """

    name: str
    recall: Share
    precision: Share
    f1: float
    is_rare: bool
    taken_for: dict[str, int]


def class_reports(called: Integers, codes: Integers, classes: Sequence[str]) -> list[ClassReport]:
    """Of every class.

    Args:
        called: likeliest class of each row.
        codes: true one.
        classes: names.
    """
    confusion = confusion_of(called, codes, len(classes))
    f1 = precision_recall_f1(confusion)[2]
    found = []
    for code, name in enumerate(classes):
        rows = int(confusion[code].sum())
        wrong = [(classes[other], int(confusion[code, other])) for other in np.argsort(-confusion[code], kind="stable")]
        found.append(
            ClassReport(
                name=name,
                recall=Share.of(int(confusion[code, code]), rows),
                precision=Share.of(int(confusion[code, code]), int(confusion[:, code].sum())),
                f1=float(f1[code]),
                is_rare=rows < max(RARE_SHARE * len(codes), RARE_ROWS),
                taken_for={other: count for other, count in wrong if count and other != name},
            )
        )
    return found
