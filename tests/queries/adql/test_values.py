"""Values of expressions against Python, astropy and the worked examples of the standards."""

# ruff: noqa: E501

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time

from .conftest import Ask

GALACTIC = SkyCoord(266.4, -28.9, unit="deg").galactic

VALUES: list[tuple[str, Any]] = [
    ("7 / 2", 3), ("-7 / 2", -3), ("7 / 2.", 3.5), ("7. / 2", 3.5), ("1 / 3600.", 1 / 3600), ("1 / 3600", 0),
    ("7 / 0", None), ("7. / 0", None), ("2 + 3 * 4", 14), ("(2 + 3) * 4", 20), ("2 - 3 - 4", -5), ("8 / 4 / 2", 1),
    ("-3 + 1", -2), ("1 - -1", 2), ("0xFF", 255), ("0x1f + 1", 32), ("1.5", 1.5), (".5", 0.5), ("1.", 1.0),
    ("1e3", 1000.0), ("10e-5", 1e-4), ("0.1 + 0.2", 0.1 + 0.2), ("ABS(-3)", 3), ("ABS(-3.5)", 3.5),
    ("CEILING(1.2)", 2.0), ("FLOOR(-1.2)", -2.0), ("EXP(1)", math.e), ("LOG(10)", math.log(10)), ("LOG(0)", None),
    ("LOG(-1)", None), ("LOG10(1000)", 3.0), ("LOG10(0)", None), ("MOD(7, 3)", 1), ("MOD(-7, 3)", -1),
    ("MOD(7, 0)", None), ("MOD(7.5, 2)", 1.5), ("PI()", math.pi), ("POWER(2, 10)", 1024.0), ("POWER(2, 0.5)", 2**0.5),
    ("RADIANS(180)", math.pi), ("DEGREES(PI())", 180.0), ("SQRT(2)", 2**0.5), ("ROUND(2.567)", 3.0),
    ("ROUND(2.567, 2)", 2.57), ("ROUND(1234.5, -2)", 1200.0), ("ROUND(5, 0)", 5.0), ("TRUNCATE(2.567, 2)", 2.56),
    ("TRUNCATE(-2.567)", -2.0), ("SIN(1)", math.sin(1)), ("COS(1)", math.cos(1)), ("TAN(1)", math.tan(1)),
    ("COT(1)", 1 / math.tan(1)), ("ASIN(0.5)", math.asin(0.5)), ("ACOS(0.5)", math.acos(0.5)),
    ("ATAN(0.5)", math.atan(0.5)), ("ATAN2(1, -2)", math.atan2(1, -2)), ("UPPER('aBc')", "ABC"),
    ("LOWER('aBc')", "abc"), ("'a' || 'b' || 'c'", "abc"), ("'it''s'", "it's"), ("'one' 'two'", "onetwo"),
    ("CAST(2.5 AS VARCHAR)", "2.5"), ("CAST('abcdef' AS VARCHAR(3))", "abc"), ("CAST('12' AS INTEGER)", 12),
    ("CAST('1.5' AS DOUBLE PRECISION)", 1.5), ("CAST(3 AS REAL) / 2", 1.5), ("CAST('ab' AS CHAR(1))", "a"),
    ("CAST('2020-01-02T03:04:05Z' AS TIMESTAMP)", datetime(2020, 1, 2, 3, 4, 5)),
    ("CAST(CAST('2020-01-02 03:04:05' AS TIMESTAMP) AS VARCHAR)", "2020-01-02T03:04:05"),
    ("COALESCE(NULL, 3, 4)", 3), ("NULLIF(3, 3)", None), ("CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END", "b"),
    ("CASE 3 WHEN 3 THEN 'a' END", "a"), ("POINT(370, 20)", (10.0, 20.0)), ("POINT('ICRS', -10, 20)", (350.0, 20.0)),
    ("POINT(NULL, 10, 20)", (10.0, 20.0)), ("CIRCLE(10, 20, 1)", (10.0, 20.0, 1.0)),
    ("CIRCLE(POINT(10, 20), 1)", (10.0, 20.0, 1.0)), ("POLYGON(1, 1, 2, 1, 2, 2)", [1.0, 1.0, 2.0, 1.0, 2.0, 2.0]),
    ("REGION('CIRCLE ICRS 10 20 1')", (10.0, 20.0, 1.0)), ("CAST('10 20' AS POINT)", (10.0, 20.0)),
    ("COORD1(POINT(10, 20))", 10.0), ("COORD2(POINT(10, 20))", 20.0), ("COORDSYS(POINT(10, 20))", "ICRS"),
    ("DISTANCE(0, 90, 123, 89)", 1.0), ("DISTANCE(359.5, 0, 0.5, 0)", 1.0), ("DISTANCE(0, 0, 180, 0)", 180.0),
    ("DISTANCE(POINT(10, 20), POINT(11, 21))", SkyCoord(10, 20, unit="deg").separation(SkyCoord(11, 21, unit="deg")).deg),
    ("AREA(CIRCLE(1, 2, 180))", 4 * math.pi * (180 / math.pi) ** 2), ("AREA(POINT(1, 2))", 0.0),
    ("AREA(CIRCLE(1, 2, 3))", 2 * math.pi * (1 - math.cos(math.radians(3))) * (180 / math.pi) ** 2),
    ("AREA(POLYGON(0, 0, 90, 0, 0, 90))", 4 * math.pi / 8 * (180 / math.pi) ** 2),
    ("CENTROID(CIRCLE(10, 20, 1))", (10.0, 20.0)),
    ("CENTROID(POLYGON(0, 0, 90, 0, 0, 90))", (45.0, math.degrees(math.asin(3**-0.5)))),
    ("CONTAINS(POINT(0, 90), CIRCLE(77, 89, 1))", 1), ("CONTAINS(POINT(359.9, 0), CIRCLE(0.1, 0, 0.2))", 1),
    ("CONTAINS(POINT(0, 0), CIRCLE(1, 0, 0.9))", 0), ("CONTAINS(POINT(1, 1), POLYGON(0, 0, 2, 0, 2, 2, 0, 2))", 1),
    ("CONTAINS(POINT(0, 0), POLYGON(0, 0, 2, 0, 2, 2, 0, 2))", 1), ("CONTAINS(POINT(181, -1), POLYGON(0, 0, 2, 0, 2, 2, 0, 2))", 0),
    ("CONTAINS(POINT(1, 0), POLYGON(0, 0, 2, 0, 2, 2, 0, 2))", 1), ("CONTAINS(POINT(5, 90), BOX(0, 90, 1, 1))", 1),
    ("CONTAINS(POINT(10.4, 20), BOX(10, 20, 1, 1))", 1), ("CONTAINS(POINT(10.6, 20), BOX(10, 20, 1, 1))", 0),
    ("CONTAINS(CIRCLE(10, 20, 0.4), BOX(10, 20, 1, 1))", 1), ("CONTAINS(CIRCLE(10, 20, 0.6), BOX(10, 20, 1, 1))", 0),
    ("CONTAINS(CIRCLE(10, 20, 1), CIRCLE(10, 20.5, 1.5))", 1), ("CONTAINS(CIRCLE(10, 20, 1), CIRCLE(10, 20.5, 1.4))", 0),
    ("CONTAINS(BOX(10, 20, 1, 1), CIRCLE(10, 20, 0.71))", 1), ("CONTAINS(BOX(10, 20, 1, 1), CIRCLE(10, 20, 0.7))", 0),
    ("CONTAINS(BOX(10, 20, 1, 1), BOX(10, 20, 2, 2))", 1), ("CONTAINS(BOX(10, 20, 2, 2), BOX(10, 20, 1, 1))", 0),
    ("CONTAINS(BOX(10, 20, 1, 4), BOX(10, 20, 4, 2))", 0), ("INTERSECTS(BOX(10, 20, 1, 4), BOX(10, 20, 4, 1))", 1),
    ("INTERSECTS(CIRCLE(0, 0, 1), CIRCLE(2.1, 0, 1))", 0), ("INTERSECTS(CIRCLE(359, 0, 1), CIRCLE(1, 0, 1.1))", 1),
    ("INTERSECTS(CIRCLE(10, 21, 0.6), BOX(10, 20, 1, 1))", 1), ("INTERSECTS(CIRCLE(10, 21, 0.4), BOX(10, 20, 1, 1))", 0),
    ("INTERSECTS(BOX(10, 20, 1, 1), BOX(11.2, 20, 1, 1))", 0), ("INTERSECTS(POINT(10, 20), CIRCLE(10, 20, 1))", 1),
    ("ivo_healpix_index(0, 1, 1)", 4), ("ivo_healpix_index(17, 1, 1)", 81609757711),
    ("ivo_healpix_index(17, 359, -1)", 73009064944), ("ivo_healpix_index(17, CENTROID(CIRCLE(359, -1, 3)))", 73009064944),
    ("ivo_healpix_center(0, 6)", (180.0, 0.0)),
    ("ivo_healpix_center(17, ivo_healpix_index(17, 23.4, 56.7))", (23.399843462947466, 56.70016214363192)),
    ("ivo_epoch_prop_pos(7.606083572,11.79044105,125,300,-428.8,52.51,2016.0,1992.25)", (7.604061404627978, 11.7932703828279)),
    ("ivo_nocasematch('ABcabc', 'ab__bc')", 1), ("ivo_nocasematch('abcabc', 'abcab')", 0),
    ("ivo_hasword('Miller and Urey have', 'miller')", 1), ("ivo_hasword('shown that a primordial', 'soup')", 0),
    ("ivo_hasword('shown that a primordial', 'shown primordial')", 1), ("ivo_hasword('shown that a', 'shown soup')", 0),
    ("ivo_hashlist_has('Red#green#blue', 'red')", 1), ("ivo_hashlist_has('red#green#blue', 're')", 0),
    ("ivo_hashlist_has('red#green#blue', 'red#green')", 0), ("ivo_interval_overlaps(-2, -3, 2, 3)", 0),
    ("ivo_interval_overlaps(-2, 55.3, 2, 3)", 1), ("ivo_interval_overlaps(-2, 2, 2, 3)", 1),
    ("ivo_to_jd('2020-01-01T12:00:00')", Time("2020-01-01T12:00:00").jd),
    ("ivo_to_mjd('2020-01-01T12:00:00')", Time("2020-01-01T12:00:00").mjd),
    ("ivo_hms_to_degrees('12:30:00')", 187.5), ("ivo_dms_to_degrees('-00:30:36')", -0.51),
    ("ivo_dms_to_degrees('nonsense')", None),
    ("ivo_geom_transform('ICRS', 'GALACTIC', POINT(266.4, -28.9))", (GALACTIC.l.deg, GALACTIC.b.deg)),
    ("ivo_geom_transform('ICRS', 'GALACTIC', CIRCLE(266.4, -28.9, 2))", (GALACTIC.l.deg, GALACTIC.b.deg, 2.0)),
    ("IN_UNIT(COORD1(POINT(180, 0)), 'rad')", math.pi),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "expected"), VALUES)
def test_values(ask: Ask, expression: str, expected: object) -> None:
    ((value,),) = ask(f"SELECT TOP 1 {expression} AS v FROM gaia")
    if isinstance(expected, float | tuple | list):
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-12)
    else:
        assert value == expected
    assert isinstance(value, bool) is isinstance(expected, bool)


def test_random_numbers_are_reproducible_where_seeded(ask: Ask) -> None:
    first, second = (ask("SELECT RAND(source_id), RAND() FROM gaia ORDER BY source_id") for _ in range(2))
    assert [row[0] for row in first] == [row[0] for row in second]
    assert [row[1] for row in first] != [row[1] for row in second]
    assert all(0 <= number < 1 for row in first for number in row)
