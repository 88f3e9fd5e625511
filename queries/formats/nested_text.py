"""Any Arrow array as text, lists and structures as JSON, whole columns at a time."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skyband.queries.formats.arrays import bytes_of, is_list, join, lists_of, simple
from skyband.queries.formats.scalar_text import scalar_text

_SHORT_ESCAPES = {'"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def value_text(array: pa.Array, duckdb_type: str = "") -> pa.Array:
    """Text of each value, NULL where it is NULL: scalars as `scalar_text` gives them, nested values as JSON."""
    array = simple(array)
    if pa.types.is_nested(array.type):
        return pc.if_else(array.is_valid(), json_text(array), None)
    return scalar_text(array, duckdb_type)


def json_text(array: pa.Array, duckdb_type: str = "") -> pa.Array:
    """JSON text of each value: `null` for NULL and for numbers that are not finite, integers with all their digits."""
    array = simple(array)
    kind = array.type
    if pa.types.is_map(kind):
        text = join("{", _entries(array), "}")
    elif is_list(kind):
        text = join("[", _joined(json_text(array.flatten()), array), "]")
    elif pa.types.is_struct(kind):
        text = _structure(array)
    else:
        text = scalar_text(array, duckdb_type)
        if pa.types.is_floating(kind):
            text = pc.if_else(pc.is_finite(array), text, None)
        elif not (pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind)):
            text = json_strings(text)
    return pc.fill_null(pc.if_else(array.is_valid(), text, None), "null")


def json_strings(text: pa.Array) -> pa.Array:
    """Text in double quotes, with what JSON wants escaped."""
    text = pc.replace_substring(text, "\\", "\\\\")
    present = np.bincount(bytes_of(text)[1], minlength=256)
    for code in [*range(0x20), ord('"')]:
        if present[code]:
            character = chr(code)
            text = pc.replace_substring(text, character, _SHORT_ESCAPES.get(character, f"\\u{code:04x}"))
    return join('"', text, '"')


def _structure(array: pa.Array) -> pa.Array:
    parts: list[pa.Array | str] = []
    for i, (member, child) in enumerate(zip(array.type, array.flatten(), strict=True)):
        parts += [("," if i else "{") + json.dumps(member.name, ensure_ascii=False) + ":", json_text(child)]
    return join(*parts, "}")


def _entries(array: pa.Array) -> pa.Array:
    pair = pa.struct([("key", array.type.key_type), ("value", array.type.item_type)])
    array = array.cast(pa.list_(pair))
    keys, items = array.flatten().flatten()
    names = json_text(keys)
    if not (pa.types.is_string(simple(keys).type) or pa.types.is_temporal(keys.type)):
        names = json_strings(names)
    return _joined(join(names, ":", json_text(items)), array)


def _joined(elements: pa.Array, array: pa.Array) -> pa.Array:
    """The elements of each list of `array`, with commas between."""
    lengths = pc.list_value_length(array)
    return pc.binary_join(lists_of(elements, lengths), ",")
