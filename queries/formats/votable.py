"""VOTable 1.4: the document around the rows, streamed.

After the rows `trailer` may add remarks (QUERY_STATUS OVERFLOW). If the query fails among them the document is still
closed, with `INFO name="QUERY_STATUS" value="ERROR"` after the table (DALI 1.1, 4.4), and the error raised again.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from skyband.queries.formats.arrays import pieces
from skyband.queries.formats.cells import Cell, convert
from skyband.queries.formats.recode import is_ascii
from skyband.queries.formats.registry import Info, Options
from skyband.queries.formats.tabledata import tabledata_rows
from skyband.queries.formats.votable_fields import coordinate_system, element, field_element, opening, votable_cell
from skyband.queries.formats.votable_rows import binary2_rows, binary_rows
from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column
from skyband.schema.errors import BadTable

_OPEN = """<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<RESOURCE type="results">
"""
_CLOSE = "</RESOURCE>\n</VOTABLE>\n"
_BASE64_BYTES = 57 * 1024
"""Bytes a base64 line: a multiple of 3, so that lines join without padding."""

Rows = Callable[[Sequence[Column], Sequence[Cell], Sequence[pa.Array]], bytes]


def encode_binary2(stream: ResultStream, options: Options) -> Iterator[bytes]:
    """Rows in base64 with a mask of NULLs: every value exact, NULL apart from NaN and from empty text."""
    return _document(stream, options, "BINARY2", binary2_rows)


def encode_binary(stream: ResultStream, options: Options) -> Iterator[bytes]:
    """Rows in base64 as VOTable 1.1 knew them: NULL is NaN, empty text, or an integer declared in VALUES."""
    return _document(stream, options, "BINARY", binary_rows)


def encode_tabledata(stream: ResultStream, options: Options) -> Iterator[bytes]:
    """Rows as XML text: NULL and empty text are both an empty cell; characters that XML forbids are replaced."""
    return _document(stream, options, "TABLEDATA", tabledata_rows)


def error_document(message: str, *others: Info) -> bytes:
    """The VOTable that says a query failed: QUERY_STATUS ERROR and no table (DALI 1.1, 4.4.1), with other remarks."""
    return (_OPEN + "".join(map(_info, (Info("QUERY_STATUS", "ERROR", message), *others))) + _CLOSE).encode()


def metadata_document(stream: ResultStream, fields: Iterable[str], infos: Iterable[Info] = ()) -> str:
    """The VOTable with everything but the rows: a TABLE of FIELDs without DATA."""
    return _head(stream, fields, infos) + "</TABLE>\n" + _CLOSE


def _document(stream: ResultStream, options: Options, serialization: str, rows: Rows) -> Iterator[bytes]:
    cells, fields = _described(stream.columns, tuple(stream.schema.types), serialization)
    start, end, armour = _DATA[serialization]
    yield (_head(stream, fields, options.infos) + f"<DATA>\n{start}").encode()
    failures: list[Exception] = []

    def chunks() -> Iterator[bytes]:
        try:
            for piece in pieces(stream.batches):
                yield rows(stream.columns, cells, _converted(piece, stream.columns, cells))
        except Exception as error:
            failures.append(error)

    yield from armour(chunks())
    errors = [Info("QUERY_STATUS", "ERROR", str(error) or type(error).__name__) for error in failures]
    yield (f"{end}</DATA>\n</TABLE>\n" + "".join(map(_info, errors or options.trailer())) + _CLOSE).encode()
    for error in failures:
        raise error


# A service answers with the same columns again and again.
@lru_cache(maxsize=256)
def _described(
    columns: tuple[Column, ...], kinds: tuple[pa.DataType, ...], serialization: str
) -> tuple[tuple[Cell, ...], tuple[str, ...]]:
    """The cells and the FIELD elements of columns."""
    cells = tuple(votable_cell(column, kind, serialization) for column, kind in zip(columns, kinds, strict=True))
    return cells, tuple(field_element(column, cell, serialization) for column, cell in zip(columns, cells, strict=True))


def _converted(piece: pa.RecordBatch, columns: Sequence[Column], cells: Sequence[Cell]) -> list[pa.Array]:
    arrays = []
    for array, column, cell in zip(piece.columns, columns, cells, strict=True):
        values = convert(array, column, cell)
        if cell.xtype == "timestamp":  # DALI knows years of four digits only; infinity and others become NULL
            values = pc.if_else(pc.match_substring_regex(values, "^[0-9]{4}-"), values, None)
        if cell.base == "text" and cell.ascii and not is_ascii(values):
            raise BadTable(
                f"column {column.name!r} is declared ASCII but holds other characters: ingest its table again"
            )
        arrays.append(values)
    return arrays


def _head(stream: ResultStream, fields: Iterable[str], infos: Iterable[Info]) -> str:
    remarks = [Info("QUERY_STATUS", "OK"), *infos]
    if stream.query:
        remarks.append(Info("QUERY", stream.query))
    return "".join((
        _OPEN,
        *map(_info, remarks),
        coordinate_system(stream),
        opening("TABLE", name=stream.name),
        element("DESCRIPTION", stream.description) if stream.description else "",
        *fields,
    ))  # fmt: skip


def _info(info: Info) -> str:
    return element("INFO", info.text, name=info.name, value=info.value)


def _base64(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        data = memoryview(rest + chunk if rest else chunk)
        whole = len(data) // _BASE64_BYTES * _BASE64_BYTES
        for start in range(0, whole, _BASE64_BYTES):
            yield binascii.b2a_base64(data[start : start + _BASE64_BYTES])
        rest = bytes(data[whole:])
    yield binascii.b2a_base64(rest)


_DATA: dict[str, tuple[str, str, Callable[[Iterable[bytes]], Iterator[bytes]]]] = {
    "BINARY2": ('<BINARY2>\n<STREAM encoding="base64">\n', "</STREAM>\n</BINARY2>\n", _base64),
    "BINARY": ('<BINARY>\n<STREAM encoding="base64">\n', "</STREAM>\n</BINARY>\n", _base64),
    "TABLEDATA": ("<TABLEDATA>\n", "</TABLEDATA>\n", iter),
}
