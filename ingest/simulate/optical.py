"""`sim_optical`: a survey like SDSS (York et al. 2000, AJ 120, 1579; Ahumada et al. 2020, ApJS 249, 3)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from skyband.ingest.simulate.columns import OPTICAL_EPOCH
from skyband.ingest.simulate.loci import EXTINCTION, Indices, band
from skyband.ingest.simulate.objects import OPTICAL, Objects
from skyband.ingest.simulate.observe import (
    Camera,
    detect,
    lost_light,
    magnitude_errors,
    observed_position,
    position_errors,
)
from skyband.ingest.simulate.tables import Values, build_table, rounded

CAMERA = Camera(
    look=OPTICAL,
    bands=slice(band("u"), band("z") + 1),
    depth_mag=(22.15, 23.13, 22.70, 22.20, 20.71),
    floor_mag=0.012,
    beam_arcsec=1.2,
    resolution_arcsec=1.3,
    detect_bands=(1, 2, 3, 4),
    bright_mag=11.0,
)
_SEEING_ARCSEC = 0.65  # half-light radius of a star
_FIRST_OBJID = 1_237_645_879_551_000_000
_R = 2


def observe_optical(rng: np.random.Generator, objects: Objects, first_id: int) -> tuple[pa.Table, Indices]:
    """The catalogue of a chunk and the places of its sources in the chunk."""
    found = detect(rng, objects, CAMERA)
    index, n = found.index, found.index.size
    radius = objects.radius_arcsec[index]
    ra_error = position_errors(rng, found.excess, 0.03, 0.16, 0.2) + 0.05 * radius
    dec_error = ra_error * rng.uniform(0.9, 1.1, n).astype(np.float32)
    noise = rng.standard_normal((2, n), dtype=np.float32)
    ra, dec = observed_position(objects, index, OPTICAL_EPOCH, noise[0] * ra_error, noise[1] * dec_error)

    # The noise of PSF and model magnitudes is mostly the same photons.
    shared = rng.standard_normal((5, n), dtype=np.float32)
    own = rng.standard_normal((5, n), dtype=np.float32)
    model_error = magnitude_errors(
        found.magnitudes, CAMERA.depth - 1.25 * np.log10(1.0 + (radius / 0.7) ** 2), CAMERA.floor_mag
    )
    model = found.magnitudes + model_error * shared
    psf_true = found.magnitudes + lost_light(radius, 0.6)
    psf_error = magnitude_errors(psf_true, CAMERA.depth, CAMERA.floor_mag)
    psf = psf_true + psf_error * (np.float32(0.96) * shared + np.float32(0.28) * own)
    best = np.where(model_error[_R] < 0.5, _R, np.where(model_error[3] < model_error[4], 3, 4))
    extended = (psf - model)[best, np.arange(n)] > 0.145  # the cut of the SDSS pipeline (Stoughton et al. 2002)
    missing = np.isnan(model) | (model_error > 0.54)
    model[missing] = psf[missing] = np.nan
    petro = np.sqrt(radius**2 + _SEEING_ARCSEC**2)
    petro *= np.exp((0.04 + 0.3 * np.minimum(model_error[_R], 1.0)) * rng.standard_normal(n, dtype=np.float32))
    crowded = objects.sep_arcsec[index] < 2.5
    clean = (found.magnitudes[_R] > 14.0) & ~crowded & (rng.random(n, dtype=np.float32) > 0.03)

    values: Values = {
        "objid": _FIRST_OBJID + first_id + index,
        "ra": ra,
        "dec": dec,
        "raErr": rounded(ra_error, 4),
        "decErr": rounded(dec_error, 4),
        "extinction_r": rounded(EXTINCTION[_R] * objects.ebv_total[index], 4),
        "type": np.where(extended, 3, 6).astype(np.int16),
        "petroR50_r": rounded(petro, 3),
        "clean": clean.astype(np.int16),
    }
    for row, name in enumerate("ugriz"):
        values[f"psfMag_{name}"] = rounded(psf[row], 3)
        values[f"psfMagErr_{name}"] = rounded(np.where(missing[row], np.float32(np.nan), psf_error[row]), 4)
        values[f"modelMag_{name}"] = rounded(model[row], 3)
        values[f"modelMagErr_{name}"] = rounded(np.where(missing[row], np.float32(np.nan), model_error[row]), 4)
    return build_table("sim_optical", values), index
