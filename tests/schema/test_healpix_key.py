"""The key of rows, made in SQL, against healpy: every bit."""

from __future__ import annotations

import math
from collections.abc import Iterator

import duckdb
import healpy
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyband.schema.healpix import KEY_ORDER, Doubles, healpix_index, with_key

RAS = (-180.0, -90.0, -0.0, 0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0, 360.0)
# Poles, equator, and where the formula changes: |sin(dec)| = 2/3, |sin(dec)| = 0.99, 0.01 rad off a pole.
DECS = tuple(
    sign * dec
    for sign in (1, -1)
    for dec in (0.0, 30.0, 41.810314895778596, 45.0, 81.89038554400582, 90.0 - math.degrees(0.01), 90.0)
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def keys(connection: duckdb.DuckDBPyConnection, ra: object, dec: object, placed: str = "true") -> list[int | None]:
    connection.register("rows_in", pa.table({"ra": ra, "dec": dec}))
    query = with_key("rows_in", key="key", ra="ra", dec="dec", placed=placed)
    columns = connection.sql(f"FROM {query}").to_arrow_table()
    assert columns.column_names == ["ra", "dec", "key"]
    found: list[int | None] = columns["key"].to_pylist()
    return found


def assert_healpys(connection: duckdb.DuckDBPyConnection, ra: Doubles, dec: Doubles) -> None:
    assert keys(connection, ra, dec) == healpix_index(KEY_ORDER, ra, dec).tolist()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(-180, 360), st.floats(-90, 90)), min_size=1, max_size=50))
def test_keys_are_healpys(directions: list[tuple[float, float]]) -> None:
    with duckdb.connect() as connection:
        assert_healpys(connection, *np.array(directions, np.float64).T)


@pytest.mark.parametrize("distance", [0.0, *(10.0**-digits for digits in range(1, 18))])
def test_keys_are_healpys_at_every_seam(connection: duckdb.DuckDBPyConnection, distance: float) -> None:
    random = np.random.default_rng(int(1e17 * distance) % 1000)
    shifts = distance * random.uniform(-1, 1, (2, 50))
    ra, dec = np.meshgrid(np.add.outer(RAS, shifts[0]).ravel(), np.add.outer(DECS, shifts[1]).ravel())
    assert_healpys(connection, np.clip(ra.ravel(), -180, 360), np.clip(dec.ravel(), -90, 90))


def test_keys_are_healpys_beside_seams(connection: duckdb.DuckDBPyConnection) -> None:
    """At the numbers next to those of the seams, and at the smallest there are."""
    around = [np.nextafter(values, towards) for values in (RAS, DECS) for towards in (-400, 400)]
    ra, dec = np.meshgrid(
        np.concatenate([*around[:2], [5e-324, -5e-324, 1e-17]]), np.concatenate([*around[2:], [1e-300]])
    )
    assert_healpys(connection, np.clip(ra.ravel(), -180, 360), np.clip(dec.ravel(), -90, 90))


@pytest.mark.parametrize("order", [0, 1, 4, 12, 22, 29])
def test_keys_are_healpys_at_corners_of_pixels(connection: duckdb.DuckDBPyConnection, order: int) -> None:
    nside = 1 << order
    pixels = np.random.default_rng(order).integers(0, 12 * nside**2, 1000)
    corners = np.moveaxis(healpy.boundaries(nside, pixels, nest=True), 1, 2).reshape(-1, 3)
    assert_healpys(connection, *healpy.vec2ang(corners, lonlat=True))


def test_angles_of_32_bits_are_taken_as_64(connection: duckdb.DuckDBPyConnection) -> None:
    random = np.random.default_rng(1)
    ra, dec = (random.uniform(*ends, 1000).astype(np.float32) for ends in ((-180, 360), (-90, 90)))
    assert keys(connection, ra, dec) == healpix_index(KEY_ORDER, ra.astype(float), dec.astype(float)).tolist()


@pytest.mark.parametrize("ra", [None, 1.0, -1e300, 1e300, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dec", [None, 1.0, 91.0, -1e300, math.nan, math.inf])
def test_rows_that_are_not_placed_have_no_key(
    connection: duckdb.DuckDBPyConnection, ra: float | None, dec: float | None
) -> None:
    placed = "ra BETWEEN -180 AND 360 AND dec BETWEEN -90 AND 90"
    ras, decs = (pa.array([value, 80.0, value], pa.float64()) for value in (ra, dec))
    expected = healpix_index(KEY_ORDER, np.array([1.0, 80.0]), np.array([1.0, 80.0])).tolist()
    first = expected[0] if (ra, dec) == (1.0, 1.0) else None
    assert keys(connection, ras, decs, placed) == [first, expected[1], first]
    assert keys(connection, ras, decs, "NULL::BOOLEAN") == [None, None, None]
