"""Light curves of a simulated sky, and the labels of its matched catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from skyband.ingest.simulate import SCHEMAS, SimulatedSky, simulate_sky
from skyband.ingest.simulate.columns import LIGHT_CURVE_SCHEMA, LIGHT_CURVES
from skyband.ingest.simulate.objects import SUBTYPES, Objects, kind
from skyband.ingest.simulate.variation import VARIABLE_SHARE, variations
from skyband.schema.errors import BadOption
from skyband.schema.survey import load_survey

ROWS, SEED = 12_000, 4


@pytest.fixture(scope="module")
def curved(tmp_path_factory: pytest.TempPathFactory) -> SimulatedSky:
    return simulate_sky(
        tmp_path_factory.mktemp("curves"), rows=ROWS, seed=SEED, chunk_rows=5_000, light_curve_share=0.5
    )


@pytest.fixture(scope="module")
def con(curved: SimulatedSky) -> Iterator[duckdb.DuckDBPyConnection]:
    """The points of every light curve with the true class, as `points`, and `stats` of each object and band."""
    with duckdb.connect() as connection:
        for name, path in curved.paths.items():
            connection.execute(f"CREATE VIEW {name} AS FROM '{path}'")
        connection.execute(
            "CREATE TABLE points AS SELECT c.*, t.class, t.subtype, t.mag_r, t.true_id FROM sim_light_curves c JOIN ("
            "SELECT *, 'sim_optical' AS survey, optical_id AS object_id FROM sim_truth UNION ALL "
            "SELECT *, 'sim_astrometry', astrometry_id FROM sim_truth) t USING (survey, object_id)"
        )
        connection.execute(
            "CREATE TABLE stats AS SELECT class, subtype, any_value(mag_r) AS mag_r, count(*) AS n, "
            "stddev(mag) AS rms, sum(((mag - mean) / mag_error) ** 2) / (count(*) - 1) AS chi2, "
            "max(mjd) - min(mjd) AS span "
            "FROM (SELECT *, avg(mag) OVER (PARTITION BY true_id, band) AS mean FROM points) "
            "GROUP BY true_id, band, class, subtype HAVING count(*) > 5"
        )
        yield connection


def test_everything_else_stays_as_it_is(curved: SimulatedSky, tmp_path: Path) -> None:
    plain = simulate_sky(tmp_path, rows=ROWS, seed=SEED, chunk_rows=5_000, threads=1)
    assert set(plain.paths) == set(SCHEMAS) and set(curved.paths) == {*SCHEMAS, LIGHT_CURVES}
    for name, path in plain.paths.items():
        assert pq.read_table(path).equals(pq.read_table(curved.paths[name])), name


def test_the_definition_has_the_columns(curved: SimulatedSky) -> None:
    names = pq.read_schema(curved.paths[LIGHT_CURVES]).names
    assert names == LIGHT_CURVE_SCHEMA.names == [column.name for column in load_survey(LIGHT_CURVES).columns]
    assert not load_survey(LIGHT_CURVES).positions


def test_every_point_is_of_a_source(con: duckdb.DuckDBPyConnection, curved: SimulatedSky) -> None:
    rows, points, ids = con.execute(
        "SELECT (SELECT count(*) FROM sim_light_curves), count(*), count(DISTINCT measurement_id) FROM points"
    ).fetchall()[0]
    assert rows == points == ids == curved.rows[LIGHT_CURVES] > 50_000
    [(twice,)] = con.execute(
        "SELECT count(*) FROM (SELECT true_id FROM points GROUP BY true_id HAVING count(DISTINCT survey) > 1)"
    ).fetchall()
    assert twice == 0


def test_a_light_curve_says_nothing_of_the_class(con: duckdb.DuckDBPyConnection) -> None:
    """Bright sources of every class have one, or not, by the field they are in."""
    found = con.execute(
        "SELECT class, avg((true_id IN (SELECT true_id FROM points))::INT), count(*) FROM sim_truth "
        "WHERE mag_r < 19 AND coalesce(optical_id, astrometry_id) IS NOT NULL AND class <> 'transient' "
        "GROUP BY class HAVING count(*) > 300"
    ).fetchall()
    assert len(found) >= 3
    for name, share, count in found:
        assert share == pytest.approx(0.5, abs=4 / np.sqrt(count) + 0.05), name
    [(share,)] = con.execute(
        "SELECT avg((true_id IN (SELECT true_id FROM points))::INT) FROM sim_truth WHERE class = 'transient' "
        "AND mag_r < 19.5 AND coalesce(optical_id, astrometry_id) IS NOT NULL"
    ).fetchall()
    assert 0.3 < share < 0.7


def test_constant_sources_scatter_by_their_errors(con: duckdb.DuckDBPyConnection) -> None:
    [(chi2, spans)] = con.execute(
        "SELECT median(chi2), min(span) FROM stats WHERE class IN ('star', 'galaxy', 'white_dwarf') AND mag_r < 19"
    ).fetchall()
    assert chi2 == pytest.approx(1.0, abs=0.08)
    assert 140 < spans < 180
    [(variable,)] = con.execute("SELECT avg((chi2 > 3)::INT) FROM stats WHERE class = 'star' AND mag_r < 18").fetchall()
    assert 0.3 * VARIABLE_SHARE < variable < 1.5 * VARIABLE_SHARE


def test_quasars_and_transients_vary(con: duckdb.DuckDBPyConnection) -> None:
    medians = dict(con.execute("SELECT class, median(rms) FROM stats WHERE mag_r < 19.5 GROUP BY class").fetchall())
    assert medians["star"] < 0.06 < medians["quasar"] < 0.25 < medians["transient"]


def test_templates() -> None:
    objects = Objects.blank(3_000)
    objects.kind[:] = kind("transient")
    for number, name in enumerate(("SN Ia", "SN II", "CV")):
        objects.subtype[number::3] = SUBTYPES.index(name)
    days = np.tile(np.array([-60.0, 0.0, 15.0, 60.0]), (3_000, 1))
    found = variations(np.random.default_rng(1), objects, days)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[:, 1], 0, atol=1e-12)  # the catalogue's own epoch
    before, after = found[:, 0], found[:, 2]
    assert (before > 3).mean() > 0.7
    assert np.median(after[::3]) == pytest.approx(1.0, abs=0.2)  # 15 days after: Phillips (1993)
    assert np.median(after[1::3]) < 0.2 and np.median(after[2::3]) > 3


def test_random_walks_have_the_structure_of_quasars() -> None:
    objects = Objects.blank(20_000)
    objects.kind[:] = kind("quasar")
    objects.redshift[:] = 1.0
    days = np.tile(np.array([0.0, 100.0, 10_000.0]), (20_000, 1))
    found = variations(np.random.default_rng(2), objects, days)
    rms = np.sqrt((found**2).mean())
    expected = 0.14 * np.exp(0.3**2)  # of a log-normal spread, in quadrature
    assert rms == pytest.approx(expected, rel=0.03)
    structure = np.sqrt(((found[:, 1] - found[:, 0]) ** 2).mean())
    assert structure == pytest.approx(expected * np.sqrt(2 * (1 - np.exp(-100 / 400))), rel=0.04)


def test_an_impossible_share_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=r"light_curve_share is 1\.5; choose a number from 0 to 1"):
        simulate_sky(tmp_path, rows=10, seed=1, light_curve_share=1.5)
