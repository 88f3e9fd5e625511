"""Cones, collected and streamed, against the separation of every row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skyband.queries import cones
from skyband.queries.collected import CollectedRows
from skyband.queries.cones import Cone, ConeSearch
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import BadOption
from skyband.schema.session import Session
from skyband.schema.store import Store


@pytest.fixture(scope="module")
def positions() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The whole sky, and crowds at the poles, at RA 0 and at corners of base pixels."""
    rng = np.random.default_rng(5)
    ra, dec = rng.uniform(0, 360, 20_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 20_000)))
    for ra0, dec0 in ((0, 0), (45, 0), (90, 41.81), (0, 90), (180, -90), (359.9999, 60)):
        ra = np.append(ra, (ra0 + rng.normal(0, 0.02, 500)) % 360)
        dec = np.append(dec, np.clip(dec0 + rng.normal(0, 0.02, 500), -90, 90))
    return ra, dec


@pytest.fixture
def opened(store: Store, make_table: Any, positions: Any) -> Any:
    """A session with the positions as table `crowd`."""
    ra, dec = positions
    make_table("crowd", id=list(range(len(ra))), ra=ra, dec=dec)
    session = Session(store.tables_folder, store.settings)
    yield session
    session.close()


def found(session: Session, table: str, cone: Cone, **options: Any) -> pa.Table:
    search = ConeSearch(session.tables[table], **options)
    answer = search.rows(session.connection.cursor(), cone).to_arrow_reader(10_000).read_all()
    assert len(search.columns) == answer.num_columns
    return answer


@pytest.mark.parametrize("few_rows", [50_000, 0], ids=["collected", "streamed"])
@given(
    ra=st.floats(-360, 360), dec=st.floats(-90, 90), log_radius=st.floats(-9, 2.2)
)  # fmt: skip
@example(ra=0, dec=90, log_radius=-2)
@example(ra=10, dec=20, log_radius=-9)
@example(ra=0, dec=-90, log_radius=1)
@example(ra=0, dec=0, log_radius=-1.5)
@example(ra=360, dec=0, log_radius=-1.5)
@example(ra=45, dec=0, log_radius=-1.5)
@example(ra=90, dec=41.81, log_radius=-1.5)
@example(ra=12, dec=5, log_radius=np.log10(180))
@example(ra=0, dec=0, log_radius=2.1875)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cone_has_the_rows_within_its_radius_nearest_first(
    opened: Session, positions: Any, few_rows: int, ra: float, dec: float, log_radius: float
) -> None:
    radius_deg = min(10**log_radius, 180)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cones, "_FEW_ROWS", few_rows)
        # So few rows would be read sooner than any range of them is skipped.
        patch.setattr(cones, "_NEAR_ROWS", 5)
        rows = found(opened, "crowd", Cone(ra, dec, radius_deg))
    separation = SkyCoord(ra * u.deg, dec * u.deg).separation(SkyCoord(*positions, unit="deg")).deg
    ids = np.asarray(rows["id"])
    assert set(np.flatnonzero(separation < radius_deg * (1 - 1e-9))) <= set(ids)
    assert set(ids) <= set(np.flatnonzero(separation < radius_deg * (1 + 1e-8) + 1e-9))
    given_deg = np.asarray(rows["sep_arcsec"]) / 3600
    np.testing.assert_allclose(given_deg, separation[ids], rtol=0, atol=1e-10)
    assert (np.diff(given_deg) >= 0).all()


