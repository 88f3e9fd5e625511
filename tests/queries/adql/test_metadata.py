"""Unit, UCD, description and xtype of the columns of a result."""

from __future__ import annotations

import re

import pytest

from skyband.queries.adql import USER_FUNCTIONS, translate

from .conftest import TABLES

G = ("mag", "phot.mag;em.opt.G", "", "G")
CASES = [
    ("SELECT phot_g_mean_mag FROM gaia", G),
    ("SELECT phot_g_mean_mag AS m FROM gaia", G),
    ("SELECT g.m FROM (SELECT phot_g_mean_mag AS m FROM gaia) AS g", G),
    ("WITH g AS (SELECT phot_g_mean_mag AS m FROM gaia) SELECT m FROM g", G),
    ("SELECT phot_g_mean_mag FROM gaia UNION SELECT phot_g_mean_mag FROM gaia", G),
    ("SELECT phot_g_mean_mag FROM gaia UNION SELECT j_m FROM twomass", ("mag", "", "", "")),
    ("SELECT MAX(phot_g_mean_mag) FROM gaia", ("mag", "phot.mag;em.opt.G;stat.max", "", "Maximum of G")),
    ("SELECT IN_UNIT(parallax, 'arcsec') FROM gaia", ("arcsec", "pos.parallax.trig", "", "Parallax")),
    ("SELECT POINT(ra, dec) FROM gaia", ("deg", "pos.eq", "point", "")),
    ("SELECT CIRCLE(ra, dec, 1) FROM gaia", ("deg", "pos.outline", "circle", "")),
    ("SELECT DISTANCE(ra, dec, 1, 2) FROM gaia", ("deg", "pos.angDistance", "", "")),
    ("SELECT MIN(DISTANCE(ra, dec, 1, 2)) FROM gaia", ("deg", "pos.angDistance;stat.min", "", "")),
    ("SELECT s_region FROM obs", ("deg", "pos.outline", "polygon", "")),
    ("SELECT start FROM obs", ("", "", "timestamp", "")),
    ("SELECT COUNT(*) FROM gaia", ("", "meta.number", "", "")),
]


@pytest.mark.parametrize(("query", "expected"), CASES)
def test_metadata_follows(query: str, expected: tuple[str, str, str, str]) -> None:
    (column,) = translate(query, TABLES).columns
    assert (column.unit, column.ucd, column.xtype, column.description) == expected


@pytest.mark.parametrize(
    ("query", "names", "top"),
    [
        ("SELECT TOP 7 RA, Dec AS De FROM gaia", ["RA", "De"], 7),
        ("SELECT ra, ra, COUNT(*), 1 FROM gaia GROUP BY ra", ["ra", "ra_1", "count_3", "col_4"], None),
        ("SELECT TOP 3 ra FROM gaia UNION SELECT TOP 4 ra FROM gaia", ["ra"], None),
    ],
)
def test_names_and_top(query: str, names: list[str], top: int | None) -> None:
    translation = translate(query, TABLES)
    assert [column.name for column in translation.columns] == names
    assert translation.top == top


def test_user_functions_are_declared_as_tapregext_has_it() -> None:
    for function in USER_FUNCTIONS:
        assert re.fullmatch(rf"{function.name}\((\w+ [A-Z]+(, )?)+\) -> [A-Z]+(\[\])?", function.signature)
