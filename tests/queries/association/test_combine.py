"""The matched catalogue: positions and errors by weighted means, columns, flags."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord

from skyband.queries import Sky
from skyband.queries.association import AssociationOptions, associate, associate_many
from skyband.queries.association.combine import CombineOptions, combine
from skyband.queries.crossmatch import Find, Join, MatchOptions, crossmatch
from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, BadTable, TableExists, TableNotFound
from skyband.schema.store import Store
from tests.queries.association.conftest import MakeField


@pytest.fixture(scope="module")
def field(make_field: MakeField) -> Store:
    store = make_field(3000, 1.0, seed=11, x=(0.7, 0.5), y=(0.8, 0.3), z=(0.5, 0.9))
    associate_many(store, AssociationOptions(tables=("x", "y", "z"), radius_arcsec=4.0, floor_arcsec=0.0, into="g",
                                              join=Join.LEFT))  # fmt: skip
    return store


def test_the_position_is_the_weighted_mean_of_all_members(field: Store) -> None:
    report = combine(field, CombineOptions(match="g", into="objects", replace=True))
    with Sky(field.path) as sky:
        rows = sky.sql(
            "SELECT o.*, x.ra AS ra_0, x.dec AS dec_0, x.pos_error AS e_0, y.ra AS ra_1, y.dec AS dec_1, "
            "y.pos_error AS e_1, z.ra AS ra_2, z.dec AS dec_2, z.pos_error AS e_2 FROM objects o "
            "JOIN keys.x x ON x.id = x_id LEFT JOIN keys.y y ON y.id = y_id LEFT JOIN keys.z z ON z.id = z_id"
        ).to_pandas()
        [(x_rows,)] = sky.sql("SELECT count(*) FROM x").rows()
        columns = {column.name: (column.role, column.unit) for column in sky.table("objects").columns}
        keys = sky.sql("SELECT healpix_29 = healpix(29, ra, dec) AS same, healpix_29 FROM objects").to_arrow()
    assert len(rows) == x_rows == report.info.rows
    assert report.members == {"x": x_rows, "y": int(rows.y_id.notna().sum()), "z": int(rows.z_id.notna().sum())}
    lon, lat, error = (rows[[f"{name}_{k}" for k in range(3)]].to_numpy() for name in ("ra", "dec", "e"))
    weight = np.where(np.isfinite(error), error**-2.0, 0)
    total = weight.sum(axis=1)
    ra, dec = (np.nansum(weight * values, axis=1) / total for values in (lon, lat))
    apart = SkyCoord(ra * u.deg, dec * u.deg).separation(
        SkyCoord(rows.ra.to_numpy() * u.deg, rows.dec.to_numpy() * u.deg)
    )
    assert apart.to_value(u.mas).max() < 0.1  # of an arcsec, right ascensions are straight to so much
    np.testing.assert_allclose(rows.ra_error, total**-0.5, rtol=1e-6)
    np.testing.assert_allclose(rows.dec_error, total**-0.5, rtol=1e-6)
    np.testing.assert_allclose(rows.ra_dec_corr, 0, atol=1e-9)
    squares = (((lon - ra[:, None]) * np.cos(np.radians(dec))[:, None]) ** 2 + (lat - dec[:, None]) ** 2) * 3.6e6**2
    np.testing.assert_allclose(rows.pos_chi2, np.nansum(weight * squares, axis=1), rtol=1e-3, atol=1e-3)
    assert columns["ra"] == ("ra", "deg") and columns["ra_error"] == ("ra_error", "mas")
    assert columns["object_id"][0] == "id" and columns["x_id"][0] == ""
    assert all(keys["same"].to_pylist())
    assert (np.diff(np.asarray(keys["healpix_29"])) >= 0).all()
    assert report.info.details["surveys"] == {"x": "", "y": "", "z": ""}
    assert report.info.details["columns"]["y"] == [
        {"name": name, "here": f"y_{name}"} for name in ("id", "ra", "dec", "pos_error")
    ]
    # A catalogue made here can be matched like any other.
    matched = crossmatch(field, MatchOptions(left="objects", right="y", radius_arcsec=1.0, into="again", replace=True))
    assert matched.counts.pairs > 0.9 * report.members["y"]


ONCE = (Find.BEST, Find.BEST1, Find.MUTUAL, Find.ONE_TO_ONE)
"""These use each left row in one pair at most."""


@pytest.fixture(scope="module")
def crowd(make_field: MakeField) -> Store:
    """Three tables of a field so dense that every row has rivals."""
    return make_field(500_000, 0.03, seed=5, a=(0.7, 0.5), b=(0.6, 0.5), c=(0.5, 0.5))


def best_of_each_lead(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Of (rank, id of the first table, ids of others): the first by rank of each lead; rows without a lead stay."""
    best: dict[Any, tuple[Any, ...]] = {}
    for rank, lead, *others in rows:
        if lead is not None and (lead not in best or rank < best[lead][0]):
            best[lead] = (rank, lead, *others)
    return [row[1:] for row in best.values()] + [row[1:] for row in rows if row[1] is None]


