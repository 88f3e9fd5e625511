"""Positions of every frame, unit and spelling against astropy."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from astropy import units
from astropy.coordinates import Angle, SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from skyband.ingest.positions import Axes, Placement, place, prepare
from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, BadTable


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def placed(
    connection: duckdb.DuckDBPyConnection, placement: Placement, axes: Axes, rows: pa.Table
) -> tuple[list[float | None], list[float | None]]:
    prepare(connection, axes)
    connection.register("rows_in", rows)
    ra, dec = placement.ra.name, placement.dec.name
    table = connection.sql(f'SELECT "{ra}" AS ra, "{dec}" AS dec FROM {placement.add_to("rows_in")}').to_arrow_table()
    return table["ra"].to_pylist(), table["dec"].to_pylist()


NEW = ("ra_icrs", "dec_icrs")

DIRECTIONS = (
    np.array([0.0, 359.9999, 180.0, 266.4, 12.3, 83.6, 0.0, 200.0]),
    np.array([0.0, 1e-7, -0.001, -28.9, 89.9999, 22.0, 90.0, -90.0]),
)


@pytest.mark.parametrize(
    ("axes", "astropy_frame"),
    [
        (Axes("FK5"), "fk5"),
        (Axes("FK5", "J1975"), SkyCoord(0, 0, unit="deg", frame="fk5", equinox="J1975").frame),
        (Axes("FK4"), "fk4"),
        (Axes("FK4", "B1900"), SkyCoord(0, 0, unit="deg", frame="fk4", equinox="B1900").frame),
        (Axes("GALACTIC"), "galactic"),
        (Axes("SUPERGALACTIC"), "supergalactic"),
        (Axes("ECLIPTIC"), "barycentricmeanecliptic"),
        (Axes("ECLIPTIC", "J1950"), SkyCoord(0, 0, unit="deg", frame="barycentricmeanecliptic", equinox="J1950").frame),
    ],
    ids=str,
)
def test_other_frames_agree_with_astropy(
    connection: duckdb.DuckDBPyConnection, axes: Axes, astropy_frame: object
) -> None:
    lon, lat = DIRECTIONS
    placement = place(Column("l", "DOUBLE"), Column("b", "DOUBLE"), axes, NEW)
    ra, dec = placed(connection, placement, axes, pa.table({"l": lon, "b": lat}))
    expected = SkyCoord(lon, lat, unit="deg", frame=astropy_frame).icrs
    found = SkyCoord(ra, dec, unit="deg")
    assert found.separation(expected).mas.max() < 1e-3


def test_a_fk5_position_moves_by_tens_of_milliarcseconds(connection: duckdb.DuckDBPyConnection) -> None:
    placement = place(Column("ra", "DOUBLE"), Column("dec", "DOUBLE"), Axes("FK5"), NEW)
    ra, dec = placed(connection, placement, Axes("FK5"), pa.table({"ra": [10.0], "dec": [20.0]}))
    moved = SkyCoord(ra, dec, unit="deg").separation(SkyCoord(10.0, 20.0, unit="deg")).mas[0]
    assert (placement.ra.name, placement.dec.name) == ("ra_icrs", "dec_icrs")
    assert 5 < moved < 100


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("05:34:31.94", 83.633083333333),
        ("05 34 31.94", 83.633083333333),
        ("5h34m31.94s", 83.633083333333),
        ("  5H 34M 31.94S ", 83.633083333333),
        ("83d37m59.1s", 83.633083333333),
        ("83.633083333333", 83.633083333333),
        ("05 34.5323333333333", 83.633083333333),
        ("00:00:60", 0.25),
        ("-00:00:04", -1 / 60),
        ("24:00:00", 360.0),
    ],
)
def test_right_ascension_in_text(connection: duckdb.DuckDBPyConnection, text: str, degrees: float) -> None:
    placement = place(Column("ra", "VARCHAR"), Column("dec", "DOUBLE"), Axes(), NEW)
    (ra,), _ = placed(connection, placement, Axes(), pa.table({"ra": [text], "dec": [1.0]}))
    assert ra == pytest.approx(degrees, abs=1e-11)


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("+22:00:52.2", 22.0145),
        ("-00 30 00", -0.5),
        ("−00°30′00″", -0.5),
        ("-5d30m", -5.5),
        ("""12d30'36" """, 12.51),
        ("12d30'36''", 12.51),
        ("-1e1", -10.0),
    ],
)
def test_declination_in_text(connection: duckdb.DuckDBPyConnection, text: str, degrees: float) -> None:
    placement = place(Column("ra", "DOUBLE"), Column("dec", "VARCHAR"), Axes(), NEW)
    _, (dec,) = placed(connection, placement, Axes(), pa.table({"ra": [1.0], "dec": [text]}))
    assert dec == pytest.approx(degrees, abs=1e-11)


