"""Headers of FITS files; astropy makes the cards, long texts with CONTINUE."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence

from skyband.queries.formats.fits_field import UNSIGNED_ZERO, FitsField
from skyband.queries.formats.registry import Info
from skyband.queries.stream import ResultStream

_CARD_TEXT = 68  # characters of a text in one card


def primary_header() -> bytes:
    """The header of a primary HDU without data."""
    return _bytes([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)])


def table_header(
    stream: ResultStream, fields: Sequence[FitsField], row_bytes: int, rows: int, infos: Iterable[Info]
) -> bytes:
    """The header of the BINTABLE.

    UCDs, utypes and descriptions stand in TUCDn, TUTYPn and TCOMMn, as STILTS and TOPCAT write and read them; the epoch
    of the positions in JEPOCH (EPOCH would mean an equinox).
    """
    cards: list[tuple[str, object]] = [
        ("XTENSION", "BINTABLE"),
        ("BITPIX", 8),
        ("NAXIS", 2),
        ("NAXIS1", row_bytes),
        ("NAXIS2", rows),
        ("PCOUNT", sum(field.heap_bytes for field in fields)),
        ("GCOUNT", 1),
        ("TFIELDS", len(fields)),
        ("EXTNAME", stream.name),
        ("RADESYS", stream.frame.upper()),
    ]
    if stream.epoch is not None:
        cards.append(("JEPOCH", stream.epoch))
    for number, field in enumerate(fields, start=1):
        name = _short_name(field.column.name, number)
        keywords = [("TTYPE", name), *_column_keywords(field)]
        cards += [(f"{key}{number}", value) for key, value in keywords if value not in {"", None}]
        if name != _printable(field.column.name):
            cards.append(("COMMENT", f"The full name of column {name} is {field.column.name}"))
    cards += [("COMMENT", line) for line in _comments(stream, fields, infos)]
    return _bytes(cards)


def _column_keywords(field: FitsField) -> list[tuple[str, object]]:
    column, cell = field.column, field.cell
    return [
        ("TFORM", field.tform),
        ("TDIM", str(cell.shape[::-1]).replace(" ", "") if cell.shape and len(cell.shape) > 1 else None),
        ("TZERO", UNSIGNED_ZERO if cell.base == "u8" else None),
        ("TNULL", field.null),
        ("TUNIT", fits_unit(column.unit)),
        ("TUCD", column.ucd),
        ("TUTYP", column.utype),
        ("TCOMM", column.description),
    ]


def _comments(stream: ResultStream, fields: Sequence[FitsField], infos: Iterable[Info]) -> list[str]:
    lines = [stream.description, f"QUERY: {stream.query}" if stream.query else ""]
    lines += [f"{info.name}: {info.value} {info.text}" for info in infos]
    lines += [
        f"Column {field.column.name}: {field.changed} texts hold characters that FITS does not allow, "
        "written as \\xhh, \\uhhhh or \\Uhhhhhhhh"
        for field in fields
        if field.changed
    ]
    return [line for line in lines if line]


def fits_unit(unit: str) -> str:
    """A VOUnits text in the spelling of the FITS standard; itself where FITS has no such unit."""
    from astropy.units import Unit, UnrecognizedUnit

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated units are the catalogue's choice
        for spelling in ("vounit", "fits", "generic"):
            parsed = Unit(unit, format=spelling, parse_strict="silent")
            if isinstance(parsed, UnrecognizedUnit):
                continue
            try:
                return str(parsed.to_string("fits"))
            except ValueError:
                continue
    return unit


def _bytes(cards: Iterable[tuple[str, object]]) -> bytes:
    from astropy.io.fits import Header

    header = Header()
    for key, value in cards:
        value = _printable(value) if isinstance(value, str) else value
        if key == "COMMENT":
            header.add_comment(value)
        else:
            header.append((key, value), end=True)
    return str(header.tostring()).encode("ascii")


def _short_name(name: str, number: int) -> str:
    """The name, cut and numbered where it needs more than one card: astropy reads no longer one."""
    text = _printable(name)
    if len(text.replace("'", "''")) <= _CARD_TEXT:
        return text
    mark = f"~{number}"
    return text.replace("'", " ")[: _CARD_TEXT - len(mark)] + mark


def _printable(text: str) -> str:
    line = " ".join(text.split()).encode("ascii", "backslashreplace").decode()
    return re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\x{ord(match[0]):02x}", line)
