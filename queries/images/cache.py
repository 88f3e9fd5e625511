"""Files kept from elsewhere, up to a size: those not used for longest make room."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

from skyband.schema.disk import keep_whole
from skyband.schema.faults import storage_error

_ROOM = 0.9
"""How full the cache is once room has been made: making a little at a time would list the folder again and again."""


class Cache:
    """A folder of files by their addresses; threads and processes may share it."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._bytes: int | None = None  # None: the folder has not been listed yet
        self._lock = threading.Lock()

    def get(self, address: str, *, since: float = 0.0) -> bytes | None:
        """The file kept for an address, None where there is none.

        Args:
            address: URL of the file.
            since: when the file changed at its place, seconds since 1970; what was kept before then does not count.
        """
        path = self._path(address)
        try:
            state = path.stat()
            if state.st_mtime < since:
                return None
            data = path.read_bytes()
            # Used now, but no newer than it was.
            os.utime(path, ns=(time.time_ns(), state.st_mtime_ns))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_error(f"cannot read {path}", error) from error
        return data

    def put(self, address: str, data: bytes) -> None:
        """Keep a file, in place of the one kept for that address before.

        Raises:
            StorageError: the disk is full or refuses.
        """
        if len(data) > self._limit_bytes:
            return
        path = self._path(address)
        try:
            keep_whole(path, data)
        except OSError as error:
            raise storage_error(f"cannot keep an image in {self._folder}", error) from error
        with self._lock:
            self._bytes = self._listed_bytes() if self._bytes is None else self._bytes + len(data)
            if self._bytes > self._limit_bytes:
                self._bytes = self._make_room()

    def _path(self, address: str) -> Path:
        name = hashlib.sha256(address.encode()).hexdigest()
        return self._folder / name[:2] / name

    def _listed_bytes(self) -> int:
        return sum(size for _, size, _ in self._files())

    def _make_room(self) -> int:
        """Remove files, longest unused first; the bytes that stay."""
        files = sorted(self._files())
        left = sum(size for _, size, _ in files)
        for _, size, path in files:
            if left <= self._limit_bytes * _ROOM:
                break
            path.unlink(missing_ok=True)
            left -= size
        return left

    def _files(self) -> list[tuple[int, int, Path]]:
        """Time of last use, size and path of each file; another process may be removing some."""
        found = []
        for path in self._folder.glob("*/[!.]*"):
            try:
                state = path.stat()
            except FileNotFoundError:
                continue
            found.append((state.st_atime_ns, state.st_size, path))
        return found