@pytest.mark.parametrize("text", ["north", "12:60:00", "12:30:61", "12:34:5x", "1 2 3 4", "12h", "1:2:3:4", "5h10m"])
def test_text_that_is_no_declination(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    placement = place(Column("ra", "DOUBLE"), Column("dec", "VARCHAR"), Axes(), NEW)
    _, (dec,) = placed(connection, placement, Axes(), pa.table({"ra": [1.0], "dec": [text]}))
    assert dec is None


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 359.999), st.floats(-90, 90)), min_size=1, max_size=40),
    st.sampled_from([":", " ", "fromunit"]),
)
def test_text_from_astropy_is_read_back(directions: list[tuple[float, float]], separator: str) -> None:
    ra, dec = (Angle(list(values), unit="deg") for values in zip(*directions, strict=True))
    rows = pa.table(
        {
            "ra": ra.to_string(units.hourangle, sep=separator, precision=7, pad=True).tolist(),
            "dec": dec.to_string(units.deg, sep=separator, precision=6, alwayssign=True).tolist(),
        }
    )
    placement = place(Column("ra", "VARCHAR"), Column("dec", "VARCHAR"), Axes(), NEW)
    with duckdb.connect() as connection:
        ra_read, dec_read = placed(connection, placement, Axes(), rows)
    assert ra_read == pytest.approx(ra.deg, abs=1e-9)
    assert dec_read == pytest.approx(dec.deg, abs=1e-9)


@pytest.mark.parametrize(
    ("type_", "unit", "value", "degrees"),
    [
        ("DOUBLE", "h", 5.5, 82.5),
        ("DOUBLE", "rad", 1.0, 57.29577951308232),
        ("DOUBLE", "arcsec", 3600.0, 1.0),
        ("VARCHAR", "h", "5.5", 82.5),
        ("VARCHAR", "h:m:s", "5.5", 82.5),
        ("VARCHAR", "deg", "10:30:00", 10.5),
        ("VARCHAR", "d:m:s", "10 30 00", 10.5),
    ],
)
def test_the_unit_of_the_column_counts(
    connection: duckdb.DuckDBPyConnection, type_: str, unit: str, value: object, degrees: float
) -> None:
    placement = place(Column("lon", type_, unit=unit), Column("lat", "DOUBLE"), Axes(), NEW)
    (ra,), _ = placed(connection, placement, Axes(), pa.table({"lon": [value], "lat": [0.0]}))
    assert ra == pytest.approx(degrees, abs=1e-12)


def test_galactic_longitude_in_text_is_degrees(connection: duckdb.DuckDBPyConnection) -> None:
    axes = Axes("GALACTIC")
    placement = place(Column("l", "VARCHAR"), Column("b", "VARCHAR"), axes, NEW)
    ra, dec = placed(connection, placement, axes, pa.table({"l": ["10 30 00"], "b": ["-20 30 00"]}))
    expected = SkyCoord(10.5, -20.5, unit="deg", frame="galactic").icrs
    assert (ra[0], dec[0]) == pytest.approx((expected.ra.deg, expected.dec.deg), abs=1e-10)


def test_impossible_angles_do_not_reach_astropy(connection: duckdb.DuckDBPyConnection) -> None:
    axes = Axes("GALACTIC")
    placement = place(Column("l", "DOUBLE"), Column("b", "DOUBLE"), axes, NEW)
    rows = pa.table({"l": [400.0, 1.0, float("nan"), None], "b": [1.0, 95.0, 1.0, 1.0]})
    assert placed(connection, placement, axes, rows) == ([None] * 4, [None] * 4)


def test_degrees_icrs_stay_where_they_are() -> None:
    placement = place(Column("RA_ICRS", "DOUBLE", unit="deg"), Column("DE_ICRS", "FLOAT"), Axes(), NEW)
    assert placement.added == ()
    assert placement.add_to("rows_in") == "rows_in"
    assert (placement.ra.name, placement.dec.name, placement.dec.unit) == ("RA_ICRS", "DE_ICRS", "deg")


@pytest.mark.parametrize(
    "column", [Column("x", "DOUBLE", unit="mag"), Column("x", "BOOLEAN"), Column("x", "VARCHAR", unit="Jy")]
)
def test_a_column_that_is_no_angle(column: Column) -> None:
    with pytest.raises(BadTable, match="'x'"):
        place(column, Column("dec", "DOUBLE"), Axes(), NEW)


def test_an_unknown_frame() -> None:
    with pytest.raises(BadOption, match="'HORIZON'"):
        Axes.parse("horizon")


def test_axes_as_people_write_them() -> None:
    assert Axes.parse("galactic") == Axes("GALACTIC")
    assert Axes.parse(" fk5 j1975 ") == Axes("FK5", "J1975")
    with pytest.raises(BadOption, match="'1975'"):
        Axes.parse("FK5 1975")
