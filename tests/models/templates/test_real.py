"""Templates against sources whose spectra are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from skyband.models.templates.fit import Fits, fit
from skyband.models.templates.library import bands, packaged

pytestmark = pytest.mark.real
NAMES = [band.name for band in bands()]
CLASSES = [library.name for library in packaged()]


def fitted(
    path: Path, columns: dict[str, str], errors: dict[str, str] | None = None
) -> tuple[dict[str, list[object]], Fits]:
    table = pq.read_table(path)
    values = np.full((len(table), len(NAMES)), np.nan)
    sigmas = np.full(values.shape, 0.05)
    for band, name in columns.items():
        place = NAMES.index(band)
        offset = bands()[place].ab_minus_vega if bands()[place].system == "Vega" else 0.0
        values[:, place] = np.array(table[name].to_pylist(), float) + offset
        if errors:
            sigmas[:, place] = np.array(table[errors[band]].to_pylist(), float)
    # Outside of 0 to 40, and without a positive error, nothing was measured.
    values[~((values > 0) & (values < 40) & (sigmas > 0))] = np.nan
    return table.to_pydict(), fit(values, sigmas, packaged())


def winners(found: Fits) -> NDArray[np.str_]:
    named: NDArray[np.str_] = np.array(CLASSES)[found.best]
    return named


def test_types_of_brown_dwarfs(real_data: Path) -> None:
    columns = {"i": "SDSS.i", "z": "SDSS.z", "y": "PAN-STARRS/PS1.y", "j": "2MASS.J", "h": "2MASS.H", "k": "2MASS.Ks"}
    path = real_data / "labelled_brown_dwarfs" / "simple_sources.parquet"
    rows, found = fitted(path, columns | {"w1": "WISE.W1", "w2": "WISE.W2"})
    code = np.array([np.nan if value is None else value for value in rows["sptype_code"]], float)
    known = (code >= 70) & (code < 89) & (found.bands >= 5)
    place = CLASSES.index("brown_dwarf")
    titles = np.array(packaged()[place].titles)[found.template[:, place]]
    types = np.array([10 * "MLT".index(title[0]) + int(title[1]) for title in titles]) + 60
    off = np.abs(types - code)[known]
    assert known.sum() > 500
    assert (off <= 1.5).mean() > 0.7 and np.median((types - code)[known]) == pytest.approx(0, abs=0.5)
    assert (winners(found)[known & (code >= 72)] == "brown_dwarf").mean() > 0.85


def test_quasars_beyond_redshift_4_and_white_dwarfs(real_data: Path) -> None:
    path = real_data / "labelled_quasars" / "perger_agn_z4.parquet"
    rows, found = fitted(path, {b: f"psfMag_{b}" for b in "ugriz"}, {b: f"psfMagErr_{b}" for b in "ugriz"})
    known = found.bands >= 4
    redshift = np.array(rows["redshift"], float)
    place = CLASSES.index("quasar")
    photometric = packaged()[place].redshifts[found.template[:, place]]
    off = ((photometric - redshift) / (1 + redshift))[known]
    assert known.sum() > 1000
    assert (winners(found)[known] == "quasar").mean() > 0.75
    assert (np.abs(off) < 0.1).mean() > 0.9
    _, found = fitted(
        real_data / "labelled_white_dwarfs" / "mwdd_gaiaedr3_sdss.parquet", {band: f"{band}mag" for band in "ugriz"}
    )
    assert (winners(found)[found.bands >= 4] == "white_dwarf").mean() > 0.9


def test_stars_are_no_white_dwarfs_and_no_quasars(real_data: Path) -> None:
    path = real_data / "labelled_sdss_spectro" / "sdss_dr14_10k.parquet"
    rows, found = fitted(path, {band: band for band in "ugriz"})
    called = winners(found)[np.array(rows["class"]) == "STAR"]
    assert len(called) == 2398
    assert (called == "star").mean() > 0.9
    assert (called == "quasar").mean() < 0.01
