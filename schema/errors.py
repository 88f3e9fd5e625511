"""Every error skyband raises on purpose.

::

    SkybandError                   exit code 1, a fault of the machine or the store
    ├── StorageError               a file could not be written or read (disk full, permission, damage)
    ├── TableLocked                another writer holds the table
    ├── ResourceLimit              a memory, time or size limit was reached
    ├── QueryCancelled             whoever asked gave the query up
    ├── ServerBusy                 every query process works and enough questions wait; try again later
    ├── NoReceiver                 no program that runs here took what was sent to it
    └── InputError                 exit code 2, something the user gave is wrong
        ├── BadOption              an argument has an impossible value
        │   └── OtherTraining      the folder of a model holds a training of something else
        ├── BadName                a table or column name skyband cannot use
        ├── BadFile                a file is missing, empty, truncated or of an unknown format
        ├── BadImage               an image is broken, hostile, too large or of a kind skyband does not take
        ├── BadTable               the columns or rows of a file do not make a sky table
        ├── MissingDependency      an optional library is not installed
        ├── QueryError             SQL that DuckDB rejects
        ├── StoreNotFound          the folder is not a store
        ├── TableExists            the table is there and neither append nor replace was asked
        └── TableNotFound          no such table in the store

A message says what was wrong, the value, and what to do.
"""

from __future__ import annotations

_EXTRAS = dict.fromkeys(("torch", "torchvision", "timm", "safetensors", "sklearn", "xgboost"), "models") | {
    "fastavro": "alerts"
}
"""The extra of the package that brings a library."""


class SkybandError(Exception):
    """Base of the tree; `exit_code` is what the command line returns."""

    exit_code = 1


class StorageError(SkybandError):
    """A file could not be written or read."""


class TableLocked(SkybandError):
    """Another process is writing the table."""


class ResourceLimit(SkybandError):
    """A memory, time or size limit was reached."""


class QueryCancelled(SkybandError):
    """Whoever asked gave the query up."""


class ServerBusy(SkybandError):
    """Every query process works and enough questions wait."""


class NoReceiver(SkybandError):
    """No program that runs here took what was sent to it."""


class InputError(SkybandError, ValueError):
    """Something the user gave is wrong."""

    exit_code = 2


class BadOption(InputError):
    """An argument has an impossible value."""


class OtherTraining(BadOption):
    """The folder of a model holds a training of something else."""


class BadName(InputError):
    """A name skyband cannot use for a table or a column."""


class BadFile(InputError):
    """A file is missing, empty, truncated or of an unknown format."""


class BadImage(InputError):
    """An image is broken, hostile, too large or of a kind skyband does not take.

    `reason` is the kind of fault in a few words, the same for all images that have it, to be counted by.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class BadTable(InputError):
    """The columns or rows of a file do not make a sky table."""


class MissingDependency(InputError):
    """An optional library is not installed."""


class QueryError(InputError):
    """SQL that DuckDB rejects."""


class StoreNotFound(InputError):
    """The folder is not a store."""


class TableExists(InputError):
    """The table is there and neither append nor replace was asked."""


class TableNotFound(InputError):
    """No such table in the store."""


def missing_dependency(error: ModuleNotFoundError) -> MissingDependency | None:
    """What to say of a library that an extra of the package brings; None of any other."""
    name = (error.name or "").partition(".")[0]
    if name not in _EXTRAS:
        return None
    return MissingDependency(f"this needs {name}, which is not installed; pip install 'skyband[{_EXTRAS[name]}]'")
