"""Which class a row is called, from its probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.matrix import Doubles, Integers
from skyband.models.classifier.metrics import confusion_of, precision_recall_f1

_TILTS = tuple(step / 20 for step in range(21))
_RARE = 0.05
"""Share of the rows below which a class is rare."""
_ACCURACY, _F1 = 0.001, 0.01
"""That the recall of rare classes may cost."""
SURE = 0.9
"""Probability above which a row is called its likeliest class, whatever the rule: there is no doubt to give."""


@dataclass(frozen=True)
class Decision:
    """The class of the largest p / share ** tilt (Menon et al. 2021, arXiv:2007.07314, there in logarithms).

    Attributes:
        tilt: 0 for the likeliest class; more gives rare classes the benefit of the doubt, up to 1, where mean recall is
            highest.
    """

    tilt: float = 0.0

    @classmethod
    def fit(cls, probabilities: Doubles, codes: Integers, shares: Doubles, weights: Doubles | None = None) -> Decision:
        """The rule that finds most of the rare classes for a thousandth of accuracy and a hundredth of macro F1.

        Args:
            probabilities: n x classes, under the prior `shares`, of rows that were not learnt from.
            codes: true classes.
            shares: of the classes. Where none is rare, the rule is the likeliest class.
            weights: of the rows, None for all alike.
        """
        rare = shares < _RARE
        if not rare.any():
            return cls()
        rules = [cls(tilt) for tilt in _TILTS]
        tables = [confusion_of(rule.codes(probabilities, shares), codes, len(shares), weights) for rule in rules]
        accuracy = np.array([np.trace(table) / table.sum() for table in tables])
        _, recall, f1 = np.array([precision_recall_f1(table) for table in tables]).transpose(1, 0, 2)
        cheap = (accuracy >= accuracy[0] - _ACCURACY) & (f1.mean(axis=1) >= f1.mean(axis=1).max() - _F1)
        # The likeliest class is always allowed: what else is there may cost F1 too.
        cheap[0] = True
        return rules[int(np.where(cheap, recall[:, rare].mean(axis=1), -1.0).argmax())]

    def codes(self, probabilities: Doubles, shares: Doubles) -> Integers:
        """Number of the class of each row.

        Args:
            probabilities: n x classes, under the prior `shares`.
            shares: of the classes.
        """
        likeliest = probabilities.argmax(axis=1)
        if not self.tilt:
            return np.asarray(likeliest)
        tilted = (probabilities / shares**self.tilt).argmax(axis=1)
        return np.asarray(np.where(probabilities.max(axis=1) > SURE, likeliest, tilted))
