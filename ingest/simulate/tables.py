"""Arrow tables with the schemas of `columns.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skyband.ingest.simulate.columns import SCHEMAS
from skyband.ingest.simulate.loci import Bools, Doubles, Floats

Values = dict[str, NDArray[Any] | pa.Array]
"""One array a column."""

_Real = TypeVar("_Real", Floats, Doubles)


def build_table(name: str, values: Mapping[str, NDArray[Any] | pa.Array]) -> pa.Table:
    """A table from one array a column; NaN becomes NULL. Text columns may stay coded (`words`)."""
    schema = SCHEMAS[name]
    arrays = [
        values[item.name]
        if isinstance(values[item.name], pa.Array)
        else pa.array(values[item.name], item.type, from_pandas=True)
        for item in schema
    ]
    return pa.table(arrays, names=schema.names)


def words(vocabulary: tuple[str, ...], codes: NDArray[Any]) -> pa.DictionaryArray:
    """A text column from codes and what they mean."""
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(vocabulary, pa.string()))


def nullable(values: NDArray[Any], present: Bools) -> pa.Array:
    """An array with NULL where `present` is false."""
    return pa.array(values, mask=~present)


def rounded(values: _Real, decimals: int) -> _Real:
    """Values as a catalogue prints them; files compress better too."""
    scale = values.dtype.type(10**decimals)
    result: _Real = np.rint(values * scale) / scale
    return result
