"""Skies that are not even: parts of a footprint, crowds, errors of all sizes, rows that lack something."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import Latitude, Longitude, SkyCoord
from mocpy import MOC

from skyband.queries import Sky
from skyband.queries.association import AssociationOptions, AssociationReport, associate, associate_many
from skyband.queries.crossmatch import Find, Join
from skyband.schema.columns import Column
from skyband.schema.errors import BadFile, BadTable
from skyband.schema.store import Store
from tests.queries.association.conftest import ERROR, scattered

PM = [Column(role, "", unit="mas.yr**-1", role=role) for role in ("pmra", "pmdec")]


class Field:
    """Objects on the sky, which tables see with an error."""

    def __init__(self, make_table: Any, seed: int, ra: Any, dec: Any) -> None:
        self.make_table, self.rng = make_table, np.random.default_rng(seed)
        self.ra, self.dec = ra, dec

    def see(self, name: str, seen: np.ndarray[Any, Any], error_arcsec: float | np.ndarray[Any, Any]) -> None:
        error = np.broadcast_to(error_arcsec, len(seen))
        ra, dec = scattered(self.rng, self.ra[seen], self.dec[seen], error)
        self.make_table(name, id=seen.tolist(), ra=ra, dec=dec, pos_error=error * 1000, metadata=[ERROR])


def associated(store: Store, **options: Any) -> tuple[AssociationReport, dict[str, np.ndarray[Any, Any]]]:
    """The report, and p_match, is_true and the error of the left row, mas, of all pairs."""
    asked: dict[str, Any] = {"tables": ("a", "b"), "into": "m", "find": Find.ALL, "replace": True}
    report = associate(store, AssociationOptions(**(asked | options)))
    with Sky(store.path) as sky:
        found = sky.sql(
            "SELECT p_match, a_id = b_id AS is_true, a.pos_error AS error FROM m JOIN a ON a.id = a_id "
            "WHERE b_id IS NOT NULL"
        ).to_arrow()
    return report, {name: np.asarray(found[name]) for name in found.column_names}


def assert_reliable(pairs: dict[str, np.ndarray[Any, Any]], chosen: Any = slice(None)) -> None:
    p, is_true = pairs["p_match"][chosen], pairs["is_true"][chosen]
    for decile in range(10):
        inside = (p >= decile / 10) & (p < decile / 10 + 0.1 if decile < 9 else p <= 1)
        noise = np.sqrt((p[inside] * (1 - p[inside])).sum()) / max(inside.sum(), 1)
        if inside.any():
            assert is_true[inside].mean() == pytest.approx(p[inside].mean(), abs=0.02 + 3 * noise), f"decile {decile}"


def test_false_pairs_are_counted_where_the_other_survey_looked(store: Store, make_table: Any) -> None:
    """The left table is four times as wide as the right one."""
    rng = np.random.default_rng(2)
    n = 40_000
    field = Field(make_table, 1, 180 + rng.uniform(-1.2, 1.2, n), 30 + rng.uniform(-0.25, 0.25, n))
    field.see("a", np.flatnonzero(rng.uniform(size=n) < 0.5), 1.0)
    field.see("b", np.flatnonzero((rng.uniform(size=n) < 0.8) & (field.ra > 180.6)), 1.0)
    report, pairs = associated(store, radius_arcsec=6.0)
    assert_reliable(pairs)
    assert report.counts.calibration.share == pytest.approx(0.8, abs=0.03)
    for cut in report.counts.calibration.cuts:
        kept = pairs["p_match"] >= cut.least_probability
        false = int((~pairs["is_true"][kept]).sum())
        if false > 150:
            assert cut.contamination == pytest.approx(false / kept.sum(), rel=0.2)
            assert cut.chance_contamination == pytest.approx(false / kept.sum(), rel=0.2)


def test_a_cluster_has_the_density_of_a_cluster(store: Store, make_table: Any) -> None:
    """A globular cluster, a thousand times as crowded in its core as the field around."""
    rng = np.random.default_rng(14)
    members, stars = 60_000, 20_000
    radius_deg, angle = 0.02 * np.sqrt(1 / (1 - rng.uniform(0, 0.97, members)) - 1), rng.uniform(0, 2 * np.pi, members)
    ra = np.r_[10 + radius_deg * np.cos(angle), rng.uniform(8, 12, stars)]
    dec = np.r_[radius_deg * np.sin(angle), rng.uniform(-2, 2, stars)]
    field = Field(make_table, 3, ra, dec)
    for name, share in (("a", 0.5), ("b", 0.6)):
        field.see(name, np.flatnonzero(rng.uniform(size=len(ra)) < share), 0.5)
    report, pairs = associated(store, radius_arcsec=4.0)
    assert report.counts.calibration.share == pytest.approx(0.6, abs=0.02)
    assert_reliable(pairs)


@pytest.mark.parametrize("radius_arcsec", [10.0, 25.0])
def test_a_radius_may_be_smaller_than_errors(store: Store, make_table: Any, radius_arcsec: float) -> None:
    """Half of the rows are known to 1 arcsec, half to 12: of these a radius of 10 reaches a third."""
    rng = np.random.default_rng(4)
    n = 60_000
    field = Field(make_table, 5, 180 + rng.uniform(-1.7, 1.7, n), 30 + rng.uniform(-1.5, 1.5, n))
    seen = np.flatnonzero(rng.uniform(size=n) < 0.4)
    field.see("a", seen, np.where(rng.uniform(size=len(seen)) < 0.5, 1.0, 12.0))
    field.see("b", np.flatnonzero(rng.uniform(size=n) < 0.6), 0.3)
    report, pairs = associated(store, radius_arcsec=radius_arcsec)
    assert report.counts.calibration.share == pytest.approx(0.6, abs=0.02)
    for error in (1000, 12_000):
        assert_reliable(pairs, pairs["error"] == error)


@pytest.mark.parametrize("find", [Find.BEST, Find.ONE_TO_ONE, Find.MUTUAL])
def test_complete_surveys_compete_for_everything(store: Store, make_table: Any, find: Find) -> None:
    """Nearly every row has a counterpart: what is false are swaps and thefts."""
    rng = np.random.default_rng(101)
    n = 30_000
    field = Field(make_table, 102, 180 + rng.uniform(-0.25, 0.25, n), rng.uniform(-0.25, 0.25, n))
    for name, error_arcsec in (("a", 0.6), ("b", 0.3)):
        field.see(name, np.flatnonzero(rng.uniform(size=n) < 0.9), error_arcsec)
    report, pairs = associated(store, radius_arcsec=3.0, find=find)
    true = 1 - pairs["is_true"].mean()
    assert report.cut.contamination == pytest.approx(true, rel=0.2)
    assert report.cut.chance_contamination == pytest.approx(true, rel=0.25)


def test_shifted_rows_leave_their_partners_behind(store: Store, make_table: Any) -> None:
    """Also where errors are as large as 30 arcsec, how far ever shifts are for small ones."""
    rng = np.random.default_rng(6)
    n = 20_000
    field = Field(make_table, 7, 180 + rng.uniform(-1.7, 1.7, n), 30 + rng.uniform(-1.5, 1.5, n))
    field.see("a", np.flatnonzero(rng.uniform(size=n) < 0.3), 15.0)
    field.see("b", np.flatnonzero(rng.uniform(size=n) < 0.6), 0.3)
    report, pairs = associated(store, n_sigma=5.0, radius_arcsec=None, floor_arcsec=0.0)
    assert report.counts.calibration.shift_arcsec > 150
    cut = report.counts.calibration.at(0.2)
    kept = pairs["p_match"] >= 0.2
    assert cut.chance_contamination == pytest.approx((~pairs["is_true"][kept]).mean(), rel=0.1)


@pytest.mark.parametrize(("suffix", "form"), [(".fits", "fits"), (".json", "json")])
def test_a_footprint_may_be_given(store: Store, make_table: Any, tmp_path: Path, suffix: str, form: str) -> None:
    """A survey that looked and found nothing has looked; one that has sources nearby has not looked for that."""
    make_table("a", id=[1, 2, 3, 4], ra=[10.0, 12.0, 13.0, 359.99], dec=[0.0, 0.0, -0.01, 0.0], pos_error=[300.0] * 4,
               metadata=[ERROR])  # fmt: skip
    rng = np.random.default_rng(1)
    ra, dec = np.r_[10.0, rng.uniform(9.5, 10.5, 500), 13.0], np.r_[0.0, rng.uniform(-0.5, 0.5, 500), -0.0114]
    make_table("b", id=list(range(502)), ra=ra, dec=dec, pos_error=[300.0] * 502, metadata=[ERROR])
    path = tmp_path / f"b{suffix}"
    # Everything north of -0.005 deg and up to 12.5 deg.
    corners = np.array([[0.0, 12.5, 12.5, 0.0], [-0.005, -0.005, 9.0, 9.0]])
    moc = MOC.from_polygon(Longitude(corners[0], "deg"), Latitude(corners[1], "deg"), max_depth=14)
    moc.save(path, format=form)
    asked = AssociationOptions(tables=("a", "b"), into="m", radius_arcsec=2.0, join=Join.LEFT, floor_arcsec=0.0,
                               footprints={"b": str(path)}, completeness=0.5)  # fmt: skip
    report = associate(store, asked)
    with Sky(store.path) as sky:
        assert dict(sky.sql("SELECT a_id, is_covered FROM m").rows()) == {1: True, 2: True, 3: False, 4: False}
    assert report.counts.left_covered == 2
    associate(store, replace(asked, footprints={}, replace=True))
    with Sky(store.path) as sky:
        assert dict(sky.sql("SELECT a_id, is_covered FROM m").rows()) == {1: True, 2: False, 3: True, 4: False}


@pytest.mark.parametrize(("content", "message"), [(None, "is not there"), (b"SIMPLE", "is no coverage map")])
def test_a_footprint_must_be_one(
    store: Store, make_table: Any, tmp_path: Path, content: bytes | None, message: str
) -> None:
    for name in ("a", "b"):
        make_table(name, id=[1], ra=[10.0], dec=[0.0], pos_error=[9.0], metadata=[ERROR])
    path = tmp_path / "moc.fits"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadFile, match=message):
        associate(
            store, AssociationOptions(tables=("a", "b"), into="m", radius_arcsec=1.0, footprints={"b": str(path)})
        )


def test_the_nearer_of_two_hopeless_candidates_is_the_better(store: Store, make_table: Any) -> None:
    """At hundreds of sigma probabilities are too small for a number."""
    error = [20.0]
    make_table("a", id=[1], ra=[10.0], dec=[0.0], pos_error=error, metadata=[ERROR])
    make_table("b", id=[3, 2], ra=[10.0, 10.0], dec=[3 / 3600, 2 / 3600], pos_error=error * 2, metadata=[ERROR])
    associate(store, AssociationOptions(tables=("a", "b"), into="m", radius_arcsec=5.0, floor_arcsec=0.0, find=Find.ALL,
                                        completeness=0.5))  # fmt: skip
    with Sky(store.path) as sky:
        rows = sky.sql("SELECT b_id, p_match, p_i, left_rank, is_ambiguous FROM m ORDER BY left_rank").rows()
    assert rows == [(2, 0.0, 1.0, 1, False), (3, 0.0, 0.0, 2, False)]


def test_equal_candidates_are_a_tie(store: Store, make_table: Any) -> None:
    error = [300.0]
    make_table("a", id=[1, 2], ra=[10.0, 11.0], dec=[0.0, 0.0], pos_error=error * 2, metadata=[ERROR])
    make_table("b", id=[1, 2, 3, 4, 5], ra=[10.0, 10.0, 10.0, 11.0, 11.0],
               dec=[0.3 / 3600, -0.3 / 3600, 2 / 3600, 0.3 / 3600, -0.31 / 3600], pos_error=error * 5,
               metadata=[ERROR])  # fmt: skip
    associate(store, AssociationOptions(tables=("a", "b"), into="m", radius_arcsec=5.0, floor_arcsec=0.0, find=Find.ALL,
                                        completeness=0.5))  # fmt: skip
    with Sky(store.path) as sky:
        rows = sky.sql("SELECT a_id, b_id, left_rank, is_ambiguous, is_tie FROM m ORDER BY a_id, left_rank").rows()
    assert rows == [
        (1, 2, 1, True, True), (1, 1, 2, True, True), (1, 3, 3, False, False),
        (2, 4, 1, True, False), (2, 5, 2, True, False),
    ]  # fmt: skip


def test_rows_without_an_epoch_have_the_mean_one_and_its_spread(store: Store, make_table: Any) -> None:
    star = SkyCoord(40.0, 60.0, unit="deg")
    seen = [star.directional_offset_by(0 * star.ra.unit, step / 3600 * star.ra.unit) for step in (0, 30, 60, 29)]
    years: list[float | None] = [2000.0, 2010.0, 2020.0, None]
    make_table("stars", id=[7], ra=[40.0], dec=[60.0], pmra=[0.0], pmdec=[3000.0], epoch=2000.0,
               pos_error=[100.0], metadata=[*PM, ERROR])  # fmt: skip
    make_table("plates", id=[0, 1, 2, 3], ra=[p.ra.deg for p in seen], dec=[p.dec.deg for p in seen], year=years,
               pos_error=[100.0] * 4, metadata=[Column("year", "", unit="yr", role="epoch"), ERROR])  # fmt: skip
    associate(store, AssociationOptions(tables=("stars", "plates"), into="m", radius_arcsec=5.0, find=Find.ALL,
                                        floor_arcsec=0.0, completeness=0.5))  # fmt: skip
    with Sky(store.path) as sky:
        found = dict(sky.sql("SELECT plates_id, [sep_arcsec, sep_sigma] FROM m").rows())
    for number in range(3):
        assert found[number] == pytest.approx([0.0, 0.0], abs=1e-3)
    scatter_arcsec = 3.0 * np.std([2000.0, 2010.0, 2020.0])
    assert found[3] == pytest.approx([1.0, 1.0 / np.hypot(0.1 * 2**0.5, scatter_arcsec)], rel=1e-3)


def test_epochs_must_be_years(store: Store, make_table: Any) -> None:
    year = Column("year", "", unit="yr", role="epoch")
    make_table("stars", id=[7], ra=[40.0], dec=[60.0], pmra=[0.0], pmdec=[9.0], epoch=2000.0, metadata=PM)
    make_table("dates", id=[0], ra=[40.0], dec=[60.0], year=[51_544.0], metadata=[year])
    make_table("gaps", id=[0, 1], ra=[40.0, 41.0], dec=[60.0, 60.0], year=[2001.0, float("nan")], metadata=[year])
    asked = AssociationOptions(tables=("stars", "dates"), into="m", radius_arcsec=1.0, floor_arcsec=0.1)
    with pytest.raises(BadTable, match="run from 51544 to 51544, which are no Julian years"):
        associate(store, asked)
    report = associate(store, replace(asked, tables=("stars", "gaps")))
    assert report.counts.pairs == 1
    assert report.counts.without_epoch == {"gaps": 0.5}


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        (Column("ra_dec_corr", "", role="ra_dec_corr"), [0.1, -3.0], "1 rows of 'a' have a ra_dec_corr beyond 1"),
        (Column("pmra_error", "", unit="mas.yr**-1", role="pmra_error"), [0.0, 1.0], "a pmra_error of zero or less"),
    ],
)
def test_impossible_errors_are_named(
    store: Store, make_table: Any, column: Column, values: list[float], message: str
) -> None:
    errors = [Column(role, "", unit="mas", role=role) for role in ("ra_error", "dec_error")]
    make_table("a", id=[1, 2], ra=[10.0, 11.0], dec=[0.0, 0.0], ra_error=[9.0, 9.0], dec_error=[9.0, 9.0],
               metadata=[*errors, column], **{column.name: values})  # fmt: skip
    make_table("b", id=[1], ra=[10.0], dec=[0.0], pos_error=[9.0], metadata=[ERROR])
    with pytest.raises(BadTable, match=message):
        associate(store, AssociationOptions(tables=("a", "b"), into="m", radius_arcsec=1.0))


def test_few_rows_without_errors_are_refused(store: Store, make_table: Any) -> None:
    for name in ("a", "b", "c"):
        make_table(name, id=list(range(20)), ra=np.arange(20) * 0.1, dec=np.zeros(20))
    for tables, run in ((("a", "b"), associate), (("a", "b", "c"), associate_many)):
        for asked in (
            AssociationOptions(tables=tables, into="m", radius_arcsec=3.0),
            AssociationOptions(tables=tables, into="m", n_sigma=3.0),
        ):
            with pytest.raises(BadTable, match="20 pairs are too few to fit them: give --error"):
                run(store, asked)


def test_no_row_stands_in_two_groups(store: Store, make_table: Any) -> None:
    rng = np.random.default_rng(11)
    n = 20_000
    field = Field(make_table, 12, 180 + rng.uniform(-0.1, 0.1, n), rng.uniform(-0.1, 0.1, n))
    names = ("a", "b", "c", "d")
    for name in names:
        field.see(name, np.flatnonzero(rng.uniform(size=n) < 0.5), 0.7)
    for join in (Join.INNER, Join.LEFT, Join.FULL):
        options = AssociationOptions(
            tables=names, into="m", radius_arcsec=3.0, join=join, replace=True, floor_arcsec=0.0
        )
        report = associate_many(store, options)
        with Sky(store.path) as sky:
            for name in names:
                [(rows, different)] = sky.sql(f"SELECT count({name}_id), count(DISTINCT {name}_id) FROM m").rows()
                [(all_rows,)] = sky.sql(f"SELECT count(*) FROM {name}").rows()
                assert rows == different
                if join is Join.FULL or (join is Join.LEFT and name == "a"):
                    assert rows == all_rows
            [(true,)] = sky.sql("SELECT avg((b_id = a_id AND c_id = a_id)::INTEGER) FROM m WHERE n_tables = 3").rows()
        assert true > 0.4
        assert report.counts.groups > 0


def test_a_crowd_of_candidates_does_not_multiply(store: Store, make_table: Any) -> None:
    """Twenty candidates in each of five tables make four million groups of a row; the likely ones are kept."""
    rng = np.random.default_rng(17)
    leads, around = 50, 20
    ra, dec = rng.uniform(10, 20, leads), rng.uniform(-5, 5, leads)
    make_table("a", id=list(range(leads)), ra=ra, dec=dec, pos_error=[300.0] * leads, metadata=[ERROR])
    tables = ["a"]
    for name in ("b", "c", "d", "e", "f"):
        tables.append(name)
        make_table(
            name,
            id=list(range(leads * (around + 1))),
            ra=np.r_[
                ra + rng.normal(0, 0.3, leads) / 3600, np.repeat(ra, around) + rng.uniform(-6, 6, leads * around) / 3600
            ],
            dec=np.r_[
                dec + rng.normal(0, 0.3, leads) / 3600,
                np.repeat(dec, around) + rng.uniform(-6, 6, leads * around) / 3600,
            ],
            pos_error=[300.0] * (leads * (around + 1)),
            metadata=[ERROR],
        )
    associate_many(store, AssociationOptions(tables=tuple(tables), into="m", radius_arcsec=8.0, floor_arcsec=0.0))
    with Sky(store.path) as sky:
        [(true, most)] = sky.sql(
            "SELECT avg((a_id = b_id)::INTEGER + (a_id = c_id)::INTEGER + (a_id = d_id)::INTEGER), max(n_neighbours) "
            "FROM m"
        ).rows()
    assert true > 1.5
    assert most < 5000
