"""What a sample of pairs says of the errors and the displacement of two tables, by maximum likelihood."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

_SIGNIFICANT = 16.0
"""Twice the logarithm of the likelihood that a scale of the errors must gain: 4 sigma."""
_LARGEST_SCALE = 20.0
_MOST_LN_ODDS = 20.0
_FLOORS = (0.3, 0.03, 0.003)
"""Where the search for a floor begins, in typical separations."""


@dataclass(frozen=True, slots=True)
class Errors:
    """What becomes of the errors that the tables say."""

    floor_arcsec: float = 0.0  # added to them in each coordinate, 1 sigma
    scale: float = 1.0  # by which they are multiplied before


@dataclass(frozen=True, slots=True)
class Sample:
    """Pairs of left rows that have one candidate; arrays of shape (n,), arcsec and arcsec2."""

    key: NDArray[np.int64]  # healpix_29
    d_ra: Doubles
    d_dec: Doubles
    saa: Doubles  # covariance of the displacement: what the tables say of their errors
    sdd: Doubles
    sad: Doubles
    eaa: Doubles  # and what is added for motions and epochs that are not known
    edd: Doubles
    ead: Doubles
    radius_arcsec: float  # within which they were looked for

    def thinned(self, most: int) -> Sample:
        """No more than so many of them, evenly taken."""
        step = max(1, -(-len(self.key) // most))
        names = ("key", "d_ra", "d_dec", "saa", "sdd", "sad", "eaa", "edd", "ead")
        return replace(self, **{name: getattr(self, name)[::step] for name in names})

    def displaced(self, ra_arcsec: float, dec_arcsec: float) -> Sample:
        """The same pairs with a displacement taken away."""
        return replace(self, d_ra=self.d_ra - ra_arcsec, d_dec=self.d_dec - dec_arcsec)

    def covariance(self, errors: Errors) -> tuple[Doubles, Doubles, Doubles]:
        """Variances east and north and the covariance of each displacement."""
        scale2, floor2 = errors.scale**2, errors.floor_arcsec**2
        return (
            scale2 * self.saa + self.eaa + floor2,
            scale2 * self.sdd + self.edd + floor2,
            scale2 * self.sad + self.ead,
        )

    def chi2(self, errors: Errors) -> Doubles:
        """Square of the normalised length of each displacement."""
        saa, sdd, sad = self.covariance(errors)
        det = np.maximum(saa * sdd - sad**2, 1e-300)
        chi2: Doubles = (self.d_ra**2 * sdd - 2 * self.d_ra * self.d_dec * sad + self.d_dec**2 * saa) / det
        return chi2

    def density(self, errors: Errors) -> tuple[Doubles, Doubles]:
        """Probability per square arcsec of each displacement, if the pair is true, and that of a true pair to lie
        within the radius."""
        saa, sdd, sad = self.covariance(errors)
        det = np.maximum(saa * sdd - sad**2, 1e-300)
        # Exact for a circle; for an ellipse, that of the circle of the same mean variance.
        within = -np.expm1(-(self.radius_arcsec**2) / np.maximum(saa + sdd, 1e-300))
        return np.exp(-self.chi2(errors) / 2) / (2 * math.pi * np.sqrt(det)), within

    def truth(self, share: float, errors: Errors) -> tuple[Doubles, Doubles]:
        """Probability per square arcsec of each displacement, if so large a share of rows has a true pair, near or
        far, and of each pair to be true; errors too large for the radius make true pairs rare, not flat."""
        density, within = self.density(errors)
        true, false = share * density, (1 - share) / (math.pi * self.radius_arcsec**2)
        return (true + false) / (share * within + 1 - share), true / (true + false)


@dataclass(frozen=True, slots=True)
class Fit:
    """The most likely description of a sample."""

    offset_ra_arcsec: float
    offset_dec_arcsec: float
    errors: Errors
    share: float  # of the pairs that are true
    cost: float = math.inf  # minus the logarithm of the likelihood, a pair
    scatter: float = 1.0  # mean chi square of the pairs that are none of chance, over what it should be


def fit(sample: Sample, *, floor_arcsec: float | None, scale: float | None, chance_per_arcsec2: float) -> Fit:
    """Displacement, floor and scale of the errors, by maximum likelihood.

    True pairs scatter normally around the displacement, the others are spread evenly over the circle: chance pairs,
    and true ones that are off for reasons of their own. The errors are as the tables say, with a floor, unless the
    pairs are much more likely when they are multiplied too: a floor alone mends neither errors that are too large nor
    those that are too small by a factor.

    Args:
        sample: the pairs.
        floor_arcsec: the floor; None if it is to be fitted.
        scale: the scale; None if it is to be fitted.
        chance_per_arcsec2: how many chance neighbours a row has.
    """
    quoted = _best(sample, _starts(sample, floor_arcsec, 1.0 if scale is None else scale), floor_arcsec is None, False)
    quoted = replace(quoted, scatter=_scatter(sample, quoted, chance_per_arcsec2))
    if scale is not None or not (sample.saa + sample.sdd).any():
        return quoted
    scaled = _best(sample, _scaled_starts(sample, quoted), floor_arcsec is None, True)
    scaled = replace(scaled, scatter=_scatter(sample, scaled, chance_per_arcsec2))
    gain = 2 * len(sample.key) * (quoted.cost - scaled.cost)
    # A narrow core with wide wings looks like small errors and much chance, more than there is.
    is_better = abs(math.log(scaled.scatter)) < abs(math.log(quoted.scatter))
    return scaled if gain > _SIGNIFICANT and is_better else quoted


def _scatter(sample: Sample, found: Fit, chance_per_arcsec2: float) -> float:
    """Mean chi square of the pairs that chance does not explain, in units of that of normal errors cut off at the
    radius."""
    moved = sample.displaced(found.offset_ra_arcsec, found.offset_dec_arcsec)
    density, within = moved.density(found.errors)
    true = found.share * density
    weight = true / (true + (1 - found.share) * chance_per_arcsec2 + 1e-300)
    # Of a Rayleigh distribution that ends where so many are within.
    beyond = 1 - within
    expected = 2 + 2 * beyond * np.log(np.maximum(beyond, 1e-300)) / within
    # Beside one pair that is as it should be: no pairs are no scatter.
    return float(((weight * moved.chi2(found.errors)).sum() + 2) / ((weight * expected).sum() + 2))


def _starts(sample: Sample, floor_arcsec: float | None, scale: float) -> Iterator[Fit]:
    """Where to begin with errors of a known scale."""
    ra, dec = float(np.median(sample.d_ra)), float(np.median(sample.d_dec))
    typical = float(np.median(np.hypot(sample.d_ra, sample.d_dec))) or 1e-3
    floors = [max(typical * part, 1e-6) for part in _FLOORS] if floor_arcsec is None else [floor_arcsec]
    for floor in floors:
        yield Fit(ra, dec, Errors(floor, scale), 0.75)


def _scaled_starts(sample: Sample, quoted: Fit) -> Iterator[Fit]:
    """Where to begin when the scale is free: with little floor and as large a scale as the median asks for, and with
    the floor that was found."""
    moved = sample.displaced(quoted.offset_ra_arcsec, quoted.offset_dec_arcsec)
    chi2 = 2 * (moved.d_ra**2 + moved.d_dec**2) / np.maximum(sample.saa + sample.sdd, 1e-12)
    asked = float(np.clip(math.sqrt(np.median(chi2) / math.log(4)), 0.2, 5.0))
    floor = quoted.errors.floor_arcsec
    yield replace(quoted, errors=Errors(0.3 * floor, asked))
    yield replace(quoted, errors=Errors(floor, 0.7))


def _best(sample: Sample, starts: Iterator[Fit], floor_free: bool, scale_free: bool) -> Fit:
    """The most likely of what is found from each start."""
    from scipy.optimize import minimize

    def unpack(point: NDArray[Any], start: Fit) -> Fit:
        ra, dec, odds, *free = (float(value) for value in point)
        # A floor wider than the circle could not be told from chance.
        floor = min(math.exp(free.pop(0)), sample.radius_arcsec / 2) if floor_free else start.errors.floor_arcsec
        most = math.log(_LARGEST_SCALE)
        scale = math.exp(min(max(free.pop(0), -most), most)) if scale_free else start.errors.scale
        return Fit(ra, dec, Errors(floor, scale), _share(odds))

    def cost(point: NDArray[Any], start: Fit) -> float:
        at = unpack(point, start)
        moved = sample.displaced(at.offset_ra_arcsec, at.offset_dec_arcsec)
        return -float(np.log(moved.truth(at.share, at.errors)[0]).mean())

    best = None
    for start in starts:
        begin = [start.offset_ra_arcsec, start.offset_dec_arcsec, math.log(start.share / (1 - start.share))]
        begin += [math.log(max(start.errors.floor_arcsec, 1e-6))] if floor_free else []
        begin += [math.log(start.errors.scale)] if scale_free else []
        options = {"maxiter": 600, "xatol": 1e-4, "fatol": 1e-7}
        found = minimize(cost, np.array(begin), args=(start,), method="Nelder-Mead", options=options)
        if best is None or found.fun < best.cost:
            best = replace(unpack(found.x, start), cost=float(found.fun))
    assert best is not None
    return best


def _share(ln_odds: float) -> float:
    """The share of given odds, short of 0 and 1."""
    return 1 / (1 + math.exp(-min(max(ln_odds, -_MOST_LN_ODDS), _MOST_LN_ODDS)))
