"""How good a model is in parts of the sky it had not learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.matrix import Integers
from skyband.models.validation.measures import Figures, Said
from skyband.schema.healpix import KEY_ORDER

_AREAS = 20
_COARSEST, _FINEST = 0, 6
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


def by_fold(said: Said, healpix_29: Integers, fold: Integers, order: int) -> list[FoldArea]:
    """Each fold and its part of the sky."""
    pixels = _pixels(healpix_29, order)
    return [
        FoldArea(
            number, order, tuple(np.unique(pixels[fold == number]).tolist()),
            Figures.of(said.rows(fold == number)),
        )
        for number in np.unique(fold).tolist()
    ]  # fmt: skip


def by_area(said: Said, healpix_29: Integers) -> list[Area]:
    """Pixels with rows enough, of the coarsest order that has twenty of them, or else of the one that has most."""
    from healpy import pix2ang

    placed = np.flatnonzero(healpix_29 >= 0)
    best: tuple[int, Integers] = (_COARSEST, np.empty(0, np.int64))
    for order in range(_COARSEST, _FINEST + 1):
        pixels, counts = np.unique(_pixels(healpix_29[placed], order), return_counts=True)
        chosen = pixels[counts >= _LEAST_ROWS]
        if len(chosen) > len(best[1]):
            best = order, chosen
        if len(chosen) >= _AREAS:
            break
    order, chosen = best
    of_row = _pixels(healpix_29, order)
    found = []
    for pixel in chosen.tolist():
        own = of_row == pixel
        ra, dec = pix2ang(1 << order, pixel, nest=True, lonlat=True)
        found.append(Area(order, pixel, float(ra), float(dec), Figures.of(said.rows(own))))
    return found


def _pixels(healpix_29: Integers, order: int) -> Integers:
    """Pixel of each row, NESTED; -1 for one without a place."""
    return np.asarray(healpix_29 >> (2 * (KEY_ORDER - order)))
