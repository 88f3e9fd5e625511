"""What goes missing where a band was not observed, and rows as they would be if less had been observed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skyband.models.classifier.matrix import FeatureMatrix, Flags, Floats


@dataclass(frozen=True)
class Bands:
    """Features by what has to be observed for them.

    Attributes:
        vanish: features that are missing where a band is, bands x f.
        counted: features that count measured bands, and which of them, bands x f.
    """

    vanish: Flags
    counted: Flags

    @classmethod
    def none(cls, features: int) -> Bands:
        """Of so many features that nothing is known of."""
        nothing = np.empty((0, features), bool)
        return cls(nothing, nothing)

    @classmethod
    def of(cls, matrix: FeatureMatrix) -> Bands:
        """Of the features of a matrix; where it names no bands each feature is observed for itself."""
        names = matrix.names
        if not matrix.bands:
            return cls(np.eye(len(names), dtype=bool), np.zeros((len(names), len(names)), bool))
        counted = {band: {name for name, bands in matrix.counts.items() if band in bands} for band in matrix.bands}
        return cls(
            np.array([[name in members for name in names] for members in matrix.bands.values()]),
            np.array([[name in members for name in names] for members in counted.values()]),
        )

    def __len__(self) -> int:
        return len(self.vanish)

    def missing(self, values: Floats) -> Flags:
        """Bands each row is without, n x bands: all features of theirs are missing."""
        return missing_bands(values, self.vanish)

    def hide(self, values: Floats, hidden: Flags) -> Floats:
        """Rows as they are without some of their bands.

        Args:
            values: features, n x f.
            hidden: bands taken from each row, n x bands.
        """
        return self._without(values, hidden & ~self.missing(values))

    def _without(self, values: Floats, lost: Flags) -> Floats:
        """Rows without bands that each of them has."""
        found, gone = values.copy(), np.zeros(values.shape, bool)
        for place in np.flatnonzero(self.counted.any(axis=0)):
            found[:, place] -= lost[:, self.counted[:, place]].sum(axis=1)
        for place in np.flatnonzero(lost.any(axis=0)):
            gone |= lost[:, place, None] & self.vanish[place]
        found[gone] = np.nan
        return found

    def less_observed(self, values: Floats, chance: float, random: np.random.Generator) -> Floats:
        """Rows as other surveys would have them: without the bands that another row lacks, and some more.

        A class that was labelled in surveys of its own is known by its missing bands, until rows of other classes lack
        them too. A row that would lose everything keeps it.

        Args:
            values: features, n x f.
            chance: of each band to be lost beside those that the other row lacks.
            random: chooses the other rows and what else is lost.
        """
        missing = self.missing(values)
        hidden = missing[random.permutation(len(values))] | (random.random(missing.shape) < chance)
        hidden &= ~(hidden | missing).all(axis=1, keepdims=True)
        return self._without(values, hidden & ~missing)


def missing_bands(values: Floats, vanish: Flags) -> Flags:
    """Bands each row is without, n x bands.

    Args:
        values: features, n x f.
        vanish: features that are missing where a band is, bands x f.
    """
    # By the bits of whole numbers: a product of matrices would call threads that hinder each other.
    here, wanted = _words(~np.isnan(values)), _words(vanish)
    found = np.empty((len(values), len(vanish)), bool)
    for place in range(len(vanish)):
        seen = np.zeros(len(values), np.uint64)
        for word, band in zip(here, wanted[:, place], strict=True):
            seen |= word & band
        found[:, place] = (seen == 0) & wanted[:, place].any()
    return found


def _words(flags: Flags) -> NDArray[np.uint64]:
    """Rows of flags as bits of a few numbers, numbers x rows."""
    padded = np.zeros((len(flags), -(-flags.shape[1] // 64) * 64), bool)
    padded[:, : flags.shape[1]] = flags
    return np.ascontiguousarray(np.packbits(padded, axis=1).view(np.uint64).T)
