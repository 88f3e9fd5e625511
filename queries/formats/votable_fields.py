"""VOTable's metadata elements: FIELD, COOSYS and the types between."""

from __future__ import annotations

import re

import pyarrow as pa

from skyband.queries.formats.cells import Cell, cell_of
from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column
from skyband.schema.survey import EPOCH_UNITS

_DATATYPES = {
    "bool": "boolean",
    "u1": "unsignedByte",
    "i2": "short",
    "i4": "int",
    "i8": "long",
    "f4": "float",
    "f8": "double",
    "bytes": "unsignedByte",
}
_SYSTEM_ID = "positions"
_SYSTEMS = {
    "ICRS": {"system": "ICRS"},
    "FK5": {"system": "eq_FK5", "equinox": "J2000"},
    "FK4": {"system": "eq_FK4", "equinox": "B1950"},
    "GALACTIC": {"system": "galactic"},
    "ECLIPTIC": {"system": "ecl_FK5", "equinox": "J2000"},
}
_POSITION = re.compile(r"(^|;)pos\.(eq|pm|parallax)\b", re.IGNORECASE)
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_ATTRIBUTE_ESCAPES = {ord('"'): "&quot;", ord("\n"): "&#10;", ord("\t"): "&#9;"}


def votable_cell(column: Column, kind: pa.DataType, serialization: str = "BINARY2") -> Cell:
    """The cell a column has in VOTable, which has no unsigned 64-bit integer: it becomes text, exact.

    Bytes that need a number for NULL widen: in arrays, and in BINARY everywhere.
    """
    cell = cell_of(column, kind)
    if cell.base == "u8":
        return Cell("text", ascii=True)
    if cell.base == "u1" and (cell.shape or serialization == "BINARY"):
        return cell.with_base("i2")
    return cell


def field_type(column: Column, cell: Cell) -> dict[str, str]:
    """The attributes `datatype`, `arraysize` and `xtype` of a FIELD, those that are not empty.

    The xtypes "jd" and "mjd" of epoch columns are skyband's own; DALI 1.1 has none for them.
    """
    datatype = _DATATYPES.get(cell.base, "char" if cell.ascii else "unicodeChar")
    arraysize = "*" if cell.is_variable else "x".join(str(n) for n in reversed(cell.shape or ()))
    xtype = column.xtype if column.xtype not in EPOCH_UNITS else ""
    return _present(datatype=datatype, arraysize=arraysize, xtype=xtype or cell.xtype)


def field_element(column: Column, cell: Cell, serialization: str = "BINARY2", **attributes: str) -> str:
    """One FIELD; `attributes` replace those the cell would give.

    Integers that may be NULL where no mask says so declare the number that stands for it: in arrays, and in BINARY.
    """
    given = {"name": column.name} | field_type(column, cell) | attributes
    given |= _present(unit=column.unit, ucd=column.ucd, utype=column.utype)
    if _POSITION.search(column.ucd):
        given["ref"] = _SYSTEM_ID
    inside = element("DESCRIPTION", column.description) if column.description else ""
    if null_number(cell, serialization) is not None:
        inside += element("VALUES", null=str(cell.lowest))
    return f"{opening('FIELD', **given)}{inside}</FIELD>\n" if inside else element("FIELD", **given)


def null_number(cell: Cell, serialization: str) -> int | None:
    """The integer that stands for NULL where the serialization has no other way to say it."""
    scalar_with_mask = cell.shape == () and serialization != "BINARY"
    return cell.lowest if cell.is_integer and not scalar_with_mask else None


def coordinate_system(stream: ResultStream) -> str:
    """The COOSYS of the result, if any column is a position, proper motion or parallax."""
    if not any(_POSITION.search(column.ucd) for column in stream.columns):
        return ""
    given = {"ID": _SYSTEM_ID} | _SYSTEMS.get(stream.frame.upper(), {"system": stream.frame})
    if stream.epoch is not None:
        given["epoch"] = f"J{stream.epoch}"
    return element("COOSYS", **given)


def element(tag: str, text: str = "", /, **attributes: str) -> str:
    """An XML element with text alone inside, everything escaped."""
    start = f"<{tag}{_attributes(attributes)}"
    return f"{start}>{escape(text)}</{tag}>\n" if text else f"{start}/>\n"


def opening(tag: str, /, **attributes: str) -> str:
    """The opening tag of an XML element."""
    return f"<{tag}{_attributes(attributes)}>\n"


def escape(text: str) -> str:
    """Text for an XML element; characters XML 1.0 forbids become U+FFFD."""
    return legal(text).translate(_ESCAPES)


def legal(text: str) -> str:
    """The text with U+FFFD for the characters XML 1.0 forbids, escaped or not."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)


def _attributes(values: dict[str, str]) -> str:
    return "".join(f' {name}="{escape(value).translate(_ATTRIBUTE_ESCAPES)}"' for name, value in values.items())


def _present(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}
