"""The Galaxy: where stars are, how they move, and the dust in front of everything.

Two exponential discs (Juric et al. 2008, ApJ 673, 864), a flat rotation curve with the velocity ellipsoids of Bensby
et al. (2003, A&A 410, 527) and the solar motion of Schoenrich et al. (2010, MNRAS 403, 1829), and a plane-parallel
layer of dust (Bahcall & Soneira 1980, ApJS 44, 73).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skyband.ingest.simulate.loci import Bools, Doubles

THIN_HEIGHT_KPC = 0.30
THICK_HEIGHT_KPC = 0.90
THICK_SHARE = 0.12  # density of the thick disc in the plane, relative to the thin one
DISC_LENGTH_KPC = 2.6
SUN_RADIUS_KPC = 8.2
SUN_HEIGHT_KPC = 0.025
ROTATION_KM_S = 230.0
SOLAR_MOTION_KM_S = np.array([11.1, 12.2, 7.3])  # U (to the centre), V (with rotation), W (to the north pole)
THIN_DISPERSION_KM_S = np.array([35.0, 20.0, 16.0])
THICK_DISPERSION_KM_S = np.array([67.0, 38.0, 35.0])
THICK_LAG_KM_S = 46.0
DUST_HEIGHT_KPC = 0.10
DUST_PER_KPC = 0.22  # E(B-V) a kiloparsec in the plane
KM_S_PER_MAS_YR_KPC = 4.740470463

TO_ICRS = np.array(
    [
        [-0.0548755604, 0.4941094279, -0.8676661490],
        [-0.8734370902, -0.4448296300, -0.1980763734],
        [-0.4838350155, 0.7469822445, 0.4559837762],
    ]
)
"""Galactic Cartesian vectors to ICRS (ESA 1997, The Hipparcos and Tycho Catalogues, vol. 1, eq. 1.5.11)."""


@dataclass(frozen=True, slots=True)
class Motions:
    """Positions and motions of a set of stars."""

    ra: Doubles  # deg, ICRS
    dec: Doubles  # deg
    distance_kpc: Doubles
    pmra: Doubles  # mas/yr, includes cos(dec)
    pmdec: Doubles  # mas/yr
    radial_velocity: Doubles  # km/s
    ebv: Doubles  # E(B-V) in front of the star
    ebv_total: Doubles  # E(B-V) of the whole line of sight


def disc_volume(reach_kpc: Doubles) -> Doubles:
    """Density-weighted volume of a cylinder around the Sun, radius and half height `reach_kpc`."""
    thin = THIN_HEIGHT_KPC * -np.expm1(-reach_kpc / THIN_HEIGHT_KPC)
    thick = THICK_SHARE * THICK_HEIGHT_KPC * -np.expm1(-reach_kpc / THICK_HEIGHT_KPC)
    return reach_kpc**2 * (thin + thick)


def draw_stars(rng: np.random.Generator, reach_kpc: Doubles) -> Motions:
    """Draw stars from the discs, each inside its own cylinder around the Sun.

    Args:
        rng: source of random numbers.
        reach_kpc: (n,) radius and half height of the cylinder: how far a star of that luminosity is seen.

    Longitudes follow the exponential disc to first order in distance / `SUN_RADIUS_KPC`, which makes them a
    von Mises distribution about the centre.
    """
    n = reach_kpc.size
    thin = THIN_HEIGHT_KPC * -np.expm1(-reach_kpc / THIN_HEIGHT_KPC)
    thick = THICK_SHARE * THICK_HEIGHT_KPC * -np.expm1(-reach_kpc / THICK_HEIGHT_KPC)
    is_thick = rng.random(n) * (thin + thick) < thick
    height = np.where(is_thick, THICK_HEIGHT_KPC, THIN_HEIGHT_KPC)
    signed = rng.uniform(-1.0, 1.0, n)
    z = np.copysign(height * np.log1p(np.abs(signed) * np.expm1(-reach_kpc / height)), signed) - SUN_HEIGHT_KPC
    rho = reach_kpc * np.sqrt(rng.random(n))
    longitude = rng.vonmises(0.0, np.minimum(rho, 0.8 * SUN_RADIUS_KPC) / DISC_LENGTH_KPC)
    place = np.stack([rho * np.cos(longitude), rho * np.sin(longitude), z])

    distance = np.sqrt(rho**2 + z**2)
    direction = place / distance
    velocity = _velocities(rng, place, is_thick)
    outward = rotate(TO_ICRS, direction)
    ra, dec, east, north = directions(outward)
    velocity = rotate(TO_ICRS, velocity)
    per_mas = KM_S_PER_MAS_YR_KPC * distance
    return Motions(
        ra,
        dec,
        distance,
        (velocity * east).sum(0) / per_mas,
        (velocity * north).sum(0) / per_mas,
        (velocity * outward).sum(0),
        reddening(direction[2], distance),
        reddening(direction[2], _disc_edge(direction)),
    )


def _velocities(rng: np.random.Generator, place: Doubles, is_thick: Bools) -> Doubles:
    """(3, n) Galactic velocities relative to the Sun, km/s."""
    x, y = place[0] - SUN_RADIUS_KPC, place[1]
    radius = np.hypot(x, y)
    dispersion = np.where(is_thick, THICK_DISPERSION_KM_S[:, None], THIN_DISPERSION_KM_S[:, None])
    velocity: Doubles = dispersion * rng.standard_normal(place.shape, dtype=np.float32)
    rotation = ROTATION_KM_S - THICK_LAG_KM_S * is_thick
    velocity[0] += rotation * y / radius
    velocity[1] += -rotation * x / radius - ROTATION_KM_S
    velocity -= SOLAR_MOTION_KM_S[:, None]
    return velocity


def rotate(matrix: Doubles, vectors: Doubles) -> Doubles:
    """`matrix @ vectors` for (3, n) vectors, written out: BLAS rounds differently from one thread count to the next."""
    x, y, z = vectors
    return np.stack([row[0] * x + row[1] * y + row[2] * z for row in matrix])


def directions(unit: Doubles) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Right ascension and declination (deg) of (3, n) unit vectors, and the unit vectors to the east and north."""
    x, y, z = unit
    rho = np.maximum(np.hypot(x, y), 1e-300)
    cos_ra, sin_ra = x / rho, y / rho
    east = np.stack([-sin_ra, cos_ra, np.zeros_like(z)])
    north = np.stack([-z * cos_ra, -z * sin_ra, rho])
    return wrap_degrees(np.degrees(np.arctan2(y, x))), np.degrees(np.arctan2(z, rho)), east, north


