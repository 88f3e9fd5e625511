"""Arrow scalars as text: what CSV, JSON and the text columns of VOTable and FITS show."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skyband.queries.formats.arrays import byte_strings, bytes_of, join, offsets_of, simple
from skyband.schema.columns import Column
from skyband.schema.errors import BadTable


def check_types(columns: Iterable[Column], schema: pa.Schema) -> None:
    """Refuse what no file format can hold, before any byte is written.

    Raises:
        BadTable: a column of type UNION, or with one inside.
    """
    for column, item in zip(columns, schema, strict=True):
        if _has_union(item.type):
            raise BadTable(
                f"column {column.name!r} is of type {column.type}, which no file format can hold: "
                "cast it to VARCHAR in the query"
            )


def _has_union(kind: pa.DataType) -> bool:
    if not pa.types.is_nested(kind):
        return False
    return bool(pa.types.is_union(kind)) or any(_has_union(kind.field(i).type) for i in range(kind.num_fields))


def scalar_text(array: pa.Array, duckdb_type: str = "") -> pa.Array:
    """Text of each value, NULL where it is NULL.

    Numbers are the shortest text that reads back equal, times ISO 8601 in UTC without `Z`, BLOBs hexadecimal,
    intervals ISO 8601 durations, BITs zeros and ones.
    """
    array = simple(array)
    kind = array.type
    if duckdb_type.upper() == "BIT" and pa.types.is_binary(kind):
        return _bits(array)
    if pa.types.is_string(kind):
        return array
    if pa.types.is_null(kind) or pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return array.cast(pa.string())
    if pa.types.is_floating(kind):
        return float_text(array)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
        return _time(array)
    if pa.types.is_binary(kind):
        return _hexadecimal(array)
    if pa.types.is_interval(kind):
        return _interval(array)
    raise BadTable(f"values of type {duckdb_type or kind} have no text: cast them to VARCHAR in the query")


def float_text(array: pa.Array) -> pa.Array:
    """Shortest text that reads back equal; whole numbers keep a `.0`, so that they read back as floats."""
    if pa.types.is_float16(array.type):
        array = array.cast(pa.float32())
    text = array.cast(pa.string())
    values = pc.fill_null(array, 0.5).to_numpy()
    (whole,) = np.nonzero(values == np.rint(values))
    if not whole.size:
        return text
    bare = ~pc.match_substring_regex(text.take(pa.array(whole)), "[en]").to_numpy(zero_copy_only=False)
    mask = np.zeros(len(array), dtype=bool)
    mask[whole[bare]] = True
    return pc.if_else(pa.array(mask), join(text, ".0"), text)


def _time(array: pa.Array) -> pa.Array:
    kind = array.type
    if pa.types.is_timestamp(kind) and kind.tz:
        array = array.cast(pa.timestamp(kind.unit))
    text = pc.replace_substring(array.cast(pa.string()), " ", "T", max_replacements=1)
    text = pc.replace_substring_regex(text, r"\.0+$", "")
    lost = pc.starts_with(text, "<value")
    if pc.any(lost).as_py():  # Arrow prints no year after 32767; DuckDB's infinity lies there
        infinity = pc.if_else(pc.match_substring(text, ": -"), "-infinity", "infinity")
        text = pc.if_else(lost, infinity, text)
    return text


def _hexadecimal(array: pa.Array) -> pa.Array:
    offsets, data = bytes_of(array)
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    text = byte_strings(offsets * 2, digits[np.stack([data >> 4, data & 15], axis=-1)])
    return pc.if_else(array.is_valid(), text.cast(pa.string()), None)


def _interval(array: pa.Array) -> pa.Array:
    parts = np.dtype([("months", "<i4"), ("days", "<i4"), ("nanoseconds", "<i8")])
    raw = np.frombuffer(array.buffers()[1], dtype=parts)[array.offset : array.offset + len(array)]
    seconds = pa.array(raw["nanoseconds"] / 1e9)
    months, days = (pa.array(np.ascontiguousarray(raw[name])).cast(pa.string()) for name in ("months", "days"))
    return pc.if_else(array.is_valid(), join("P", months, "M", days, "DT", float_text(seconds), "S"), None)


def _bits(array: pa.Array) -> pa.Array:
    """DuckDB's BIT: one byte with the number of padding bits, then the bits."""
    offsets, data = bytes_of(array)
    lengths = np.diff(offsets)
    filled = lengths > 0
    padding = np.zeros(len(array), dtype=np.int64)
    padding[filled] = data[offsets[:-1][filled]]
    drop = np.where(filled, 8 + padding, 0)
    bits = np.unpackbits(data) + np.uint8(ord("0"))
    inside = np.arange(len(bits)) - np.repeat(8 * offsets[:-1].astype(np.int64), 8 * lengths)
    kept = bits[inside >= np.repeat(drop, 8 * lengths)]
    text = byte_strings(offsets_of(8 * lengths - drop), kept)
    return pc.if_else(array.is_valid(), text.cast(pa.string()), None)
