"""Objects as rows: JSON (a list of them, or one a line) and Avro, as alerts of transients are sent.

Members of nested objects become columns with a dot, `candidate.magpsf`. Lists and bytes (earlier detections, images)
have no place in a row and are left out.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from skyband.schema.errors import BadFile
from skyband.schema.roles import ROW_ID

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 16_384
_MOST_COLUMNS = 2_000
_MOST_LINE_BYTES = 1 << 26
_AVRO = b"Obj\x01"
_WHOLE = range(-(1 << 63), 1 << 63)


def kind_of(head: bytes) -> str | None:
    """What the first bytes of a file promise: "json", "avro", or None."""
    if head.startswith(_AVRO):
        return "avro"
    return "json" if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[") else None


def records(stream: BinaryIO, kind: str, name: str) -> Iterator[dict[str, Any]]:
    """The objects of a file, flat, as they arrive.

    Args:
        stream: its bytes.
        kind: "json" or "avro".
        name: of the file, for messages.

    Raises:
        BadFile: it is damaged, or holds something else than objects.
        ModuleNotFoundError: for Avro, if its library is not installed.
    """
    for record in _json(stream, name) if kind == "json" else _avro(stream, name):
        if not isinstance(record, Mapping):
            raise BadFile(f"{name} holds {type(record).__name__} where an object should be: give objects, a row each")
        try:
            yield dict(_flat(record))
        except RecursionError:
            raise BadFile(f"{name} has objects within objects, too deep to be rows") from None


def batches(rows: Iterable[Mapping[str, Any]], batch_rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Flat objects as batches; a batch has the columns its own rows have.

    Raises:
        BadFile: a column holds numbers and text, or there are too many columns.
    """
    left = iter(rows)
    while some := list(itertools.islice(left, batch_rows)):
        yield _batch(some)


def _json(stream: BinaryIO, name: str) -> Iterator[Any]:
    head = stream.readline(_MOST_LINE_BYTES)
    while head and not head.strip(b"\xef\xbb\xbf\r\n\t "):
        head = stream.readline(_MOST_LINE_BYTES)
    head = head.removeprefix(b"\xef\xbb\xbf")
    if head.lstrip()[:1] == b"[":
        found = _parsed(head + stream.read(), name)
        yield from found
        return
    number = 1
    try:
        first = json.loads(head)
    except (ValueError, RecursionError):
        # One object over several lines, if it is any.
        yield _parsed(head + stream.read(), name)
        return
    yield first
    while line := stream.readline(_MOST_LINE_BYTES):
        number += 1
        if line.strip():
            yield _parsed(line, f"{name}, object {number},")


def _parsed(text: bytes, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        said = "it is nested too deep" if isinstance(error, RecursionError) else error
        raise BadFile(f"{name} is not JSON: {said}; give a list of objects, or an object a line") from None


def _avro(stream: BinaryIO, name: str) -> Iterator[Any]:
    import fastavro

    try:
        yield from fastavro.reader(stream)
    # What the library raises of damaged bytes is of many kinds.
    except Exception as error:
        raise BadFile(f"{name} is no Avro file, or a damaged one ({type(error).__name__}: {error})") from None


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif not isinstance(value, list | bytes | tuple):
            yield f"{prefix}{name}", value


def _batch(rows: list[Mapping[str, Any]]) -> pa.RecordBatch:
    import pyarrow as pa

    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) > _MOST_COLUMNS:
        raise BadFile(f"the objects have {len(names):,} different members; a table of {_MOST_COLUMNS:,} is the most")
    if not names:
        # Rows there are, though nothing is in them.
        return pa.RecordBatch.from_arrays([pa.nulls(len(rows))], names=[ROW_ID])
    arrays = [_array(name, [row.get(name) for row in rows]) for name in names]
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _array(name: str, values: list[Any]) -> pa.Array:
    import pyarrow as pa

    kinds = {type(value) for value in values} - {type(None)}
    try:
        if kinds and kinds <= {int, bool} and all(value is None or value in _WHOLE for value in values):
            return pa.array([None if value is None else int(value) for value in values], pa.int64())
        if kinds <= {int, bool, float}:
            return pa.array([None if value is None else float(value) for value in values], pa.float64())
        if kinds & {int, bool, float} and str in kinds:
            raise BadFile(f"{name!r} is a number in some objects and text in others; send numbers as numbers")
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    except (OverflowError, UnicodeEncodeError) as error:
        raise BadFile(f"{ascii(name)[:80]} has a value that is no number or text a table holds: {error}") from None
