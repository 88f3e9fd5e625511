"""Rows of whole queries against numpy, astropy and brute force."""

# ruff: noqa: E501

from __future__ import annotations

import math
from typing import Any

import healpy
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from skyband.queries.adql import translate
from skyband.queries.adql.regions import box_vertices, unit_vector
from skyband.schema.healpix import MAX_RANGES, ranges_of_cone, ranges_of_polygon

from .conftest import TABLES, Ask

Rows = dict[str, dict[str, np.ndarray[Any, Any]]]

CENTRES = [(10.0, 20.0, 1.0), (0.0, 0.0, 2.0), (0.0, 90.0, 1.5), (123.0, -89.5, 2.0), (200.0, 5.0, 10.0), (10, 20, 0)]
FORMS = [
    "CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', {0}, {1}, {2})) = 1",
    "1 = CONTAINS(POINT(ra, dec), CIRCLE({0}, {1}, {2}))",
    "INTERSECTS(POINT(ra, dec), CIRCLE({0}, {1}, {2})) = 1",
    "CONTAINS(POINT({0}, {1}), CIRCLE(ra, dec, {2})) = 1",
    "DISTANCE(ra, dec, {0}, {1}) <= {2}",
    "{2} >= DISTANCE(POINT({0}, {1}), POINT(ra, dec))",
    "DISTANCE(ra, dec, {0}, {1}) * 3600 <= {2} * 3600",
    "DISTANCE(ra, dec, {0}, {1}) BETWEEN 0 AND {2}",
    "IN_UNIT(DISTANCE(ra, dec, {0}, {1}), 'arcmin') <= {2} * 60",
]


def separations(gaia: dict[str, np.ndarray[Any, Any]], ra: float, dec: float) -> np.ndarray[Any, Any]:
    found: np.ndarray[Any, Any] = (
        SkyCoord(gaia["ra"], gaia["dec"], unit="deg").separation(SkyCoord(ra, dec, unit="deg")).deg
    )
    return found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("centre", CENTRES)
def test_cones(ask: Ask, rows: Rows, form: str, centre: tuple[float, float, float]) -> None:
    gaia = rows["gaia"]
    expected = gaia["source_id"][separations(gaia, *centre[:2]) <= centre[2] + 1e-12]
    condition = form.format(*centre)
    query = f"SELECT source_id FROM gaia WHERE {condition} ORDER BY source_id"
    assert "BETWEEN" in translate(query, TABLES).sql
    assert [row[0] for row in ask(query)] == expected.tolist()


POLYGON = "POLYGON(9, 19, 11, 19, 11, 21, 9, 21)"


@pytest.mark.parametrize("radius", ["x", "x * -1", "x * CAST('NaN' AS DOUBLE PRECISION)"], ids=["NULL", "-1", "NaN"])
@pytest.mark.parametrize(
    "condition",
    [
        "CONTAINS(POINT(ra, dec), CIRCLE(10, 20, {0})) = 1",
        "CONTAINS(CIRCLE(ra, dec, 0), CIRCLE(10, 20, {0})) = 1",
        "CONTAINS(CIRCLE(ra, dec, {0}), CIRCLE(10, 20, 180)) = 1",
        "INTERSECTS(CIRCLE(ra, dec, 1), CIRCLE(10, 20, {0})) = 1",
        "CONTAINS(CIRCLE(10, 20, {0}), POLYGON) = 1",
        "INTERSECTS(CIRCLE(10, 20, {0}), POLYGON) = 1",
        "CONTAINS(POLYGON, CIRCLE(10, 20, {0})) = 1",
        "AREA(CIRCLE(10, 20, {0})) > 0",
    ],
)
def test_what_is_no_radius_finds_nothing(ask: Ask, condition: str, radius: str) -> None:
    number = "NULLIF(1.0, 1.0)" if radius == "x" else "1.0"
    where = condition.format("t." + radius).replace("POLYGON", POLYGON)
    assert ask(f"SELECT source_id FROM (SELECT ra, dec, source_id, {number} AS x FROM gaia) AS t WHERE {where}") == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT g.source_id FROM (SELECT * FROM gaia) AS g WHERE {}",
        "SELECT g.source_id FROM (SELECT source_id, ra, dec FROM gaia WHERE source_id >= 0) AS g WHERE {}",
        "WITH g AS (SELECT source_id, ra, dec FROM gaia) SELECT source_id FROM g WHERE {}",
        "SELECT source_id FROM gaia JOIN obs ON {} AND name = 'a'",
        "SELECT source_id FROM gaia, obs WHERE name = 'a' AND {}",
        "SELECT source_id FROM gaia WHERE source_id IN (SELECT source_id FROM gaia WHERE {})",
        "SELECT DISTINCT source_id FROM gaia WHERE ({}) AND (source_id > -1 OR ra < 0)",
        "SELECT source_id FROM (SELECT source_id, ra, dec FROM gaia UNION SELECT source_id, ra, dec FROM gaia) AS g WHERE {}",
    ],
)
def test_cones_in_any_place(ask: Ask, rows: Rows, query: str) -> None:
    gaia = rows["gaia"]
    text = query.format("DISTANCE(ra, dec, 10, 20) < 1.5")
    assert 'healpix_29" BETWEEN' in translate(text, TABLES).sql
    expected = gaia["source_id"][separations(gaia, 10, 20) < 1.5]
    assert sorted(row[0] for row in ask(text)) == expected.tolist()


