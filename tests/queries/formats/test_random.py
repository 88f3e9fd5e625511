"""Random tables through every format and back: values, NULLs and batches in any mixture."""

from __future__ import annotations

import datetime as dt
import io
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from astropy.io import fits
from astropy.io.votable import parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyband.queries.formats import encode
from skyband.queries.stream import ResultStream

MakeStream = Callable[..., ResultStream]

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
VALUES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "i2": (pa.int16(), st.integers(-(2**15), 2**15 - 1)),
    "i4": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "i8": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "f4": (pa.float32(), st.floats(width=32)),
    "f8": (pa.float64(), st.floats()),
    "flag": (pa.bool_(), st.booleans()),
    "text": (pa.string(), TEXT),
    "time": (pa.timestamp("us"), st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(9999, 1, 1))),
    "vector": (pa.list_(pa.float64(), 2), st.lists(st.floats(allow_nan=False), min_size=2, max_size=2)),
    "path": (pa.list_(pa.float32()), st.lists(st.floats(width=32, allow_nan=False), max_size=3)),
}


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Up to 12 rows of some of the columns above, sliced out of a larger table, in chunks of odd sizes."""
    names = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, unique=True))
    rows, skip = draw(st.integers(0, 12)), draw(st.integers(0, 3))
    columns = {
        name: pa.array(
            draw(st.lists(st.none() | VALUES[name][1], min_size=rows + skip, max_size=rows + skip)), VALUES[name][0]
        )
        for name in names
    }
    return pa.table(columns).slice(skip)


def bits(value: Any) -> Any:
    """Floats as their bits, so that -0.0 is not 0.0; NaN as one NaN."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value.hex()
    return [bits(item) for item in value] if isinstance(value, list) else value


def columns_of(table: pa.Table) -> dict[str, list[Any]]:
    return {name: [bits(value) for value in values] for name, values in table.to_pydict().items()}


def run(make_stream: MakeStream, table: pa.Table, batch_rows: int, format: str) -> io.BytesIO:
    return io.BytesIO(b"".join(encode(make_stream(table, batch_rows=batch_rows), format)))


def read_csv(file: io.BytesIO, table: pa.Table) -> pa.Table:
    return pyarrow.csv.read_csv(
        file,
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={item.name: item.type for item in table.schema},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=table.num_columns == 1,
        ),
    )


COMMON = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@COMMON
@given(table=tables(), batch_rows=st.integers(1, 5))
def test_arrow_and_parquet(make_stream: MakeStream, table: pa.Table, batch_rows: int) -> None:
    wanted = columns_of(table)
    assert columns_of(pq.read_table(run(make_stream, table, batch_rows, "parquet"))) == wanted
    assert columns_of(pa.ipc.open_stream(run(make_stream, table, batch_rows, "arrow")).read_all()) == wanted
    assert columns_of(pa.ipc.open_file(run(make_stream, table, batch_rows, "arrow-file")).read_all()) == wanted


@COMMON
@given(table=tables(), batch_rows=st.integers(1, 5))
def test_csv(make_stream: MakeStream, table: pa.Table, batch_rows: int) -> None:
    flat = [name for name in table.column_names if name not in {"vector", "path"}]
    if len(flat) > 1:
        table = table.select(flat)
        assert columns_of(read_csv(run(make_stream, table, batch_rows, "csv"), table)) == columns_of(table)


@COMMON
@given(table=tables(), batch_rows=st.integers(1, 5))
def test_json(make_stream: MakeStream, table: pa.Table, batch_rows: int) -> None:
    def finite(value: Any) -> Any:
        if isinstance(value, list):
            return [finite(item) for item in value]
        if isinstance(value, dt.datetime):
            return value.isoformat()
        return None if isinstance(value, float) and not math.isfinite(value) else value

    def single(name: str, value: Any) -> Any:
        """JSON has the shortest digits of a 32-bit float, which are not those of its 64-bit twin."""
        if isinstance(value, list):
            return [single(name, item) for item in value]
        return float(np.float32(value)) if name in {"f4", "path"} and isinstance(value, float) else value

    document = json.load(run(make_stream, table, batch_rows, "json"))
    read = [[bits(single(n, v)) for n, v in zip(table.column_names, row, strict=True)] for row in document["rows"]]
    assert read == [[bits(finite(value)) for value in row.values()] for row in table.to_pylist()]
    assert document["row_count"] == table.num_rows
    lines = run(make_stream, table, batch_rows, "ndjson").getvalue().decode().split("\n")[:-1]
    assert [list(json.loads(line).values()) for line in lines] == document["rows"]


@COMMON
@given(table=tables(), batch_rows=st.integers(1, 5))
def test_votable(make_stream: MakeStream, table: pa.Table, batch_rows: int) -> None:
    """NULL is a set bit of the mask astropy decodes, for every type but text, whose mask it drops."""
    read = parse(run(make_stream, table, batch_rows, "votable")).get_first_table().array
    for name, values in table.to_pydict().items():
        column = read[name]
        if name in {"text", "time"}:
            wanted = [v.isoformat() if isinstance(v, dt.datetime) else v or "" for v in values]
            assert list(column.data) == wanted
            continue
        if name == "path":
            assert [[bits(float(n)) for n in np.ma.getdata(v)] for v in column.data] == [bits(v or []) for v in values]
            continue
        masked: Any = np.ma.getmaskarray(column).reshape(len(values), -1).all(axis=1) if values else []
        assert [None if m else bits(v.tolist()) for v, m in zip(column.data, masked, strict=True)] == [
            None if isinstance(v, float) and math.isnan(v) else bits(v) for v in values
        ]


@COMMON
@given(table=tables(), batch_rows=st.integers(1, 5))
def test_fits(make_stream: MakeStream, table: pa.Table, batch_rows: int) -> None:
    with fits.open(run(make_stream, table, batch_rows, "fits"), logical_as_bytes=True) as hdus:
        hdus.verify("exception")
        data, header = hdus[1].data, hdus[1].header
        for number, (name, values) in enumerate(table.to_pydict().items(), start=1):
            read = data[name].tolist() if name != "path" else [value.tolist() for value in data[name]]
            null = header.get(f"TNULL{number}")
            wanted: list[Any]
            if name == "text":
                wanted = ["".join(c if " " <= c <= "~" else c.encode("ascii", "backslashreplace").decode()
                                  if c > "\x7f" else f"\\x{ord(c):02x}" for c in v or "") for v in values]  # fmt: skip
                read, wanted = [v.rstrip() for v in read], [v.rstrip() for v in wanted]
            elif name == "time":
                wanted = ["" if v is None else v.isoformat() for v in values]
            elif name == "flag":
                wanted = [{True: b"T", False: b"F", None: b""}[v] for v in values]
            elif name == "path":
                wanted = [v or [] for v in values]
            elif name == "vector":
                wanted = [[math.nan] * 2 if v is None else v for v in values]
            elif name in {"f4", "f8"}:
                wanted = [math.nan if v is None else v for v in values]
            else:
                assert null not in values or None not in values
                wanted = [null if v is None else v for v in values]
            assert [bits(v) for v in read] == [bits(v) for v in wanted]


@COMMON
@given(table=tables(), batch_rows=st.integers(1, 5))
def test_batches_do_not_change_bytes(make_stream: MakeStream, table: pa.Table, batch_rows: int) -> None:
    for format in ("votable", "votable-tabledata", "csv", "tsv", "json", "ndjson"):
        assert run(make_stream, table, batch_rows, format).getvalue() == run(make_stream, table, 100, format).getvalue()