def in_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: tuple((item is None, item or 0) for item in row))


@pytest.mark.parametrize("find", Find)
@pytest.mark.parametrize("plain", [True, False], ids=["plain", "probable"])
def test_no_row_of_a_match_is_lost_or_doubled(crowd: Store, find: Find, plain: bool) -> None:
    # What is done with the rows of a match depends on what it was asked, not on how it weighed them.
    for join in Join if plain else (Join.INNER, Join.RIGHT, Join.FULL):
        if plain:
            crossmatch(crowd, MatchOptions(left="a", right="b", radius_arcsec=3.0, into="m", find=find, join=join,
                                           replace=True))  # fmt: skip
        else:
            associate(crowd, AssociationOptions(tables=("a", "b"), radius_arcsec=3.0, floor_arcsec=0.0, into="m",
                                                find=find, join=join, replace=True))  # fmt: skip
        report = combine(crowd, CombineOptions(match="m", into="o", columns={"a": (), "b": ()}, replace=True))
        with Sky(crowd.path) as sky:
            rows = sky.sql("SELECT left_rank, a_id, b_id FROM m").rows()
            made = sky.sql("SELECT a_id, b_id FROM o").rows()
            figures = sky.sql("SELECT a_id, b_id, sep_arcsec FROM o WHERE sep_arcsec IS NOT NULL").rows()
            published = set(sky.sql("SELECT a_id, b_id, sep_arcsec FROM m WHERE sep_arcsec IS NOT NULL").rows())
            ids = {name: {key for (key,) in sky.sql(f"SELECT id FROM {name}").rows()} for name in "ab"}
        kept = [row[1:] for row in rows] if find in ONCE else best_of_each_lead(rows)
        if join.has_unmatched_right:
            taken = {right for _, right in kept}
            kept += [(None, right) for right in {row[2] for row in rows} - taken - {None}]
        assert in_order(made) == in_order(kept), join
        assert len(figures) == sum(None not in row for row in kept)
        assert set(figures) <= published
        assert report.members == {
            name: sum(row[place] is not None for row in kept) for place, name in enumerate(("a", "b"))
        }
        if join is Join.FULL:
            assert [{row[place] for row in made} - {None} for place in (0, 1)] == [ids["a"], ids["b"]]


@pytest.mark.parametrize(
    ("find", "join"),
    [(Find.ALL, Join.INNER), (Find.ALL, Join.LEFT), (Find.BEST, Join.INNER), (Find.BEST, Join.LEFT),
     (Find.BEST, Join.FULL)],
)  # fmt: skip
def test_no_group_is_lost_or_doubled(crowd: Store, find: Find, join: Join) -> None:
    associate_many(crowd, AssociationOptions(tables=("a", "b", "c"), radius_arcsec=3.0, floor_arcsec=0.0, into="g3",
                                             find=find, join=join, replace=True))  # fmt: skip
    combine(crowd, CombineOptions(match="g3", into="o3", replace=True))
    with Sky(crowd.path) as sky:
        rows = sky.sql("SELECT left_rank, a_id, b_id, c_id FROM g3").rows()
        made = sky.sql("SELECT a_id, b_id, c_id FROM o3").rows()
    kept = [row[1:] for row in rows] if find is Find.BEST else best_of_each_lead(rows)
    assert in_order(made) == in_order(kept)


def test_rows_with_the_same_id_are_refused(store: Store, make_table: Any) -> None:
    error = Column("pos_error", "", unit="mas", role="pos_error")
    make_table("one", id=[1, 2], ra=[10.0, 20.0], dec=[5.0, 6.0], pos_error=[100.0] * 2, metadata=[error])
    make_table("two", id=[7, 7, 8, 9, 9, 9], ra=[10.0, 10.00001, 20.0, 30.0, 30.0, 30.0],
               dec=[5.0, 5.0, 6.0, 7.0, 7.0, 7.0], pos_error=[100.0] * 6, metadata=[error])  # fmt: skip
    crossmatch(store, MatchOptions(left="one", right="two", radius_arcsec=1.0, into="m", find=Find.ALL))
    with pytest.raises(BadTable, match=r"1 id of 'two' that 'm' names stands for several rows"):
        combine(store, CombineOptions(match="m", into="c"))
    crossmatch(store, MatchOptions(left="one", right="two", radius_arcsec=1.0, into="f", join=Join.FULL))
    with pytest.raises(BadTable, match=r"2 ids of 'two' that 'f' names stand for several rows"):
        combine(store, CombineOptions(match="f", into="c"))


