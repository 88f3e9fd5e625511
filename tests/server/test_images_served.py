"""A collection of images, some without a position, is served like any table."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

import pytest
import pyvo
from astropy import units as u
from astropy.io import fits
from astropy.io.votable import parse_single_table
from mocpy import MOC

from skyband.ingest.images import AddOptions, add_images
from skyband.schema.store import Store
from tests.pictures import fits_file, fluxes, jpeg, wcs_header
from tests.server.conftest import Served


@pytest.fixture
def galaxies(store: Store, tmp_path: Path) -> Store:
    """Two images with a position and one without."""
    (tmp_path / "nowhere.jpg").write_bytes(jpeg(1))
    for number, ra in enumerate((10.0, 10.001)):
        header = wcs_header(ra, 20.0, 0.4, 20, 20)
        (tmp_path / f"g{number}.fits").write_bytes(fits_file(fits.PrimaryHDU(fluxes(number, 20, 20), header)))
    add_images(store, [str(tmp_path)], AddOptions(collection="galaxies"))
    return store


def test_cones_tap_and_maps_pass_over_images_without_a_position(
    galaxies: Store, serve: Callable[..., AbstractContextManager[Served]]
) -> None:
    with serve(galaxies.path) as served:
        cone = served.client.get("/scs/galaxies", params={"RA": 10, "DEC": 20, "SR": 180})
        assert sorted(parse_single_table(BytesIO(cone.content)).array["id"]) == ["g0", "g1"]
        moc = served.client.get("/moc/galaxies", params={"format": "ascii", "order": 9})
        assert MOC.from_string(moc.text) == MOC.from_lonlat([10.0, 10.001] * u.deg, [20.0, 20.0] * u.deg, max_norder=9)
        service = pyvo.dal.TAPService(served.tap)
        every = service.run_sync("SELECT id, ra, added FROM galaxies ORDER BY id").to_table()
        assert every["id"].tolist() == ["g0", "g1", "nowhere"]
        near = service.run_sync("SELECT id FROM galaxies WHERE DISTANCE(ra, dec, 10, 20) < 0.0005").to_table()
        assert near["id"].tolist() == ["g0"]
        described = service.run_sync(
            "SELECT column_name, ucd, unit FROM TAP_SCHEMA.columns WHERE table_name = 'galaxies' AND unit = 'arcsec'"
        ).to_table()
        assert described["column_name"].tolist() == ["pixel_scale"]
