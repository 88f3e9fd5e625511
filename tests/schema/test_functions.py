"""The functions every open store has, against astropy and healpy."""

from __future__ import annotations

import healpy
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyband.schema.errors import QueryError
from skyband.schema.faults import duckdb_faults
from skyband.schema.session import Session

ras = st.one_of(st.sampled_from([0.0, 360.0, 180.0, 45.0, 359.9999999]), st.floats(0, 360))
decs = st.one_of(st.sampled_from([-90.0, 90.0, 0.0, 41.8103148957786]), st.floats(-90, 90))
shared = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def value(empty_session: Session, expression: str, *values: float) -> float:
    row = empty_session.connection.execute(f"SELECT {expression}", list(values)).fetchone()
    assert row is not None
    return float(row[0])


@shared
@given(ras, decs, ras, decs)
def test_angdist_is_astropys_separation(
    empty_session: Session, ra1: float, dec1: float, ra2: float, dec2: float
) -> None:
    one, two = SkyCoord(ra1, dec1, unit="deg"), SkyCoord(ra2, dec2, unit="deg")
    found = value(empty_session, "angdist_arcsec(?, ?, ?, ?)", ra1, dec1, ra2, dec2)
    assert found == pytest.approx(one.separation(two).arcsec, abs=1e-8, rel=1e-12)


@shared
@given(ras, decs)
def test_galactic_coordinates_are_astropys(empty_session: Session, ra: float, dec: float) -> None:
    lon = value(empty_session, "galactic_lon(?, ?)", ra, dec)
    lat = value(empty_session, "galactic_lat(?, ?)", ra, dec)
    assert 0 <= lon < 360
    there = SkyCoord(lon, lat, unit="deg", frame="galactic")
    assert there.separation(SkyCoord(ra, dec, unit="deg")) < 1e-6 * u.arcsec


@shared
@given(st.integers(0, 29), ras, decs)
def test_healpix_is_healpys_nested_index(empty_session: Session, order: int, ra: float, dec: float) -> None:
    expected = healpy.ang2pix(1 << order, ra, dec, nest=True, lonlat=True)
    assert value(empty_session, "healpix(?, ?, ?)", order, ra, dec) == expected
    assert value(empty_session, f"healpix_of(healpix(29, ?, ?), {order})", ra, dec) == pytest.approx(expected, abs=0)


def test_healpix_takes_null_and_mixed_orders_and_refuses_the_impossible(empty_session: Session) -> None:
    rows = empty_session.connection.execute(
        "SELECT healpix(o, ra, 1.0) FROM (VALUES (0, 1.0), (29, 1.0), (3, NULL)) t(o, ra)"
    ).fetchall()
    assert rows == [(4,), (healpy.ang2pix(1 << 29, 1.0, 1.0, nest=True, lonlat=True),), (None,)]
    for arguments in ("30, 1, 1", "-1, 1, 1", "5, 1, 91", "5, 'inf'::DOUBLE, 1"):
        with pytest.raises(QueryError, match=r"healpix|HEALPix"), duckdb_faults("query"):
            empty_session.connection.execute(f"SELECT healpix({arguments})").fetchall()


@pytest.mark.parametrize(
    "expression",
    [
        "angdist_arcsec(1.0, 2.0, 3.0, NULL)",
        "galactic_lon(NULL, 1.0)",
        "galactic_lat(NULL, 1.0)",
        "galactic_lat(1.0, NULL)",
        "healpix_of(NULL, 3)",
        "chord2_arcsec(NULL)",
    ],
)
def test_nothing_in_gives_nothing_out(empty_session: Session, expression: str) -> None:
    assert empty_session.connection.execute(f"SELECT {expression}").fetchall() == [(None,)]
