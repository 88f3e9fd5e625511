"""Rows of VOTable TABLEDATA: XML text, whole columns at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skyband.queries.formats.arrays import bytes_of, is_list, join_rows, lists_of
from skyband.queries.formats.cells import Cell
from skyband.queries.formats.scalar_text import float_text
from skyband.schema.columns import Column

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_FORBIDDEN = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"


def tabledata_rows(columns: Sequence[Column], cells: Sequence[Cell], arrays: Sequence[pa.Array]) -> bytes:
    """Each row a TR with a TD a column, empty where it is NULL; arrays of fixed length then hold NULLs."""
    texts = [_cell_text(array, cell) for array, cell in zip(arrays, cells, strict=True)]
    return join_rows(texts, "</TD><TD>", "<TR><TD>", "</TD></TR>\n")


def _cell_text(array: pa.Array, cell: Cell) -> pa.Array:
    if cell.base == "text":
        return _escaped(array, "?" if cell.ascii else "\N{REPLACEMENT CHARACTER}")
    if cell.base == "bytes":
        return _spaced_bytes(array)
    if is_list(array.type):
        missing = {"bool": "?", "f4": "NaN", "f8": "NaN"}.get(cell.base) or str(cell.lowest)
        elements = pc.fill_null(_number_text(array.flatten(), cell), missing)
        text = pc.binary_join(lists_of(elements, pc.list_value_length(array)), " ")
        return pc.if_else(array.is_valid(), text, " ".join([missing] * cell.size)) if cell.shape else text
    return _number_text(array, cell)


def _number_text(array: pa.Array, cell: Cell) -> pa.Array:
    if cell.base not in {"f4", "f8"}:
        return array.cast(pa.string())
    text = float_text(array)
    if pc.all(pc.is_finite(array)).as_py() in {True, None}:
        return text
    for arrow, votable in (("nan", "NaN"), ("-inf", "-Inf"), ("inf", "+Inf")):
        text = pc.if_else(pc.equal(text, arrow), votable, text)
    return text


def _spaced_bytes(array: pa.Array) -> pa.Array:
    offsets, data = bytes_of(array)
    elements = pa.array(data).cast(pa.string())
    return pc.binary_join(lists_of(elements, pa.array(np.diff(offsets))), " ")


def _escaped(text: pa.Array, replacement: str) -> pa.Array:
    present = np.bincount(bytes_of(text)[1], minlength=256)
    for character, entity in _ENTITIES.items():
        if present[ord(character)]:
            text = pc.replace_substring(text, character, entity)
    if present[:32].sum() > present[[9, 10, 13]].sum() or present[0xEF]:
        text = pc.replace_substring_regex(text, _FORBIDDEN, replacement)
    return text
