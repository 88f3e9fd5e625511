"""ECSV: metadata from its YAML header, rows by DuckDB (APE 6)."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

from skyband.ingest.readers.arrays import ARRAY_LIMIT
from skyband.ingest.readers.astropy_meta import Stored, read_metadata
from skyband.ingest.readers.delimited_rows import DelimitedScan
from skyband.ingest.readers.detect import is_gzip, open_bytes, reading
from skyband.ingest.readers.frames import Frame
from skyband.ingest.readers.sniff import Layout, quotes_pair
from skyband.ingest.readers.source import Source, unique_names
from skyband.schema.errors import BadFile

_TYPES = {
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "float16": "FLOAT",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "float128": "DOUBLE",
}
_ARRAY = re.compile(r"(\w+)\[([\d,]*|null)\]")
_LINE_LIMIT = 64 << 20


def open_ecsv(path: Path) -> Source:
    """The table of an ECSV file, with the types its header declares.

    The first SkyCoord becomes `ra` and `dec` (or `l`, `b`) with its frame; arrays (subtypes) become arrays; objects
    stay JSON text, complex numbers stay text.

    Raises:
        BadFile: no YAML header, or names that are not those of the header.
    """
    header, names_line = _read_header(path)
    metadata = read_metadata(path, header)
    if metadata.delimiter not in (" ", ","):
        raise BadFile(f"{path}: ECSV is delimited by blanks or commas, not by {metadata.delimiter!r}")
    names = [stored.name for stored in metadata.columns]
    is_bare = not quotes_pair((*header, names_line), metadata.delimiter)
    layout = Layout(
        metadata.delimiter, tuple(names), len(header) + 1, is_bare=is_bare, is_gzip=is_gzip(path), nulls=("",)
    )
    if _split(names_line, metadata.delimiter) != names:
        raise BadFile(f"{path} is damaged: its column names {names_line[:80]!r} are not those of its header")
    unique = unique_names([stored.column.name for stored in metadata.columns])
    columns = tuple(
        replace(stored.column, name=name, type=_type(stored))
        for stored, name in zip(metadata.columns, unique, strict=True)
    )
    frame = metadata.frame or Frame()
    return Source(
        path=path,
        format="ecsv",
        columns=columns,
        frame=frame.name,
        equinox=frame.equinox,
        epoch=frame.epoch,
        description=metadata.text("description", "DESCRIPTION", "comments"),
        source=metadata.text("source", "origin"),
        licence=metadata.text("licence", "license"),
        citation=metadata.text("citation", "reference", "bibcode"),
        scan=DelimitedScan((path,), layout, columns),
    )


def _read_header(path: Path) -> tuple[list[str], str]:
    """The comment lines without their `# `, and the line below them; a gzipped file is read through to check it."""
    lines: list[str] = []
    with reading(path), open_bytes(path) as stream:
        try:
            while (line := stream.readline(_LINE_LIMIT).decode("utf-8").rstrip("\r\n")).startswith("#"):
                lines.append(line[2:])
        except UnicodeDecodeError:
            raise BadFile(f"{path}: ECSV must be UTF-8, its header is not") from None
        while is_gzip(path) and stream.read(1 << 20):
            pass
    if not line:
        raise BadFile(f"{path} is truncated: it has an ECSV header and no line of column names")
    return lines, line.removeprefix("\ufeff")


def _type(stored: Stored) -> str:
    """The DuckDB type of a column: from its subtype where it has one."""
    match = _ARRAY.fullmatch(stored.subtype)
    if match is None or match[1] not in {*_TYPES, "string"}:
        return _TYPES.get(stored.datatype, "VARCHAR")
    item = _TYPES.get(match[1], "VARCHAR")
    sizes = match[2].split(",")
    if any(size.isdecimal() and not 1 <= int(size) <= ARRAY_LIMIT for size in sizes):
        return "VARCHAR"
    # NumPy lists the slowest axis first, DuckDB writes it last.
    return item + "".join(f"[{size if size.isdecimal() else ''}]" for size in reversed(sizes))


def _split(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])
