"""REGION('Union ...'): the rows of any of its shapes."""

# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest
from astropy.coordinates import SkyCoord

from skyband.queries.adql import AdqlError, translate

from .conftest import TABLES, Ask

UNION = "REGION('Union ICRS (Circle 10 20 1 Box 10.4 20.6 2e0 1 Polygon 0,0,4,0,4,4 Circle 0 -90 2.5)')"
MEMBERS = ["CIRCLE(10, 20, 1)", "BOX(10.4, 20.6, 2, 1)", "POLYGON(0, 0, 4, 0, 4, 4)", "CIRCLE(0, -90, 2.5)"]


@pytest.mark.parametrize("shape", ["POINT(ra, dec)", "CIRCLE(ra, dec, 0.3)", "BOX(ra, dec, 1, 1)"])
def test_a_union_is_any_of_its_shapes(ask: Ask, shape: str) -> None:
    query = "SELECT source_id FROM gaia WHERE {} ORDER BY source_id"
    expected = ask(query.format(" OR ".join(f"INTERSECTS({shape}, {member}) = 1" for member in MEMBERS)))
    assert len(expected) > 100
    for test in (
        f"INTERSECTS({shape}, {UNION}) = 1",
        f"1 = INTERSECTS({UNION}, {shape})",
        f"INTERSECTS({UNION}, {shape}) + 1 > 1",
    ):
        assert ask(query.format(test)) == expected, test
    others = ask(query.format(f"INTERSECTS({shape}, {UNION}) = 0"))
    assert len(others) + len(expected) == 1326


def test_circles_of_a_union_by_their_separations(ask: Ask, rows: Any) -> None:
    gaia = rows["gaia"]
    places = SkyCoord(gaia["ra"], gaia["dec"], unit="deg")
    near = places.separation(SkyCoord(10, 20, unit="deg")).deg <= 1
    near |= places.separation(SkyCoord(0, 0, unit="deg")).deg <= 2
    query = "SELECT source_id FROM gaia WHERE CONTAINS(POINT(ra, dec), REGION('union(circle 10 20 1 circle 0 0 2)')) = 1 ORDER BY 1"
    assert [i for (i,) in ask(query)] == gaia["source_id"][near].tolist()
    assert 'healpix_29" BETWEEN' in translate(query, TABLES).sql


@pytest.mark.parametrize(
    "expression",
    [
        UNION,
        f"AREA({UNION})",
        f"CONTAINS({UNION}, CIRCLE(1, 2, 3))",
        f"CONTAINS(CIRCLE(1, 2, 3), {UNION})",
        f"DISTANCE({UNION}, POINT(1, 2))",
        "CONTAINS(POINT(1, 2), REGION('Union GALACTIC (Circle 1 2 3)'))",
        "CONTAINS(POINT(1, 2), REGION('Union ICRS ()'))",
        "CONTAINS(POINT(1, 2), REGION('Union ICRS (1 2 3)'))",
        "CONTAINS(POINT(1, 2), REGION('Union ICRS (Circle 1 2)'))",
        "CONTAINS(POINT(1, 2), REGION('Union ICRS (Circle 1 2 3) x'))",
        "CONTAINS(POINT(1, 2), REGION('Union ICRS (Circle 1 2 3 Intersection (Circle 1 2 3))'))",
        "CONTAINS(POINT(1, 2), REGION('Union (Circle 1 2 3''); drop view gaia; --)'))",
        "CONTAINS(POINT(1, 2), REGION('Difference (Circle 1 2 3 Circle 1 2 1)'))",
    ],
)
def test_a_union_stands_where_it_means_something(expression: str) -> None:
    with pytest.raises(AdqlError, match=r"[Uu]nion|UNION|REGION"):
        translate(f"SELECT {expression} FROM gaia", TABLES)
