"""Extragalactic objects: galaxies in the field and in clusters, the clusters themselves, quasars."""

from __future__ import annotations

import numpy as np

from skyband.ingest.simulate.cosmology import arcsec_per_kpc, distance_modulus
from skyband.ingest.simulate.galactic import reddening_towards
from skyband.ingest.simulate.loci import WAVELENGTH_UM, Bools, Doubles, load_loci
from skyband.ingest.simulate.objects import Objects, kind
from skyband.ingest.simulate.stars import colour_scatter, place_near

MEMBER_SHARE = 0.25
"""Share of the galaxies that belong to clusters."""
_GALAXY_SCATTER = colour_scatter({"": 0.05, "u": 0.12, "w2": 0.06, "w3": 0.25, "w4": 0.30})
_CLUSTER_SCATTER = colour_scatter({"": 0.03, "u": 0.10, "w3": 0.20, "w4": 0.30})
_QUASAR_SCATTER = colour_scatter({"": 0.06, "u": 0.12, "w3": 0.15, "w4": 0.20})
_SMC_EXTINCTION = (1.39 * WAVELENGTH_UM**-1.2).astype(np.float32)  # A / E(B-V): Prevot et al. (1984, A&A 132, 389)
_CORE_KPC = 150.0  # of the surface density of clusters, inside ...
_EDGE_KPC = 1200.0


def fill_clusters(rng: np.random.Generator, part: Objects) -> None:
    """Make `part` galaxy clusters: the diffuse red light around the centre, one extended entry each.

    It is a little brighter than the brightest galaxy (M_r = -22.8: Lin & Mohr 2004, ApJ 617, 879, in r) and has the
    colours of the red sequence at the redshift of the cluster (Rykoff et al. 2014, ApJ 785, 104).
    """
    n = len(part)
    locus = load_loci()["galaxy_red"]
    redshift = np.clip(0.04 + rng.gamma(2.0, 0.13, n), 0.04, 1.0)
    entries = locus.at("redshift", redshift)
    r_mag = -23.1 + 0.3 * rng.standard_normal(n) + distance_modulus(redshift) + locus.parameters["k_r"][entries]
    part.kind[:] = kind("cluster")
    part.name_subtypes(("cluster",), np.zeros(n, np.intp))
    part.redshift[:] = redshift
    part.radius_arcsec[:] = np.exp(rng.normal(np.log(45.0), 0.3, n)) * arcsec_per_kpc(redshift)
    ebv = _scatter_on_sky(rng, part)
    part.shine(rng, locus.magnitudes[:, entries], r_mag, ebv, _CLUSTER_SCATTER)


def fill_galaxies(rng: np.random.Generator, part: Objects, clusters: Objects, first_cluster: int) -> None:
    """Make `part` galaxies, the first `MEMBER_SHARE` of them in `clusters`, from `first_cluster` on in the chunk.

    Field: number counts 10**(0.35 r), redshifts p(z) ~ z**2 exp(-(z/z0)**1.5) (Baugh & Efstathiou 1993, MNRAS 265,
    145). Two colour groups (Strateva et al. 2001, AJ 122, 1861), mixed by luminosity (Baldry et al. 2004, ApJ 600,
    681); sizes after Shen et al. (2003, MNRAS 343, 978).
    """
    n = len(part)
    members = int(MEMBER_SHARE * n) if len(clusters) else 0
    r_mag, redshift = np.empty(n), np.empty(n)
    field = part.part(members, n)
    r_mag[members:] = 22.7 - np.minimum(rng.exponential(1.25, n - members), 9.0)
    median = 0.07 * 10.0 ** (0.13 * (r_mag[members:] - 16.0))
    redshift[members:] = np.minimum(median / 1.412 * rng.gamma(2.0, 1.0, n - members) ** (2.0 / 3.0), 1.2)
    red_light = load_loci()["galaxy_red"]
    ebv = np.empty(n)
    ebv[members:] = _scatter_on_sky(rng, field)
    if members:
        r_mag[:members], redshift[:members] = _join_clusters(rng, part.part(0, members), clusters, first_cluster)
        ebv[:members] = part.ebv_total[:members]

    entries = red_light.at("redshift", redshift)
    absolute_r = r_mag - distance_modulus(redshift) - red_light.parameters["k_r"][entries]
    in_cluster = np.arange(n) < members
    red = rng.random(n) < _red_share(absolute_r, in_cluster)
    bright = np.arange(n) < min(len(clusters), members)
    red |= bright  # the brightest galaxy of each cluster
    part.kind[:] = kind("galaxy")
    part.name_subtypes(("late-type", "early-type"), red)
    part.redshift[:] = redshift
    part.radius_arcsec[:] = _radius_kpc(rng, absolute_r, red) * arcsec_per_kpc(redshift)
    blueness = np.where(red, rng.normal(0.0, 0.06, n), rng.normal(0.85, 0.22, n)).astype(np.float32)
    light = red_light.magnitudes[:, entries]
    light += blueness * (load_loci()["galaxy_blue"].magnitudes[:, entries] - light)
    part.shine(rng, light, r_mag, ebv, _GALAXY_SCATTER)


