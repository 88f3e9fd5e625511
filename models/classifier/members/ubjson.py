"""Universal Binary JSON (ubjson.org, draft 12) as far as XGBoost writes it, read with care: its own reader crashes."""

from __future__ import annotations

from typing import Any

import numpy as np

_NUMBERS: dict[bytes, np.dtype[Any]] = {
    b"i": np.dtype(">i1"), b"U": np.dtype(">u1"), b"I": np.dtype(">i2"), b"l": np.dtype(">i4"),
    b"L": np.dtype(">i8"), b"d": np.dtype(">f4"), b"D": np.dtype(">f8"),
}  # fmt: skip
_CONSTANTS = {b"Z": None, b"T": True, b"F": False}
_DEEPEST = 32


def decode(data: bytes) -> Any:
    """The value of a document: objects as dicts, typed arrays as numpy arrays, others as lists.

    Raises:
        ValueError: the document is malformed, or goes on after its end.
    """
    reader = _Reader(data)
    found = reader.value(0)
    if reader.place != len(data):
        raise ValueError(f"{len(data) - reader.place} bytes after the end")
    return found


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def value(self, depth: int) -> Any:
        return self._of(self._take(1), depth)

    def _of(self, kind: bytes, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError(f"nested deeper than {_DEEPEST}")
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind in _NUMBERS:
            number = np.frombuffer(self._take(_NUMBERS[kind].itemsize), _NUMBERS[kind])[0]
            return number.item()
        if kind == b"S":
            return self._text()
        if kind == b"[":
            return self._array(depth)
        if kind == b"{":
            return self._object(depth)
        raise ValueError(f"unknown type {kind!r} at byte {self.place - 1}")

    def _array(self, depth: int) -> Any:
        if self._next() == b"$":
            self._take(1)
            kind = self._take(1)
            if kind not in _NUMBERS or self._take(1) != b"#":
                raise ValueError(f"a typed array of {kind!r} at byte {self.place}")
            length = self._length()
            return np.frombuffer(self._take(length * _NUMBERS[kind].itemsize), _NUMBERS[kind])
        if self._next() == b"#":
            self._take(1)
            return [self.value(depth + 1) for _ in range(self._length())]
        found = []
        while self._next() != b"]":
            found.append(self.value(depth + 1))
        self._take(1)
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._next() != b"}":
            name = self._text()
            if name in found:
                raise ValueError(f"{name!r} is there twice")
            found[name] = self.value(depth + 1)
        self._take(1)
        return found

    def _text(self) -> str:
        return self._take(self._length()).decode()

    def _length(self) -> int:
        kind = self._take(1)
        if kind not in (b"i", b"U", b"I", b"l", b"L"):
            raise ValueError(f"a length of type {kind!r} at byte {self.place - 1}")
        length = int(self._of(kind, 0))
        if not 0 <= length <= len(self._data) - self.place:
            raise ValueError(f"a length of {length} with {len(self._data) - self.place} bytes left")
        return length

    def _next(self) -> bytes:
        return self._data[self.place : self.place + 1]

    def _take(self, size: int) -> bytes:
        found = self._data[self.place : self.place + size]
        if len(found) != size:
            raise ValueError("it ends too early")
        self.place += size
        return found
