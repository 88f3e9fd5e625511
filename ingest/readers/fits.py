"""FITS tables, binary and ASCII, read in row ranges (FITS Standard 4.0, section 7)."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

from skyband.ingest.readers.detect import is_gzip, open_bytes, reading
from skyband.ingest.readers.fits_columns import FitsColumn, ascii_columns, binary_columns
from skyband.ingest.readers.fits_header import Unit, header_faults, read_units
from skyband.ingest.readers.fits_rows import read_rows
from skyband.ingest.readers.frames import fits_frame
from skyband.ingest.readers.source import BatchScan, Source, unique_names
from skyband.ingest.readers.votable_header import described
from skyband.schema.columns import Column
from skyband.schema.errors import BadFile
from skyband.schema.units import to_vounit

# What writers put into every TTYPE card: no description.
_IDLE_COMMENT = re.compile(r"(label for|name of|column|field|ttype|data field)\b.*|", re.IGNORECASE)

Opener = Callable[[bool], BinaryIO]
"""Opens the bytes of a FITS file; where it is called with True they must be a plain file, to be mapped into memory."""


def open_fits(path: Path, selector: str | None = None) -> Source:
    """The first table of a FITS file, or the one named by HDU number (the primary HDU is 0) or EXTNAME.

    UCDs and descriptions come from TUCDn, TCOMMn and the like, or from the VOTable that TOPCAT's "fits-plus" keeps in
    the primary HDU. Multi-dimensional cells (TDIM) come as flat arrays, complex numbers as pairs of numbers. A gzipped
    file streams too, unless it has variable-length arrays: these lie behind the rows, so it is then decompressed
    into a temporary file.

    Raises:
        BadFile: no such table, or the file ends before its header says.
    """
    compressed = is_gzip(path)
    with reading(path), open_bytes(path) as stream:
        units = []
        for unit in read_units(path, stream):
            units.append(unit)
            if compressed and _is_wanted(unit, selector):
                break  # looking further would decompress the whole file
        end = units[-1].start + units[-1].size
        if not compressed and path.stat().st_size < end:
            size = path.stat().st_size
            raise BadFile(
                f"{path} is truncated: HDU {units[-1]} ends at byte {end:,}, the file at {size:,}; fetch it again"
            )
        unit = _choose(path, units, selector)
        votable = _votable(stream, units[0])
    source = table_source(path, unit, lambda plain: _open(path, plain=plain))
    if votable:
        source = described(source, BytesIO(votable), sum(other.is_table for other in units[: unit.number]))
    others = ", ".join(str(other) for other in units if other.is_table and other is not unit)
    if others and selector is None:
        source = replace(source, notes=(*source.notes, f"{path.name}: took table {unit}, left {others}"))
    return source


def table_source(path: Path, unit: Unit, opener: Opener) -> Source:
    """The source of one table HDU.

    Raises:
        BadFile: a compressed table, or a header that makes no sense.
    """
    header = unit.header
    with header_faults(path):
        if header.get("ZTABLE", False):
            raise BadFile(f"{path}: table {unit} is compressed by tiles; decompress it with funpack first")
        rows, row_bytes = int(header["NAXIS2"]), int(header["NAXIS1"])
        fields, skipped = (ascii_columns if unit.kind == "TABLE" else binary_columns)(path, header)
        columns = _columns(header, fields)
        frame = fits_frame(header)
        heap = (unit.start + int(header.get("THEAP", rows * row_bytes)), unit.start + unit.size)
        origin, reference = (str(header.get(key, "")).strip() for key in ("ORIGIN", "REFERENC"))
    if not columns:
        raise BadFile(f"{path}: table {unit} has no columns")

    def batches(schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        with reading(path), opener(any(field.heap for field in fields)) as stream:
            stream.seek(unit.start)
            yield from read_rows(path, stream, fields, rows=rows, row_bytes=row_bytes, heap=heap, schema=schema)

    return Source(
        path=path,
        format="fits",
        columns=columns,
        rows=rows,
        frame=frame.name,
        equinox=frame.equinox,
        description=unit.name,
        source=origin,
        citation=reference,
        notes=tuple(f"{path.name}: {text}" for text in skipped),
        scan=BatchScan(columns, batches),
    )


def _is_wanted(unit: Unit, selector: str | None) -> bool:
    if selector is None:
        return unit.is_table
    return selector.lower() in {str(unit.number), unit.name.lower()}


def _choose(path: Path, units: list[Unit], selector: str | None) -> Unit:
    unit = next((unit for unit in units if _is_wanted(unit, selector)), None)
    if unit is None or not unit.is_table:
        tables = ", ".join(str(unit) for unit in units if unit.is_table) or "none"
        wanted = "no table" if selector is None else f"no table {selector!r}"
        raise BadFile(f"{path} holds {wanted}; its tables: {tables}")
    return unit


def _columns(header: Any, fields: list[FitsColumn]) -> tuple[Column, ...]:
    def text(key: str, number: int) -> str:
        return str(header.get(f"{key}{number}", "")).strip()

    names = unique_names([text("TTYPE", field.number) or f"column_{field.number}" for field in fields])
    return tuple(
        Column(
            name=name,
            type=field.type,
            unit=to_vounit(text("TUNIT", field.number)),
            ucd=text("TUCD", field.number),
            utype=text("TUTYP", field.number),
            xtype=text("TXTYP", field.number),
            description=text("TCOMM", field.number) or text("TDESC", field.number) or _comment(header, field.number),
        )
        for field, name in zip(fields, names, strict=True)
    )


def _comment(header: Any, number: int) -> str:
    key = f"TTYPE{number}"
    text = str(header.comments[key]).strip() if key in header else ""
    return "" if _IDLE_COMMENT.fullmatch(text) else text


def _votable(stream: BinaryIO, primary: Unit) -> bytes:
    """The VOTable text of a "fits-plus" file, else nothing."""
    if not primary.has_votable:
        return b""
    stream.seek(primary.start)
    return stream.read(primary.size).strip(b"\0 \r\n")


def _open(path: Path, *, plain: bool) -> BinaryIO:
    stream = open_bytes(path)
    if not (plain and is_gzip(path)):
        return stream
    spool = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115
    with stream:
        shutil.copyfileobj(stream, spool, 1 << 20)
    return spool