PM = [Column(role, "", unit="mas.yr**-1", role=role) for role in ("pmra", "pmdec")]


def test_every_object_has_its_own_epoch_and_the_motion_of_whichever_member_knows_it(
    store: Store, make_table: Any
) -> None:
    error = Column("pos_error", "", unit="mas", role="pos_error")
    rate = [Column(role, "", unit="arcsec.yr**-1", role=role) for role in ("pmra", "pmdec")]
    pm_error = [Column(f"{role}_error", "", unit="mas.yr**-1", role=f"{role}_error") for role in ("pmra", "pmdec")]
    parallax = Column("plx", "", unit="mas", role="parallax")
    step = 1.6 / 3600  # 100 mas/yr in 16 years
    make_table("old", id=[1, 2, 3], ra=[10.0, 20.0, 30.0], dec=[0.0, 0.0, 0.0], pos_error=[80.0] * 3, epoch=2000.0,
               metadata=[error])  # fmt: skip
    make_table("gaia", id=[1, 2, 4], ra=[10.0 + step, 20.0, 40.0], dec=[0.0, 0.0, 0.0], pos_error=[1.0] * 3,
               epoch=2016.0, pmra=[100.0, None, 5.0], pmdec=[0.0, None, 6.0], pmra_error=[0.1, None, 0.3],
               pmdec_error=[0.2, None, 0.4], plx=[9.0, 8.0, 7.0], metadata=[error, *PM, *pm_error, parallax]
               )  # fmt: skip
    make_table("late", id=[2, 5], ra=[20.0, 50.0], dec=[0.0, 0.0], pos_error=[50.0] * 2,
               when=[2010.0, 2011.0], pmra=[0.003, 0.004], pmdec=[0.001, 0.002],
               metadata=[error, *rate, Column("when", "", unit="yr", role="epoch")])  # fmt: skip
    associate_many(store, AssociationOptions(tables=("old", "gaia", "late"), radius_arcsec=1.0, floor_arcsec=0.0,
                                             into="g", join=Join.FULL))  # fmt: skip
    report = combine(store, CombineOptions(match="g", into="o"))
    with Sky(store.path) as sky:
        rows = sky.sql(
            "SELECT old_id, gaia_id, late_id, epoch, pmra, pmdec, pmra_error, pmdec_error, parallax FROM o ORDER BY ra"
        ).rows()
        keys = sky.sql("SELECT epoch, pmra, pmdec_error, parallax FROM keys.o ORDER BY ra").rows()
        info = sky.table("o")
    assert rows == [
        (1, 1, None, 2000.0, 100.0, 0.0, 0.1, 0.2, 9.0),
        (2, 2, 2, 2000.0, 3.0, 1.0, None, None, 8.0),
        (3, None, None, 2000.0, None, None, None, None, None),
        (None, 4, None, 2016.0, 5.0, 6.0, 0.3, 0.4, 7.0),
        (None, None, 5, 2011.0, 4.0, 2.0, None, None, None),
    ]
    assert keys == [(row[3], row[4], row[7], row[8]) for row in rows]
    assert info.epoch is None and report.info.epoch is None
    assert {c.role: (c.name, c.unit) for c in info.columns if c.role in ("epoch", "pmra", "parallax")} == {
        "epoch": ("epoch", "yr"), "pmra": ("pmra", "mas.yr**-1"), "parallax": ("parallax", "mas"),
    }  # fmt: skip
    assert info.column("gaia_pmra") is not None and info.column("late_pmra") is not None
    # The objects can be found where they are at another epoch.
    make_table("new", id=[1], ra=[10.0 + 3 * step], dec=[0.0], epoch=2048.0)
    found = crossmatch(store, MatchOptions(left="o", right="new", radius_arcsec=0.1, into="again"))
    assert found.counts.pairs == 1


