"""Files that are whole or absent."""

from __future__ import annotations

import os
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


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