def test_both_ways_give_the_same_rows(store: Store, make_table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """NULLs, every plain type, a column of the name the separation would have, equal separations."""
    make_table(
        "mixed",
        id=[9, 10, 2, 3],
        ra=[10.0, 10.0, 10.001, 10.5],
        dec=[1.0, 1.0, 1.0, 1.0],
        sep_arcsec=[1.5, None, 2.5, 3.5],
        name=["b", None, "", "d"],
        flag=[True, None, False, True],
        small=pa.array([1, None, 3, 4], pa.int16()),
        bright=pa.array([1.5, None, float("nan"), 4], pa.float32()),
    )
    make_table(
        "nested",
        id=["u", "v"],
        ra=[10.0, 10.001],
        dec=[1.0, 1.0],
        list=[[1.0], None],
        when=pa.array([0, None], pa.date32()),
    )
    session = Session(store.tables_folder, store.settings)
    cone = Cone(10.0, 1.0, 0.1)
    for table in ("mixed", "nested"):
        info = session.tables[table]
        collected = ConeSearch(info).rows(session.connection.cursor(), cone)
        assert isinstance(collected, CollectedRows)
        monkeypatch.setattr(cones, "_FEW_ROWS", 0)
        streamed = ConeSearch(info).rows(session.connection.cursor(), cone)
        assert not isinstance(streamed, CollectedRows)
        monkeypatch.undo()
        one, other = (rows.to_arrow_reader(100).read_all() for rows in (collected, streamed))
        assert one.num_rows > 1
        np.testing.assert_allclose(np.asarray(one.column(0)), np.asarray(other.column(0)), rtol=1e-12, atol=1e-9)
        assert str(one.remove_column(0).to_pydict()) == str(other.remove_column(0).to_pydict())
    session.close()


def test_the_standard_wants_ids_as_text_and_one_position(
    store: Store, make_table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = [Column("x", "", ucd="pos.eq.ra;meta.main"), Column("y", "", ucd="phot.mag;meta.main")]
    make_table("two", metadata=metadata, id=[9, 10], ra=[10.0, 10.0], dec=[1.0, 1.0], x=[0.0, 1.0], y=[0.0, 1.0])
    session = Session(store.tables_folder, store.settings)
    search = ConeSearch(session.tables["two"], standard=True)
    assert [(c.name, c.type, c.ucd) for c in search.columns[:6]] == [
        ("sep_arcsec", "DOUBLE", "pos.angDistance"),
        ("id", "VARCHAR", "meta.id;meta.main"),
        ("ra", "DOUBLE", "pos.eq.ra;meta.main"),
        ("dec", "DOUBLE", "pos.eq.dec;meta.main"),
        ("x", "DOUBLE", "pos.eq.ra"),
        ("y", "DOUBLE", "phot.mag;meta.main"),
    ]
    for few_rows in (10, 0):
        monkeypatch.setattr(cones, "_FEW_ROWS", few_rows)
        assert found(session, "two", Cone(10.0, 1.0, 0.1), standard=True)["id"].to_pylist() == ["9", "10"]
    session.close()


@pytest.mark.parametrize("radius_deg", [1e-9, 1e-7, 1e-4])
def test_the_smallest_cones_hold_what_is_in_them(store: Store, make_table: Any, radius_deg: float) -> None:
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(0, 360, 200), np.degrees(np.arcsin(rng.uniform(-0.99, 0.99, 200)))
    turn = rng.uniform(0, 2 * np.pi, 200)
    make_table(
        "near",
        id=list(range(200)),
        ra=ra + 0.9 * radius_deg * np.cos(turn) / np.cos(np.radians(dec)),
        dec=dec + 0.9 * radius_deg * np.sin(turn),
    )
    session = Session(store.tables_folder, store.settings)
    centres = enumerate(zip(ra, dec, strict=True))
    lost = [
        row for row, (a, d) in centres if row not in found(session, "near", Cone(a, d, radius_deg))["id"].to_pylist()
    ]
    session.close()
    assert lost == []


@pytest.mark.parametrize("wrong", [(361, 0, 1), (0, 91, 1), (0, 0, 0), (0, 0, 181), (float("nan"), 0, 1)])
def test_impossible_cones(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(BadOption):
        Cone(*wrong)


def test_a_table_without_positions_has_no_cones() -> None:
    with pytest.raises(BadOption, match="no positions"):
        ConeSearch(TableInfo("list", ()))
