"""Shapes in other frames say so, and are not mixed; casts and histograms say what they are."""

from __future__ import annotations

import pytest

from skyband.queries.adql import AdqlError, translate

from .conftest import TABLES, Ask

TURNED = "ivo_geom_transform('ICRS', '{}', POINT(ra, dec))"


@pytest.mark.parametrize(
    ("frame", "ucds"),
    [
        ("ICRS", ("pos.eq", "pos.eq.ra", "pos.eq.dec")),
        ("FK5", ("pos.eq", "pos.eq.ra", "pos.eq.dec")),
        ("GALACTIC", ("pos", "pos.galactic.lon", "pos.galactic.lat")),
        ("SUPERGALACTIC", ("pos", "pos.supergalactic.lon", "pos.supergalactic.lat")),
        ("ECLIPTIC", ("pos", "pos.ecliptic.lon", "pos.ecliptic.lat")),
    ],
)
def test_a_frame_goes_with_the_shape(ask: Ask, frame: str, ucds: tuple[str, ...]) -> None:
    point = TURNED.format(frame)
    sources = {
        point: "gaia",
        f"CENTROID(CIRCLE({point}, 1))": "gaia",
        f"COALESCE({point}, {point})": "gaia",
        f"CENTROID(CASE WHEN ra > 1 THEN {point} ELSE {point} END)": "gaia",
        f"CENTROID(POLYGON({point}, {point}, {point}))": "gaia",
        "s.p": f"(SELECT {point} AS p FROM gaia) AS s",
        "u.p": f"(SELECT {point} AS p FROM gaia UNION ALL SELECT POINT(ra, dec) AS p FROM gaia) AS u",
    }
    for shape, source in sources.items():
        assert set(ask(f"SELECT COORDSYS({shape}) FROM {source}")) == {(frame,)}, shape
        columns = translate(f"SELECT COORD1({shape}), COORD2({shape}) FROM {source}", TABLES).columns
        assert [(column.ucd, column.unit) for column in columns] == [(ucd, "deg") for ucd in ucds[1:]], shape
    for shape in (point, f"CENTROID(CIRCLE({point}, 1))"):
        (column,) = translate(f"SELECT {shape} FROM gaia", TABLES).columns
        assert (column.ucd, column.unit, column.xtype) == (ucds[0], "deg", "point"), shape
    (circle,) = translate(f"SELECT CIRCLE({point}, 1) FROM gaia", TABLES).columns
    assert (circle.ucd, circle.xtype) == ("pos.outline", "circle")


def test_back_and_forth(ask: Ask) -> None:
    back = f"ivo_geom_transform('GALACTIC', 'ICRS', {TURNED.format('GALACTIC')})"
    assert ask(f"SELECT COUNT(*) FROM gaia WHERE NOT DISTANCE(POINT(ra, dec), {back}) < 1e-9") == [(0,)]
    assert ask(f"SELECT DISTINCT COORDSYS({back}) FROM gaia") == [("ICRS",)]


GALACTIC, ECLIPTIC = TURNED.format("GALACTIC"), TURNED.format("ECLIPTIC")


@pytest.mark.parametrize(
    "expression",
    [
        f"DISTANCE({GALACTIC}, {ECLIPTIC})",
        f"CONTAINS({GALACTIC}, CIRCLE({ECLIPTIC}, 1))",
        f"INTERSECTS(CIRCLE({GALACTIC}, 1), POLYGON({ECLIPTIC}, {ECLIPTIC}, {ECLIPTIC}))",
        f"POLYGON({GALACTIC}, {ECLIPTIC}, {GALACTIC})",
        f"CASE WHEN ra > 1 THEN {GALACTIC} ELSE {ECLIPTIC} END",
        f"COALESCE({GALACTIC}, {ECLIPTIC})",
        f"ivo_geom_transform('ICRS', 'FK5', {GALACTIC})",
        f"ra FROM (SELECT {GALACTIC} AS p, ra FROM gaia UNION SELECT {ECLIPTIC}, ra FROM gaia) AS s, (SELECT 1 AS x",
    ],
)
def test_frames_are_not_mixed(expression: str) -> None:
    with pytest.raises(AdqlError, match=r"frame|GALACTIC"):
        translate(f"SELECT {expression} FROM gaia" + (") AS t" if "(SELECT 1" in expression else ""), TABLES)


RA = ("deg", "pos.eq.ra;meta.main", "", "Right ascension")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("CAST(ra AS REAL)", RA),
        ("CAST(ra AS INTEGER)", RA),
        ("CAST(CAST(ra AS INTEGER) AS DOUBLE PRECISION)", RA),
        ("CAST(ra AS VARCHAR)", ("", "", "", "")),
        ("CAST(ra AS CHAR(3))", ("", "", "", "")),
        ("CAST(CAST(ra AS VARCHAR) AS REAL)", ("", "", "", "")),
        ("CAST(CAST(POINT(ra, dec) AS VARCHAR) AS POINT)", ("", "", "point", "")),
        ("CAST(POINT(ra, dec) AS POINT)", ("deg", "pos.eq", "point", "")),
        ("CAST(CAST('2020-01-01' AS TIMESTAMP) AS VARCHAR)", ("", "", "", "")),
    ],
)
def test_a_cast_keeps_the_meaning_of_numbers_alone(expression: str, expected: tuple[str, ...]) -> None:
    (column,) = translate(f"SELECT {expression} AS v FROM gaia", TABLES).columns
    assert (column.unit, column.ucd, column.xtype, column.description) == expected
    assert column.role == ""


@pytest.mark.parametrize("bins", ["0", "-1", "10001", "100000000", "source_id", "2 - 2", "NULL"])
def test_a_histogram_has_a_bounded_number_of_bins(bins: str) -> None:
    with pytest.raises(AdqlError, match="1 to 10,000"):
        translate(f"SELECT ivo_histogram(ra, 0, 360, {bins}) FROM gaia", TABLES)


def test_histograms_count_everything(ask: Ask) -> None:
    assert ask("SELECT ivo_histogram(ra, 0, 360, 3) FROM gaia WHERE ra < 0") == [((0, 0, 0, 0, 0),)]
    none = "SELECT ivo_histogram(g.ra, 0, 360, 2) FROM obs AS o LEFT JOIN gaia AS g ON g.source_id < 0"
    assert ask(none) == [((0, 0, 0, 0),)]
    ((counts, n),) = ask("SELECT ivo_histogram(ra, 1, 359, 9999 + 1) AS h, COUNT(ra) AS n FROM gaia")
    assert (len(counts), sum(counts)) == (10_002, n)
    found = ask(
        "SELECT MOD(source_id, 3) AS k, ivo_histogram(MOD(source_id, 5), 1, 3, 2) AS h FROM gaia GROUP BY k ORDER BY k"
    )
    assert found == [(k, tuple(sum(1 for i in range(k, 1326, 3) if low <= i % 5 < high) for low, high in
                               ((0, 1), (1, 2), (2, 3), (3, 5)))) for k in range(3)]  # fmt: skip
    assert ask("SELECT ivo_histogram(0.3, 0.1, 0.30000000000000004, 2) FROM obs WHERE name = 'a'") == [((0, 0, 1, 0),)]
