"""Measures of some rows, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.kinds import classes_of
from skyband.models.classifier.matrix import Doubles, Flags, Integers
from skyband.models.classifier.metrics import area_under_curve, calibration_error, confusion_of, precision_recall_f1

CONFIDENCE = 0.95
"""Of all intervals."""


@dataclass(frozen=True)
class Share:
    """A share of some rows.

    Attributes:
        rows: there are.
        found: of them.
        share: found / rows; None without rows.
        low, high: Wilson's 95 % interval (Wilson 1927, J. Am. Stat. Assoc. 22, 209), which holds for small numbers too.
    """

    rows: int
    found: int
    share: float | None
    low: float
    high: float

    @classmethod
    def of(cls, found: int, rows: int) -> Share:
        """The share and its interval."""
        from astropy.stats import binom_conf_interval

        if not rows:
            return cls(0, 0, None, 0.0, 1.0)
        low, high = binom_conf_interval(found, rows, confidence_level=CONFIDENCE, interval="wilson")
        return cls(int(rows), int(found), found / rows, float(low), float(high))

    @classmethod
    def that(cls, flags: Flags) -> Share:
        """The share of rows that are so."""
        return cls.of(int(flags.sum()), len(flags))


@dataclass(frozen=True)
class Said:
    """What a model says of n rows of known classes.

    Attributes:
        probabilities: n x classes.
        called: class of each row, as the model decides.
        codes: true ones.
    """

    probabilities: Doubles
    called: Integers
    codes: Integers

    @classmethod
    def likeliest(cls, probabilities: Doubles, codes: Integers) -> Said:
        """Rows that are called what is likeliest."""
        return cls(probabilities, np.asarray(probabilities.argmax(axis=1)), codes)

    def rows(self, chosen: Integers | Flags) -> Said:
        """Of some of the rows."""
        return Said(self.probabilities[chosen], self.called[chosen], self.codes[chosen])


@dataclass(frozen=True)
class Figures:
    """How good probabilities are on some rows.

    Attributes:
        accuracy: share of rows that are called what they are.
        macro_f1: mean of F1 over the classes there are among the rows.
        ece: expected calibration error.
        confidence: mean probability of the likeliest class.
    """

    accuracy: Share
    macro_f1: float
    ece: float
    confidence: float

    @classmethod
    def of(cls, said: Said) -> Figures:
        """Of one row at least."""
        return cls(
            accuracy=Share.that(said.called == said.codes),
            macro_f1=macro_f1(said.called, said.codes, said.probabilities.shape[1]),
            ece=calibration_error(said.probabilities, said.codes),
            confidence=float(said.probabilities.max(axis=1).mean()),
        )


def macro_f1(called: Integers, codes: Integers, classes: int) -> float:
    """Mean of F1 over the classes that the rows are of."""
    confusion = confusion_of(called, codes, classes)
    return float(precision_recall_f1(confusion)[2][confusion.sum(axis=1) > 0].mean())


def star_galaxy_auc(probabilities: Doubles, codes: Integers, classes: tuple[str, ...]) -> float | None:
    """Area under the ROC curve of p(star) over p(galaxy), stars of all kinds against galaxies; None without both."""
    stars, galaxies = classes_of(classes, "star"), classes_of(classes, "galaxy")
    both = (stars | galaxies)[codes]
    is_star = stars[codes[both]]
    if not is_star.any() or is_star.all():
        return None
    star, galaxy = (np.maximum(probabilities[both][:, some].sum(axis=1), 1e-300) for some in (stars, galaxies))
    return area_under_curve(np.log(star) - np.log(galaxy), is_star)
