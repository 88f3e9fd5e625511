"""BINARY and BINARY2: rows in base64, turned into Arrow batches column by column (VOTable 1.5, section 5)."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from struct import Struct

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skyband.ingest.readers import arrays
from skyband.ingest.readers.votable_cells import Cell, filled, timestamps
from skyband.ingest.readers.votable_header import Document
from skyband.schema.errors import BadFile

_CELL_LIMIT = 256 << 20  # bytes; a longer cell means that the stream is out of step
_BLANKS = b" \t\r\n"
_count = Struct(">i").unpack_from


class Base64Stream:
    """Takes the text of a STREAM as it comes and gives its bytes."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._parts: list[str] = []
        self._rest = b""
        document.parser.CharacterDataHandler = self._parts.append
        document.parser.EndElementHandler = document.end_data

    def take(self, *, final: bool = False) -> bytes:
        """The bytes that came since the last call.

        Raises:
            BadFile: it is no base64.
        """
        text = self._rest + "".join(self._parts).encode("ascii", "replace").translate(None, _BLANKS)
        self._parts.clear()
        whole = len(text) if final else len(text) // 4 * 4
        self._rest = text[whole:]
        try:
            return binascii.a2b_base64(text[:whole], strict_mode=True)
        except binascii.Error as error:
            raise BadFile(f"{self._document.path} is damaged: its stream is no base64 ({error})") from None