def test_members_are_moved_to_the_epoch_of_the_leading_row(store: Store, make_table: Any) -> None:
    error = Column("pos_error", "", unit="mas", role="pos_error")
    star = SkyCoord(200.0, 70.0, unit="deg")
    then = star.directional_offset_by(0 * u.deg, -16 * u.arcsec)
    make_table("gaia", id=[1], ra=[200.0], dec=[70.0], pmra=[0.0], pmdec=[1000.0], pos_error=[100.0], g=[12.5],
               epoch=2016.0, metadata=[*PM, error])  # fmt: skip
    make_table("plate", id=["p"], ra=[then.ra.deg], dec=[then.dec.deg], pos_error=[100.0], epoch=2000.0,
               metadata=[error])  # fmt: skip
    associate(store, AssociationOptions(tables=("gaia", "plate"), radius_arcsec=1.0, into="m", floor_arcsec=0.0))
    combine(store, CombineOptions(match="m", into="joint", columns={"gaia": ("g", "pmra", "pmdec"), "plate": ()}))
    with Sky(store.path) as sky:
        rows = sky.sql("SELECT gaia_id, plate_id, ra, dec, ra_error, g FROM joint").rows()
        info = sky.table("joint")
    [(gaia_id, plate_id, ra, dec, ra_error, g)] = rows
    assert (gaia_id, plate_id, g) == (1, "p", 12.5)
    assert SkyCoord(ra, dec, unit="deg").separation(star).to_value(u.mas) < 0.1
    assert ra_error == pytest.approx(100 / np.sqrt(2))
    assert info.epoch == 2016.0
    assert [c.role for c in info.columns if c.name in ("pmra", "pmdec")] == ["pmra", "pmdec"]
    assert info.column("pos_error") is None


def test_a_full_association_becomes_a_catalogue_of_everything(field: Store) -> None:
    """Groups without a row of the first table are found too, and no row of any table is lost or doubled."""
    tables = ("x", "y", "z")
    associate_many(field, AssociationOptions(tables=tables, radius_arcsec=4.0, into="every", join=Join.FULL))
    report = combine(field, CombineOptions(match="every", into="catalogue"))
    with Sky(field.path) as sky:
        rows = sky.sql("SELECT object_id, x_id, y_id, z_id, n_tables FROM catalogue").rows()
        sizes = {name: sky.table(name).rows for name in tables}
        [(true,)] = sky.sql("SELECT count(*) FROM y JOIN z USING (id) ANTI JOIN x USING (id)").rows()
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    for place, name in enumerate(tables, 1):
        ids = [row[place] for row in rows if row[place] is not None]
        assert report.members[name] == len(ids) >= sizes[name]
        assert len(set(ids)) == sizes[name]
    without_x = [row for row in rows if row[1] is None and row[4] == 2]
    right = sum(row[2] == row[3] for row in without_x)
    assert right > 0.95 * true
    assert right > 0.97 * len(without_x)
    assert all(row[4] == sum(item is not None for item in row[1:4]) for row in rows)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"match": "nothing"}, TableNotFound, "nothing"),
        ({"match": "x"}, BadTable, "no match"),
        ({"tables": ("w",)}, BadOption, "does not match 'w'"),
        ({"columns": {"y": ("colour",)}}, BadOption, "no column 'colour'"),
        ({"into": "x"}, TableExists, "is there"),
        ({"into": "x", "replace": True}, BadOption, "made of"),
        ({"into": "g", "replace": True}, BadOption, "made of"),
        ({"error_arcsec": {"w": 1.0}}, BadOption, "does not match 'w'"),
        ({"error_arcsec": {"x": 0.0}}, BadOption, "error of x in arcsec 0 is not between"),
    ],
)
def test_impossible_catalogues_are_refused(
    field: Store, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        combine(field, CombineOptions(**({"match": "g", "into": "refused"} | options)))


def test_tables_without_errors_are_not_weighed_by_guess(store: Store, make_table: Any) -> None:
    for name in ("one", "other"):
        make_table(name, id=[1, 2], ra=[10.0, 20.0], dec=[5.0, 6.0])
    crossmatch(store, MatchOptions(left="one", right="other", radius_arcsec=1.0, into="m", find=Find.BEST))
    with pytest.raises(BadTable, match="--error one=ARCSEC"):
        combine(store, CombineOptions(match="m", into="c"))
    combine(store, CombineOptions(match="m", into="c", error_arcsec={"one": 0.1, "other": 0.2}))
    with Sky(store.path) as sky:
        assert [round(value, 3) for (value,) in sky.sql("SELECT ra_error FROM c").rows()] == [89.443, 89.443]
