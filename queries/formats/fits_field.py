"""One field of a FITS binary table: measured in the first pass, written in the second."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skyband.queries.formats.arrays import bytes_of, is_list
from skyband.queries.formats.cells import Cell, convert, numbers, payload
from skyband.queries.formats.recode import printable
from skyband.schema.columns import Column

_LETTERS = {"bool": "L", "u1": "B", "i2": "I", "i4": "J", "i8": "K", "u8": "K", "f4": "E", "f8": "D"} | {
    "text": "A", "bytes": "B"
}  # fmt: skip
_WIDER = {"u1": "i2", "i2": "i4", "i4": "i8"}
UNSIGNED_ZERO = 1 << 63
"""TZERO of unsigned 64-bit integers (FITS 4.0, table 19)."""

_LONG_TEXT = 256  # text fields longer than this move to the heap where that makes the file much smaller
_WINDOW = 1 << 16  # integers looked at together for one that no row holds


@dataclass(slots=True)
class FitsField:
    """What the rows hold of a column, and the bytes they become."""

    column: Column
    cell: Cell
    longest: int = 0  # bytes or elements of the longest value
    total: int = 0  # bytes or elements of all values
    changed: int = 0  # texts with escapes
    has_null: bool = False
    low: int | None = None
    high: int | None = None
    null: int | None = None  # the integer that stands for NULL
    in_heap: bool = False

    def converted(self, array: pa.Array) -> pa.Array:
        """The array as it is spooled, its measures taken."""
        array = convert(array, self.column, self.cell)
        if self.cell.base == "text":
            array, changed = printable(array)
            self.changed += changed
        if self.cell.is_variable:
            lengths = np.diff(payload(array, self.cell)[0])
            self.longest = max(self.longest, int(lengths.max(initial=0)))
            self.total += int(lengths.sum())
        elif self.cell.is_integer:
            leaves = array.flatten() if is_list(array.type) else array
            self.has_null |= bool(array.null_count or leaves.null_count)
            extremes = pc.min_max(leaves).as_py()
            if extremes["min"] is not None:
                self.low = extremes["min"] if self.low is None else min(self.low, extremes["min"])
                self.high = extremes["max"] if self.high is None else max(self.high, extremes["max"])
        return array

    def settle(self, rows: int, spooled: Callable[[], Iterable[pa.Array]]) -> None:
        """Choose type, place and NULL, now that everything is measured; `spooled` gives the values once more."""
        if self.cell.base == "text":
            self.in_heap = self.longest > _LONG_TEXT and self.longest * rows > 4 * (self.total + 16 * rows)
            return
        if self.cell.is_variable:
            self.in_heap = True
            return
        if self.cell.base == "u8":
            self._settle_unsigned()
        if self.has_null and self.cell.is_integer:
            self._choose_null(spooled)

    def _settle_unsigned(self) -> None:
        """Signed if all numbers fit; else with TZERO, or as text with NULLs (readers disagree on TNULL with TZERO)."""
        if (self.high or 0) < UNSIGNED_ZERO:
            self.cell = self.cell.with_base("i8")
        elif self.has_null:
            self.cell = Cell("text", ascii=True)
            self.longest = len(str(self.high))

    def _choose_null(self, spooled: Callable[[], Iterable[pa.Array]]) -> None:
        while self.null is None:
            limits = np.iinfo(self.cell.base)
            ends = (int(limits.min), int(limits.max))
            free = [end for end in ends if end not in {self.low, self.high}]
            if free:
                self.null = free[0 if limits.min else -1]
            elif self.cell.base in _WIDER:
                self.cell = self.cell.with_base(_WIDER[self.cell.base])
            else:
                self.null = _free_integer(spooled, ends[0])

    @property
    def tform(self) -> str:
        """The TFORM keyword."""
        letter = _LETTERS[self.cell.base]
        if self.in_heap:
            return f"1Q{letter}({self.longest})"
        return f"{max(1, self.longest) if self.cell.base == 'text' else self.cell.size}{letter}"

    @property
    def heap_bytes(self) -> int:
        """Bytes of the column in the heap."""
        if not self.in_heap:
            return 0
        return self.total * (np.dtype(self.cell.base).itemsize if self.cell.shape is None else 1)

    def block(self, array: pa.Array) -> npt.NDArray[np.generic]:
        """The bytes in the rows of a spooled array of a column that is not in the heap: (rows, ...), big-endian."""
        if self.cell.base == "text":
            width = max(1, self.longest)
            padded = pc.ascii_rpad(pc.fill_null(array.cast(pa.string()), ""), width, padding="\0")
            return bytes_of(padded)[1].reshape(len(array), width)
        values = numbers(convert(array, self.column, self.cell), self.cell, self.null)
        if self.cell.base == "u8":
            signed = np.bitwise_xor(values.astype("u8"), np.uint64(UNSIGNED_ZERO)).astype(">u8")
            return np.asarray(signed.view(">i8"))
        return values

    def heap(self, array: pa.Array) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.generic]]:
        """Element counts and elements in the heap of a spooled array of a column that is in the heap."""
        offsets, elements = payload(array, self.cell)
        return np.diff(offsets), elements


def _free_integer(spooled: Callable[[], Iterable[pa.Array]], lowest: int) -> int:
    """The smallest integer from `lowest` on that no value equals."""
    start = lowest
    while True:
        seen = np.zeros(_WINDOW, dtype=bool)
        for values in _integers(spooled()):
            near = values - np.array(start, dtype=values.dtype)
            seen[near[(near >= 0) & (near < _WINDOW)]] = True
        if not seen.all():
            return start + int(np.argmin(seen))
        start += _WINDOW


def _integers(arrays: Iterable[pa.Array]) -> Iterator[npt.NDArray[np.integer]]:
    for array in arrays:
        leaves = array.flatten() if is_list(array.type) else array
        yield leaves.drop_null().to_numpy()
