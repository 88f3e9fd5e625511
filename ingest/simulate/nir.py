"""`sim_nir`: a survey like the 2MASS point sources (Skrutskie et al. 2006, AJ 131, 1163)."""

from __future__ import annotations

from itertools import product

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skyband.ingest.simulate.loci import Indices, band
from skyband.ingest.simulate.names import name_keys, two_mass_names
from skyband.ingest.simulate.objects import NIR, Objects
from skyband.ingest.simulate.observe import (
    Camera,
    detect,
    grade,
    lost_light,
    magnitude_errors,
    observed_position,
    position_errors,
)
from skyband.ingest.simulate.tables import Values, build_table, nullable, rounded, words

CAMERA = Camera(
    look=NIR,
    bands=slice(band("j"), band("k") + 1),
    depth_mag=(16.55, 15.85, 15.05),
    floor_mag=0.02,
    beam_arcsec=4.0,
    resolution_arcsec=4.0,
    detect_bands=(0, 1, 2),
    bright_mag=-2.0,
)
_GRADES = "ABCDU"
_GRADE_ERRORS = (0.1086, 0.1551, 0.2171, 0.5429)  # S/N of 10, 7, 5, 2
_FIRST_SCAN_JD, _SCAN_DAYS = 2_450_600.5, 1_360.0  # June 1997 to February 2001
_J2000_JD = 2_451_545.0


def observe_nir(
    rng: np.random.Generator, objects: Objects, first_id: int
) -> tuple[pa.Table, Indices, NDArray[np.int64]]:
    """The catalogue of a chunk, the places of its sources in the chunk, and the keys of their names."""
    found = detect(rng, objects, CAMERA)
    index, n = found.index, found.index.size
    radius = objects.radius_arcsec[index]
    major = position_errors(rng, found.excess, 0.06, 0.22, 0.2) + 0.04 * radius
    minor = major * rng.uniform(0.75, 1.0, n).astype(np.float32)
    angle = rng.integers(0, 180, n, dtype=np.int16)
    along, across = rng.standard_normal((2, n), dtype=np.float32) * np.stack([major, minor])
    sin, cos = np.sin(np.radians(angle, dtype=np.float32)), np.cos(np.radians(angle, dtype=np.float32))
    jdate = rounded(_FIRST_SCAN_JD + rng.uniform(0.0, _SCAN_DAYS, n), 4)
    epoch = 2000.0 + (jdate - _J2000_JD) / 365.25
    ra, dec = observed_position(objects, index, epoch, along * sin + across * cos, along * cos - across * sin)
    ra, dec = np.mod(rounded(ra, 6), 360.0), rounded(dec, 6)
    keys = name_keys(ra, dec)

    true = found.magnitudes + lost_light(radius, CAMERA.beam_arcsec)
    errors = magnitude_errors(true, CAMERA.depth, CAMERA.floor_mag)
    magnitudes = true + errors * rng.standard_normal((3, n), dtype=np.float32)
    quality, measured = grade(errors, _GRADE_ERRORS)
    limits = CAMERA.depth + (1.0 + 0.15 * rng.standard_normal(n, dtype=np.float32))
    in_extended_list = (radius > 2.5) & (found.magnitudes[0] < 15.2)

    values: Values = {
        "designation": two_mass_names(keys),
        "ra": ra,
        "dec": dec,
        "jdate": jdate,
        "err_maj": rounded(major, 3),
        "err_min": rounded(minor, 3),
        "err_ang": angle,
        "ph_qual": words(tuple(map("".join, product(_GRADES, repeat=3))), quality.astype(np.int16)),
        "ext_key": nullable(first_id + index + 1, in_extended_list),
    }
    for row, name in enumerate("jhk"):
        values[f"{name}_m"] = rounded(np.where(measured[row], magnitudes[row], limits[row]), 3)
        values[f"{name}_msigcom"] = rounded(np.where(measured[row], errors[row], np.float32(np.nan)), 3)
    return build_table("sim_nir", values), index, keys
