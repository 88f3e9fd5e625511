"""TABLEDATA: rows as XML elements, turned into Arrow batches column by column."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skyband.ingest.readers import arrays
from skyband.ingest.readers.source import Refused
from skyband.ingest.readers.votable_cells import Cell, filled, timestamps
from skyband.ingest.readers.votable_header import Document

_BATCH_ROWS = 16_384
_TRUE = pa.array(["t", "true", "1"])
_FALSE = pa.array(["f", "false", "0"])


class TextRows:
    """Takes the parser's events between `<TABLEDATA>` and its end."""

    def __init__(self, document: Document, cells: list[Cell], refused: list[Refused]) -> None:
        """Rows of these cells; those that break their types or have too few or many go to `refused`."""
        self._document = document
        self._cells = cells
        self._refused = refused
        self._texts: list[str] = []  # of every TD, row after row
        self._numbers: list[int] = []  # of the rows ended whose cells are there, from 1
        self._listen(document.prefix)

    def batches(self, schema: pa.Schema, *, final: bool = False) -> Iterator[pa.RecordBatch]:
        """The rows that ended so far, once there are enough for a batch, or all of them if `final`."""
        count, width = len(self._numbers), len(self._cells)
        if not count or (count < _BATCH_ROWS and not final):
            return
        texts, numbers = self._texts[: count * width], self._numbers[:]
        del self._texts[: count * width], self._numbers[:]
        try:
            yield self._batch(texts, schema)
        except pa.ArrowInvalid:
            yield self._batch(list(self._good(texts, numbers, schema.names)), schema)

    def _batch(self, texts: list[str], schema: pa.Schema) -> pa.RecordBatch:
        width = len(self._cells)
        columns = [_column(texts[place::width], cell) for place, cell in enumerate(self._cells)]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def _good(self, texts: list[str], numbers: list[int], names: list[str]) -> Iterator[str]:
        """The texts of the rows that have no fault."""
        width = len(self._cells)
        faults: dict[int, tuple[str, str]] = {}
        for place, (cell, name) in enumerate(zip(self._cells, names, strict=True)):
            for row, reason in _faults(texts[place::width], cell):
                faults.setdefault(row, (name, reason))
        for row, number in enumerate(numbers):
            row_texts = texts[row * width : (row + 1) * width]
            if row in faults:
                self._refuse(number, *faults[row], row_texts)
            else:
                yield from row_texts

    def _refuse(self, number: int, column: str | None, reason: str, row: list[str]) -> None:
        self._refused.append(Refused(str(self._document.path), number, column, reason, ", ".join(row)))

    def _listen(self, prefix: str) -> None:
        """Set handlers as lean as can be: they run three times a cell."""
        cell_tag, row_tag, end_tag = prefix + "TD", prefix + "TR", prefix + "TABLEDATA"
        texts, numbers, width, document = self._texts, self._numbers, len(self._cells), self._document
        text = ""
        ended = 0

        def start(_: str, __: dict[str, str]) -> None:
            nonlocal text
            text = ""

        def characters(part: str) -> None:
            nonlocal text
            text += part

        def end(name: str) -> None:
            nonlocal ended
            if name == cell_tag:
                texts.append(text)
            elif name == row_tag:
                ended += 1
                begin = len(numbers) * width
                if len(texts) == begin + width:
                    numbers.append(ended)
                else:
                    row = texts[begin:]
                    self._refuse(ended, None, f"it has {len(row)} cells, the table {width} fields", row)
                    del texts[begin:]
            elif name == end_tag:
                document.end_data(name)

        parser = document.parser
        parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = start, characters, end


def _faults(texts: list[str], cell: Cell, first: int = 0) -> Iterator[tuple[int, str]]:
    """Place (that of the first text is `first`) and reason of each text that is no such cell, found by halving."""
    try:
        _column(texts, cell)
    except pa.ArrowInvalid as error:
        if len(texts) > 1:
            middle = len(texts) // 2
            yield from _faults(texts[:middle], cell, first)
            yield from _faults(texts[middle:], cell, first + middle)
        elif isinstance(error, _WrongLength):
            yield first, str(error)
        else:
            yield first, f"{texts[0]!r} is no {'timestamp' if cell.type == 'TIMESTAMP' else cell.datatype}"


class _WrongLength(pa.ArrowInvalid):  # type: ignore[misc]
    """An array with another number of items than its FIELD says."""


def _column(cells: list[str], cell: Cell) -> pa.Array:
    text = pa.array(cells, pa.string())
    if cell.width:
        return pa.array([_split(value, cell.width) or None for value in cells], pa.list_(pa.string()))
    if cell.is_text:
        return timestamps(text) if cell.type == "TIMESTAMP" else filled(text)
    text = pc.utf8_trim_whitespace(text)
    if not cell.is_array:
        return _items(filled(text), cell)
    if cell.datatype == "bit":
        tokens = pa.array([list("".join(value.split())) for value in cells], pa.list_(pa.string()))
    else:
        tokens = pc.utf8_split_whitespace(text)
    null = pc.equal(text, "").to_numpy(zero_copy_only=False)
    tokens = pc.if_else(pa.array(null), pa.scalar([], tokens.type), tokens)
    return _array_of(_items(tokens.flatten(), cell), pc.list_value_length(tokens).to_numpy(), cell, null)


def _array_of(items: pa.Array, lengths: NDArray[np.int64], cell: Cell, null: arrays.Mask) -> pa.Array:
    """Rows of items as the column's array type; a row of a fixed size has all its items or is NULL."""
    if cell.size is None or cell.type.endswith("[]"):
        return arrays.lists(items, lengths, null)
    size = cell.size * (2 if cell.is_complex else 1)
    wrong = lengths[~null][lengths[~null] != size]
    if len(wrong):
        raise _WrongLength(f"{wrong[0]} items where arraysize says {size}")
    if not null.any():
        return arrays.fixed_lists(items, size)
    # A NULL row of a fixed-size array takes room too.
    places = np.full(len(null) * size, -1)
    places[np.repeat(~null, size)] = np.arange(len(items))
    return arrays.fixed_lists(items.take(pa.array(places, mask=places < 0)), size, null)


def _items(text: pa.Array, cell: Cell) -> pa.Array:
    if cell.datatype in {"boolean", "bit"}:
        word = pc.utf8_lower(text)
        true, false = pc.is_in(word, _TRUE), pc.is_in(word, _FALSE)
        return pc.if_else(pc.or_(true, false), true, None)
    target = arrays.arrow_type(cell.type.partition("[")[0])
    if pa.types.is_floating(target):
        return pc.cast(text, target)
    numbers = pc.cast(pc.utf8_ltrim(text, "+"), pa.int64())
    if cell.null is not None:
        numbers = pc.if_else(pc.equal(numbers, cell.null), None, numbers)
    return pc.cast(numbers, target)


def _split(text: str, width: int) -> list[str]:
    return [text[place : place + width].rstrip() for place in range(0, len(text), width)]