def fill_quasars(rng: np.random.Generator, part: Objects) -> None:
    """Make `part` quasars: median colours of their redshift, a spread of slopes, and a red tail.

    The slopes spread by 0.2 in the spectral index (Richards et al. 2003, AJ 126, 1131), who also find the red tail of
    about 6 %, reddened as by dust of the Small Magellanic Cloud. Those nearer than z = 0.5 may show their host.
    """
    n = len(part)
    locus = load_loci()["quasar"]
    redshift = np.clip(0.1 + rng.gamma(3.0, 0.55, n), 0.1, 6.0)
    r_mag = 22.0 - np.minimum(rng.exponential(1.4, n), 7.5)
    part.kind[:] = kind("quasar")
    part.redshift[:] = redshift
    ebv = _scatter_on_sky(rng, part)
    light = locus.magnitudes[:, locus.at("redshift", redshift)]
    slope = (0.2 * rng.standard_normal(n)).astype(np.float32)
    # Dust heats to a temperature of its own: beyond K the slope no longer counts.
    light += slope * (2.5 * np.log10(np.minimum(WAVELENGTH_UM, 2.2) / 0.617)).astype(np.float32)[:, None]
    reddened = rng.random(n) < 0.06
    own_ebv = np.where(reddened, rng.exponential(0.15, n), 0.0).astype(np.float32)
    light += own_ebv * (_SMC_EXTINCTION[:, None] * np.minimum(1.0 + part.redshift, 3.5) ** 1.2)
    part.name_subtypes(("QSO", "reddened QSO"), reddened)
    hosted = (redshift < 0.5) & (r_mag > 17.0) & (rng.random(n) < 0.4)
    part.radius_arcsec[:] = np.where(hosted, 0.6, 0.0)
    part.shine(rng, light, r_mag, ebv, _QUASAR_SCATTER)


def _scatter_on_sky(rng: np.random.Generator, part: Objects) -> Doubles:
    """Uniform positions; returns the E(B-V) in front of them."""
    part.ra[:] = rng.uniform(0.0, 360.0, len(part))
    part.dec[:] = np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, len(part))))
    ebv = reddening_towards(part.ra, part.dec)
    part.ebv_total[:] = ebv
    return ebv


def _join_clusters(
    rng: np.random.Generator, part: Objects, clusters: Objects, first_cluster: int
) -> tuple[Doubles, Doubles]:
    """Place members around cluster centres; returns their r magnitudes and redshifts.

    Member i of the first ones is the brightest galaxy of cluster i, some arcsec from its centre.
    """
    n, brightest = len(part), min(len(clusters), len(part))
    richness = np.cumsum(rng.lognormal(0.0, 0.8, len(clusters)))
    home = np.minimum(np.searchsorted(richness, rng.random(n) * richness[-1]), len(clusters) - 1)
    home[:brightest] = np.arange(brightest)
    redshift = clusters.redshift[home].astype(np.float64)
    # Projected density ~ 1 / (1 + (R / core)**2): the King (1962, AJ 67, 471) profile.
    share = rng.random(n)
    radius_kpc = _CORE_KPC * np.sqrt((1.0 + (_EDGE_KPC / _CORE_KPC) ** 2) ** share - 1.0)
    sep_arcsec = radius_kpc * arcsec_per_kpc(redshift)
    sep_arcsec[:brightest] = 1.0 + rng.exponential(3.0, brightest)
    place_near(rng, part, clusters.ra[home], clusters.dec[home], sep_arcsec)
    part.parent[:] = first_cluster + home
    part.ebv_total[:] = clusters.ebv_total[home]
    r_mag = -21.6 + rng.gamma(2.0, 0.9, n)
    r_mag[:brightest] = -22.8 + 0.25 * rng.standard_normal(brightest)
    locus = load_loci()["galaxy_red"]
    r_mag += distance_modulus(redshift) + locus.parameters["k_r"][locus.at("redshift", redshift)]
    return r_mag, redshift + 0.002 * rng.standard_normal(n)


def _red_share(absolute_r: Doubles, in_cluster: Bools) -> Doubles:
    field = 0.08 + 0.62 / (1.0 + np.exp((absolute_r + 20.8) / 0.7))
    return np.where(in_cluster, 0.55 + 0.4 * field, field)


def _radius_kpc(rng: np.random.Generator, absolute_r: Doubles, red: Bools) -> Doubles:
    """Half-light radii: 10**(a M_r + b), spread 0.3 in ln (Shen et al. 2003, figs. 2-4)."""
    late = 10.0 ** (-0.11 * (absolute_r + 20.5) + 0.62)
    early = 10.0 ** (-0.20 * (absolute_r + 20.5) + 0.48)
    return np.clip(np.where(red, early, late), 0.3, 40.0) * np.exp(0.3 * rng.standard_normal(absolute_r.size))
