"""The same rows as if the classes were as common as somewhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.decision import Decision
from skyband.models.classifier.kinds import kind_of
from skyband.models.classifier.matrix import Doubles, Integers
from skyband.models.classifier.metrics import calibration_error, confusion_of, precision_recall_f1
from skyband.models.classifier.priors import Prior, prior_shares, reweight, rows_as_common

IN_ROWS, BALANCED, SKY = "as in the rows", "balanced", "sky"
_SDSS_SKY = {"star": 0.528, "galaxy": 0.453, "quasar": 0.019}
SKY_SOURCE = "SDSS sources with WISE, 58.8 M stars, 50.4 M galaxies, 2.1 M quasars (Clarke et al. 2020, A&A 639, A84)"


@dataclass(frozen=True)
class ClassAt:
    """Of one class at some prevalence: precision, recall and F1."""

    prior: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class AtPrevalence:
    """How good a model is where the classes are as common as `prior` says, and it is told so.

    Attributes:
        name: of the mixture.
        source: where its numbers are from.
        accuracy, macro_f1, ece: each row weighs as its class is more or less common than here.
        by_class: of each.
    """

    name: str
    source: str
    accuracy: float
    macro_f1: float
    ece: float
    by_class: dict[str, ClassAt]


def sky_prior(classes: Sequence[str]) -> Mapping[str, float] | None:
    """Shares of stars, galaxies and quasars in a survey (`SKY_SOURCE`); None where the classes are others."""
    kinds = [kind_of(name) for name in classes]
    if sorted(map(str, kinds)) != sorted(_SDSS_SKY):
        return None
    return {name: _SDSS_SKY[str(kind)] for name, kind in zip(classes, kinds, strict=True)}


def at_prevalence(
    name: str,
    source: str,
    prior: Prior,
    probabilities: Doubles,
    codes: Integers,
    classes: Sequence[str],
    trained: Doubles,
    decision_under: Callable[[Doubles], Decision],
) -> AtPrevalence:
    """Measures at a prevalence. Classes without rows have no part in them.

    Args:
        name, source: of the mixture.
        prior: shares of the classes.
        probabilities: n x classes, under the prior `trained`.
        codes: true classes.
        classes: their names.
        trained: shares of the classes in the training.
        decision_under: which class a row is called, under a prior.

    Raises:
        BadOption: the prior is impossible.
    """
    after = prior_shares(prior, classes, trained)
    size = len(classes)
    counts = np.bincount(codes, minlength=size)
    said = reweight(probabilities, trained, after)
    weights = rows_as_common(after, codes)
    confusion = confusion_of(decision_under(after).codes(said, after), codes, size, weights)
    precision, recall, f1 = precision_recall_f1(confusion)
    return AtPrevalence(
        name=name,
        source=source,
        accuracy=float(np.diag(confusion).sum() / confusion.sum()),
        macro_f1=float(f1[counts > 0].mean()),
        ece=calibration_error(said, codes, weights=weights),
        by_class={
            one: ClassAt(float(after[place]), float(precision[place]), float(recall[place]), float(f1[place]))
            for place, one in enumerate(classes)
            if counts[place]
        },
    )
