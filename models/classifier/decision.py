"""Which class a row is called, from its probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.matrix import Doubles, Integers
from skyband.models.classifier.metrics import confusion_of, precision_recall_f1

_TILTS = tuple(step / 20 for step in range(11))


@dataclass(frozen=True)
class Decision:
    """The class of the largest p / share ** tilt (Menon et al. 2021, arXiv:2007.07314, there in logarithms).

    Attributes:
        tilt: 0 for the likeliest class; more gives rare classes the benefit of the doubt, up to 1, where mean recall is
            highest.
    """

    tilt: float = 0.0

    @classmethod
    def fit(cls, probabilities: Doubles, codes: Integers, shares: Doubles) -> Decision:
        """The rule of highest macro F1 among those that cost no accuracy.

        Args:
            probabilities: n x classes, under the prior `shares`, of rows that were not learnt from.
            codes: true classes.
            shares: of the classes.
        """
        rules = [cls(tilt) for tilt in _TILTS]
        tables = [confusion_of(rule.codes(probabilities, shares), codes, len(shares)) for rule in rules]
        f1 = [float(precision_recall_f1(table)[2].mean()) for table in tables]
        right = [int(np.trace(table)) for table in tables]
        return rules[max((place for place in range(len(rules)) if right[place] >= right[0]), key=f1.__getitem__)]

    def codes(self, probabilities: Doubles, shares: Doubles) -> Integers:
        """Number of the class of each row.

        Args:
            probabilities: n x classes, under the prior `shares`.
            shares: of the classes.
        """
        return np.asarray((probabilities / shares**self.tilt).argmax(axis=1))
