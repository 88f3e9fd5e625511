"""A result on its way: Arrow batches and the metadata of their columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from skyband.schema.columns import Column


@dataclass(slots=True)
class ResultStream:
    """What every encoder takes.

    `batches` is consumed once. `columns` and `schema` agree in order and names;
    a column's `type` is its DuckDB type.
    """

    columns: tuple[Column, ...]
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch] = field(repr=False)
    name: str = "result"
    description: str = ""
    query: str = ""  # the SQL that made it, "" for a whole table
    frame: str = "ICRS"
    epoch: float | None = None  # Julian year of the positions where it is one for all rows
    rows: int | None = None  # number of rows where it is known before they are read
