"""Text files DuckDB cannot take as they are: without the lines above the rows, with line ends of one kind."""

from __future__ import annotations

from contextlib import closing
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from fsspec import AbstractFileSystem

from skyband.ingest.readers.detect import open_bytes

_BLOCK_BYTES = 1 << 20


class BareRows(AbstractFileSystem):  # type: ignore[misc]
    """Files of a scan as DuckDB is to see them: decompressed, from the first row on, LF at the end of every line.

    DuckDB's own `skip` takes a quote in a comment for the beginning of a value, and goes too far; and it refuses files
    in which some lines end in CR LF and others in LF.
    """

    cachable = False

    def __init__(self, protocol: str, skip: int) -> None:
        """Files `protocol://path`, without their first `skip` lines."""
        super().__init__()
        self.protocol = protocol
        self._skip = skip
        self._opened: list[_Rows] = []

    def close(self) -> None:
        """Close the files, which DuckDB leaves to whoever opened them."""
        for rows in self._opened:
            rows.close()

    def url(self, path: Path) -> str:
        """What DuckDB knows a file by."""
        return f"{self.protocol}://{path}"

    def glob(self, path: str, **_: Any) -> list[str]:
        """The file itself: no letter of its name is a pattern."""
        return [path]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Size of the rows in bytes, which only reading them shows."""
        with closing(_Rows(self._path(path), self._skip)) as rows:
            return {"name": path, "size": sum(map(len, iter(lambda: rows.read(_BLOCK_BYTES), b""))), "type": "file"}

    def _open(self, path: str, mode: str = "rb", **_: Any) -> _Rows:
        self._opened.append(_Rows(self._path(path), self._skip))
        return self._opened[-1]

    def _path(self, url: str) -> Path:
        return Path(url.removeprefix(f"{self.protocol}://"))


class _Rows:
    """The rows of one file."""

    def __init__(self, path: Path, skip: int) -> None:
        self._path, self._skip = path, skip
        self._begin()

    def _begin(self) -> None:
        # Latin-1 stands for bytes as they are, whatever the encoding of the file.
        self._text = TextIOWrapper(open_bytes(self._path), "latin-1", newline=None)
        for _ in range(self._skip):
            self._text.readline()
        self._place = 0

    def read(self, count: int) -> bytes:
        self._place += count
        rows = b"" if self._text.closed else self._text.read(count).encode("latin-1")
        if len(rows) < count:
            self.close()
        return rows

    def seek(self, place: int) -> int:
        """Forward by reading; back (DuckDB dropped a block for want of memory) by beginning anew."""
        if place < self._place:
            self.close()
            self._begin()
        while self._place < place:
            self.read(min(place - self._place, _BLOCK_BYTES))
        return place

    def tell(self) -> int:
        return self._place

    def close(self) -> None:
        self._text.close()
