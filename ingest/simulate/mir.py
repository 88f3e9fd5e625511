"""`sim_mir`: a survey like AllWISE (Wright et al. 2010, AJ 140, 1868; Cutri et al. 2013)."""

from __future__ import annotations

from itertools import product

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skyband.ingest.simulate.columns import MIR_EPOCH
from skyband.ingest.simulate.loci import Indices, band
from skyband.ingest.simulate.names import all_wise_names, name_keys
from skyband.ingest.simulate.objects import MIR, Objects
from skyband.ingest.simulate.observe import (
    Camera,
    detect,
    grade,
    lost_light,
    magnitude_errors,
    observed_position,
    position_errors,
)
from skyband.ingest.simulate.tables import Values, build_table, rounded, words

CAMERA = Camera(
    look=MIR,
    bands=slice(band("w1"), band("w4") + 1),
    depth_mag=(16.9, 15.95, 11.6, 8.05),
    floor_mag=0.022,
    beam_arcsec=8.0,
    resolution_arcsec=6.0,
    detect_bands=(0, 1, 2),
    bright_mag=-3.0,
)
_GRADES = "ABCU"
_GRADE_ERRORS = (0.1086, 0.3619, 0.5429)  # S/N of 10, 3, 2


def observe_mir(rng: np.random.Generator, objects: Objects) -> tuple[pa.Table, Indices, NDArray[np.int64]]:
    """The catalogue of a chunk, the places of its sources in the chunk, and the keys of their names."""
    found = detect(rng, objects, CAMERA)
    index, n = found.index, found.index.size
    radius = objects.radius_arcsec[index]
    ra_error = position_errors(rng, found.excess, 0.035, 0.35, 0.3) + 0.05 * radius
    dec_error = ra_error * rng.uniform(0.93, 1.1, n).astype(np.float32)
    noise = rng.standard_normal((2, n), dtype=np.float32)
    ra, dec = observed_position(objects, index, MIR_EPOCH, noise[0] * ra_error, noise[1] * dec_error)
    ra, dec = np.mod(rounded(ra, 7), 360.0), rounded(dec, 7)
    keys = name_keys(ra, dec)

    true = found.magnitudes + lost_light(radius, CAMERA.beam_arcsec)
    errors = magnitude_errors(true, CAMERA.depth, CAMERA.floor_mag)
    magnitudes = true + errors * rng.standard_normal((4, n), dtype=np.float32)
    quality, measured = grade(errors, _GRADE_ERRORS)
    limits = CAMERA.depth + (1.0 + 0.15 * rng.standard_normal(n, dtype=np.float32))
    extended = np.where((radius > 6.0) & (true[0] < 14.0), 5, np.where(radius > 3.5, 1, 0))

    values: Values = {
        "designation": all_wise_names(keys),
        "ra": ra,
        "dec": dec,
        "sigra": rounded(ra_error, 4),
        "sigdec": rounded(dec_error, 4),
        "ext_flg": extended.astype(np.int16),
        "ph_qual": words(tuple(map("".join, product(_GRADES, repeat=4))), quality.astype(np.int16)),
    }
    for row, name in enumerate(("w1", "w2", "w3", "w4")):
        values[f"{name}mpro"] = rounded(np.where(measured[row], magnitudes[row], limits[row]), 3)
        values[f"{name}sigmpro"] = rounded(np.where(measured[row], errors[row], np.float32(np.nan)), 3)
    return build_table("sim_mir", values), index, keys
