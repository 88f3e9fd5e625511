"""The errors of a matched catalogue: what the match found out of its tables holds for the objects too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from skyband.ingest.pipeline import IngestOptions, ingest
from skyband.queries import Sky
from skyband.queries.association import AssociationOptions, Offsets, associate, associate_many
from skyband.queries.association.combine import CombineOptions, combine
from skyband.queries.crossmatch import Find, Join, MatchOptions, crossmatch
from skyband.schema.columns import Column
from skyband.schema.store import Store
from tests.queries.association.conftest import ERROR, scattered

N = 4000
PM = [Column(role, "", unit="mas.yr**-1", role=role) for role in ("pmra", "pmdec")]


@pytest.fixture
def truth() -> tuple[Any, Any]:
    rng = np.random.default_rng(42)
    return rng.uniform(10, 13, N), rng.uniform(-40, -37, N)


def publish(
    make_table: Any, name: str, truth: tuple[Any, Any], seed: int, said: float, sigma: float, **options: Any
) -> None:
    """A table of all objects whose ids are their numbers, scattered by `sigma` arcsec where the errors say `said`."""
    ids = options.pop("ids", np.arange(N))
    east, north = options.pop("shift", (np.zeros(N), np.zeros(N)))
    ra, dec = scattered(np.random.default_rng(seed), *truth, np.full(N, sigma))
    ra, dec = ra + east / 3600 / np.cos(np.radians(dec)), dec + north / 3600
    make_table(name, id=ids.tolist(), ra=ra[ids], dec=dec[ids], pos_error=np.full(len(ids), said * 1000),
               metadata=[ERROR, *options.pop("metadata", ())], **options)  # fmt: skip


def combined(store: Store, columns: str, **options: Any) -> pd.DataFrame:
    asked: dict[str, Any] = {"match": "m", "into": "o", "replace": True}
    combine(store, CombineOptions(**(asked | options)))
    with Sky(store.path) as sky:
        return sky.sql(f"SELECT coalesce({columns}) AS id, {columns}, * EXCLUDE ({columns}) FROM o").to_pandas()


def pulls(rows: pd.DataFrame, truth: tuple[Any, Any]) -> Any:
    """Errors of the positions in units of what they are said to be, shape (n, 2)."""
    ra, dec = (values[rows.id.to_numpy(int)] for values in truth)
    east = (rows.ra - ra) * np.cos(np.radians(dec)) * 3.6e6 / rows.ra_error
    return np.column_stack([east, (rows.dec - dec) * 3.6e6 / rows.dec_error])


def test_systematic_errors_count_for_the_object_as_they_did_for_the_pair(
    store: Store, make_table: Any, truth: Any
) -> None:
    for seed, name in enumerate(("f", "g")):
        publish(make_table, name, truth, seed, said=0.1, sigma=float(np.hypot(0.1, 0.3)))
    report = associate(store, AssociationOptions(tables=("f", "g"), radius_arcsec=3.0, into="m"))
    assert report.counts.tuning.floor_arcsec == pytest.approx(0.3 * np.sqrt(2), rel=0.03)
    rows = combined(store, "f_id, g_id")
    assert np.std(pulls(rows, truth), axis=0) == pytest.approx(1, abs=0.04)
    assert rows.pos_chi2.mean() / 2 == pytest.approx(1, abs=0.05)
    variance = 0.1**2 + report.counts.tuning.floor_arcsec**2 / 2
    np.testing.assert_allclose(rows.ra_error, np.sqrt(variance / 2) * 1000, rtol=1e-9)
    assert combine(store, CombineOptions(match="m", into="o", replace=True)).info.details["floor_arcsec"] == {
        name: pytest.approx(report.counts.tuning.floor_arcsec / np.sqrt(2)) for name in ("f", "g")
    }


def test_systematic_errors_of_many_tables(store: Store, make_table: Any, truth: Any) -> None:
    """Also of the groups that another table than the first leads, and of tables worse than the rest."""
    seen = np.random.default_rng(9).uniform(size=(3, N)) < 0.7
    for seed, (name, floor) in enumerate((("f", 0.2), ("g", 0.2), ("h", 0.5))):
        publish(
            make_table, name, truth, seed, said=0.1, sigma=float(np.hypot(0.1, floor)), ids=np.flatnonzero(seen[seed])
        )
    associate_many(store, AssociationOptions(tables=("f", "g", "h"), radius_arcsec=4.0, into="m", join=Join.FULL))
    rows = combined(store, "f_id, g_id, h_id")
    for here in (rows.n_tables == 3, rows.n_tables == 2, rows.f_id.isna() & (rows.n_tables == 2), rows.n_tables == 1):
        assert here.sum() > 50
        assert np.std(pulls(rows[here], truth)) == pytest.approx(1, abs=max(0.05, 3 / np.sqrt(4 * here.sum())))
    whole = rows[rows.n_tables > 1]
    assert whole.pos_chi2.sum() / (2 * (whole.n_tables - 1)).sum() == pytest.approx(1, abs=0.05)


def test_ellipses_and_floors_of_three_tables_add_up_as_matrices(store: Store, make_table: Any) -> None:
    """The place, covariance and chi square of the best linear estimate, by numpy."""
    rng = np.random.default_rng(3)
    n, floor, names = 200, 0.2, ("f", "g", "h")
    ra, dec = np.linspace(100, 140, n), np.full(n, 60.0)
    columns = [Column(role, "", unit="" if "corr" in role else "mas", role=role)
               for role in ("ra_error", "dec_error", "ra_dec_corr")]  # fmt: skip
    place, weight = np.empty((3, n, 2)), np.empty((3, n, 2, 2))
    for k, name in enumerate(names):
        east, north, corr = rng.uniform(0.1, 0.4, n), rng.uniform(0.1, 0.4, n), rng.uniform(-0.8, 0.8, n)
        place[k] = rng.normal(0, 0.3, (n, 2))
        cov = np.array([[east**2, corr * east * north], [corr * east * north, north**2]]).transpose(2, 0, 1)
        weight[k] = np.linalg.inv(cov + np.eye(2) * floor**2 / 2)
        make_table(name, id=list(range(n)), ra=ra + place[k, :, 0] / 3600 / np.cos(np.radians(dec)),
                   dec=dec + place[k, :, 1] / 3600, ra_error=east * 1000, dec_error=north * 1000, ra_dec_corr=corr,
                   metadata=columns)  # fmt: skip
    associate_many(store, AssociationOptions(tables=names, radius_arcsec=20.0, floor_arcsec=floor, into="m"))
    rows = combined(store, "f_id, g_id, h_id").sort_values("id")
    assert (rows.n_tables == 3).all() and len(rows) == n
    cov = np.linalg.inv(weight.sum(axis=0))
    mean = np.einsum("nij,knjl,knl->ni", cov, weight, place)
    apart = place - mean
    found = np.column_stack([(rows.ra - ra) * np.cos(np.radians(60)), rows.dec - dec]) * 3600
    np.testing.assert_allclose(found, mean, atol=1e-4)
    np.testing.assert_allclose(rows.ra_error, np.sqrt(cov[:, 0, 0]) * 1000, rtol=1e-4)
    np.testing.assert_allclose(rows.dec_error, np.sqrt(cov[:, 1, 1]) * 1000, rtol=1e-4)
    np.testing.assert_allclose(rows.ra_dec_corr, cov[:, 0, 1] / np.sqrt(cov[:, 0, 0] * cov[:, 1, 1]), atol=1e-4)
    np.testing.assert_allclose(rows.pos_chi2, np.einsum("kni,knij,knj->n", apart, weight, apart), rtol=2e-3, atol=1e-3)


def test_errors_along_a_line_stay_errors(store: Store, make_table: Any) -> None:
    """A correlation of 1 has no inverse covariance."""
    columns = [Column(role, "", unit="" if "corr" in role else "mas", role=role)
               for role in ("ra_error", "dec_error", "ra_dec_corr")]  # fmt: skip
    for name, ids in (("f", [1, 2]), ("g", [1])):
        n = len(ids)
        make_table(name, id=ids, ra=[10.0, 20.0][:n], dec=[0.0, 0.0][:n], ra_error=[300.0] * n, dec_error=[400.0] * n,
                   ra_dec_corr=[1.0] * n, metadata=columns)  # fmt: skip
    crossmatch(store, MatchOptions(left="f", right="g", radius_arcsec=1.0, into="m", join=Join.FULL))
    rows = combined(store, "f_id, g_id").sort_values("id")
    for column, shares in (("ra_error", 300.0), ("dec_error", 400.0)):
        np.testing.assert_allclose(rows[column], [shares / np.sqrt(2), shares], rtol=1e-6)
    np.testing.assert_allclose(rows[["ra", "dec", "ra_dec_corr"]], [[10.0, 0.0, 1.0], [20.0, 0.0, 1.0]], atol=1e-8)


@pytest.mark.parametrize("offsets", [Offsets.CONSTANT, Offsets.MAP])
def test_objects_stand_in_the_frame_of_the_first_table(store: Store, make_table: Any, offsets: Offsets) -> None:
    rng = np.random.default_rng(4)
    wide = rng.uniform(100, 130, N), rng.uniform(-10, 20, N)
    slope = (wide[0] - 115) / 30 if offsets is Offsets.MAP else np.zeros(N)
    seen = rng.uniform(size=(3, N)) < 0.8
    shifts = {"f": (0 * slope, 0 * slope), "g": (1 + slope, -0.5 + 0 * slope), "h": (-0.7 - slope, 0.4 + 0 * slope)}
    for seed, (name, shift) in enumerate(shifts.items()):
        publish(make_table, name, wide, seed, said=0.1, sigma=0.1, shift=shift, ids=np.flatnonzero(seen[seed]))
    options: dict[str, Any] = {
        "radius_arcsec": 4.0,
        "into": "m",
        "join": Join.FULL,
        "offsets": offsets,
        "floor_arcsec": 0.1,
    }
    associate_many(store, AssociationOptions(tables=("f", "g", "h"), **options))
    rows = combined(store, "f_id, g_id, h_id")
    alone = rows[rows.n_tables == 1]
    led_by_others = rows[rows.f_id.isna() & (rows.n_tables == 2)]
    assert min(alone.g_id.notna().sum(), alone.h_id.notna().sum(), len(led_by_others)) > 50
    for kind in (rows[rows.f_id.notna()], led_by_others, alone[alone.g_id.notna()], alone[alone.h_id.notna()]):
        noise = pulls(kind, wide)
        assert np.abs(noise.mean(axis=0)).max() < 5 / np.sqrt(len(kind))
        assert np.std(noise) < 1.1
    associate(store, AssociationOptions(tables=("f", "g"), **options | {"replace": True}))
    pair = combined(store, "f_id, g_id")
    with Sky(store.path) as sky:
        matched = sky.sql("SELECT f_id, g_id, sep_sigma FROM m").to_pandas()
    both = pair.merge(matched, on=["f_id", "g_id"]).query("f_id.notna() and g_id.notna()")
    # One place for two members: what the positions miss is what the pair missed.
    np.testing.assert_allclose(both.pos_chi2, both.sep_sigma_x**2, rtol=1e-4, atol=1e-4)
    assert np.abs(pulls(pair[pair.f_id.isna()], wide).mean()) < 0.2


def test_errors_given_to_the_match_are_those_of_the_objects(store: Store, make_table: Any, truth: Any) -> None:
    publish(make_table, "f", truth, 1, said=0.01, sigma=0.4)
    publish(make_table, "g", truth, 2, said=0.3, sigma=0.3)
    options: dict[str, Any] = {"radius_arcsec": 3.0, "into": "m", "floor_arcsec": 0.0, "error_arcsec": {"f": 0.4}}
    associate(store, AssociationOptions(tables=("f", "g"), **options))
    rows = combined(store, "f_id, g_id")
    np.testing.assert_allclose(rows.ra_error, 240.0)
    assert np.std(pulls(rows, truth)) == pytest.approx(1, abs=0.04)
    # An error given here is the whole error of its table: no floor is added to it.
    associate(store, AssociationOptions(tables=("f", "g"), **options | {"floor_arcsec": 0.5, "replace": True}))
    rows = combined(store, "f_id, g_id", error_arcsec={"f": 0.2})
    np.testing.assert_allclose(rows.ra_error, 1000 / np.sqrt(1 / 0.2**2 + 1 / (0.3**2 + 0.5**2 / 2)))


def test_a_floor_is_enough_where_nothing_else_is_known(store: Store, make_table: Any, truth: Any) -> None:
    for seed, name in enumerate(("f", "g")):
        ra, dec = scattered(np.random.default_rng(seed), truth[0], truth[1], np.full(N, 0.2))
        make_table(name, id=list(range(N)), ra=ra, dec=dec)
    associate(store, AssociationOptions(tables=("f", "g"), radius_arcsec=3.0, into="m"))
    rows = combined(store, "f_id, g_id")
    assert np.std(pulls(rows, truth)) == pytest.approx(1, abs=0.04)
    assert rows.pos_chi2.mean() / 2 == pytest.approx(1, abs=0.05)


SURVEY = """
title = "{name}"
position_error_mas = 100
position_floor_mas = {floor_mas}
columns = [
  {{ name = "id", type = "bigint", role = "id" }},
  {{ name = "ra", role = "ra", unit = "deg" }},
  {{ name = "dec", role = "dec", unit = "deg" }},
]
"""


def test_a_floor_is_shared_as_the_surveys_say(store: Store, tmp_path: Path) -> None:
    (Path(store.path) / "surveys").mkdir(exist_ok=True)
    for name, floor_mas in (("good", 30), ("poor", 40)):
        (Path(store.path) / "surveys" / f"{name}.toml").write_text(SURVEY.format(name=name, floor_mas=floor_mas))
        file = tmp_path / f"{name}.csv"
        file.write_text("id,ra,dec\n1,10.0,5.0\n")
        ingest(store, [file], IngestOptions(table=name, survey=name))
    associate(store, AssociationOptions(tables=("good", "poor"), radius_arcsec=1.0, into="m", floor_arcsec=0.5))
    [row] = combined(store, "good_id, poor_id").itertuples()
    assert row.ra_error == pytest.approx(1000 / np.sqrt(1 / (0.1**2 + 0.3**2) + 1 / (0.1**2 + 0.4**2)))
    # A match that asked for no errors: each table has what its survey says.
    crossmatch(store, MatchOptions(left="good", right="poor", radius_arcsec=1.0, into="m", replace=True))
    [row] = combined(store, "good_id, poor_id").itertuples()
    assert row.ra_error == pytest.approx(1000 / np.sqrt(1 / (0.1**2 + 0.03**2) + 1 / (0.1**2 + 0.04**2)))


@pytest.mark.parametrize("tables", [("plate", "gaia"), ("gaia", "plate")])
def test_an_epoch_that_is_not_quite_known_blurs_what_moves(
    store: Store, make_table: Any, truth: Any, tables: tuple[str, str]
) -> None:
    """Plates of 2000.0, give or take 1.5 years, and motions of 150 mas/yr that only the other table knows."""
    rng = np.random.default_rng(8)
    pm = rng.normal(0, 150, (2, N))
    years = rng.normal(0, 1.5, N)
    publish(make_table, "plate", truth, 1, said=0.1, sigma=0.1, shift=tuple(pm / 1000 * years), epoch=2000.0)
    publish(make_table, "gaia", truth, 2, said=0.02, sigma=0.02, shift=tuple(pm / 1000 * 16), epoch=2016.0,
            pmra=pm[0], pmdec=pm[1], metadata=PM)  # fmt: skip
    associate(store, AssociationOptions(tables=tables, radius_arcsec=4.0, into="m", floor_arcsec=0.0,
                                        epoch_error_yr={"plate": 1.5}))  # fmt: skip
    rows = combined(store, "plate_id, gaia_id")
    assert set(rows.epoch) == {2000.0 if tables[0] == "plate" else 2016.0}
    ra, dec = truth
    moved = pm / 3.6e6 * (0.0 if tables[0] == "plate" else 16.0)
    then = ra + moved[0] / np.cos(np.radians(dec)), dec + moved[1]
    noise = pulls(rows, then)
    assert len(rows) > 0.99 * N
    assert np.std(noise) == pytest.approx(1, abs=0.05)
    assert rows.pos_chi2.mean() / 2 == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("propagate", [True, False])
def test_what_a_match_did_not_move_is_not_moved(store: Store, make_table: Any, truth: Any, propagate: bool) -> None:
    """Nor does a catalogue ask for an epoch that its match did without."""
    publish(make_table, "f", truth, 1, said=0.1, sigma=0.1, pmra=np.full(N, 9e3), pmdec=np.zeros(N), metadata=PM)
    publish(make_table, "g", truth, 2, said=0.1, sigma=0.1)
    crossmatch(store, MatchOptions(left="f", right="g", radius_arcsec=2.0, into="m", find=Find.BEST,
                                   propagate=propagate))  # fmt: skip
    rows = combined(store, "f_id, g_id")
    assert np.std(pulls(rows, truth)) == pytest.approx(1, abs=0.04)
    assert "epoch" not in rows


@pytest.mark.real
def test_stars_of_ngc_188_by_the_floor_their_match_found(real_data: Path, store: Store) -> None:
    folder = real_data / "xmatch_ngc188"
    ingest(store, [folder / "gaia_dr2.parquet"], IngestOptions(table="gaia", epoch=2015.5))
    ingest(store, [folder / "twomass_psc.parquet"], IngestOptions(table="twomass", survey="twomass_psc"))
    report = associate(
        store, AssociationOptions(tables=("gaia", "twomass"), radius_arcsec=3.0, into="m", join=Join.FULL)
    )
    combine(store, CombineOptions(match="m", into="o"))
    with Sky(store.path) as sky:
        rows = sky.sql("SELECT p_match, sep_sigma, pos_chi2 FROM o").to_pandas()
    assert len(rows) == report.info.rows
    sure = rows[rows.p_match > 0.99]
    assert len(sure) > 2500
    np.testing.assert_allclose(sure.pos_chi2, sure.sep_sigma**2, rtol=1e-3, atol=1e-3)
    assert 0.7 < sure.pos_chi2.mean() / 2 < 1.3
