"""Fixtures every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from skyband.schema.columns import Column, TableInfo
from skyband.schema.session import Session
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from skyband.schema.writer import write_table

REAL_DATA = Path(os.environ.get("SKYBAND_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))

MakeTable = Callable[..., TableInfo]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real catalogues; tests that take it are marked `real`."""
    if not (REAL_DATA / "README.md").exists():
        pytest.skip(f"no real catalogues at {REAL_DATA}; set SKYBAND_REAL_DATA to their folder")
    return REAL_DATA


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a store of the test's own and modest memory."""
    return Settings(store=str(tmp_path / "sky"), memory_gb=1.0, threads=2)


@pytest.fixture(scope="session")
def empty_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """An SQL session without tables: the functions every store has."""
    folder = tmp_path_factory.mktemp("sky") / "tables"
    folder.mkdir()
    opened = Session(folder, Settings(threads=2))
    yield opened
    opened.close()


@pytest.fixture
def store(settings: Settings) -> Store:
    """An empty store."""
    return Store.create(settings)


@pytest.fixture
def make_table(store: Store) -> MakeTable:
    """Publish a table straight from values, without the ingest: `make_table("gaia", id=[...], ra=[...], dec=[...])`."""
    return lambda name, /, **columns: publish_rows(store, name, **columns)


def publish_rows(
    store: Store,
    name: str,
    /,
    *,
    id: Sequence[object],
    ra: Sequence[float] | pa.Array,
    dec: Sequence[float] | pa.Array,
    metadata: Sequence[Column] = (),
    epoch: float | None = None,
    **others: Any,
) -> TableInfo:
    """Publish a table with columns `id`, `ra`, `dec` in their roles, and any others."""
    id_type = pa.string() if len(id) and isinstance(id[0], str) else pa.int64()
    position = {
        name: values if isinstance(values, pa.Array) else pa.array(values, pa.float64())
        for name, values in (("ra", ra), ("dec", dec))
    }
    rows = pa.table({"id": pa.array(id, id_type), **position, **others})
    known = {
        "id": Column("id", "", role="id", ucd="meta.id;meta.main"),
        "ra": Column("ra", "", unit="deg", role="ra", ucd="pos.eq.ra;meta.main"),
        "dec": Column("dec", "", unit="deg", role="dec", ucd="pos.eq.dec;meta.main"),
    } | {column.name: column for column in metadata}
    with write_table(store, name) as writer:
        writer.connection.register("given", rows)
        writer.connection.execute(
            "CREATE TABLE new.main.data AS SELECT *, healpix(29, ra, dec) AS healpix_29 FROM given "
            "ORDER BY healpix_29, id"
        )
        return writer.publish(action="test", command="", columns=known, epoch=epoch)


@pytest.fixture(scope="session")
def classified(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with a small trained classifier, for tests that only read it; see tests/models/validation/skies.py."""
    from tests.models.validation.skies import make_sky

    return make_sky(tmp_path_factory.mktemp("classified") / "sky")
