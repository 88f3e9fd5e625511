"""DuckDB's exceptions and the system's, as skyband's own."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from skyband.schema.errors import QueryError, ResourceLimit, SkybandError, StorageError

_OF_FUNCTION = re.compile(r"^.*Python exception occurred while executing the UDF: (\w+: )?", re.DOTALL)
"""What DuckDB puts before the message of a function written in Python."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def duckdb_faults(doing: str) -> Iterator[None]:
    """Turn DuckDB and file-system exceptions raised inside into `SkybandError`s.

    Args:
        doing: what was being done, to begin the message with.
    """
    try:
        yield
    except SkybandError:
        raise
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise ResourceLimit(
            f"{doing}: out of memory ({first_line(error)}); raise SKYBAND_MEMORY_GB or ask for less"
        ) from error
    except (duckdb.IOException, duckdb.TransactionException) as error:
        # A commit that found no room is a transaction's failure to DuckDB.
        raise StorageError(f"{doing}: {first_line(error)}") from error
    except (duckdb.InternalException, duckdb.FatalException) as error:
        raise StorageError(f"{doing}: the database engine failed: {first_line(error)}") from error
    except duckdb.InterruptException as error:
        raise ResourceLimit(f"{doing}: interrupted") from error
    except duckdb.Error as error:
        raise QueryError(f"{doing}: {_OF_FUNCTION.sub('', str(error).strip())}") from error
    except RuntimeError as error:
        # What DuckDB's client makes of Ctrl-C.
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise
    except OSError as error:
        raise storage_error(doing, error) from error


def storage_error(doing: str, error: OSError) -> StorageError:
    """A file-system error with what to do about it."""
    advice = "; free some space or choose another store" if error.errno in _FULL else ""
    return StorageError(f"{doing}: {error.strerror or error}{advice}")


def first_line(error: BaseException) -> str:
    """The first line of an error's text."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
