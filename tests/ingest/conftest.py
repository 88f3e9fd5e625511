"""A store of its own for each test, files made from columns, and the rows that came out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from astropy import units
from astropy.table import MaskedColumn, Table

from skyband.ingest.pipeline import IngestOptions, IngestReport, ingest
from skyband.schema.names import quote_text
from skyband.schema.session import session
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.ingest.stars import ROWS

Rows = list[tuple[Any, ...]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store.create(Settings(store=str(tmp_path / "sky"), memory_gb=1.0, threads=2))


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[..., Path]:
    """Writes a Parquet file from columns: `parquet(id=[1], ra=[2.0])`; `name` is the file's."""

    def write(name: str = "stars.parquet", /, **columns: Any) -> Path:
        path = tmp_path / name
        pa.parquet.write_table(pa.table(columns), path)
        return path

    return write


@pytest.fixture
def take(store: Store) -> Callable[..., IngestReport]:
    """Ingests files into the store: `take(path, ..., table="stars", id="name")`."""

    def run(*paths: Path, table: str = "stars", **options: Any) -> IngestReport:
        return ingest(store, paths, IngestOptions(table=table, **options))

    return run


@pytest.fixture
def rows(store: Store) -> Callable[..., Rows]:
    """The answer to a query over the store, as a reader of it gets it."""

    def ask(query: str, parameters: Sequence[Any] = ()) -> Rows:
        with session(store.tables_folder, store.settings) as reader:
            return reader.connection.execute(query, list(parameters)).fetchall()

    return ask


@pytest.fixture
def rejected(store: Store, rows: Callable[..., Rows]) -> Callable[..., Rows]:
    """The columns named, of the rejected rows of a table, sorted."""

    def ask(columns: str, table: str = "stars") -> Rows:
        path = quote_text(str(store.rejected_file(table)))
        return rows(f"SELECT {columns} FROM read_parquet({path}) ORDER BY ALL")

    return ask


@pytest.fixture
def stars() -> Table:
    """The rows as astropy has them."""
    ids, ra, dec, mag, name = zip(*ROWS, strict=True)
    table = Table(
        {
            "source_id": np.array(ids, np.int64),
            "ra": np.array(ra) * units.deg,
            "dec": np.array(dec) * units.deg,
            "mag": MaskedColumn([value or 0.0 for value in mag], mask=[value is None for value in mag], unit="mag"),
            "name": MaskedColumn([value or "" for value in name], mask=[value is None for value in name]),
        }
    )
    table["mag"].description = "Apparent magnitude"
    return table
