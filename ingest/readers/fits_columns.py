"""The columns of a FITS table from its header cards (FITS Standard 4.0, sections 7.2.1 and 7.3.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from skyband.ingest.readers.arrays import array_type, duckdb_type
from skyband.schema.errors import BadFile

_ITEMS = {
    "L": "u1",
    "X": "u1",
    "B": "u1",
    "A": "u1",
    "I": ">i2",
    "J": ">i4",
    "K": ">i8",
    "E": ">f4",
    "D": ">f8",
    "C": ">f4",
    "M": ">f8",
}
_IN_HEAP = frozenset(_ITEMS) - {"X"}
_ASCII_TYPES = {"A": "VARCHAR", "I": "BIGINT", "F": "DOUBLE", "E": "DOUBLE", "D": "DOUBLE"}


@dataclass(frozen=True, slots=True)
class FitsColumn:
    """One field: where it lies in a row and how it becomes a DuckDB value."""

    number: int  # as in TTYPEn
    type: str  # DuckDB type
    code: str  # letter of TFORM; of the items, for a variable-length array
    offset: int  # byte in the row
    stored: np.dtype[Any]  # the field in the file, without byte order turned
    size: int = 1  # items a row: letters of a text, bits, numbers
    texts: int = 1  # texts a row, `size` letters in all
    is_array: bool = False
    heap: bool = False  # a variable-length array: the row holds its length and place
    in_ascii: bool = False  # a field of an ASCII table
    scale: float = 1.0
    zero: float = 0.0
    null: int | str | None = None

    @property
    def is_signed_shift(self) -> bool:
        """Whether TZERO only says that the integers have the other signedness (table 19 of the standard)."""
        shift = {"B": -128, "I": 1 << 15, "J": 1 << 31, "K": 1 << 63}.get(self.code)
        return shift is not None and self.scale == 1 and self.zero == shift

    @property
    def is_scaled(self) -> bool:
        """Whether TSCAL and TZERO make the stored numbers real ones."""
        return (self.scale, self.zero) != (1, 0) and not self.is_signed_shift


def binary_columns(path: Path, header: Any) -> tuple[list[FitsColumn], list[str]]:
    """The columns of a binary table, and why others are left out.

    Raises:
        BadFile: a TFORM that is none, or fields that do not fit into NAXIS1.
    """
    fields: list[FitsColumn] = []
    skipped: list[str] = []
    offset = 0
    for number in range(1, int(header["TFIELDS"]) + 1):
        form = str(header.get(f"TFORM{number}", "")).strip().upper()
        match = re.fullmatch(r"(\d*)([LXBIJKAEDCMPQ])(.*)", form)
        if match is None:
            raise BadFile(f"{path} is damaged: TFORM{number} = {form!r} is no FITS format")
        repeat, code, rest = int(match[1] or 1), match[2], match[3]
        inner = rest[:1] if code in "PQ" else code
        name = str(header.get(f"TTYPE{number}", number)).strip()
        if code in "PQ" and inner not in _IN_HEAP:
            skipped.append(f"column {name} is left out: variable-length arrays of type {inner!r} are not read")
        elif repeat:
            fields.append(_binary(header, number, offset, repeat, code, inner, rest))
        offset += _width(repeat, code)
    if offset > int(header["NAXIS1"]):
        raise BadFile(f"{path} is damaged: its fields take {offset} bytes a row, NAXIS1 says {header['NAXIS1']}")
    return fields, skipped


def ascii_columns(path: Path, header: Any) -> tuple[list[FitsColumn], list[str]]:
    """The columns of an ASCII table; errors as for `binary_columns`."""
    fields: list[FitsColumn] = []
    for number in range(1, int(header["TFIELDS"]) + 1):
        form = str(header.get(f"TFORM{number}", "")).strip().upper()
        match = re.fullmatch(r"([AIFED])(\d+)(?:\.\d+)?", form)
        start = int(header.get(f"TBCOL{number}", 0)) - 1
        if match is None or start < 0 or start + int(match[2]) > int(header["NAXIS1"]):
            raise BadFile(f"{path} is damaged: TFORM{number} = {form!r}, TBCOL{number} = {start + 1} is no ASCII field")
        code, width = match[1], int(match[2])
        scale, zero = _scaling(header, number)
        null = header.get(f"TNULL{number}")
        fields.append(
            FitsColumn(
                number=number,
                type="DOUBLE" if (scale, zero) != (1, 0) else _ASCII_TYPES[code],
                code=code,
                offset=start,
                stored=np.dtype(("u1", (width,))),
                size=width,
                in_ascii=True,
                scale=scale,
                zero=zero,
                null=None if null is None else str(null).strip(),
            )
        )
    return fields, []


def _binary(header: Any, number: int, offset: int, repeat: int, code: str, inner: str, rest: str) -> FitsColumn:
    scale, zero = _scaling(header, number)
    null = header.get(f"TNULL{number}") if inner in "BIJK" else None
    heap = code in "PQ"
    size = 2 * repeat if inner in "CM" and not heap else repeat
    texts = _texts(header, number, repeat, rest) if code == "A" else 1
    stored = np.dtype((">i8" if code == "Q" else ">i4", (2,))) if heap else _stored(code, size)
    field = FitsColumn(
        number=number,
        type="",
        code=inner,
        offset=offset,
        stored=stored,
        size=size,
        texts=texts,
        is_array=texts > 1 if inner == "A" else heap or size > 1,
        heap=heap,
        scale=scale,
        zero=zero,
        null=None if null is None else int(null),
    )
    return _typed(field)


def _typed(field: FitsColumn) -> FitsColumn:
    if field.code == "A":
        item = "VARCHAR"
    elif field.code in "LX":
        item = "BOOLEAN"
    elif field.is_scaled:
        item = "DOUBLE"
    else:
        dtype = np.dtype(_ITEMS[field.code])
        item = duckdb_type(np.dtype(f"{'iu'[dtype.kind == 'i']}{dtype.itemsize}") if field.is_signed_shift else dtype)
    if not field.is_array:
        return replace(field, type=item)
    if field.heap:
        return replace(field, type=f"{item}[]")
    return replace(field, type=array_type(item, field.texts if field.code == "A" else field.size))


def _stored(code: str, size: int) -> np.dtype[Any]:
    if code == "X":
        return np.dtype(("u1", (-(-size // 8),)))
    if code == "A" or size > 1:
        return np.dtype((_ITEMS[code], (size,)))
    return np.dtype(_ITEMS[code])


def _texts(header: Any, number: int, repeat: int, rest: str) -> int:
    """How many texts a character field holds: by TDIM, or by the older `rAw`."""
    dims = re.fullmatch(r"\(\s*(\d+)\s*,.*\)", str(header.get(f"TDIM{number}", "")).strip())
    width = int(dims[1]) if dims else int(rest) if rest.isdecimal() else repeat
    return repeat // width if width and repeat % width == 0 else 1


def _scaling(header: Any, number: int) -> tuple[float, float]:
    return header.get(f"TSCAL{number}", 1), header.get(f"TZERO{number}", 0)


def _width(repeat: int, code: str) -> int:
    if code == "X":
        return -(-repeat // 8)
    item = {"P": 8, "Q": 16, "C": 8, "M": 16}.get(code)
    return repeat * (item or np.dtype(_ITEMS[code]).itemsize)
