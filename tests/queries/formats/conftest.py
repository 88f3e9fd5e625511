"""A small table with everything in it that breaks encoders, and readers that know nothing of ours."""

from __future__ import annotations

import datetime as dt
import io
import math
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from skyband.queries.formats import encode
from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column

DUCKDB_TYPES = {
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "uint8": "UTINYINT",
    "int16": "SMALLINT",
    "uint16": "USMALLINT",
    "int32": "INTEGER",
    "uint32": "UINTEGER",
    "int64": "BIGINT",
    "uint64": "UBIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "binary": "BLOB",
    "date32[day]": "DATE",
    "timestamp[us]": "TIMESTAMP",
}

HOSTILE = (
    "]]><TD>&amp;</TD>",
    'say "hi", twice',
    "a\tb\r\nc\n",
    "back\\slash",
    "Šaltė α Cen 🔭",
    "",
    " edge ",
    "'",
    "\x7f",
)


@pytest.fixture(scope="session")
def make_stream() -> Callable[..., ResultStream]:
    """A stream of a table, in batches cut from the middle of larger ones."""

    def make(
        table: pa.Table, metadata: Mapping[str, Mapping[str, Any]] | None = None, batch_rows: int = 3, **result: Any
    ) -> ResultStream:
        columns = []
        for item in table.schema:
            known = {"type": DUCKDB_TYPES.get(str(item.type), str(item.type)), **(metadata or {}).get(item.name, {})}
            columns.append(Column(item.name, **known))
        batches = (
            batch.slice(start, batch_rows)
            for batch in table.combine_chunks().to_batches()
            for start in range(0, batch.num_rows, batch_rows)
        )
        return ResultStream(tuple(columns), table.schema, batches, **result)

    return make


@pytest.fixture(scope="session")
def encoded(make_stream: Callable[..., ResultStream]) -> Callable[..., io.BytesIO]:
    """A table in a format, as a file in memory."""

    def run(
        table: pa.Table, format: str, metadata: Mapping[str, Mapping[str, Any]] | None = None, **result: Any
    ) -> io.BytesIO:
        return io.BytesIO(b"".join(encode(make_stream(table, metadata, **result), format)))

    return run


@pytest.fixture(scope="session")
def sky() -> pa.Table:
    """Ten rows: the ends of every integer, every odd float, hostile text, NULL in every column."""

    def ends(bits: int, signed: bool = True) -> list[int | None]:
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        return [low, high, None, 1, 2, 3, None, 5, 6, 7]

    doubles = [0.1, -0.0, None, math.inf, -math.inf, 1e-320, 1.7976931348623157e308, 359.9999999999, 1e22, math.nan]
    floats = [0.1, 1.5, None, math.inf, -math.inf, 1e-45, 3.4028235e38, 16777217.0, 2.0, math.nan]
    return pa.table(
        {
            "ra": pa.array(doubles),
            "dec": pa.array([None, *doubles[:9]]),
            "flux": pa.array(floats, pa.float32()),
            "source_id": pa.array(ends(64)),
            "i8": pa.array(ends(8), pa.int8()),
            "u8": pa.array(ends(8, False), pa.uint8()),
            "i16": pa.array(ends(16), pa.int16()),
            "u16": pa.array(ends(16, False), pa.uint16()),
            "i32": pa.array(ends(32), pa.int32()),
            "u32": pa.array(ends(32, False), pa.uint32()),
            "u64": pa.array(ends(64, False), pa.uint64()),
            "variable": pa.array([True, False, None, True, True, False, None, False, True, None]),
            "name": pa.array(["3C 273", "", None, "a<b>&\"c\"", "x" * 40, "tab\there", "5", "6", "7", "M 31"]),
            "note": pa.array([*HOSTILE, None]),
            "class": pa.array(["star", "galaxy", None, *["qso"] * 7]).dictionary_encode(),
            "observed": pa.array([dt.datetime(2016, 1, 1, 0, 0, 0, 500000), None, *[dt.datetime(1999, 12, 31)] * 8]),
            "night": pa.array([dt.date(2016, 1, 1), None, *[dt.date(1999, 12, 31)] * 8]),
            "sersic": pa.array([[1.0, 2.0, math.nan], None, *[[-1.5, 0.0, 1e10]] * 8], pa.list_(pa.float32(), 3)),
            "jacobian": pa.array([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], None, *[[[0.0] * 2] * 3] * 8],
                                 pa.list_(pa.list_(pa.float64(), 2), 3)),
            "flags": pa.array([[1, None], None, *[[7, -8]] * 8], pa.list_(pa.int32(), 2)),
            "outline": pa.array([[1.0, 2.0, 3.0], None, [], *[[0.5]] * 7], pa.list_(pa.float64())),
            "stamp": pa.array([b"\x00\xff", None, b"", *[b"abc"] * 7], pa.binary()),
            "bands": pa.array([[{"band": "g", "mag": 14.2}], None, [], *[[{"band": 'q"', "mag": None}]] * 7]),
            "nothing": pa.nulls(10),
        }
    )  # fmt: skip


@pytest.fixture(scope="session")
def metadata() -> dict[str, dict[str, Any]]:
    """What is known of the columns of `sky`."""
    return {
        "ra": {"unit": "deg", "ucd": "pos.eq.ra;meta.main", "description": "Right ascension, <ICRS> & epoch"},
        "dec": {"unit": "deg", "ucd": "pos.eq.dec;meta.main", "utype": "stc:AstroCoords.Position"},
        "flux": {"unit": "mas.yr**-1", "ucd": "phot.flux", "description": "d" * 100 + "\u00e9" + "e" * 80},
        "source_id": {"ucd": "meta.id;meta.main"},
        "name": {"ascii": True},
    }


@pytest.fixture(scope="session")
def marked() -> Callable[[Any], Any]:
    """Values with NaN, which equals nothing, as the text "NaN"; dictionaries, lists and tuples likewise."""

    def mark(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: mark(item) for key, item in value.items()}
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return [mark(item) for item in value]
        return "NaN" if isinstance(value, float) and math.isnan(value) else value

    return mark


@pytest.fixture(scope="session")
def stilts() -> Callable[..., str]:
    """STILTS with its arguments; gives what it prints."""
    program = shutil.which("stilts")
    if program is None:
        pytest.skip("STILTS is not installed (Debian package stilts)")

    def run(*arguments: str | Path) -> str:
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return run
