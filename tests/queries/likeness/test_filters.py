"""Filters choose rows before the search: against numpy, whichever way is searched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skyband.queries.cones import Cone
from skyband.queries.likeness import Collection, LikenessOptions
from skyband.schema.errors import BadOption
from tests.queries.likeness.conftest import MakeCollection, catalogue, matrix, rows_of, true_neighbours, unit_vectors

ROWS = 3_000
Array = np.ndarray[Any, Any]


@pytest.fixture(params=[10**6, 0], ids=["exact", "indexed"])
def filled(request: pytest.FixtureRequest, make_collection: MakeCollection) -> tuple[Collection, pa.Table]:
    rows = catalogue(ROWS)
    return make_collection(rows, exact_rows=request.param, recall=1.0), rows


def columns(rows: pa.Table) -> tuple[Array, Array, Array]:
    return rows["mag"].to_numpy(), rows["votes"].to_numpy(), rows["Survey name"].to_numpy(zero_copy_only=False)


CONDITIONS: dict[str, Callable[[Array, Array, Array], Array]] = {
    "mag < 12": lambda mag, votes, survey: mag < 12,
    "MAG between 12 and 13.5 or votes = 7": lambda mag, votes, survey: ((mag >= 12) & (mag <= 13.5)) | (votes == 7),
    "\"Survey name\" = 'it''s'": lambda mag, votes, survey: survey == "it's",
    "\"survey name\" like 'g%' and not votes in (1, 2, -3)": lambda mag, votes, survey: (
        (survey == "gaia_dr3") & ~np.isin(votes, [1, 2])
    ),
    "mag is null": lambda mag, votes, survey: np.isnan(mag),
    "mag IS NOT NULL AND (votes <> 3 AND 20 >= votes)": lambda mag, votes, survey: (
        ~np.isnan(mag) & (votes != 3) & (votes <= 20)
    ),
    "votes = 11 and mag < 10.5": lambda mag, votes, survey: (votes == 11) & (mag < 10.5),
    "votes > 1e3": lambda mag, votes, survey: votes > 1000,
    "votes < 2.5 or votes between 9.5 and 11": lambda mag, votes, survey: (votes <= 2) | np.isin(votes, [10, 11]),
}


@pytest.mark.parametrize("where", CONDITIONS)
def test_conditions_choose_before_the_search(filled: tuple[Collection, pa.Table], where: str) -> None:
    collection, rows = filled
    check(collection, rows, CONDITIONS[where](*columns(rows)), LikenessOptions(k=15, where=where, exclude_arcsec=0))


def test_ids_choose_before_the_search(filled: tuple[Collection, pa.Table]) -> None:
    collection, rows = filled
    for every in (1, 3, 40, 1500):
        ids = pa.chunked_array([[f"g{row}" for row in range(0, ROWS, every)], ["nobody", None, "g0"]])
        check(collection, rows, np.arange(ROWS) % every == 0, LikenessOptions(k=15, ids=ids, exclude_arcsec=0))


def test_all_filters_together(filled: tuple[Collection, pa.Table]) -> None:
    collection, rows = filled
    cone = Cone(80, -30, 70)
    ids = pa.array([f"g{row}" for row in range(0, ROWS, 2)])
    keep = inside(rows, cone) & (np.arange(ROWS) % 2 == 0) & (columns(rows)[1] < 30)
    assert 100 < keep.sum() < 600
    check(collection, rows, keep, LikenessOptions(k=40, where="votes < 30", ids=ids, cone=cone, exclude_arcsec=0))


def test_ids_of_numbers_are_ids(make_collection: MakeCollection) -> None:
    rows = rows_of(unit_vectors(3)).set_column(0, "id", pa.array(["1", "2", "3"]))
    collection = make_collection(rows)
    answer = collection.similar(collection.targets(["1"]), LikenessOptions(ids=pa.array([3, 1])))
    assert answer.table["id"].to_pylist() == ["3"]
    with pytest.raises(BadOption, match="are no ids"):
        collection.similar(collection.targets(["1"]), LikenessOptions(ids=pa.array([[1]])))


@pytest.mark.parametrize(
    "where",
    [
        "mag <", "mag < 1; DROP TABLE g", "nosuch = 1", "embedding IS NULL", "g.mag < 1", "mag + 1 < 3", "abs(mag) < 3",
        "mag < (SELECT 1)", "votes IN (SELECT 1)", "1 = 1 UNION SELECT 1", "mag::INT < 3", "mag < ?", "mag ~ 'a'",
        "votes < 'many'", "mag LIKE 'a'", "\"Survey name\" LIKE 'a' ESCAPE 'b'", "EXISTS (SELECT 1)", "mag < $1", "*",
        "CASE WHEN mag < 1 THEN true END", "mag < 1 ORDER BY mag", "(" * 3_000 + "mag < 1" + ")" * 3_000, "_rowid = 1",
        "mag = 1 OR " * 2_000 + "mag = 2", "mag IN (votes)", "mag < current_date",
        "mag BETWEEN SYMMETRIC 3 AND 1", "'a'",
    ],
)  # fmt: skip
def test_other_sql_is_refused(make_collection: MakeCollection, where: str) -> None:
    collection = make_collection(catalogue(30))
    with pytest.raises(BadOption, match="filter"):
        collection.similar(collection.targets(["g1"]), LikenessOptions(where=where))


@pytest.fixture
def crowd(make_collection: MakeCollection) -> tuple[Collection, pa.Table]:
    """Crowds at the poles, at RA 0 and at a corner of base pixels, and the whole sky."""
    rng = np.random.default_rng(5)
    ra, dec = rng.uniform(0, 360, 1_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 1_000)))
    for ra0, dec0 in ((0, 0), (45, 0), (0, 90), (180, -90), (359.9999, 60)):
        ra = np.append(ra, (ra0 + rng.normal(0, 0.02, 200)) % 360)
        dec = np.append(dec, np.clip(dec0 + rng.normal(0, 0.02, 200), -90, 90))
    rows = rows_of(unit_vectors(len(ra)), ra=ra, dec=dec)
    return make_collection(rows), rows


@given(ra=st.floats(-180, 360), dec=st.floats(-90, 90), log_radius=st.floats(-6, 2.2))
@example(ra=0, dec=90, log_radius=-2)
@example(ra=0, dec=-90, log_radius=1)
@example(ra=0, dec=0, log_radius=-1.5)
@example(ra=360, dec=0, log_radius=-1.5)
@example(ra=359.9999, dec=60, log_radius=-2)
@example(ra=45, dec=0, log_radius=-1.5)
@example(ra=12, dec=5, log_radius=np.log10(180))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cone_chooses_the_rows_within_it(
    crowd: tuple[Collection, pa.Table], ra: float, dec: float, log_radius: float
) -> None:
    collection, rows = crowd
    cone = Cone(ra, dec, min(10**log_radius, 180))
    chosen = collection.snapshot().chosen_rows(LikenessOptions(cone=cone))
    assert chosen is not None
    separation = SkyCoord(ra * u.deg, dec * u.deg).separation(SkyCoord(rows["ra"], rows["dec"], unit="deg")).deg
    assert set(np.flatnonzero(separation < cone.radius_deg * (1 - 1e-9))) <= set(chosen)
    assert set(chosen) <= set(np.flatnonzero(separation < cone.radius_deg * (1 + 1e-8) + 1e-9))
    answer = collection.similar(collection.targets(["g7"]), LikenessOptions(k=30, cone=cone, exclude_arcsec=0))
    keep = np.isin(np.arange(len(rows)), chosen) & (np.arange(len(rows)) != 7)
    assert answer.table["id"].to_pylist() == true_neighbours(rows, matrix(rows)[7], 30, keep)[0]


def inside(rows: pa.Table, cone: Cone) -> Array:
    ra, dec = rows["ra"].to_numpy(), rows["dec"].to_numpy()
    known = ~np.isnan(ra)
    result = np.zeros(len(rows), bool)
    places = SkyCoord(ra[known], dec[known], unit="deg")
    result[known] = places.separation(SkyCoord(cone.ra, cone.dec, unit="deg")).deg <= cone.radius_deg
    return result


def check(collection: Collection, rows: pa.Table, keep: Array, options: LikenessOptions) -> None:
    """Ids and counts of some targets are those of numpy, all but a few where an index is asked."""
    right = total = 0
    for own in range(0, ROWS, 250):
        answer = collection.similar(collection.targets([f"g{own}"]), options)
        ids, cosines = true_neighbours(rows, matrix(rows)[own], options.k, keep & (np.arange(ROWS) != own))
        found = answer.table["id"].to_pylist()
        assert len(found) == len(ids)
        assert answer.chosen == keep.sum()
        assert all(keep[int(one[1:])] for one in found)
        if answer.searched == "exact":
            assert found == ids
            np.testing.assert_allclose(answer.table["similarity"], cosines, atol=1e-6)
        right, total = right + len(set(found) & set(ids)), total + len(ids)
    assert right >= 0.98 * total
