"""How good a model is in parts of the sky it had not learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.matrix import Doubles, Integers
from skyband.models.validation.measures import Figures
from skyband.schema.healpix import KEY_ORDER

_AREAS = 8
_COARSEST, _FINEST = 1, 6
_LEAST_ROWS = 30


@dataclass(frozen=True)
class FoldArea:
    """The rows of one fold, and the HEALPix pixels (NESTED, of `order`) they lie in, none of which was learnt from."""

    fold: int
    order: int
    pixels: tuple[int, ...]
    figures: Figures


@dataclass(frozen=True)
class Area:
    """The rows in one HEALPix pixel (NESTED)."""

    order: int
    pixel: int
    ra: float
    dec: float
    figures: Figures


def by_fold(
    probabilities: Doubles, codes: Integers, healpix_29: Integers, fold: Integers, order: int
) -> list[FoldArea]:
    """Each fold and its part of the sky."""
    pixels = healpix_29 >> (2 * (KEY_ORDER - order))
    return [
        FoldArea(
            number, order, tuple(np.unique(pixels[fold == number]).tolist()),
            Figures.of(probabilities[fold == number], codes[fold == number]),
        )
        for number in np.unique(fold).tolist()
    ]  # fmt: skip


def by_area(probabilities: Doubles, codes: Integers, healpix_29: Integers) -> list[Area]:
    """Pixels with rows enough, of the coarsest order that has eight of them; none where there are no such."""
    from healpy import pix2ang

    placed = np.flatnonzero(healpix_29 >= 0)
    for order in range(_COARSEST, _FINEST + 1):
        pixels, which, counts = np.unique(
            healpix_29[placed] >> (2 * (KEY_ORDER - order)), return_inverse=True, return_counts=True
        )
        chosen = np.flatnonzero(counts >= _LEAST_ROWS)
        if len(chosen) >= _AREAS or order == _FINEST:
            break
    found = []
    for number in chosen:
        own = placed[which.reshape(-1) == number]
        ra, dec = pix2ang(1 << order, int(pixels[number]), nest=True, lonlat=True)
        found.append(
            Area(order, int(pixels[number]), float(ra), float(dec), Figures.of(probabilities[own], codes[own]))
        )
    return found
