"""`sim_astrometry`: a survey like Gaia DR3 (Gaia Collaboration, Vallenari et al. 2023, A&A 674, A1)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from skyband.ingest.simulate.columns import ASTROMETRY_EPOCH
from skyband.ingest.simulate.loci import Floats, Indices, band
from skyband.ingest.simulate.objects import ASTROMETRY, Objects, kind
from skyband.ingest.simulate.observe import (
    Camera,
    detect,
    hypotenuse,
    lost_light,
    observed_position,
    position_errors,
)
from skyband.ingest.simulate.tables import Values, build_table

CAMERA = Camera(
    look=ASTROMETRY,
    bands=slice(band("gaia_g"), band("rp") + 1),
    depth_mag=(20.9,),
    floor_mag=0.003,
    beam_arcsec=0.35,
    resolution_arcsec=0.6,
    detect_bands=(0,),
    bright_mag=2.5,
)
_SOURCE_ID_SHIFT = 35  # a source_id is the HEALPix index of order 12 times 2**35, plus a number
_NSIDE = 4096


def observe_astrometry(rng: np.random.Generator, objects: Objects, first_id: int) -> tuple[pa.Table, Indices]:
    """The catalogue of a chunk and the places of its sources in the chunk.

    Errors follow Lindegren et al. (2021, A&A 649, A2): 0.02 mas for bright sources, 0.4 mas at G = 20. About one
    source in seven has positions only (two-parameter solutions): most galaxies and the faintest of the others.
    """
    import healpy  # heavy: only where source identifiers are made

    found = detect(rng, objects, CAMERA)
    index, n = found.index, found.index.size
    radius = objects.radius_arcsec[index]
    g_true, bp_true, rp_true = found.magnitudes + lost_light(radius, CAMERA.beam_arcsec)

    def normal() -> Floats:
        return rng.standard_normal(n, dtype=np.float32)

    position_only = rng.random(n, dtype=np.float32) < np.where(
        radius > 0.0, 0.85, 0.05 + 0.70 / (1.0 + np.exp((20.5 - np.maximum(g_true, 15.0)) / 0.15))
    )
    scale = position_errors(rng, g_true - np.float32(20.0), 0.014, 0.40, 0.28)
    scale[position_only] *= 2.5
    ra_error: Floats = scale * np.float32(0.9)
    dec_error: Floats = scale * (0.8 + 0.05 * rng.random(n, dtype=np.float32))
    correlation = rng.uniform(-0.4, 0.4, n).astype(np.float32)
    east, north = normal(), normal()
    north = correlation * east + (np.float32(1.0) - correlation**2) ** np.float32(0.5) * north
    ra, dec = observed_position(objects, index, ASTROMETRY_EPOCH, east * ra_error / 1000.0, north * dec_error / 1000.0)
    pixel = healpy.ang2pix(_NSIDE, ra, dec, nest=True, lonlat=True).astype(np.int64)

    def fitted(values: Floats) -> Floats:
        return np.where(position_only, np.float32(np.nan), values)

    parallax_error, pmra_error, pmdec_error = fitted(scale), fitted(scale * 1.02), fitted(scale * 0.92)
    close_pair = (objects.sep_arcsec[index] < 1.5) | np.isin(index, objects.parent[objects.sep_arcsec < 1.5])
    ruwe = np.exp(0.02 + 0.06 * normal()) * (
        1.0 + close_pair * rng.exponential(0.8, n) + 0.15 * np.minimum(radius, 4.0)
    )

    g_mag = g_true + normal() * hypotenuse(0.003, 0.008 * 10.0 ** (0.35 * (g_true - np.float32(20.0))))
    bp_mag = _colour_band(rng, bp_true, 21.4)
    rp_mag = _colour_band(rng, rp_true, 20.9)
    is_star = np.isin(objects.kind[index], [kind("star"), kind("giant")])
    teff = objects.teff[index]
    with_spectrum = is_star & (g_true < 14.2) & (teff > 3_600.0) & (teff < 7_500.0)
    velocity = objects.radial_velocity[index] + normal() * (0.3 + 1.5 * 10.0 ** (0.3 * (g_true - 14.0)))

    values: Values = {
        "source_id": (pixel << _SOURCE_ID_SHIFT) + first_id + index,
        "ref_epoch": np.full(n, ASTROMETRY_EPOCH),
        "ra": ra,
        "dec": dec,
        "ra_error": ra_error,
        "dec_error": dec_error,
        "ra_dec_corr": correlation,
        "parallax": objects.parallax[index] + normal() * parallax_error,
        "parallax_error": parallax_error,
        "pmra": objects.pmra[index] + normal() * pmra_error,
        "pmra_error": pmra_error,
        "pmdec": objects.pmdec[index] + normal() * pmdec_error,
        "pmdec_error": pmdec_error,
        "phot_g_mean_mag": g_mag,
        "phot_bp_mean_mag": bp_mag,
        "phot_rp_mean_mag": rp_mag,
        "bp_rp": bp_mag - rp_mag,
        "ruwe": fitted(ruwe.astype(np.float32)),
        "radial_velocity": np.where(with_spectrum, velocity, np.float32(np.nan)),
    }
    return build_table("sim_astrometry", values), index


def _colour_band(rng: np.random.Generator, true: Floats, faintest: float) -> Floats:
    """BP or RP: 0.02 mag at 18.5, 0.1 mag at 20.4; NaN beyond the faintest."""
    error = hypotenuse(0.004, 0.02 * 10.0 ** (0.36 * (true - np.float32(18.5))))
    measured = true + error * rng.standard_normal(true.size, dtype=np.float32)
    return np.where(true < faintest, measured, np.float32(np.nan))
