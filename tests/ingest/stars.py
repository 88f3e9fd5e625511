"""A few stars as files of every format."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from astropy.table import Table

from skyband.ingest.pipeline import IngestReport

Parquet = Callable[..., Path]
Take = Callable[..., IngestReport]
Ask = Callable[..., list[tuple[Any, ...]]]
ROWS = [
    (4_611_686_018_427_387_905, 10.684708, 41.268750, 4.36, "M31"),
    (2, 83.633083, 22.0145, 8.4, "M1"),
    (3, 201.365063, -43.019113, None, "Cen A"),
    (4, 359.9999999, -89.5, 12.25, None),
]


def write(table: Table, folder: Path, kind: str) -> Path:
    path = folder / f"stars.{kind}"
    plain = kind.removesuffix(".gz")
    if plain == "parquet":
        pa.parquet.write_table(
            pa.Table.from_pylist([dict(zip(table.colnames, row, strict=True)) for row in ROWS]), path
        )
        return path
    written = folder / f"stars.{plain}"
    format_ = {"csv": "ascii.csv", "tsv": "ascii.tab", "fits": "fits", "vot": "votable", "ecsv": "ascii.ecsv"}[plain]
    table.write(written, format=format_)
    if kind.endswith(".gz"):
        path.write_bytes(gzip.compress(written.read_bytes()))
        written.unlink()
    return path