@pytest.mark.parametrize(
    "query",
    [
        "SELECT source_id FROM (SELECT TOP 500 source_id, ra, dec FROM gaia ORDER BY source_id) AS g WHERE {}",
        "SELECT g.source_id FROM gaia AS g LEFT JOIN obs ON {}",
        "SELECT source_id FROM gaia WHERE NOT {}",
        "SELECT source_id FROM gaia WHERE {} OR source_id < 5",
        "WITH g AS (SELECT source_id, ra, dec FROM gaia) SELECT a.source_id FROM g AS a, g AS b WHERE a.source_id = b.source_id AND 1 = 1 OR DISTANCE(a.ra, a.dec, 1, 2) < 0 AND {}",
    ],
)
def test_no_pruning_where_it_would_lose_rows(query: str) -> None:
    text = query.format(
        "DISTANCE(ra, dec, 10, 20) < 1.5" if "AS a" not in query else "DISTANCE(a.ra, a.dec, 10, 20) < 1.5"
    )
    assert 'healpix_29" BETWEEN' not in translate(text, TABLES).sql


def test_either_of_two_cones(ask: Ask, rows: Rows) -> None:
    gaia = rows["gaia"]
    query = "SELECT source_id FROM gaia WHERE DISTANCE(ra, dec, 10, 20) < 1 OR CONTAINS(POINT(ra, dec), CIRCLE(0, 0, 2)) = 1"
    assert 'healpix_29" BETWEEN' in translate(query, TABLES).sql
    near = (separations(gaia, 10, 20) < 1) | (separations(gaia, 0, 0) <= 2)
    assert sorted(row[0] for row in ask(query)) == gaia["source_id"][near].tolist()


def inside_convex(gaia: dict[str, np.ndarray[Any, Any]], vertices: list[float]) -> np.ndarray[Any, Any]:
    corners = np.array([unit_vector(*pair) for pair in zip(vertices[::2], vertices[1::2], strict=True)])
    points = np.array([unit_vector(*pair) for pair in zip(gaia["ra"], gaia["dec"], strict=True)])
    heights = points @ np.cross(corners, np.roll(corners, -1, axis=0)).T
    one_side = (heights >= -1e-14).all(axis=1) | (heights <= 1e-14).all(axis=1)
    return np.asarray(one_side & (points @ corners.sum(axis=0) > 0))


@pytest.mark.parametrize(
    "vertices",
    [
        [9, 19, 11, 19, 11, 21, 9, 21],
        [9, 19, 9, 21, 11, 21, 11, 19],
        [359, -3, 3, -3, 3, 3, 359, 3],
        [0, 88, 120, 88, 240, 88],
        [0, -88, 120, -88.5, 240, -89],
        [150, -30, 230, -30, 230, 30, 150, 30],
    ],
)
def test_polygons(ask: Ask, rows: Rows, vertices: list[float]) -> None:
    gaia = rows["gaia"]
    polygon = f"POLYGON({', '.join(map(str, vertices))})"
    query = f"SELECT source_id FROM gaia WHERE CONTAINS(POINT(ra, dec), {polygon}) = 1 ORDER BY source_id"
    assert 'healpix_29" BETWEEN' in translate(query, TABLES).sql
    expected = gaia["source_id"][inside_convex(gaia, vertices)].tolist()
    assert len(expected) > 3
    assert [row[0] for row in ask(query)] == expected


@pytest.mark.parametrize("box", [(10, 20, 2, 3), (0, 0, 5, 5), (0, 90, 2, 2), (50, -89, 3, 3)])
def test_boxes(ask: Ask, rows: Rows, box: tuple[float, float, float, float]) -> None:
    gaia = rows["gaia"]
    offsets = SkyCoord(gaia["ra"], gaia["dec"], unit="deg").transform_to(
        SkyCoord(box[0], box[1], unit="deg").skyoffset_frame()
    )
    lon, lat = offsets.lon.rad, offsets.lat.rad
    front = np.cos(lat) * np.cos(lon)
    across, up = np.cos(lat) * np.sin(lon) / front, np.sin(lat) / front
    halves = [math.tan(math.radians(size / 2)) for size in box[2:]]
    expected = gaia["source_id"][(front > 0) & (abs(across) <= halves[0]) & (abs(up) <= halves[1])].tolist()
    query = f"SELECT source_id FROM gaia WHERE CONTAINS(POINT(ra, dec), BOX({', '.join(map(str, box))})) = 1"
    assert sorted(row[0] for row in ask(query)) == expected


