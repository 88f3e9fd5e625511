"""Transients: supernovae near their hosts and outbursts of cataclysmic variables, caught by one survey or two."""

from __future__ import annotations

import numpy as np

from skyband.ingest.simulate.cosmology import distance_modulus
from skyband.ingest.simulate.galactic import draw_stars
from skyband.ingest.simulate.loci import Doubles, load_loci
from skyband.ingest.simulate.objects import ASTROMETRY, MIR, NIR, OPTICAL, Objects, kind
from skyband.ingest.simulate.stars import colour_scatter, place_near

SUPERNOVA_SHARE = 0.7
_SURVEYS = np.array([OPTICAL, ASTROMETRY, NIR, MIR], np.uint8)
_SURVEY_SHARES = np.array([0.60, 0.28, 0.06, 0.06])  # which survey looked at the right time
_SECOND_LOOK = 0.15  # share that another survey caught too
_SCATTER = colour_scatter({"": 0.10})


def fill_transients(rng: np.random.Generator, part: Objects, galaxies: Objects, first_galaxy: int) -> None:
    """Make `part` transients; supernovae take hosts from `galaxies`, whose place in the chunk is `first_galaxy`."""
    n = len(part)
    supernovae = int(SUPERNOVA_SHARE * n) if len(galaxies) else 0
    part.kind[:] = kind("transient")
    first = rng.choice(_SURVEYS, n, p=_SURVEY_SHARES)
    second = np.where(rng.random(n) < _SECOND_LOOK, rng.choice(_SURVEYS, n, p=_SURVEY_SHARES), first)
    part.looked[:] = first | second
    _supernovae(rng, part.part(0, supernovae), galaxies, first_galaxy)
    _outbursts(rng, part.part(supernovae, n))


def _supernovae(rng: np.random.Generator, part: Objects, galaxies: Objects, first_galaxy: int) -> None:
    """Types Ia and II at -19.2 and -17.2 (Richardson et al. 2014, AJ 147, 118), up to some magnitudes after maximum."""
    n = len(part)
    choice = rng.integers(0, max(len(galaxies), 1), (20, n))  # the nearest of twenty: supernovae are found nearby
    host = choice[np.argmin(galaxies.redshift[choice], axis=0), np.arange(n)]
    part.redshift[:] = galaxies.redshift[host]
    part.ebv_total[:] = galaxies.ebv_total[host]
    sep_arcsec = galaxies.radius_arcsec[host] * rng.exponential(0.8, n)
    place_near(rng, part, galaxies.ra[host], galaxies.dec[host], sep_arcsec)
    part.parent[:] = first_galaxy + host
    core_collapse = rng.random(n) < 0.4
    part.name_subtypes(("SN Ia", "SN II"), core_collapse)
    absolute_r = np.where(core_collapse, rng.normal(-17.2, 0.8, n), rng.normal(-19.2, 0.3, n))
    r_mag = absolute_r + rng.exponential(0.6, n) + distance_modulus(part.redshift)
    ebv = part.ebv_total + rng.exponential(0.05, n)
    _glow(rng, part, rng.uniform(6_000.0, 14_000.0, n), r_mag, ebv)


def _outbursts(rng: np.random.Generator, part: Objects) -> None:
    """Dwarf novae at M_r = 4.8 (Patterson 2011, MNRAS 411, 2695)."""
    n = len(part)
    absolute_r = rng.normal(4.8, 0.8, n)
    limit = 20.5 - rng.exponential(1.5, n)
    motions = draw_stars(rng, np.minimum(10.0 ** (0.2 * (limit - absolute_r) - 2.0), 4.0))
    part.ra[:], part.dec[:] = motions.ra, motions.dec
    part.pmra[:], part.pmdec[:] = motions.pmra, motions.pmdec
    part.parallax[:] = 1.0 / motions.distance_kpc
    part.ebv_total[:] = motions.ebv_total
    part.name_subtypes(("CV",), np.zeros(n, np.intp))
    r_mag = absolute_r + 5.0 * np.log10(motions.distance_kpc) + 10.0
    _glow(rng, part, rng.uniform(10_000.0, 30_000.0, n), r_mag, motions.ebv)


def _glow(rng: np.random.Generator, part: Objects, teff: Doubles, r_mag: Doubles, ebv: Doubles) -> None:
    locus = load_loci()["hot_gas"]
    part.teff[:] = teff
    part.shine(rng, locus.magnitudes[:, locus.at("teff", teff)], r_mag, ebv, _SCATTER)
