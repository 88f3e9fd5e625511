"""Files that are whole or absent."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def put_in_place(built: Path, final: Path) -> None:
    """Give a finished file its name, in place of what had it; after this neither can be lost to a power cut.

    Args:
        built: the file, in the folder of `final`.
        final: its name from now on.

    Raises:
        OSError: the disk is full or refuses.
    """
    _sync(built)
    built.replace(final)
    _sync(final.parent)


def keep_whole(path: Path, data: bytes) -> None:
    """Write a file that can be made again, whole or not at all; it may be lost to a power cut.

    Args:
        path: of the file; its folder is made if it is not there.
        data: what goes in.

    Raises:
        OSError: the disk is full or refuses.
    """
    building = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        building.write_bytes(data)
        building.replace(path)
    except OSError:
        building.unlink(missing_ok=True)
        raise


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
