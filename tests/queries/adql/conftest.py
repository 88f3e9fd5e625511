"""Tables, rows and a connection for the tests of ADQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import healpy
import numpy as np
import pyarrow as pa
import pytest

from skyband.queries.adql import Table, create_functions, translate
from skyband.schema.columns import Column
from skyband.schema.session import Session
from skyband.schema.settings import Settings

POSITION = (
    Column("ra", "DOUBLE", unit="deg", ucd="pos.eq.ra;meta.main", description="Right ascension", role="ra"),
    Column("dec", "DOUBLE", unit="deg", ucd="pos.eq.dec;meta.main", description="Declination", role="dec"),
)
KEY = Column("healpix_29", "BIGINT", ucd="pos.healpix")
LISTED = (
    Table(
        "gaia",
        '"gaia"',
        (
            Column("source_id", "BIGINT", ucd="meta.id;meta.main", description="Source", role="id"),
            *POSITION,
            Column("phot_g_mean_mag", "DOUBLE", unit="mag", ucd="phot.mag;em.opt.G", description="G"),
            Column("parallax", "DOUBLE", unit="mas", ucd="pos.parallax.trig", description="Parallax"),
            Column("pmra", "DOUBLE", unit="mas.yr**-1", ucd="pos.pm;pos.eq.ra"),
            Column("pmdec", "DOUBLE", unit="mas.yr**-1", ucd="pos.pm;pos.eq.dec"),
            Column("radial_velocity", "DOUBLE", unit="km.s**-1", ucd="spect.dopplerVeloc"),
            KEY,
        ),
    ),
    Table(
        "twomass",
        '"twomass"',
        (
            Column("tm_id", "BIGINT", role="id"),
            *POSITION,
            Column("j_m", "DOUBLE", unit="mag", ucd="phot.mag;em.IR.J", description="J"),
            KEY,
        ),
    ),
    Table(
        "obs",
        '"obs"',
        (
            Column("name", "VARCHAR"),
            Column("title", "VARCHAR"),
            Column("size", "BIGINT"),
            Column("start", "TIMESTAMP", xtype="timestamp"),
            Column("flag", "BOOLEAN"),
            Column("s_region", "DOUBLE[]", unit="deg", ucd="pos.outline", xtype="polygon"),
            Column("centre", "DOUBLE[2]", unit="deg", ucd="pos.eq", xtype="point"),
        ),
    ),
    Table(
        "TAP_SCHEMA.tables",
        'tap_schema."tables"',
        (Column("schema_name", "VARCHAR"), Column("table_name", "VARCHAR"), Column("description", "VARCHAR")),
    ),
    Table("TAP_UPLOAD.mine", 'tap_upload."mine"', (Column("id", "BIGINT"), *POSITION)),
)
TABLES: Mapping[str, Table] = {table.name.lower(): table for table in LISTED}

Ask = Callable[..., list[tuple[Any, ...]]]


def sky(rng: np.random.Generator) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Positions everywhere, and more at the poles, at RA 0 and near (10, 20)."""
    ra = rng.uniform(0, 360, 900)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, 900)))
    polar = [(rng.uniform(0, 360, 60), sign * (90 - rng.exponential(1, 60))) for sign in (1, -1)]
    seam = (rng.normal(0, 1, 100) % 360, rng.normal(0, 10, 100))
    patch = (rng.normal(10, 1, 200), rng.normal(20, 1, 200))
    special = (np.array([0, 0, 0, 359.999999, 10, 10.0]), np.array([90, -90, 0, 0, 20, 20.0]))
    parts = [(ra, dec), *polar, seam, patch, special]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


@pytest.fixture(scope="package")
def rows() -> dict[str, dict[str, np.ndarray[Any, Any]]]:
    """The columns of gaia and twomass."""
    rng = np.random.default_rng(20261121)
    ra, dec = sky(rng)
    key = healpy.ang2pix(1 << 29, ra, dec, nest=True, lonlat=True)
    order = np.argsort(key)
    ra, dec, key = ra[order], dec[order], key[order]
    n = len(ra)
    gaia = {
        "source_id": np.arange(n),
        "ra": ra,
        "dec": dec,
        "phot_g_mean_mag": rng.uniform(8, 20, n),
        "parallax": np.where(rng.random(n) < 0.2, np.nan, rng.exponential(5, n)),
        "pmra": rng.normal(0, 20, n),
        "pmdec": rng.normal(0, 20, n),
        "radial_velocity": np.where(rng.random(n) < 0.5, np.nan, rng.normal(0, 50, n)),
        "healpix_29": key,
    }
    chosen = np.sort(rng.choice(n, 700, replace=False))
    shift = rng.normal(0, 3e-4, (2, 700))
    dec_2 = np.clip(dec[chosen] + shift[0], -90, 90)
    ra_2 = (ra[chosen] + shift[1] / np.maximum(np.cos(np.radians(dec_2)), 1e-6)) % 360
    key_2 = healpy.ang2pix(1 << 29, ra_2, dec_2, nest=True, lonlat=True)
    order = np.argsort(key_2)
    twomass = {
        "tm_id": chosen[order],
        "ra": ra_2[order],
        "dec": dec_2[order],
        "j_m": rng.uniform(8, 16, 700),
        "healpix_29": key_2[order],
    }
    return {"gaia": gaia, "twomass": twomass}


@pytest.fixture(scope="package")
def connection(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, dict[str, np.ndarray[Any, Any]]]
) -> Iterator[duckdb.DuckDBPyConnection]:
    folder: Path = tmp_path_factory.mktemp("adql")
    (folder / "tables").mkdir()
    session = Session(folder / "tables", Settings(store=str(folder), memory_gb=1.0, threads=2))
    create_functions(session.connection)
    for name, columns in rows.items():
        arrays = {key: pa.array(values, from_pandas=True) for key, values in columns.items()}
        session.connection.register("incoming", pa.table(arrays))
        session.connection.execute(f'CREATE TABLE "{name}" AS FROM incoming')
        session.connection.unregister("incoming")
    session.connection.execute(Path(__file__).with_name("tables.sql").read_text())
    yield session.connection
    session.close()


@pytest.fixture(scope="package")
def ask(connection: duckdb.DuckDBPyConnection) -> Ask:
    """The rows an ADQL query gives."""

    def answer(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(translate(query, TABLES).sql).fetchall()

    return answer


def corpus(name: str) -> list[str]:
    """The queries of a file, one a line."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("--")]
