"""Shapes as large as the sky, cells that do not exist, and orders that mean nothing."""

from __future__ import annotations

import math
from typing import Any

import healpy
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from skyband.queries.adql import AdqlError, translate
from skyband.queries.adql.regions import box_vertices, unit_vector

from .conftest import TABLES, Ask

SKY = 4 * math.pi * (180 / math.pi) ** 2


@pytest.mark.parametrize("radius", ["180", "180.5", "270", "360", "400", "1e9"])
def test_no_circle_is_larger_than_the_sky(ask: Ask, radius: str) -> None:
    assert ask(f"SELECT TOP 1 AREA(CIRCLE(0, 0, {radius})) AS a FROM gaia") == [(pytest.approx(SKY, rel=1e-12),)]
    everything = [(1326,)]
    for shape in (
        "POINT(ra, dec)",
        "CIRCLE(ra, dec, 1)",
        "CIRCLE(ra, dec, 170)",
        "BOX(ra, dec, 1, 1)",
        "BOX(ra, dec, 170, 9)",
    ):
        for relation in ("CONTAINS", "INTERSECTS"):
            test = f"{relation}({shape}, CIRCLE(0, 0, {radius})) = 1"
            assert ask(f"SELECT COUNT(*) FROM gaia WHERE {test}") == everything, test
            turned = f"{relation}({shape}, CIRCLE(dec + 200, -ra / 4, {radius} + ra - ra)) = 1"
            assert ask(f"SELECT COUNT(*) FROM gaia WHERE {turned}") == everything, turned
    assert ask(f"SELECT COUNT(*) FROM gaia WHERE DISTANCE(ra, dec, 10, 20) <= {radius}") == everything


def along(vertices: list[float]) -> np.ndarray[Any, Any]:
    """Points on the edges of a polygon, close to each other."""
    corners = [np.array(unit_vector(*pair)) for pair in zip(vertices[::2], vertices[1::2], strict=True)]
    steps = np.linspace(0, 1, 400)[:, None]
    points = np.concatenate([a + steps * (b - a) for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)])
    return np.asarray(points / np.linalg.norm(points, axis=1)[:, None])


@given(
    st.floats(0, 360), st.floats(-90, 90), st.floats(1, 120), st.floats(1, 120), st.floats(0, 360), st.floats(-90, 90),
    st.floats(1, 179),
)  # fmt: skip
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_box_in_a_circle_of_any_size(
    ask: Ask, lon: float, lat: float, width: float, height: float, lon_2: float, lat_2: float, radius: float
) -> None:
    """Against the angles of points along its edges, and whether it holds the antipode of the centre."""
    edges = along(box_vertices(lon, lat, width, height))
    centre = np.array(unit_vector(lon_2, lat_2))
    farthest = math.degrees(np.arccos(np.clip(edges @ centre, -1, 1)).max())
    assume(abs(farthest - radius) > 0.05)
    box, circle = f"BOX({lon}, {lat}, {width}, {height})", f"CIRCLE({lon_2}, {lat_2}, {radius})"
    antipode = f"POINT({lon_2 + 180}, {-lat_2})"
    ((holds, whole),) = ask(f"SELECT TOP 1 CONTAINS({box}, {circle}) AS a, CONTAINS({antipode}, {box}) AS b FROM gaia")
    assert holds == int(farthest < radius and not whole)


def test_cells_of_healpix(ask: Ask, rows: Any) -> None:
    gaia = rows["gaia"]
    expected = [
        None if order > 29 else int(healpy.ang2pix(1 << order, ra, dec, nest=True, lonlat=True))
        for order, ra, dec in zip((gaia["source_id"] % 32).tolist(), gaia["ra"], gaia["dec"], strict=True)
    ]
    found = ask("SELECT ivo_healpix_index(MOD(source_id, 32), ra, dec) AS i FROM gaia ORDER BY source_id")
    assert [i for (i,) in found] == expected
    found = ask("SELECT ivo_healpix_index(MOD(source_id, 32), POINT(ra, dec)) AS i FROM gaia ORDER BY source_id")
    assert [i for (i,) in found] == expected
    for arguments in ("-1, 1, 1", "30, 1, 1", "99999999999, 1, 1", "5, 1, 91", "5, 1e308 * 10, 1"):
        assert ask(f"SELECT TOP 1 ivo_healpix_index({arguments}) AS i FROM gaia") == [(None,)], arguments
    for arguments in ("29, -1", "30, 1", "-1, 1", "0, 12", "99999999999, 0", "1, 9223372036854775807"):
        query = (
            f"SELECT TOP 1 ivo_healpix_center({arguments}) AS p, COORD1(ivo_healpix_center({arguments})) AS l FROM gaia"
        )
        assert ask(query) == [(None, None)], arguments
    last = healpy.pix2ang(1 << 29, 12 * 4**29 - 1, nest=True, lonlat=True)
    ((centre,),) = ask(f"SELECT TOP 1 ivo_healpix_center(source_id - source_id + 29, {12 * 4**29 - 1}) AS p FROM gaia")
    assert centre == pytest.approx(last)


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("SELECT DISTINCT dec FROM gaia ORDER BY ra", False),
        ("SELECT DISTINCT dec FROM gaia ORDER BY dec + 1", False),
        ("SELECT DISTINCT dec FROM gaia ORDER BY RAND()", False),
        ("SELECT DISTINCT dec FROM gaia ORDER BY gaia.dec DESC", True),
        ("SELECT DISTINCT dec AS d, ra + 1 FROM gaia ORDER BY ra + 1, d, 2", True),
        ("SELECT DISTINCT * FROM gaia ORDER BY ra", True),
        ("SELECT dec FROM gaia UNION SELECT dec FROM gaia ORDER BY dec", True),
    ],
)
def test_distinct_rows_are_ordered_by_what_they_have(ask: Ask, query: str, holds: bool) -> None:
    if holds:
        assert len(ask(query)) > 1000
        return
    with pytest.raises(AdqlError, match="with DISTINCT"):
        translate(query, TABLES)


def test_a_text_can_say_nan(ask: Ask) -> None:
    for target in ("REAL", "DOUBLE PRECISION"):
        assert ask(f"SELECT COUNT(*) FROM gaia WHERE CAST('NaN' AS {target}) > 1 OR CAST('nan' AS {target}) = 0") == [
            (0,)
        ]
