"""The one door to LanceDB: connections without chatter, its exceptions as skyband's own.

Not to be used before a fork: its threads do not survive one. Every process opens its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skyband.schema.errors import BadOption, SkybandError, StorageError
from skyband.schema.faults import first_line, storage_error


def connect(folder: Path) -> Any:
    """A connection to a folder of Lance datasets."""
    return _library().connect(str(folder))


def connect_async(folder: Path) -> Any:
    """The same, to be awaited."""
    return _library().connect_async(str(folder))


def _library() -> Any:
    # Read when it is loaded; it else tells standard error of every empty partition.
    os.environ.setdefault("LANCEDB_LOG", "error")
    import lancedb

    return lancedb


@contextmanager
def lance_faults(doing: str) -> Iterator[None]:
    """Turn LanceDB's exceptions raised inside into `SkybandError`s.

    Args:
        doing: what was being done, to begin the message with.
    """
    try:
        yield
    except SkybandError:
        raise
    except OSError as error:
        raise storage_error(doing, error) from error
    except (RuntimeError, ValueError) as error:
        raise StorageError(f"{doing}: {first_line(error)}") from error


@contextmanager
def filter_faults(where: str) -> Iterator[None]:
    """Turn what LanceDB says of a filter it cannot apply into the user's error."""
    try:
        yield
    except ValueError as error:
        # What follows is where in its own code.
        reason = first_line(error).split(", /")[0].removeprefix("Invalid input, ")
        raise BadOption(f"the filter {where!r} does not fit the columns: {reason}") from error
