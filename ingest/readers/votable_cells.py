"""What one cell of a VOTable FIELD holds (VOTable 1.5, sections 2.1, 2.2 and 6)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skyband.ingest.readers.arrays import array_type
from skyband.ingest.readers.votable_header import Field
from skyband.schema.errors import BadFile

_ITEMS = {  # datatype: bytes of an item as stored, DuckDB type
    "boolean": ("u1", "BOOLEAN"),
    "bit": ("u1", "BOOLEAN"),
    "unsignedByte": ("u1", "UTINYINT"),
    "short": (">i2", "SMALLINT"),
    "int": (">i4", "INTEGER"),
    "long": (">i8", "BIGINT"),
    "char": ("u1", "VARCHAR"),
    "unicodeChar": (">u2", "VARCHAR"),
    "float": (">f4", "FLOAT"),
    "double": (">f8", "DOUBLE"),
    "floatComplex": (">f4", "FLOAT"),
    "doubleComplex": (">f8", "DOUBLE"),
}
_ARRAYSIZE = re.compile(r"(?:[1-9]\d*x)*(?:\d+|\d*\*)")
_TIMESTAMPS = {"timestamp", "adql:timestamp"}


@dataclass(frozen=True, slots=True)
class Cell:
    """How the cells of one FIELD are stored and what they become."""

    datatype: str
    stored: np.dtype[Any]  # one item
    type: str  # DuckDB type of the column
    size: int | None  # items a cell (letters, for text), None where it varies
    width: int  # letters of one text in an array of texts, 0 elsewhere
    is_array: bool
    null: int | None

    @property
    def is_text(self) -> bool:
        """Whether the items are letters."""
        return self.datatype in {"char", "unicodeChar"}

    def bytes(self, items: Any) -> Any:
        """Bytes that many items take in a binary stream (an int or an array of them)."""
        if self.datatype == "bit":
            return -(-items // 8)
        return items * self.stored.itemsize * (2 if self.is_complex else 1)

    @property
    def is_complex(self) -> bool:
        """Whether an item is a pair of numbers."""
        return self.datatype in {"floatComplex", "doubleComplex"}


def cell_of(path: Path, field: Field) -> Cell:
    """How the cells of a FIELD are stored.

    Raises:
        BadFile: an unknown datatype or arraysize.
    """
    datatype = field.attributes.get("datatype", "")
    arraysize = field.attributes.get("arraysize", "").strip() or "1"
    is_text = datatype in {"char", "unicodeChar"}
    if datatype not in _ITEMS or not _ARRAYSIZE.fullmatch(arraysize) or (arraysize == "0" and not is_text):
        raise BadFile(
            f"{path}: FIELD {field.name!r} has datatype={datatype!r} arraysize={arraysize!r}, "
            "which VOTable does not have"
        )
    stored, item = _ITEMS[datatype]
    dims = arraysize.split("x")
    size = None if dims[-1].endswith("*") else math.prod(map(int, dims))
    width = int(dims[0]) if is_text and len(dims) > 1 else 0
    pair = 2 if datatype in {"floatComplex", "doubleComplex"} else 1
    is_array = width > 0 if is_text else (size is None or size * pair > 1)
    if is_text and field.attributes.get("xtype", "").lower() in _TIMESTAMPS and not is_array:
        item = "TIMESTAMP"
    if is_array:
        count = None if size is None else size * pair // (width or 1)
        item = f"{item}[]" if count is None else array_type(item, count)
    null = _integer(field.null) if datatype in {"unsignedByte", "short", "int", "long"} else None
    return Cell(datatype, np.dtype(stored), item, size, width, is_array, null)


def timestamps(text: pa.Array) -> pa.Array:
    """DALI timestamps (ISO 8601, UTC, with or without Z) as microseconds; finer digits are cut off.

    Raises:
        pyarrow.ArrowInvalid: a text is none.
    """
    plain = pc.utf8_rtrim(pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(text), 0, 26), "Zz.")
    return pc.cast(pc.if_else(pc.equal(plain, ""), None, plain), pa.timestamp("us"))


def filled(text: pa.Array) -> pa.Array:
    """The text without trailing blanks, NULL where nothing is left."""
    text = pc.utf8_rtrim(text, " \0")
    return pc.if_else(pc.equal(text, ""), None, text)


def _integer(text: str | None) -> int | None:
    try:
        return None if text is None else int(text.strip(), 0)
    except ValueError:
        return None
