"""Cones by ranges of the key against the separation of every row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skyband.queries.cones import cone_rows, cone_values
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadOption
from skyband.schema.session import Session
from skyband.schema.store import Store


@pytest.fixture(scope="module")
def positions() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The whole sky, and crowds at the poles, at RA 0 and at corners of base pixels."""
    rng = np.random.default_rng(5)
    ra, dec = rng.uniform(0, 360, 20_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 20_000)))
    for ra0, dec0 in ((0, 0), (45, 0), (90, 41.81), (0, 90), (180, -90), (359.9999, 60)):
        ra = np.append(ra, (ra0 + rng.normal(0, 0.02, 500)) % 360)
        dec = np.append(dec, np.clip(dec0 + rng.normal(0, 0.02, 500), -90, 90))
    return ra, dec


@given(
    ra=st.floats(-360, 360), dec=st.floats(-90, 90), log_radius=st.floats(-5, 2.2)
)  # fmt: skip
@example(ra=0, dec=90, log_radius=-2)
@example(ra=0, dec=-90, log_radius=1)
@example(ra=0, dec=0, log_radius=-1.5)
@example(ra=360, dec=0, log_radius=-1.5)
@example(ra=45, dec=0, log_radius=-1.5)
@example(ra=90, dec=41.81, log_radius=-1.5)
@example(ra=12, dec=5, log_radius=np.log10(180))
@example(ra=0, dec=0, log_radius=2.1875)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cone_has_the_rows_within_its_radius(
    opened: Session, positions: Any, ra: float, dec: float, log_radius: float
) -> None:
    radius_deg = min(10**log_radius, 180)
    rows = cone_rows(opened.tables["crowd"])
    found = opened.connection.execute(f"SELECT id FROM {rows}", cone_values(ra, dec, radius_deg)).fetchall()
    separation = SkyCoord(ra * u.deg, dec * u.deg).separation(SkyCoord(*positions, unit="deg")).deg
    ids = {row for (row,) in found}
    assert set(np.flatnonzero(separation < radius_deg * (1 - 1e-9))) <= ids
    assert ids <= set(np.flatnonzero(separation < radius_deg * (1 + 1e-8) + 1e-9))


@pytest.fixture
def opened(store: Store, make_table: Any, positions: Any) -> Any:
    """A session with the positions as table `crowd`."""
    ra, dec = positions
    make_table("crowd", id=list(range(len(ra))), ra=ra, dec=dec)
    session = Session(store.tables_folder, store.settings)
    yield session
    session.close()


def test_a_table_without_positions_has_no_cones() -> None:
    with pytest.raises(BadOption, match="no positions"):
        cone_rows(TableInfo("list", ()))
