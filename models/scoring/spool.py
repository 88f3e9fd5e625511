"""Features of many rows on disk, mapped into memory: what nobody looks at takes no room there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from skyband.models.classifier.matrix import Floats, Integers
from skyband.schema.faults import storage_error

_ROWS = 65_536
"""Gathered at once."""


def spooled(batches: Iterable[Floats], features: int, store: Path) -> Floats:
    """Batches of rows one behind the other, n x features, in a file that goes when nobody looks at it any more.

    Args:
        batches: rows x features each.
        features: of a row.
        store: folder whose disk the file lies on; the system's folder of temporary files where it is not writable.

    Raises:
        StorageError: the disk is full.
    """
    folder = store if os.access(store, os.W_OK) else None
    try:
        # Written, not mapped: a full disk is an error here and would be a signal there.
        with tempfile.TemporaryFile(dir=folder) as file:
            rows = 0
            for batch in batches:
                file.write(np.ascontiguousarray(batch, np.float32).data)
                rows += len(batch)
            file.flush()
            if not rows:
                return np.empty((0, features), np.float32)
            return np.asarray(np.memmap(file, np.float32, "r", shape=(rows, features)))
    except OSError as error:
        raise storage_error("cannot keep the features on disk", error) from error


def gathered(values: Floats, rows: Integers, columns: Integers, store: Path) -> Floats:
    """Some rows and columns of a matrix, as `spooled` keeps them.

    Raises:
        StorageError: the disk is full.
    """
    parts = (values[rows[start : start + _ROWS]][:, columns] for start in range(0, len(rows), _ROWS))
    return spooled(parts, len(columns), store)
