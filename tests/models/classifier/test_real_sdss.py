"""Galaxies, quasars and stars of SDSS with spectra: as good as published classifiers of their colours, and honest."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.spatial import cKDTree

from skyband.models.classifier.classifier import Classifier
from skyband.models.classifier.matrix import FeatureMatrix
from skyband.models.classifier.train import train
from skyband.schema.healpix import healpix_index

pytestmark = [pytest.mark.real, pytest.mark.slow]
_SAME_ARCSEC = 2.0


def photometry(folder: Path, redshift: bool) -> tuple[FeatureMatrix, list[str]]:
    """Magnitudes and all colours of both tables; sources within 2 arcsec are one object."""
    columns = ["ra", "dec", *"ugriz", "redshift", "class"]
    tables = [
        pq.read_table(folder / "labelled_sdss_spectro" / f"{name}.parquet", columns=columns)
        for name in ("sdss17_10k", "sdss_dr14_10k")
    ]
    found = {name: np.concatenate([table[name].to_numpy() for table in tables]) for name in columns}
    bands = {band: found[band].astype(np.float64) for band in "ugriz"}
    features = bands | {f"{one}_{other}": bands[one] - bands[other] for one, other in combinations("ugriz", 2)}
    # Oblique cuts that trees would need many steps for: bends of the spectrum, and colours across the stellar locus
    # (Ivezic et al. 2004, AN 325, 583).
    u, g, r, i, z = bands.values()
    features |= {
        "u_g_r": u - 2 * g + r,
        "g_r_i": g - 2 * r + i,
        "r_i_z": r - 2 * i + z,
        "u_g_r_s": -0.249 * u + 0.794 * g - 0.555 * r,
        "g_r_i_w": -0.227 * g + 0.792 * r - 0.567 * i,
        "r_i_z_y": -0.270 * r + 0.800 * i - 0.534 * z,
    }
    vanish = {band: tuple(name for name in features if band in name.split("_")) for band in "ugriz"}
    if redshift:
        features["redshift"] = found["redshift"].astype(np.float64)
        vanish["spectrum"] = ("redshift",)
    ra, dec = np.radians(found["ra"]), np.radians(found["dec"])
    places = np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    groups = np.full(len(ra), -1)
    for number, pair in enumerate(sorted(cKDTree(places).query_pairs(np.radians(_SAME_ARCSEC / 3600)))):
        groups[list(pair)] = number
    matrix = FeatureMatrix(
        np.column_stack(list(features.values())).astype(np.float32),
        tuple(features),
        healpix_29=healpix_index(29, found["ra"], found["dec"]),
        magnitude=bands["r"],
        groups=groups,
        bands=vanish,
    )
    return matrix, [str(name) for name in found["class"]]


@pytest.mark.parametrize(("redshift", "accuracy"), [(False, 0.923), (True, 0.982)])
def test_classes_of_sdss_sources(real_data: Path, tmp_path: Path, redshift: bool, accuracy: float) -> None:
    matrix, names = photometry(real_data, redshift)
    assert len(names) == 11_491
    model = train(matrix, names, tmp_path / "m", budget_s=300, seed=1)
    manifest = model.manifest
    print(manifest["rounds"], manifest["seconds"], manifest["log_losses"])
    print({name: (one["accuracy"], one["nll"]) for name, one in manifest["member_metrics"].items()})
    print(manifest["metrics"], manifest["conformal"])
    # All of these are of rows that lie elsewhere than what was learnt, calibrated and drawn limits from.
    assert manifest["metrics"]["accuracy"] >= accuracy
    assert manifest["metrics"]["ece"] < 0.02
    assert manifest["conformal"]["covered"] == pytest.approx({"GALAXY": 0.9, "QSO": 0.9, "STAR": 0.9}, abs=0.02)
    found = Classifier.load(tmp_path / "m").predict(matrix)
    assert (found.safety == 0).mean() > 0.95
