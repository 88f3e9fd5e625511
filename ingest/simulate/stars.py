"""Objects of the Galaxy: main sequence, giants, white dwarfs, brown dwarfs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from skyband.ingest.simulate.galactic import disc_volume, draw_stars, offset_position, reddening_towards
from skyband.ingest.simulate.loci import BANDS, EXTINCTION, Doubles, Floats, Indices, Locus, band, load_loci
from skyband.ingest.simulate.objects import Objects, kind


@dataclass(frozen=True, slots=True)
class Population:
    """How many stars of each luminosity there are, and how far they are followed."""

    kind: str
    density: tuple[tuple[float, float], ...]  # (place, log10 of stars a cubic parsec and unit of `along`)
    limit: tuple[
        str, float, float
    ]  # band, faintest magnitude before extinction, mean by which single limits are brighter
    reach_kpc: float  # none is farther
    scatter_mag: float  # of M_r at one place of the locus
    colour_scatter_mag: Mapping[str, float]  # by band, "" for all others
    along: str = "M_r"  # parameter of the locus that says the place
    flatten: float = 1.0  # exponent on the numbers: below 1 the rare kinds are over-represented


_STELLAR_COLOURS = {"": 0.02, "u": 0.07, "w3": 0.04, "w4": 0.06}

POPULATIONS: Mapping[str, Population] = {
    # Wielen et al. (1983, IAU Coll. 76, 163), Bochanski et al. (2010, AJ 139, 2679), rounded.
    "star": Population(
        "star",
        density=(
            *((-2, -6.0), (0, -4.3), (2, -3.3), (3, -3.0), (4.5, -2.6), (6, -2.55), (8, -2.4)),
            *((10, -2.1), (11.5, -1.95), (13, -2.1), (15, -2.4), (18.6, -2.6)),
        ),
        limit=("r", 22.5, 2.0),
        reach_kpc=3.5,
        scatter_mag=0.30,
        colour_scatter_mag=_STELLAR_COLOURS,
    ),
    # The red clump near 4800 K stands out of a branch that thins upwards: Babusiaux et al. (2018, A&A 616, A10).
    "giant": Population(
        "giant",
        density=(
            *((3250, -8.5), (3600, -7.6), (3850, -7.0), (4100, -6.5), (4400, -5.9)),
            *((4650, -5.4), (4750, -4.9), (4850, -4.9), (4900, -5.5), (5000, -5.4)),
        ),
        along="teff",
        limit=("r", 19.0, 2.0),
        reach_kpc=12.0,
        scatter_mag=0.20,
        colour_scatter_mag=_STELLAR_COLOURS,
    ),
    # Harris et al. (2006, AJ 131, 571).
    "white_dwarf_da": Population(
        "white_dwarf",
        density=(
            (8.7, -5.4),
            (10.5, -4.3),
            (12, -3.6),
            (13, -3.25),
            (14, -3.0),
            (15, -2.75),
            (15.5, -3.2),
            (15.9, -4.0),
        ),
        limit=("r", 22.0, 1.5),
        reach_kpc=2.0,
        scatter_mag=0.35,
        colour_scatter_mag={"": 0.025},
    ),
    "white_dwarf_db": Population(
        "white_dwarf",
        density=((10.3, -4.9), (12, -4.3), (13, -3.8), (14, -3.6), (15, -3.4), (15.5, -3.9)),
        limit=("r", 22.0, 1.5),
        reach_kpc=2.0,
        scatter_mag=0.35,
        colour_scatter_mag={"": 0.025},
    ),
    # Best et al. (2021, AJ 161, 42): fewest at the L/T transition.
    "brown_dwarf": Population(
        "brown_dwarf",
        density=((18.7, -3.1), (21, -3.3), (23, -3.5), (25, -3.0), (27, -2.7), (31, -2.7)),
        limit=("w2", 16.3, 1.0),
        reach_kpc=0.5,
        scatter_mag=0.25,
        colour_scatter_mag={"": 0.12, "j": 0.08, "h": 0.08, "k": 0.08, "w1": 0.06, "w2": 0.06},
        flatten=0.6,
    ),
}

COMPANION_SHARE = 0.04
"""Share of the main-sequence stars that are the fainter star of a resolvable pair."""


def fill_stars(rng: np.random.Generator, part: Objects, name: str) -> None:
    """Make `part` a sample of a population of `POPULATIONS`."""
    population, locus = POPULATIONS[name], load_loci()[name]
    entries = _draw_entries(rng, name, len(part))
    absolute_r = locus.parameters["M_r"][entries] + population.scatter_mag * rng.standard_normal(len(part))
    limit_band, faintest_mag, spread_mag = population.limit
    limit_mag = faintest_mag - rng.exponential(spread_mag, len(part))
    reach = _reach_kpc(limit_mag - absolute_r - locus.magnitudes[band(limit_band)][entries])
    motions = draw_stars(rng, np.minimum(reach, population.reach_kpc))
    part.kind[:] = kind(population.kind)
    part.ra[:], part.dec[:] = motions.ra, motions.dec
    part.pmra[:], part.pmdec[:] = motions.pmra, motions.pmdec
    part.parallax[:] = 1.0 / motions.distance_kpc
    part.radial_velocity[:] = motions.radial_velocity
    part.ebv_total[:] = motions.ebv_total
    _dress(rng, part, population, locus, entries, absolute_r, motions.distance_kpc, motions.ebv)


def fill_companions(rng: np.random.Generator, part: Objects, primaries: Objects, first: int) -> None:
    """Make `part` the fainter partners of the first stars of `primaries`, whose place in the chunk is `first`.

    Separations are log-flat from 0.3 to 12 arcsec: what some surveys split, others blend.
    """
    n = len(part)
    hosts = primaries.part(0, n)
    for name in ("kind", "pmra", "pmdec", "parallax", "radial_velocity", "ebv_total"):
        getattr(part, name)[:] = getattr(hosts, name)
    orbit_mas_yr = np.minimum(part.parallax, 5.0)
    part.pmra += orbit_mas_yr * rng.standard_normal(n)
    part.pmdec += orbit_mas_yr * rng.standard_normal(n)
    place_near(rng, part, hosts.ra, hosts.dec, 0.3 * 40.0 ** rng.random(n))
    part.parent[:] = first + np.arange(n)

    population, locus = POPULATIONS["star"], load_loci()["star"]
    distance_kpc = 1.0 / part.parallax.astype(np.float64)
    ebv = reddening_towards(part.ra, part.dec, distance_kpc)
    r_mag = hosts.magnitudes[band("r")] - EXTINCTION[band("r")] * ebv
    primary = locus.at("M_r", r_mag - 5.0 * np.log10(distance_kpc) - 10.0)
    entries = primary + (rng.random(n) * (locus.entries - 1 - primary)).astype(np.intp)
    absolute_r = locus.parameters["M_r"][entries].astype(np.float64)
    _dress(rng, part, population, locus, entries, absolute_r, distance_kpc, ebv)


def place_near(rng: np.random.Generator, part: Objects, ra: Doubles, dec: Doubles, sep_arcsec: Doubles) -> None:
    """Put each object of `part` at a separation (under a degree) from ra, dec in degrees, in a random direction."""
    angle = rng.uniform(0.0, 2.0 * np.pi, len(part))
    radius = np.radians(sep_arcsec / 3600.0)
    part.ra[:], part.dec[:] = offset_position(ra, dec, radius * np.sin(angle), radius * np.cos(angle))
    part.sep_arcsec[:] = sep_arcsec


def colour_scatter(spread_mag: Mapping[str, float]) -> Floats:
    """A spread for each of `BANDS` from a mapping with "" for the bands it does not name."""
    return np.array([spread_mag.get(name, spread_mag[""]) for name in BANDS], np.float32)


def _dress(
    rng: np.random.Generator,
    part: Objects,
    population: Population,
    locus: Locus,
    entries: Indices,
    absolute_r: Doubles,
    distance_kpc: Doubles,
    ebv: Doubles,
) -> None:
    part.teff[:] = locus.parameters["teff"][entries]
    part.name_subtypes(locus.subtypes, locus.rows(entries))
    r_mag = absolute_r + 5.0 * np.log10(distance_kpc) + 10.0
    part.shine(rng, locus.magnitudes[:, entries], r_mag, ebv, colour_scatter(population.colour_scatter_mag))


def _reach_kpc(modulus: Doubles) -> Doubles:
    return 10.0 ** (0.2 * modulus - 2.0)


def _draw_entries(rng: np.random.Generator, name: str, n: int) -> Indices:
    return np.searchsorted(_cumulative(name), rng.random(n, dtype=np.float32)).astype(np.intp)


@cache
def _cumulative(name: str) -> Floats:
    """Share of a magnitude-limited sample up to each entry of the locus: density times volume."""
    population, locus = POPULATIONS[name], load_loci()[name]
    limit_band, faintest_mag, spread_mag = population.limit
    reference = locus.parameters["M_r"].astype(np.float64) + locus.magnitudes[band(limit_band)]
    reach = np.minimum(_reach_kpc(faintest_mag - spread_mag - reference), population.reach_kpc)
    place = locus.parameters[population.along].astype(np.float64)
    density = 10.0 ** np.interp(place, *np.array(population.density).T)
    total: Doubles = np.cumsum((density * disc_volume(reach) * np.abs(np.gradient(place))) ** population.flatten)
    shares: Floats = (total / total[-1]).astype(np.float32)
    return shares
