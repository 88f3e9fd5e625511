"""VOTable in all its serialisations, read as a stream (IVOA VOTable 1.1 to 1.5)."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from skyband.ingest.readers.detect import is_gzip, open_bytes, reading
from skyband.ingest.readers.fits import table_source
from skyband.ingest.readers.fits_header import read_units
from skyband.ingest.readers.source import BatchScan, Refused, Source, unique_names
from skyband.ingest.readers.votable_binary import Base64Stream, BinaryRows
from skyband.ingest.readers.votable_cells import Cell, cell_of
from skyband.ingest.readers.votable_header import BLOCK_BYTES, Attributes, Document, Table, with_header
from skyband.ingest.readers.votable_text import TextRows
from skyband.schema.errors import BadFile

_TAIL_BYTES = 65_536
_HEAD_BYTES = 16_384
"""Bytes read at once until the rows begin: what lies beyond in them is parsed for nothing."""
_END = re.compile(rb"</(?:\w+:)?VOTABLE\s*>")
_OVERFLOW = re.compile(rb"<INFO\b[^>]*(?:QUERY_STATUS[^>]*OVERFLOW|OVERFLOW[^>]*QUERY_STATUS)", re.IGNORECASE)


def open_votable(path: Path, selector: str | None = None) -> Source:
    """The first table with rows of a VOTable, or the one named by number (from 0, as in STILTS), name or ID.

    TABLEDATA, BINARY and BINARY2 are parsed as they are read, a megabyte at a time. Rows of TABLEDATA with a text that
    is not of the type of its FIELD, or with too few or many cells, are left out and accounted for. FITS inside a
    VOTable is decoded into a temporary file first. Data outside the file (`href`) are refused, and XML entities are not
    expanded.

    Raises:
        BadFile: not well-formed or truncated XML, no such table, an error document of a service.
    """
    notes = () if is_gzip(path) else _check_tail(path)
    document, place, serialisation = _find(path, selector)
    table = document.tables[place]
    if serialisation == "FITS":
        source = replace(_embedded(path, place), format="votable")
    else:
        cells = [cell_of(path, field) for field in table.fields]
        names = unique_names([field.name for field in table.fields])
        columns = tuple(
            field.column(name, cell.type) for field, name, cell in zip(table.fields, names, cells, strict=True)
        )
        refused: list[Refused] = []
        source = Source(
            path=path,
            format="votable",
            columns=columns,
            rows=table.rows if serialisation else 0,
            scan=BatchScan(columns, partial(_batches, path, place, cells, refused), refused),
        )
    return replace(with_header(source, document, table), notes=(*source.notes, *notes))


def _check_tail(path: Path) -> tuple[str, ...]:
    """Look at the end of the file: whether it is there, and whether a service cut the rows off."""
    with reading(path), path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        tail = stream.read().replace(b"\0", b"")  # UTF-16 made readable
    if not _END.search(tail):
        raise BadFile(f"{path} is truncated: it does not end with </VOTABLE>; fetch it again")
    if _OVERFLOW.search(tail):
        return (f"{path.name}: the service cut its answer off (QUERY_STATUS OVERFLOW), rows are missing",)
    return ()


def _find(path: Path, selector: str | None) -> tuple[Document, int, str]:
    """The document about as far as the data of the wanted table, the number of that table, and its serialisation."""
    found: tuple[int, str] | None = None

    def on_data(tag: str, _: Attributes) -> None:
        nonlocal found
        if found is None and _is_wanted(document.tables, len(document.tables) - 1, selector):
            found = len(document.tables) - 1, document.serialisation if tag == "STREAM" else tag

    document = Document(path, on_data)
    with reading(path), open_bytes(path) as stream:
        while found is None and (block := stream.read(_HEAD_BYTES)):
            document.feed(block)
        if found is None:
            document.feed(b"")
    if document.error:
        raise BadFile(f"{path} holds no table but the error of a service: {document.error}")
    if found is not None:
        return document, *found
    tables = [place for place in range(len(document.tables)) if _is_wanted(document.tables, place, selector)]
    if not tables or not document.tables[tables[0]].fields:
        names = ", ".join(f"{place} {table.name}".rstrip() for place, table in enumerate(document.tables)) or "none"
        raise BadFile(f"{path} holds no table{f' {selector!r}' if selector else ''}; its tables: {names}")
    return document, tables[0], ""


def _is_wanted(tables: list[Table], place: int, selector: str | None) -> bool:
    if selector is None:
        return True
    return selector.lower() in {str(place), tables[place].name.lower(), tables[place].attributes.get("ID", "").lower()}


def _batches(
    path: Path, place: int, cells: list[Cell], refused: list[Refused], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    rows: TextRows | BinaryRows | None = None

    def on_data(tag: str, attributes: Attributes) -> None:
        nonlocal rows
        if len(document.tables) - 1 != place or rows is not None:
            return
        if tag == "TABLEDATA":
            rows = TextRows(document, cells, refused)
        else:
            _check_stream(path, attributes)
            rows = BinaryRows(document, cells, flags=document.serialisation == "BINARY2")

    document = Document(path, on_data)
    with reading(path), open_bytes(path) as stream:
        while block := stream.read(BLOCK_BYTES):
            document.feed(block)
            if rows is not None:
                yield from rows.batches(schema)
        document.feed(b"")
        if rows is not None:
            yield from rows.batches(schema, final=True)


def _embedded(path: Path, place: int) -> Source:
    """The source of a FITS table inside a VOTable."""
    with _decoded(path, place) as stream:
        size = stream.seek(0, os.SEEK_END)
        units = [unit for unit in read_units(path, stream) if unit.is_table]
    if not units or size < units[0].start + units[0].size:
        raise BadFile(f"{path} is truncated: the FITS file inside it stops early")
    return table_source(path, units[0], lambda _: _decoded(path, place))


def _decoded(path: Path, place: int) -> BinaryIO:
    """The bytes of the stream of one table, in a temporary file."""
    stream: Base64Stream | None = None

    def on_data(_: str, attributes: Attributes) -> None:
        nonlocal stream
        if len(document.tables) - 1 == place and stream is None:
            _check_stream(path, attributes)
            stream = Base64Stream(document)

    document = Document(path, on_data)
    spool = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115
    try:
        with reading(path), open_bytes(path) as file:
            while block := file.read(BLOCK_BYTES):
                document.feed(block)
                if stream is not None:
                    spool.write(stream.take())
            document.feed(b"")
            if stream is not None:
                spool.write(stream.take(final=True))
    except BaseException:
        spool.close()
        raise
    return spool


def _check_stream(path: Path, attributes: Attributes) -> None:
    if "href" in attributes:
        raise BadFile(
            f"{path} keeps its rows elsewhere (href={attributes['href']!r}); skyband reads no file you did not name: "
            "write it in one piece, with 'stilts tcopy' for instance"
        )
    if attributes.get("encoding", "").lower() != "base64":
        raise BadFile(f"{path}: a stream with encoding={attributes.get('encoding')!r}; only base64 can stand in XML")
