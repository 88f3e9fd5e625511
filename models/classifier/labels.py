"""Names of classes as numbers, checked where they come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.matrix import Doubles, Integers, listed
from skyband.schema.errors import BadOption, BadTable

LEAST_ROWS_A_FOLD = 2
"""Rows of a class for each fold, with which it can be learnt at all."""


@dataclass(frozen=True)
class Labels:
    """Classes of n rows.

    Attributes:
        classes: names, sorted.
        codes: index into `classes`, shape (n,).
    """

    classes: tuple[str, ...]
    codes: Integers

    @classmethod
    def of(cls, names: Sequence[str | None]) -> Labels:
        """Classes from their names.

        Raises:
            BadTable: a row has none, or there is but one class.
        """
        unnamed = sum(1 for name in names if not name)
        if unnamed:
            raise BadTable(f"{unnamed} of {len(names)} rows have no label; leave them out of the training")
        if not len(names):
            raise BadTable("there are no rows to train with")
        places = {name: place for place, name in enumerate(sorted({str(name) for name in names}))}
        classes, codes = tuple(places), np.fromiter((places[str(name)] for name in names), np.int64, len(names))
        if len(classes) < 2:
            raise BadTable(f"all {len(names)} labels are {classes[0]!r}; a classifier needs two classes at least")
        return cls(classes, codes)

    def check(self, folds: int) -> None:
        """Refuse classes that cannot be learnt in so many folds.

        Raises:
            BadTable: one of them has too few rows.
        """
        least = LEAST_ROWS_A_FOLD * folds
        few = [f"{name!r} has {count}" for name, count in zip(self.classes, self.counts, strict=True) if count < least]
        if few:
            raise BadTable(
                f"too few rows of a class: {listed(few)}; {least} are needed for {folds} folds: "
                "label more, merge the class with another, or leave it out"
            )

    @property
    def counts(self) -> Integers:
        """Rows of each class."""
        return np.bincount(self.codes, minlength=len(self.classes))

    def shares(self, weights: Doubles | None = None) -> Doubles:
        """Share of each class in the rows, by weight: the prior a model learns from them."""
        found = np.bincount(self.codes, weights=weights, minlength=len(self.classes)).astype(np.float64)
        return np.asarray(found / found.sum())

    def coarse(self, of_class: Mapping[str, str]) -> tuple[Labels, Integers]:
        """The same rows on a coarser level, and the coarse class of each class.

        Args:
            of_class: coarse class by class: {"white dwarf": "star", ...}.

        Raises:
            BadOption: a class has no coarse one, or there is but one.
        """
        missing = [name for name in self.classes if name not in of_class]
        if missing:
            raise BadOption(f"no coarse class is given for {listed(missing)}")
        coarse = tuple(sorted({of_class[name] for name in self.classes}))
        if len(coarse) < 2:
            raise BadOption(f"all classes are of the coarse class {coarse[0]!r}; give two at least, or none")
        of = np.array([coarse.index(of_class[name]) for name in self.classes])
        return Labels(coarse, of[self.codes]), of


def balancing_weights(labels: Labels, rows: Integers, rare_share: float) -> Doubles:
    """Weight of each class that lets rare ones be heard: the root of what they lack to a share of the rows.

    Args:
        labels: of all rows.
        rows: that are trained with.
        rare_share: share from which on a class weighs 1; 0 for no weights.
    """
    shares = np.bincount(labels.codes[rows], minlength=len(labels.classes)) / len(rows)
    return np.sqrt(np.maximum(rare_share / np.maximum(shares, 1 / len(rows)), 1.0))