def offset_position(ra: Doubles, dec: Doubles, east: Doubles, north: Doubles) -> tuple[Doubles, Doubles]:
    """Positions (deg) after steps of `east` and `north` radians on the tangent plane: right at the poles too."""
    dec_rad = np.radians(dec)
    sin_dec, cos_dec = np.sin(dec_rad), np.cos(dec_rad)
    x = cos_dec - north * sin_dec
    moved_dec = np.degrees(np.arctan2(sin_dec + north * cos_dec, np.hypot(x, east)))
    return wrap_degrees(ra + np.degrees(np.arctan2(east, x))), moved_dec


def wrap_degrees(ra: Doubles) -> Doubles:
    """Right ascensions in [0, 360): a tiny negative angle must not round to 360."""
    wrapped = np.where(ra < 0.0, ra + 360.0, ra)
    return np.where(wrapped >= 360.0, wrapped - 360.0, wrapped)


def reddening(sin_b: Doubles, distance_kpc: Doubles) -> Doubles:
    """E(B-V) along a path from the plane through the dust layer."""
    slope = np.maximum(np.abs(sin_b), 1e-6) / DUST_HEIGHT_KPC
    ebv: Doubles = DUST_PER_KPC / slope * -np.expm1(-distance_kpc * slope)
    return ebv


def _disc_edge(direction: Doubles) -> Doubles:
    """Path length in kpc to the edge of the dust disc, 7 kpc from the centre beyond the Sun's circle."""
    path_kpc: Doubles = 9.0 + 6.0 * direction[0]
    return path_kpc


def reddening_towards(ra: Doubles, dec: Doubles, distance_kpc: Doubles | None = None) -> Doubles:
    """E(B-V) in front of ICRS positions (deg) at some distances, or of the whole line of sight."""
    ra_rad, dec_rad = np.radians(ra), np.radians(dec)
    cos_dec = np.cos(dec_rad)
    icrs = np.stack([cos_dec * np.cos(ra_rad), cos_dec * np.sin(ra_rad), np.sin(dec_rad)])
    direction = rotate(TO_ICRS.T, icrs)
    return reddening(direction[2], _disc_edge(direction) if distance_kpc is None else distance_kpc)
