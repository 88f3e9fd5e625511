from __future__ import annotations

import base64
import io
import math
import struct
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import votable
from astropy.table import Table

from skyband.queries.formats import Info, encode
from skyband.queries.formats.votable import error_document
from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column
from skyband.schema.errors import BadTable, QueryError

SERIALIZATIONS = ("votable", "votable-tabledata", "votable-binary")
SPACE = "{http://www.ivoa.net/xml/VOTable/v1.3}"
Encoded = Callable[..., io.BytesIO]
MakeStream = Callable[..., ResultStream]


def binary2_values(document: bytes) -> list[list[Any]]:
    """The rows of a VOTable in BINARY2, decoded byte by byte from the text of the standard."""
    table = ET.fromstring(document).find(f".//{SPACE}TABLE")
    assert table is not None
    data = io.BytesIO(base64.b64decode(table.findtext(f".//{SPACE}STREAM") or ""))
    codes = {"unsignedByte": "B", "short": "h", "int": "i", "long": "q", "float": "f", "double": "d", "boolean": "c"}
    fields = [field.attrib for field in table.findall(f"{SPACE}FIELD")]

    def value(field: dict[str, str]) -> Any:
        size = field.get("arraysize", "")
        count = (
            struct.unpack(">i", data.read(4))[0] if "*" in size else math.prod(map(int, size.split("x"))) if size else 1
        )
        if field["datatype"] in {"char", "unicodeChar"}:
            return (
                data.read(count).decode("ascii")
                if field["datatype"] == "char"
                else data.read(2 * count).decode("utf-16-be")
            )
        code = codes[field["datatype"]]
        numbers = struct.unpack(f">{count}{code}", data.read(count * struct.calcsize(f">{code}")))
        numbers = tuple({b"T": True, b"F": False, b"?": None}[n] for n in numbers) if code == "c" else numbers
        return list(numbers) if size else numbers[0]

    rows = []
    while mask := data.read(-(-len(fields) // 8)):
        bits = "".join(f"{byte:08b}" for byte in mask)
        values = [value(field) for field in fields]
        rows.append([None if bit == "1" else cell for bit, cell in zip(bits, values, strict=False)])
    return rows


def expected_rows(sky: pa.Table) -> list[list[Any]]:
    """What a VOTable without loss should hold of `sky`."""
    columns = {name: column.to_pylist() for name, column in zip(sky.column_names, sky.columns, strict=True)}
    columns["u64"] = [None if n is None else str(n) for n in columns["u64"]]
    columns["observed"] = ["2016-01-01T00:00:00.500000", None, *["1999-12-31T00:00:00"] * 8]
    columns["night"] = ["2016-01-01", None, *["1999-12-31"] * 8]
    columns["jacobian"] = [value and [n for pair in value for n in pair] for value in columns["jacobian"]]
    columns["flags"][0] = [1, -(2**31)]
    columns["stamp"] = [None if b is None else list(b) for b in columns["stamp"]]
    columns["bands"] = ['[{"band":"g","mag":14.2}]', None, "[]", *[r'[{"band":"q\"","mag":null}]'] * 7]
    return [list(row) for row in zip(*columns.values(), strict=True)]


def test_binary2_holds_every_value(
    sky: pa.Table, metadata: dict[str, Any], encoded: Encoded, marked: Callable[[Any], Any]
) -> None:
    rows = binary2_values(encoded(sky, "votable", metadata).getvalue())
    assert marked(rows) == marked(expected_rows(sky))


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_astropy_reads_equal(
    serialization: str, sky: pa.Table, metadata: dict[str, Any], encoded: Encoded, marked: Callable[[Any], Any]
) -> None:
    wanted = [list(column) for column in zip(*expected_rows(sky), strict=True)]
    if serialization == "votable-binary":  # BINARY has a number for NULL, so the ends of the types cannot stand there
        sky = sky.slice(1)
        wanted = [column[1:] for column in wanted]
    table = Table.read(encoded(sky, serialization, metadata), format="votable")
    assert table.colnames == sky.column_names

    def plain(value: Any) -> Any:
        if value is np.ma.masked:
            return None
        if isinstance(value, np.ndarray):
            filled = np.ma.filled(value, math.nan if value.dtype.kind == "f" else -(2**31))
            return filled.reshape(-1).tolist()
        return value.item() if isinstance(value, np.generic) else value

    read = [[plain(value) for value in table[name]] for name in table.colnames]
    for name, values in zip(sky.column_names, wanted, strict=True):
        if name in {"u64", "name", "note", "class", "observed", "night", "bands", "nothing"}:
            values[:] = ["" if v is None else v for v in values]  # how astropy shows a missing text
        if name in {"sersic", "jacobian", "flags"}:
            fill, size = (-(2**31), 2) if name == "flags" else (math.nan, 3 if name == "sersic" else 6)
            values[:] = [[fill] * size if v is None else v for v in values]
        if name in {"outline", "stamp"}:
            values[:] = [v or [] for v in values]
        if name in {"ra", "dec", "flux"}:
            values[:] = [None if v is not None and math.isnan(v) else v for v in values]  # NaN is NULL to astropy
    if serialization == "votable-tabledata":
        column = sky.column_names.index("note")
        wanted[column] = [text.strip() for text in wanted[column]]  # astropy does
    assert marked(read) == marked(wanted)


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_metadata(serialization: str, sky: pa.Table, metadata: dict[str, Any], encoded: Encoded) -> None:
    result = {"name": "match", "description": 'all & "more"', "query": "SELECT 1\nWHERE a < b", "epoch": 2015.5}
    document = votable.parse(encoded(sky.slice(1), serialization, metadata, **result), verify="exception")
    resource = document.resources[0]
    table = document.get_first_table()
    assert document.version == "1.4"
    assert resource.type == "results"
    assert [(info.name, info.value) for info in resource.infos] == [
        ("QUERY_STATUS", "OK"),
        ("QUERY", "SELECT 1\nWHERE a < b"),
    ]
    assert (table.name, table.description) == ("match", 'all & "more"')
    (system,) = resource.coordinate_systems
    assert (system.ID, system.system, system.epoch) == ("positions", "ICRS", "J2015.5")
    fields = {field.name: field for field in table.fields}
    for name, wanted in metadata.items():
        field = fields[name]
        assert (field.unit and field.unit.to_string("vounit"), field.ucd, field.utype, field.description) == (
            wanted.get("unit"),
            wanted.get("ucd"),
            wanted.get("utype"),
            wanted.get("description"),
        )
    assert {name for name, field in fields.items() if field.ref == "positions"} == {"ra", "dec"}
    types = {name: (field.datatype, field.arraysize, field.xtype) for name, field in fields.items()}
    assert types == {
        "ra": ("double", None, None),
        "dec": ("double", None, None),
        "flux": ("float", None, None),
        "source_id": ("long", None, None),
        "i8": ("short", None, None),
        "u8": ("short" if serialization == "votable-binary" else "unsignedByte", None, None),
        "i16": ("short", None, None),
        "u16": ("int", None, None),
        "i32": ("int", None, None),
        "u32": ("long", None, None),
        "u64": ("char", "*", None),
        "variable": ("boolean", None, None),
        "name": ("char", "*", None),
        "note": ("unicodeChar", "*", None),
        "class": ("unicodeChar", "*", None),
        "observed": ("char", "*", "timestamp"),
        "night": ("char", "*", "timestamp"),
        "sersic": ("float", "3", None),
        "jacobian": ("double", "2x3", None),
        "flags": ("int", "2", None),
        "outline": ("double", "*", None),
        "stamp": ("unsignedByte", "*", None),
        "bands": ("unicodeChar", "*", None),
        "nothing": ("char", "*", None),
    }


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_table_without_rows(serialization: str, sky: pa.Table, metadata: dict[str, Any], encoded: Encoded) -> None:
    table = Table.read(encoded(sky.schema.empty_table(), serialization, metadata), format="votable")
    assert (len(table), table.colnames) == (0, sky.column_names)


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_infos_stand_before_and_after_the_table(serialization: str, make_stream: MakeStream) -> None:
    asked: list[str] = []

    def trailer() -> list[Info]:
        asked.append("once")
        return [Info("QUERY_STATUS", "OVERFLOW", "only 2 rows <allowed>")]

    chunks = encode(
        make_stream(pa.table({"a": [1, 2]})), serialization, infos=[Info("standardID", "ivo://x")], trailer=trailer
    )
    first = next(chunks)
    assert asked == []
    resource = ET.fromstring(first + b"".join(chunks)).find(f"{SPACE}RESOURCE")
    assert resource is not None
    assert [(element.tag.removeprefix(SPACE), *element.attrib.values(), element.text) for element in resource][:2] == [
        ("INFO", "QUERY_STATUS", "OK", None),
        ("INFO", "standardID", "ivo://x", None),
    ]
    assert [element.tag.removeprefix(SPACE) for element in resource] == ["INFO", "INFO", "TABLE", "INFO"]
    assert (resource[-1].attrib, resource[-1].text) == (
        {"name": "QUERY_STATUS", "value": "OVERFLOW"},
        "only 2 rows <allowed>",
    )
    assert asked == ["once"]


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_query_that_fails_on_the_way_leaves_a_closed_document(serialization: str) -> None:
    schema = pa.schema([("a", pa.int64())])

    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch([pa.array([1, 2])], schema=schema)
        raise QueryError("time limit of 5 s & counting")

    received = []
    with pytest.raises(QueryError, match="time limit"):
        for chunk in encode(ResultStream((Column("a", "BIGINT"),), schema, batches()), serialization):
            received.append(chunk)
    document = b"".join(received)
    assert list(Table.read(io.BytesIO(document), format="votable")["a"]) == [1, 2]
    last = ET.fromstring(document)[-1][-1]
    assert (last.attrib, last.text) == ({"name": "QUERY_STATUS", "value": "ERROR"}, "time limit of 5 s & counting")


def test_error_document() -> None:
    resource = votable.parse(io.BytesIO(error_document("no column <ra\x00>")), verify="exception").resources[0]
    assert [(info.value, info.content) for info in resource.infos] == [("ERROR", "no column <ra\ufffd>")]
    assert resource.tables == []


@pytest.mark.parametrize(("known_ascii", "replacement"), [(True, "?"), (None, "\ufffd")])
def test_characters_xml_forbids(known_ascii: bool | None, replacement: str, encoded: Encoded) -> None:
    texts = ["a\x00b", "\x01\x1f\t\n\r", "plain", *([] if known_ascii else ["\uffff\ufffd\ue000"])]
    table = pa.table({"t": texts})
    exact = encoded(table, "votable", {"t": {"ascii": known_ascii}}).getvalue()
    assert [text for (text,) in binary2_values(exact)] == texts
    rows = ET.fromstring(encoded(table, "votable-tabledata", {"t": {"ascii": known_ascii}}).getvalue()).iter(
        f"{SPACE}TD"
    )
    assert [cell.text for cell in rows] == [
        f"a{replacement}b",
        f"{replacement * 2}\t\n\r",
        "plain",
        *([] if known_ascii else ["\ufffd\ufffd\ue000"]),
    ]


def test_binary_refuses_the_number_that_means_null(encoded: Encoded) -> None:
    with pytest.raises(BadTable, match=r"'n' holds -32768.*BINARY2"):
        encoded(pa.table({"n": pa.array([-32768], pa.int16())}), "votable-binary")


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
def test_text_declared_ascii_that_is_not(serialization: str, encoded: Encoded) -> None:
    with pytest.raises(BadTable, match="'name' is declared ASCII"):
        encoded(pa.table({"name": ["α"]}), serialization, {"name": {"ascii": True}})


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 1000])
def test_batches_of_any_size_give_the_same_table(rows: int, make_stream: MakeStream) -> None:
    table = pa.table({"n": list(range(1000)), "text": [f"é{i}" * (i % 5) for i in range(1000)]})
    document = b"".join(encode(make_stream(table, batch_rows=rows), "votable"))
    assert binary2_values(document) == [list(row.values()) for row in table.to_pylist()]


def test_rows_of_many_base64_lines(make_stream: MakeStream) -> None:
    table = pa.table({"n": range(30_000), "x": [float(i) for i in range(30_000)]})
    document = b"".join(encode(make_stream(table, batch_rows=7777), "votable"))
    read = Table.read(io.BytesIO(document), format="votable")
    assert (read["n"].tolist(), read["x"].tolist()) == (table["n"].to_pylist(), table["x"].to_pylist())


def test_times_dali_cannot_write_are_null(encoded: Encoded) -> None:
    times = pa.array([0, 2**63 - 1, -(2**63) + 1, 2**60], pa.timestamp("us"))
    rows = binary2_values(encoded(pa.table({"t": times}), "votable").getvalue())
    assert rows == [["1970-01-01T00:00:00"], [None], [None], [None]]
