"""Chi square of many sources against many templates, as products of matrices, and which class is likeliest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.matrix import Doubles, Integers
from skyband.models.templates.library import Library

LEAST_BANDS = 3
"""That source and template have both: a scale fits one band, and says nothing."""

_UNKNOWN_ERROR_MAG = 0.1
_WORST_ERROR_MAG = 0.5
"""Of a measurement: what is worse, below 2 sigma, is noise about zero, whose magnitude means little."""
_CHUNK_ROWS = 8_192


@dataclass(frozen=True)
class Fits:
    """The best templates of n sources.

    Attributes:
        chi2: smallest chi square of each class, shape (n, classes); NaN where no template can be compared.
        deviance: -2 ln of the Gaussian likelihood there, up to what all classes have in common, the same shape: chi
            square + sum of ln(error^2 + scatter^2) over the bands, errors and scatter in mag (Hogg, Bovy & Lang 2010,
            arXiv:1008.4686). By chi square alone the class with the largest scatter would fit nearly everything best.
        template: place of that template in its class, shape (n, classes).
        bands: bands that were compared, shape (n,).
    """

    chi2: Doubles
    deviance: Doubles
    template: Integers
    bands: Integers

    @property
    def best(self) -> Integers:
        """Place of the likeliest class, shape (n,); 0 where no template can be compared."""
        return np.asarray(np.where(np.isnan(self.deviance), np.inf, self.deviance).argmin(axis=1))


def fit(magnitudes: Doubles, errors: Doubles, libraries: Sequence[Library]) -> Fits:
    """Compare sources with templates of some classes.

    Args:
        magnitudes: AB, shape (n, bands); NaN where missing.
        errors: 1 sigma, the same shape; NaN where unknown: 0.1 mag. Bands with more than 0.5 mag are left out.
        libraries: of each class.
    """
    magnitudes = np.where(errors > _WORST_ERROR_MAG, np.nan, magnitudes)
    measured = np.isfinite(magnitudes)
    n = len(magnitudes)
    chi2, template = np.full((n, len(libraries)), np.nan), np.zeros((n, len(libraries)), np.int64)
    for start in range(0, n, _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        for place, library in enumerate(libraries):
            found = chi_squares(magnitudes[rows], errors[rows], library.magnitudes, library.scatter_mag)
            best = found.argmin(axis=1)
            smallest = found[np.arange(len(found)), best]
            chi2[rows, place] = np.where(np.isfinite(smallest), smallest, np.nan)
            template[rows, place] = best
    spread = [
        np.where(measured, np.log(_variance(errors, library.scatter_mag)), 0).sum(axis=1) for library in libraries
    ]
    return Fits(chi2, chi2 + np.stack(spread, axis=1), template, measured.sum(axis=1))


def chi_squares(magnitudes: Doubles, errors: Doubles, templates: Doubles, scatter_mag: float) -> Doubles:
    """Chi square of every source against every template, with the brightness that fits best.

    With weights w = 1 / (error^2 + scatter^2) and d = magnitude - template it is sum(w d^2) - sum(w d)^2 / sum(w), over
    the bands that both have. A band that the template does not cover counts 1, as it does on average for a right one:
    covering less is no merit.

    Args:
        magnitudes, errors: as for `fit`, shape (n, bands).
        templates: shape (t, bands), NaN where not covered.
        scatter_mag: of real sources around a template.

    Returns:
        Shape (n, t); infinite where source and template have fewer than `LEAST_BANDS` in common.
    """
    measured = np.isfinite(magnitudes)
    covered = np.isfinite(templates)
    weight = np.where(measured, 1 / _variance(errors, scatter_mag), 0.0)
    # Around a mean, so that no digits are lost.
    source = np.where(measured, magnitudes, 0.0)
    source = np.where(
        measured, source - source.sum(axis=1, keepdims=True) / np.maximum(measured.sum(axis=1), 1)[:, None], 0
    )
    model = np.where(covered, templates, 0.0)
    model = np.where(covered, model - model.sum(axis=1, keepdims=True) / np.maximum(covered.sum(axis=1), 1)[:, None], 0)
    known, weighted = covered.T.astype(np.float64), weight * source
    total = weight @ known
    difference = weighted @ known - weight @ model.T
    squares = (weighted * source) @ known - 2 * weighted @ model.T + weight @ (model**2).T
    common = measured.astype(np.float64) @ known
    with np.errstate(invalid="ignore", divide="ignore"):
        chi2 = np.maximum(squares - difference**2 / total, 0.0) + measured.sum(axis=1)[:, None] - common
    found: Doubles = np.where(common >= LEAST_BANDS, chi2, np.inf)
    return found


def _variance(errors: Doubles, scatter_mag: float) -> Doubles:
    """Of a magnitude around a template, mag^2."""
    error = np.where(np.isfinite(errors), errors, _UNKNOWN_ERROR_MAG)
    return np.asarray(error**2 + scatter_mag**2)
