"""Errors on their way from a query process to the server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb

from skyband.queries.adql.errors import AdqlError
from skyband.schema import errors
from skyband.schema.errors import QueryError, ResourceLimit, SkybandError, StorageError

_DETAILS = ("line", "column", "suggestion")
_EXCERPT = re.compile(r"\n+LINE \d+:.*", re.DOTALL)


def error_content(error: BaseException, folder: Path) -> dict[str, Any]:
    """An error as JSON can hold it: its class, one line of text, and the place in the query where it has one.

    Args:
        error: anything that was raised.
        folder: of the tables; its path is nothing a user should learn.
    """
    if isinstance(error, MemoryError):
        error = ResourceLimit("the query needs more memory than one query may have; ask for less")
    known = isinstance(error, SkybandError)
    text = str(error) if known else f"the query process failed: {type(error).__name__}: {error}"
    # DuckDB's memory is that of one query here.
    text = text.replace("SKYBAND_MEMORY_GB", "SKYBAND_QUERY_MEMORY_GB")
    return {
        "error": type(error).__name__ if known else StorageError.__name__,
        "message": _one_line(text).replace(str(folder), "tables"),
        "details": {name: getattr(error, name) for name in _DETAILS if hasattr(error, name)},
    }


def is_fatal(error: BaseException | None) -> bool:
    """Whether the process should answer no further query: memory ran out, or DuckDB no longer trusts itself."""
    fatal = (MemoryError, duckdb.OutOfMemoryException, duckdb.FatalException, duckdb.InternalException)
    return error is not None and (isinstance(error, fatal) or is_fatal(error.__cause__))


def error_of(content: dict[str, Any]) -> SkybandError:
    """The error that `error_content` described."""
    kind = AdqlError if content["error"] == AdqlError.__name__ else getattr(errors, content["error"], None)
    if not (isinstance(kind, type) and issubclass(kind, SkybandError)):
        kind = QueryError
    error = kind.__new__(kind)
    Exception.__init__(error, content["message"])
    for name, value in content["details"].items():
        setattr(error, name, value)
    return error


def _one_line(text: str) -> str:
    """The text without the excerpt of the query DuckDB puts under it, in one line."""
    return " ".join(_EXCERPT.sub("", text).split())
