"""Real catalogues come into tables whole: every row and every value, against the files read by pyarrow and astropy."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import astropy.io.fits
import healpy
import numpy as np
import pyarrow.parquet
import pytest

from skyband.ingest.pipeline import IngestReport
from skyband.schema.errors import BadTable

pytestmark = pytest.mark.real

Take = Callable[..., IngestReport]
Ask = Callable[..., list[tuple[Any, ...]]]


def plain(value: Any) -> Any:
    """A value as the table has it: NaN is NULL, text has no blanks at its end."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, str):
        return value.rstrip() or None
    if isinstance(value, list):
        return tuple(map(plain, value))
    return None if isinstance(value, float) and math.isnan(value) else value


def read_parquet(path: Path) -> Iterator[tuple[Any, ...]]:
    table = pyarrow.parquet.read_table(path)
    return zip(*(map(plain, column.to_pylist()) for column in table.columns), strict=True)


def read_fits(path: Path) -> list[tuple[Any, ...]]:
    with astropy.io.fits.open(path) as units:
        data = units[1].data
        return list(zip(*(map(plain, data[name].tolist()) for name in data.names), strict=True))


CATALOGUES = [
    ("xmatch_cosmos_xray/cosmos_xmm.fits", {}, 1797, {}),
    ("xmatch_cosmos_xray/cosmos_chandra.fits", {}, 1761, {}),
    ("xmatch_eyuma/refcat2.parquet", {"id": "id"}, 187, {}),
    ("xmatch_eyuma/apass_dr9.parquet", {"id": "@row"}, 54, {}),
    ("xmatch_eyuma/vsx.parquet", {}, 39, {}),
    ("xmatch_ngc188/gaia_dr2.parquet", {"epoch": 2015.5}, 4876, {}),
    ("xmatch_ngc188/twomass_psc.parquet", {"survey": "twomass_psc"}, 5014, {}),
    ("xmatch_sdss_allwise/sdss_input.parquet", {}, 3340, {}),
    ("xmatch_sdss_allwise/allwise.parquet", {"survey": "allwise"}, 3263, {}),
    ("sdss_dr8_galaxies_redmapper/galaxies_by_healpix.parquet", {"id": "PHOTOID"}, 14449, {}),
    ("sdss_dr8_galaxies_redmapper/photometric.parquet", {}, 2275, {"duplicate id": 7}),
    ("sdss_dr8_galaxies_redmapper/spectroscopic.parquet", {"id": "@row"}, 2275, {}),
    ("sdss_dr8_galaxies_redmapper/cluster_members.parquet", {"id": "@row"}, 513, {}),
    ("galaxy_zoo/gz2_stripe82_coadd_table5.parquet", {}, 12858, {}),
]


@pytest.mark.parametrize(("name", "options", "count", "rejected"), CATALOGUES, ids=[case[0] for case in CATALOGUES])
def test_a_catalogue_comes_in_whole(
    real_data: Path, take: Take, rows: Ask, name: str, options: dict[str, Any], count: int, rejected: dict[str, int]
) -> None:
    path = real_data / name
    report = take(path, **options)
    assert (report.rows_read, report.rejected) == (count, rejected)
    assert report.info.rows == report.rows_kept == count - sum(rejected.values())
    # Names that differ in case only are not the same in the table.
    listed = [f'"{column.name}"' for column in report.info.columns if column.name not in ("row_id", "healpix_29")]
    found = Counter(tuple(map(plain, row)) for row in rows(f"SELECT {', '.join(listed)} FROM stars"))
    expected = Counter(read_fits(path) if path.suffix == ".fits" else read_parquet(path))
    assert found <= expected
    assert (expected - found).total() == sum(rejected.values())


@pytest.mark.parametrize("name", [case[0] for case in CATALOGUES[:2]])
def test_positions_and_keys_agree_with_healpy(real_data: Path, take: Take, rows: Ask, name: str) -> None:
    take(real_data / name)
    ra, dec, key = (
        np.array(column) for column in zip(*rows("SELECT ra, dec, healpix_29 FROM keys.stars"), strict=True)
    )
    assert (key == healpy.ang2pix(1 << 29, ra, dec, nest=True, lonlat=True)).all()
    assert (np.diff(key) >= 0).all()


def test_a_hats_catalogue_is_a_folder(real_data: Path, take: Take, rows: Ask) -> None:
    report = take(real_data / "hats_small_sky" / "hats" / "small_sky_order1_collection")
    assert (report.rows_read, report.info.rows, report.rejected) == (131, 131, {})
    assert report.info.column("_healpix_29") is None
    given = pyarrow.parquet.read_table(
        real_data / "hats_small_sky" / "hats" / "small_sky_order1_collection" / "small_sky_order1" / "dataset",
        partitioning=None,
    )
    keys = dict(zip(given["id"].to_pylist(), given["_healpix_29"].to_pylist(), strict=True))
    assert dict(rows("SELECT id, healpix_29 FROM stars")) == keys


def test_objects_without_position_are_rejected(real_data: Path, take: Take, rejected: Ask) -> None:
    report = take(real_data / "openngc" / "openngc.parquet")
    table = pyarrow.parquet.read_table(real_data / "openngc" / "openngc.parquet")
    missing = [
        name for name, ra in zip(table["Name"].to_pylist(), table["ra_deg"].to_pylist(), strict=True) if ra is None
    ]
    assert report.rows_read == 14033
    assert report.rejected == {"missing position": len(missing)}
    assert rejected("Name, reason") == sorted((name, "missing position") for name in missing)


def test_rounded_ids_are_refused(real_data: Path, take: Take) -> None:
    with pytest.raises(BadTable, match="--id"):
        take(real_data / "labelled_sdss_spectro" / "sdss_dr14_10k.parquet", id="objid")