class BinaryRows:
    """Takes the text of a STREAM and gives the rows in it.

    With `flags` each row begins with one bit a column that says NULL (BINARY2).
    """

    def __init__(self, document: Document, cells: list[Cell], *, flags: bool) -> None:
        self._path = document.path
        self._stream = Base64Stream(document)
        self._cells = cells
        self._flags = -(-len(cells) // 8) if flags else 0
        self._rows = 0
        self._data = b""

    def batches(self, schema: pa.Schema, *, final: bool = False) -> Iterator[pa.RecordBatch]:
        """The whole rows that came so far.

        Raises:
            BadFile: `final` and the stream ends inside a row, or it makes no sense.
        """
        data = self._data + self._stream.take(final=final)
        starts, counts, used = self._find_rows(data)
        self._data = data[used:]
        if final and self._data:
            raise BadFile(f"{self._path} is truncated: its stream ends inside row {self._rows + len(starts) + 1:,}")
        view = np.frombuffer(data, np.uint8)
        for first in range(0, len(starts), arrays.BLOCK_ROWS):
            part = slice(first, first + arrays.BLOCK_ROWS)
            try:
                columns = list(self._columns(view, starts[part], counts[part]))
            except (pa.ArrowInvalid, ValueError) as error:
                raise BadFile(f"{self._path} is damaged near row {self._rows + 1:,}: {error}") from None
            yield pa.RecordBatch.from_arrays(columns, schema=schema)
            self._rows += len(starts[part])

    def _find_rows(self, data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        """First bytes of the whole rows, the item counts of their variable cells, and the bytes these rows take."""
        gap = self._flags
        steps: list[tuple[int, Cell]] = []  # each variable cell and the fixed bytes before it
        for cell in self._cells:
            if cell.size is None:
                steps.append((gap, cell))
                gap = 0
            else:
                gap += cell.bytes(cell.size)
        if not steps:
            if not gap:
                raise BadFile(f"{self._path} is damaged: its fields take no bytes")
            whole = len(data) // gap
            return np.arange(whole, dtype=np.int64) * gap, np.zeros((whole, 0), np.int64), whole * gap
        starts: list[int] = []
        counts: list[int] = []
        row, end = 0, len(data)
        while (after := self._walk(data, row, steps, counts) + gap) <= end:
            starts.append(row)
            row = after
        del counts[len(starts) * len(steps) :]
        return np.array(starts, np.int64), np.array(counts, np.int64).reshape(-1, len(steps)), row

    def _walk(self, data: bytes, at: int, steps: list[tuple[int, Cell]], counts: list[int]) -> int:
        """Where the variable cells of the row at `at` end; past the end of `data` where it is not whole."""
        end = len(data)
        for gap, cell in steps:
            at += gap
            if at + 4 > end:
                return end + 1
            (count,) = _count(data, at)
            size = cell.bytes(count)
            if not 0 <= size <= _CELL_LIMIT:
                raise BadFile(f"{self._path} is damaged: a cell near row {self._rows + 1:,} claims {count:,} items")
            counts.append(count)
            at += 4 + size
        return at

    def _columns(self, data: arrays.Bytes, at: NDArray[np.int64], counts: NDArray[np.int64]) -> Iterator[pa.Array]:
        flags = np.unpackbits(_cut(data, at, self._flags), axis=1).astype(bool)
        at = at + self._flags
        variable = 0
        for place, cell in enumerate(self._cells):
            null = flags[:, place] if self._flags else None
            if cell.size is None:
                count = counts[:, variable]
                size = cell.bytes(count)
                yield _variable(arrays.gather(data, at + 4, size), count, cell, null)
                at = at + 4 + size
                variable += 1
            else:
                size = cell.bytes(cell.size)
                yield _fixed(_cut(data, at, size), cell, cell.size, null)
                at = at + size


def _cut(data: arrays.Bytes, at: NDArray[np.int64], width: int) -> arrays.Bytes:
    """A (rows, width) matrix of the bytes that begin at `at`."""
    if not width or not len(at):
        return np.zeros((len(at), width), np.uint8)
    return np.lib.stride_tricks.sliding_window_view(data, width)[at]


def _fixed(raw: arrays.Bytes, cell: Cell, size: int, null: arrays.Mask | None) -> pa.Array:
    if cell.is_text:
        if cell.width:
            texts = _texts(raw.reshape(-1, cell.width * cell.stored.itemsize), cell)
            return arrays.fixed_lists(texts, size // cell.width, null)
        return _text(_texts(raw, cell), cell, null)
    if cell.datatype == "bit" and not cell.is_array:
        # astropy writes 1 as 0x08, not as the 0x80 it should be.
        return pa.array(raw[:, 0] != 0, mask=null)
    if cell.datatype == "bit":
        items = pa.array(np.unpackbits(raw, axis=1)[:, :size].reshape(-1).astype(bool))
    else:
        items = _items(raw.reshape(-1), cell, None if cell.is_array else null)
    return arrays.fixed_lists(items, size * (2 if cell.is_complex else 1), null) if cell.is_array else items


def _variable(raw: arrays.Bytes, count: NDArray[np.int64], cell: Cell, null: arrays.Mask | None) -> pa.Array:
    if cell.is_text:
        if cell.width:
            texts = _texts(raw.reshape(-1, cell.width * cell.stored.itemsize), cell)
            return arrays.lists(texts, count // cell.width, null)
        if cell.datatype == "unicodeChar":
            letters = _narrow(raw)
            if letters is None:
                ends = np.cumsum(2 * count)
                parts = [raw[b - 2 * n : b].tobytes().decode("utf-16-be") for b, n in zip(ends, count, strict=True)]
                return _text(pa.array(parts, pa.string()), cell, null)
            raw = letters
        return _text(arrays.ragged_texts(raw, count), cell, null)
    if cell.datatype == "bit":
        size = cell.bytes(count)
        bits = arrays.gather(np.unpackbits(raw), 8 * (np.cumsum(size) - size), count)
        return arrays.lists(pa.array(bits.astype(bool)), count, null)
    return arrays.lists(_items(raw, cell, None), count * (2 if cell.is_complex else 1), null)


def _items(raw: arrays.Bytes, cell: Cell, null: arrays.Mask | None) -> pa.Array:
    if cell.datatype == "boolean":
        return arrays.booleans(raw, null)
    values = raw.view(cell.stored)
    if cell.null is not None:
        null = values == cell.null if null is None else null | (values == cell.null)
    return arrays.numbers(values, null)


def _texts(raw: arrays.Bytes, cell: Cell) -> pa.Array:
    if cell.datatype == "char":
        return arrays.texts(raw)
    letters = _narrow(raw)
    if letters is not None:
        return arrays.texts(letters)
    return pa.array([row.tobytes().decode("utf-16-be").partition("\0")[0] for row in raw], pa.string())


def _narrow(raw: arrays.Bytes) -> arrays.Bytes | None:
    """UCS-2 letters as single bytes where all are ASCII."""
    pairs = raw.reshape(*raw.shape[:-1], -1, 2)
    return pairs[..., 1] if not pairs[..., 0].any() and not (pairs[..., 1] & 0x80).any() else None


def _text(text: pa.Array, cell: Cell, null: arrays.Mask | None) -> pa.Array:
    if null is not None and null.any():
        text = arrays.nulled(text, null)
    return timestamps(text) if cell.type == "TIMESTAMP" else filled(text)
