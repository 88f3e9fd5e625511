"""What a model looks at: features in disorder (permutation), and SHAP values of its boosted trees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.classifier import Classifier
from skyband.models.classifier.fitting import log_loss
from skyband.models.classifier.matrix import Doubles, FeatureMatrix, Flags, Floats, Integers
from skyband.models.classifier.members.boosting import BoostingMember
from skyband.models.validation.patterns import groups_of
from skyband.models.validation.quick import OnStep

_ROWS = 2_000
_SHAP_ROWS = 1_000

Predict = Callable[[Floats, Doubles], Doubles]
"""Probabilities of rows n x f and their magnitudes."""


@dataclass(frozen=True)
class Importance:
    """What is lost when a feature, or all features of a group, are those of other rows.

    Attributes:
        name: of the feature or group.
        log_loss: by which it rises.
        accuracy: by which it falls.
    """

    name: str
    log_loss: float
    accuracy: float


@dataclass(frozen=True)
class Importances:
    """Of the features of a model.

    Attributes:
        by: what was asked, in words.
        rows: that were put in disorder.
        features: each alone, the most important first. Features that say the same stand in for each other.
        groups: all features of what measured them together.
        shap: mean absolute contribution to the log odds by the boosted trees of the model, by feature and by class;
            the largest first. Empty for a model without boosted trees.
    """

    by: str
    rows: int
    features: list[Importance]
    groups: list[Importance]
    shap: dict[str, dict[str, float]]


def permutation(
    predict: Predict, matrix: FeatureMatrix, codes: Integers, *, on_step: OnStep | None = None
) -> tuple[int, list[Importance], list[Importance]]:
    """Permutation importances (Breiman 2001, Machine Learning 45, 5) on rows the model has not learnt from.

    Args:
        predict: what a model says of rows.
        matrix: of the rows.
        codes: true classes.
        on_step: is told of each feature and group.

    Returns:
        Number of rows, importances of features and of groups, the largest first.
    """
    random = np.random.default_rng(0)
    chosen = np.sort(random.choice(len(codes), min(_ROWS, len(codes)), replace=False))
    values, true = matrix.values[chosen], codes[chosen]
    magnitude = np.full(len(chosen), np.nan) if matrix.magnitude is None else matrix.magnitude[chosen]
    before = predict(values, magnitude)
    order = random.permutation(len(chosen))

    def without(name: str, own: Flags) -> Importance:
        mixed = values.copy()
        mixed[:, own] = values[order][:, own]
        after = predict(mixed, magnitude)
        if on_step is not None:
            on_step()
        lost = (before.argmax(axis=1) == true).mean() - (after.argmax(axis=1) == true).mean()
        return Importance(name, log_loss(after, true) - log_loss(before, true), float(lost))

    features = [without(name, np.array(matrix.names) == name) for name in matrix.names]
    groups = [without(name, own) for name, own in groups_of(matrix).items()]
    return (
        len(chosen),
        sorted(features, key=lambda one: -one.log_loss),
        sorted(groups, key=lambda one: -one.log_loss),
    )


def shap_values(classifier: Classifier, matrix: FeatureMatrix, classes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Mean absolute SHAP value of each feature for each class (TreeSHAP, Lundberg et al. 2020,
    doi:10.1038/s42256-019-0138-9), as XGBoost gives them; {} for a model without boosted trees."""
    member = classifier.member("boosting")
    if not isinstance(member, BoostingMember):
        return {}
    chosen = np.random.default_rng(0).choice(len(matrix), min(_SHAP_ROWS, len(matrix)), replace=False)
    given = np.abs(member.contributions(matrix.values[chosen])[:, :, :-1]).mean(axis=0)
    found = {name: dict(zip(classes, given[:, place].tolist(), strict=True)) for place, name in enumerate(matrix.names)}
    return dict(sorted(found.items(), key=lambda item: -sum(item[1].values())))