ANGLES = st.tuples(st.floats(0, 360), st.one_of(st.floats(-90, 90), st.sampled_from([90.0, -90.0, 89.9999, 0.0])))


@settings(max_examples=60, deadline=None)
@given(ANGLES, st.floats(1e-9, 60), st.floats(0, 360), st.floats(0, 1))
def test_ranges_hold_every_point_of_a_cone(
    centre: tuple[float, float], radius: float, bearing: float, part: float
) -> None:
    at = SkyCoord(*centre, unit="deg").directional_offset_by(bearing * 1.0 * _deg(), radius * part * _deg())
    key = int(healpy.ang2pix(1 << 29, at.ra.deg, np.clip(at.dec.deg, -90, 90), nest=True, lonlat=True))
    ranges = ranges_of_cone(*centre, radius)
    assert len(ranges) <= MAX_RANGES
    assert ranges == sorted(ranges)
    assert any(first <= key <= last for first, last in ranges)


def _deg() -> Any:
    from astropy import units

    return units.deg


@settings(max_examples=40, deadline=None)
@given(ANGLES, st.floats(1e-6, 60), st.floats(1e-6, 60), st.floats(-1, 1), st.floats(-1, 1))
def test_ranges_hold_every_point_of_a_box(
    centre: tuple[float, float], width: float, height: float, u: float, v: float
) -> None:
    corners = box_vertices(*centre, width, height)
    inner = box_vertices(*centre, max(width * abs(u), 1e-9), max(height * abs(v), 1e-9))
    ranges = ranges_of_polygon(list(zip(corners[::2], corners[1::2], strict=True)))
    assert len(ranges) <= MAX_RANGES
    for ra, dec in zip(inner[::2], inner[1::2], strict=True):
        key = int(healpy.ang2pix(1 << 29, ra, dec, nest=True, lonlat=True))
        assert any(first <= key <= last for first, last in ranges)


def pairs(rows: Rows, radius: float) -> set[tuple[int, int]]:
    gaia, twomass = rows["gaia"], rows["twomass"]
    left = SkyCoord(gaia["ra"], gaia["dec"], unit="deg")
    right = SkyCoord(twomass["ra"], twomass["dec"], unit="deg")
    near = left[:, None].separation(right[None, :]).deg < radius
    return {(int(gaia["source_id"][i]), int(twomass["tm_id"][j])) for i, j in np.argwhere(near)}


JOINS = [
    "FROM gaia AS g JOIN twomass AS t ON DISTANCE(g.ra, g.dec, t.ra, t.dec) < {}",
    "FROM gaia AS g JOIN twomass AS t ON DISTANCE(POINT(t.ra, t.dec), POINT(g.ra, g.dec)) < {}",
    "FROM gaia AS g, twomass AS t WHERE {} > DISTANCE(g.ra, g.dec, t.ra, t.dec)",
    "FROM gaia AS g JOIN twomass AS t ON 1 = CONTAINS(POINT(g.ra, g.dec), CIRCLE(t.ra, t.dec, {}))",
    "FROM gaia AS g, twomass AS t WHERE CONTAINS(POINT('', t.ra, t.dec), CIRCLE('', g.ra, g.dec, {})) = 1",
    "FROM (SELECT source_id, ra, dec FROM gaia) AS g JOIN (SELECT * FROM twomass) AS t ON DISTANCE(g.ra, g.dec, t.ra, t.dec) < {}",
    "FROM twomass AS t JOIN gaia AS g ON DISTANCE(g.ra, g.dec, t.ra, t.dec) * 3600 < {} * 3600",
]


@pytest.mark.parametrize("radius", [0.0003, 0.01, 1.0])
@pytest.mark.parametrize("join", JOINS)
def test_band_joins_equal_brute_force(ask: Ask, rows: Rows, join: str, radius: float) -> None:
    query = f"SELECT g.source_id, t.tm_id {join.format(radius)}"
    assert "__bx1" in translate(query, TABLES).sql
    found = ask(query)
    assert len(found) == len(set(found))
    assert set(found) == pairs(rows, radius)


