"""One writer a table: a lock file that names its holder and dies with it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from skyband.schema.errors import TableLocked
from skyband.schema.faults import storage_error


@contextmanager
def writer_lock(path: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock file `path` for the body.

    The kernel drops the lock when its holder ends, however it ends, so the file a killed writer left behind
    is taken over by the next one; the pid and start time inside tell people whom they wait for.

    Raises:
        TableLocked: another writer still held it after `wait_s` seconds.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise storage_error(f"cannot open the lock {path}", error) from error
    try:
        _acquire(handle, path, time.monotonic() + wait_s)
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"pid": os.getpid(), "started": _now()}).encode(), 0)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _acquire(handle: int, path: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TableLocked(
                    f"another writer holds {path.name.removesuffix('.lock').lstrip('.')!r}{_holder(handle)}; "
                    "wait for it, or set SKYBAND_LOCK_WAIT_S to wait that many seconds"
                ) from None
            time.sleep(0.05)


def _holder(handle: int) -> str:
    try:
        holder = json.loads(os.pread(handle, 4096, 0))
        return f" (process {holder['pid']}, since {holder['started']})"
    except (ValueError, KeyError):
        return ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
