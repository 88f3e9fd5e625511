"""What every survey has in common: which objects it detects, which it blends, and how well it measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skyband.ingest.simulate.galactic import offset_position
from skyband.ingest.simulate.loci import Bools, Doubles, Floats, Indices
from skyband.ingest.simulate.objects import EPOCH, Objects

ARCSEC_PER_RADIAN = 206_264.80624709636


@dataclass(frozen=True, slots=True)
class Camera:
    """How a survey sees."""

    look: int  # bit of Objects.looked
    bands: slice  # rows of the magnitude array
    depth_mag: tuple[float, ...]  # 5 sigma limits of point sources, by band
    floor_mag: float  # smallest magnitude error
    beam_arcsec: float  # light beyond it is lost to the detection of an extended object
    resolution_arcsec: float  # a companion nearer than this is blended with its parent
    detect_bands: tuple[int, ...]  # of `bands`, those an object may be detected in
    bright_mag: float  # brighter ones (in any of these) saturate and are lost

    @property
    def depth(self) -> Floats:
        """5 sigma limits, one row a band."""
        return np.array(self.depth_mag, np.float32)[:, None]


@dataclass(frozen=True, slots=True)
class Detected:
    """The sources a survey finds."""

    index: Indices  # their places in the chunk, rising
    magnitudes: Floats  # (bands, n), true, light of blended companions included
    excess: Floats  # magnitudes beyond the depth in the best band, negative for bright ones


def detect(rng: np.random.Generator, objects: Objects, camera: Camera) -> Detected:
    """Find sources: completeness falls from 1 to 0 around the depth, 0.5 at the depth of the best band.

    A companion closer to its parent than the resolution adds its light to the parent, which stays where it is.
    """
    magnitudes = objects.magnitudes[camera.bands]
    loss = lost_light(objects.radius_arcsec, camera.beam_arcsec)
    eyes = list(camera.detect_bands)
    excess = (magnitudes[eyes] - camera.depth[eyes]).min(axis=0) + loss
    chance = rng.random(len(objects), dtype=np.float32)
    with np.errstate(over="ignore"):
        found = chance * (1.0 + np.exp(excess / np.float32(0.12))) < 1.0
    found &= (objects.looked & camera.look) != 0
    found &= magnitudes[eyes].min(axis=0) > camera.bright_mag

    child = np.flatnonzero((objects.sep_arcsec < camera.resolution_arcsec) & ((objects.looked & camera.look) != 0))
    child = child[found[objects.parent[child]]]
    found[child] = False
    index = np.flatnonzero(found)
    seen = magnitudes[:, index]
    place = np.searchsorted(index, objects.parent[child])
    kept = place < index.size
    kept[kept] = index[place[kept]] == objects.parent[child[kept]]  # not where the parent itself is blended
    _add_light(seen, place[kept], magnitudes[:, child[kept]])
    return Detected(index, seen, excess[index])


def _add_light(magnitudes: Floats, place: Indices, added: Floats) -> None:
    light = np.zeros_like(magnitudes)
    for total, single in zip(light, 10.0 ** (-0.4 * added), strict=True):
        np.add.at(total, place, single)
    changed = np.unique(place)
    magnitudes[:, changed] = -2.5 * np.log10(10.0 ** (-0.4 * magnitudes[:, changed]) + light[:, changed])


def lost_light(radius_arcsec: Floats, beam_arcsec: float) -> Floats:
    """Magnitudes a point-source measurement misses of an object with that half-light radius."""
    loss: Floats = 2.5 * np.log10(1.0 + np.float32(0.5) * (radius_arcsec / np.float32(beam_arcsec)) ** 1.5)
    return loss


def magnitude_errors(magnitudes: Floats, depth: Floats, floor_mag: float) -> Floats:
    """Errors limited by the background: 0.217 mag (5 sigma) at the depth."""
    return hypotenuse(floor_mag, np.float32(0.2171) * 10.0 ** (0.4 * (magnitudes - depth)))


def position_errors(rng: np.random.Generator, excess: Floats, floor: float, at_depth: float, slope: float) -> Floats:
    """Quoted errors sqrt(floor**2 + (at_depth * 10**(slope * excess))**2), 12 % apart from source to source."""
    errors = hypotenuse(floor, np.float32(at_depth) * 10.0 ** (np.float32(slope) * excess))
    errors *= np.exp(np.float32(0.12) * rng.standard_normal(excess.size, dtype=np.float32))
    return errors


def hypotenuse(floor: float, rest: Floats) -> Floats:
    """A floor and the rest of an error, added in quadrature."""
    total: Floats = np.sqrt(np.float32(floor) ** 2 + rest**2)
    return total


def observed_position(
    objects: Objects, index: Indices, epoch: float | Doubles, east_arcsec: Floats, north_arcsec: Floats
) -> tuple[Doubles, Doubles]:
    """Positions (deg) at an epoch (Julian year): proper motion since `EPOCH` plus the errors given; no parallax."""
    thousand_years = (np.asarray(epoch, np.float64) - EPOCH) / 1000.0
    east: Doubles = (objects.pmra[index] * thousand_years + east_arcsec) / ARCSEC_PER_RADIAN
    north: Doubles = (objects.pmdec[index] * thousand_years + north_arcsec) / ARCSEC_PER_RADIAN
    return offset_position(objects.ra[index], objects.dec[index], east, north)


def grade(errors: Floats, limits: tuple[float, ...]) -> tuple[Indices, Bools]:
    """Quality codes of (bands, n) magnitude errors, one digit a band in base len(limits) + 1, and what was measured."""
    levels = np.searchsorted(np.array(limits, np.float32), errors)
    code = np.zeros(errors.shape[1], np.intp)
    for level in levels:
        code = code * (len(limits) + 1) + level
    return code, levels < len(limits)
