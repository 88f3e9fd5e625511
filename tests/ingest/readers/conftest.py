"""Reading a file whole, writing one with STILTS, and comparing columns with astropy's."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from astropy.table import Column, MaskedColumn, Table

from skyband.ingest.readers import Source, open_source

Read = Callable[..., Any]
Write = Callable[..., Path]

FILLER = "x" * 60
"""In each row it makes a file longer than what is sampled of it."""


@dataclass(frozen=True)
class Reading:
    """A source and everything in it."""

    source: Source
    rows: list[tuple[Any, ...]]
    rejects: list[tuple[Any, ...]]  # (line, column, reason, text), in order

    @property
    def types(self) -> dict[str, str]:
        return {column.name: column.type for column in self.source.columns}

    def __getitem__(self, name: str) -> list[Any]:
        """The values of a column."""
        place = [column.name for column in self.source.columns].index(name)
        return [row[place] for row in self.rows]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 2}) as connection:
        yield connection


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes text or bytes to a file: `write("a,b", "x.csv")`."""

    def run(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return run


@pytest.fixture
def read(connection: duckdb.DuckDBPyConnection) -> Callable[..., Reading]:
    """Opens paths and reads all rows: `read(path, ..., format="csv")`."""

    def run(*paths: Path, format: str | None = None) -> Reading:
        source = open_source(paths, format=format).settled(connection)
        with source.relation(connection) as sql:
            described = connection.execute(f"DESCRIBE FROM {sql}").fetchall()
        assert [tuple(row[:2]) for row in described] == [(column.name, column.type) for column in source.columns]
        with source.relation(connection) as sql:
            rows = connection.execute(f"FROM {sql}").fetchall()
        rejects = source.rejects(connection)
        query = f'SELECT line, "column", reason, text FROM {rejects} ORDER BY file, line'
        return Reading(source, rows, connection.execute(query).fetchall() if rejects else [])

    return run


@pytest.fixture
def stilts() -> Callable[[Path, Path, str], Path]:
    """Copies a table with STILTS: `stilts(source, target, "fits-plus")`."""
    program = shutil.which("stilts")
    if program is None:
        pytest.skip("STILTS is not on the PATH")

    def run(source: Path, target: Path, format: str) -> Path:
        subprocess.run(
            [program, "tcopy", str(source), str(target), f"ofmt={format}"], check=True, capture_output=True, timeout=120
        )
        return target

    return run


@pytest.fixture
def votable(tmp_path: Path) -> Callable[..., Path]:
    """Writes a document: `votable(fields, data, before="<COOSYS .../>", name="table.vot")`."""

    def run(fields: str, data: str, *, before: str = "", name: str = "table.vot", attributes: str = "") -> Path:
        path = tmp_path / name
        path.write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
            f"<RESOURCE>{before}<TABLE {attributes}>{fields}<DATA>{data}</DATA></TABLE></RESOURCE></VOTABLE>\n",
            encoding="utf-8",
        )
        return path

    return run


@pytest.fixture
def catalogue() -> Table:
    """A small table with everything in it that breaks readers."""
    table = Table()
    table["id"] = Column([1234567890123456789, -5, 3, 4], description="identifier", meta={"ucd": "meta.id;meta.main"})
    table["RA"] = Column([0.0, 359.99999999999994, 1e-300, np.nan], unit="deg", meta={"ucd": "pos.eq.ra;meta.main"})
    table["dec"] = Column([90.0, -90.0, -0.0, 1.5], unit="deg", description="declination")
    table["mag"] = Column(np.array([1.1, np.inf, -np.inf, np.nan], "f4"), unit="mag")
    table["short"] = MaskedColumn(np.array([1, -32767, 3, 4], "i2"), mask=[False, False, True, False])
    table["int"] = MaskedColumn(np.array([1, 2, 3, 2147483647], "i4"), mask=[True, False, False, False])
    table["byte"] = np.array([0, 1, 254, 255], "u1")
    table["flag"] = MaskedColumn([True, False, True, False], mask=[False, False, False, True])
    table["name"] = ["M 31", "", 'a "quoted", name', "x" * 40]
    table["pair"] = np.arange(8, dtype="f8").reshape(4, 2)
    table["five"] = np.arange(20, dtype="f4").reshape(4, 5)
    return table


def plain(value: Any) -> Any:
    """A value as `Reading.rows` has it: None for masked and for empty text, lists as tuples."""
    if value is None or value is np.ma.masked:
        return None
    if isinstance(value, np.ndarray):
        return tuple(plain(item) for item in value.tolist())
    if isinstance(value, list | tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        return value.rstrip() or None
    return value.item() if isinstance(value, np.generic) else value


@pytest.fixture
def assert_equal() -> Callable[..., None]:
    """Asserts that a reading has the columns of an astropy table, value by value."""

    def check(reading: Reading, table: Table) -> None:
        assert len(reading.types) == len(table.colnames)
        for place, (own, name) in enumerate(zip(reading.types, table.colnames, strict=True)):
            assert own.lower().startswith(name.lower())  # of names that differ in case only, one has a number behind
            values = [row[place] for row in reading.rows]
            np.testing.assert_equal([plain(v) for v in values], [plain(v) for v in table[name]], err_msg=name)

    return check