def test_outer_band_joins_keep_every_row_once(ask: Ask, rows: Rows) -> None:
    near = pairs(rows, 0.001)
    on = "ON DISTANCE(g.ra, g.dec, t.ra, t.dec) < 0.001"
    left = ask(f"SELECT g.source_id, t.tm_id FROM gaia AS g LEFT JOIN twomass AS t {on}")
    alone = {int(i) for i in rows["gaia"]["source_id"]} - {pair[0] for pair in near}
    assert sorted(left, key=str) == sorted([*near, *((one, None) for one in alone)], key=str)
    right = ask(f"SELECT g.source_id, t.tm_id FROM gaia AS g RIGHT JOIN twomass AS t {on}")
    alone = {int(i) for i in rows["twomass"]["tm_id"]} - {pair[1] for pair in near}
    assert sorted(right, key=str) == sorted([*near, *((None, one) for one in alone)], key=str)
    inner = ask(f"SELECT source_id FROM gaia AS g WHERE EXISTS (SELECT 1 FROM twomass AS t WHERE {on[3:]})")
    assert {row[0] for row in inner} == {pair[0] for pair in near}
    assert len(inner) == len({pair[0] for pair in near})


def test_band_join_with_an_upload_and_a_chain(ask: Ask, rows: Rows) -> None:
    found = ask(
        "SELECT g.source_id, m.id FROM gaia AS g JOIN TAP_UPLOAD.mine AS m ON DISTANCE(g.ra, g.dec, m.ra, m.dec) < 1e-4"
    )
    assert {(i, i) for i in rows["gaia"]["source_id"].tolist() if i % 10 == 0} <= set(found)
    chain = ask(
        "SELECT g.source_id, t.tm_id, h.source_id FROM gaia AS g JOIN twomass AS t ON DISTANCE(g.ra, g.dec, t.ra, t.dec) < 0.001 "
        "JOIN gaia AS h ON DISTANCE(t.ra, t.dec, h.ra, h.dec) < 0.001"
    )
    near = pairs(rows, 0.001)
    expected = sorted((g, t, h) for g, t in near for h, u in near if t == u)
    assert sorted(chain) == expected


QUERIES = [
    ("SELECT COUNT(*) FROM gaia", lambda g: [(len(g["ra"]),)]),
    ("SELECT SUM(source_id) FROM gaia", lambda g: [(int(g["source_id"].sum()),)]),
    ("SELECT COUNT(parallax) FROM gaia", lambda g: [(int(np.isfinite(g["parallax"]).sum()),)]),
    ("SELECT TOP 3 source_id FROM gaia ORDER BY source_id DESC", lambda g: [(len(g["ra"]) - k,) for k in (1, 2, 3)]),
    ("SELECT TOP 2 source_id FROM gaia ORDER BY source_id OFFSET 4", lambda g: [(4,), (5,)]),
    ("SELECT source_id / 500 AS bin, COUNT(*) FROM gaia GROUP BY bin ORDER BY bin", lambda g: [
        (int(k), int(n)) for k, n in zip(*np.unique(g["source_id"] // 500, return_counts=True), strict=True)]),
    ("SELECT source_id FROM gaia WHERE source_id < 3 UNION SELECT source_id FROM gaia WHERE source_id < 5 INTERSECT "
     "SELECT source_id FROM gaia WHERE source_id > 3 ORDER BY 1", lambda g: [(0,), (1,), (2,), (4,)]),
    ("SELECT source_id FROM gaia WHERE source_id < 3 EXCEPT SELECT source_id FROM gaia WHERE source_id = 1 ORDER BY 1",
     lambda g: [(0,), (2,)]),
    ("SELECT source_id FROM gaia WHERE source_id < 2 UNION ALL SELECT source_id FROM gaia WHERE source_id < 2 ORDER BY 1",
     lambda g: [(0,), (0,), (1,), (1,)]),
    ("SELECT ivo_histogram(phot_g_mean_mag, 10, 18, 4) FROM gaia", lambda g: [((
        int((g["phot_g_mean_mag"] < 10).sum()), *np.histogram(g["phot_g_mean_mag"], [10, 12, 14, 16, 18])[0].tolist(),
        int((g["phot_g_mean_mag"] >= 18).sum())),)]),
    ("SELECT ivo_string_agg(table_name, '+') FROM TAP_SCHEMA.tables", lambda g: [("gaia+tap_schema.tables",)]),
    ("SELECT name FROM obs WHERE name ILIKE 'A%' ORDER BY name", lambda g: [("Ab",), ("a",)]),
    ("SELECT name FROM obs WHERE CONTAINS(POINT(0, 0), s_region) = 1", lambda g: [("Ab",)]),
    ("SELECT name FROM obs WHERE INTERSECTS(s_region, CIRCLE(12, 20, 1.2)) = 1", lambda g: [("a",)]),
    ("SELECT name FROM obs WHERE flag = 1", lambda g: [("a",)]),
    ("SELECT \"size\" / 3 FROM obs WHERE name = 'a'", lambda g: [(3,)]),
]  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_whole_queries(ask: Ask, rows: Rows, query: str, expected: Any) -> None:
    assert ask(query) == expected(rows["gaia"])
