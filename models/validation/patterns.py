"""Which surveys saw a row, and how good a model is without some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.matrix import FeatureMatrix, Flags
from skyband.models.validation.measures import Figures, Said

_INPUTS = {
    "optical": ("u", "g", "r", "i", "z", "y"),
    "near infrared": ("j", "h", "k"),
    "mid infrared": ("w1", "w2", "w3", "w4"),
    "Gaia photometry": ("gaia_g", "bp", "rp"),
    "parallax": ("parallax",),
    "proper motion": ("pmra", "pmdec"),
    "light curve": ("light_curves",),
}
"""Inputs of features by what measured them."""
_MOST = 12
_LEAST_ROWS = 20


@dataclass(frozen=True)
class Pattern:
    """Rows that have been seen by the same.

    Attributes:
        has, lacks: what they have and have not.
        figures: of these rows.
        classes: rows of each class.
    """

    has: tuple[str, ...]
    lacks: tuple[str, ...]
    figures: Figures
    classes: dict[str, int]


def seen_by(matrix: FeatureMatrix) -> dict[str, Flags]:
    """Whether each row has been measured by each of the groups that the features need."""
    found = {}
    for name, inputs in _INPUTS.items():
        own = feature_places(matrix, inputs)
        if own.any():
            found[name] = np.asarray(~np.isnan(matrix.values[:, own]).all(axis=1))
    return found


def feature_places(matrix: FeatureMatrix, inputs: tuple[str, ...]) -> Flags:
    """Which features need any of some inputs."""
    names = {feature for one in inputs for feature in matrix.bands.get(one, ())}
    return np.array([name in names for name in matrix.names])


def groups_of(matrix: FeatureMatrix) -> Mapping[str, Flags]:
    """Which features need each group."""
    found = {name: feature_places(matrix, inputs) for name, inputs in _INPUTS.items()}
    return {name: own for name, own in found.items() if own.any()}


def by_pattern(matrix: FeatureMatrix, said: Said, classes: tuple[str, ...]) -> list[Pattern]:
    """Measures of each pattern with rows enough, the most frequent first, twelve at most."""
    seen = seen_by(matrix)
    if not seen:
        return []
    names = tuple(seen)
    kinds, which, counts = np.unique(
        np.column_stack(list(seen.values())), axis=0, return_inverse=True, return_counts=True
    )
    found = []
    for number in np.argsort(-counts, kind="stable")[:_MOST]:
        if counts[number] < _LEAST_ROWS:
            break
        own = which.reshape(-1) == number
        rows_of = np.bincount(said.codes[own], minlength=len(classes)).tolist()
        found.append(
            Pattern(
                tuple(name for name, there in zip(names, kinds[number], strict=True) if there),
                tuple(name for name, there in zip(names, kinds[number], strict=True) if not there),
                Figures.of(said.rows(own)),
                {name: rows for name, rows in zip(classes, rows_of, strict=True) if rows},
            )
        )
    return found
