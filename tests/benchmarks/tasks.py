"""What skyband does, measured: one function a task, run as `python tasks.py TASK JSON`.

`seconds` runs from the call of skyband's Python door to its return, opening the store included; where a second run in
the same process is of interest, `again_s` is its time. Settings come from `SKYBAND_*` as everywhere.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from skyband.queries.crossmatch import Find, MatchOptions, crossmatch
from skyband.queries.export import export
from skyband.queries.formats import write_file
from skyband.queries.sky import Sky
from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column
from skyband.schema.settings import Settings
from skyband.schema.store import Store

with suppress(ImportError):
    # pyarrow imports it with its first array, where it is installed: a start of the interpreter, not of the operation.
    import pandas  # noqa: F401

Answer = dict[str, Any]

_DUCKDB_TYPES = {pa.int64(): "BIGINT", pa.float64(): "DOUBLE", pa.float32(): "FLOAT"}


def ingest_files(
    store: str, files: dict[str, str], epochs: dict[str, float] | None = None, roles: dict[str, str] | None = None
) -> Answer:
    """One file a table."""
    from skyband.ingest.pipeline import ingest

    opened = Store.create(_settings(store))
    began = time.perf_counter()
    rows = 0
    for table, path in files.items():
        rows += ingest(opened, [Path(path)], _ingest_options(table, epochs, roles)).rows_kept
    return {"seconds": time.perf_counter() - began, "rows": rows}


def _ingest_options(table: str, epochs: dict[str, float] | None, roles: dict[str, str] | None) -> Any:
    from skyband.ingest.pipeline import IngestOptions

    return IngestOptions(table=table, mode="replace", epoch=(epochs or {}).get(table, 2016.0), roles=roles or {})


def associate_tables(
    store: str, tables: list[str], radius_arcsec: float, find: str, save: str | None = None, **options: Any
) -> Answer:
    """A probabilistic match of two tables or more; its table is written to a Parquet file where one is named."""
    from skyband.queries.association import AssociationOptions, associate, associate_many

    settings = _settings(store)
    asked = AssociationOptions(
        tables=tuple(tables), radius_arcsec=radius_arcsec, into="association", find=Find(find), replace=True, **options
    )
    run: Any = associate if len(tables) == 2 else associate_many
    began = time.perf_counter()
    report = run(Store.open(settings), asked)
    seconds = time.perf_counter() - began
    if save is not None:
        with Sky(settings=settings) as sky:
            sky.sql("FROM association").write(save)
    return {"seconds": seconds, "rows": report.info.rows, "contamination": report.cut.contamination}


def match(store: str, left: str, right: str, radius_arcsec: float, find: str, wide: bool, again: bool) -> Answer:
    settings = _settings(store)
    options = MatchOptions(
        left=left, right=right, radius_arcsec=radius_arcsec, into="pairs", find=Find(find), wide=wide, replace=True
    )
    times = []
    for _ in range(2 if again else 1):
        began = time.perf_counter()
        report = crossmatch(Store.open(settings), options)
        times.append(time.perf_counter() - began)
    with Sky(settings=settings) as sky:
        ((pairs, mean_sep_arcsec),) = sky.sql("SELECT count(*), avg(sep_arcsec) FROM pairs").rows()
    return {
        "seconds": times[0],
        "again_s": times[1] if again else None,
        "pairs": pairs,
        "mean_sep_arcsec": mean_sep_arcsec,
        "batches": report.counts.batches,
    }


def cones(store: str, table: str, number: int, radius_deg: float) -> Answer:
    """Cones around sources, so that crowded places are asked as often as they are crowded; rows as Python tuples."""
    times_ms, rows = [], []
    with Sky(settings=_settings(store)) as sky:
        centres = sky.sql(f"SELECT ra, dec FROM {table} ORDER BY hash(source_id) LIMIT {number}").rows()
        for ra, dec in centres:
            began = time.perf_counter()
            rows.append(len(sky.cone(table, ra, dec, radius_deg).rows()))
            times_ms.append((time.perf_counter() - began) * 1000)
    return {
        "seconds": median(times_ms) / 1000,
        "median_ms": median(times_ms),
        "percentile_95_ms": quantiles(times_ms, n=20)[-1],
        "largest_ms": max(times_ms),
        "rows": sum(rows) / len(rows),
    }


def export_rows(store: str, table: str, rows: int, path: str, format: str) -> Answer:
    settings = _settings(store)
    began = time.perf_counter()
    written = export(settings, Path(path), query=f"FROM {table} LIMIT {rows}", format=format)
    return {"seconds": time.perf_counter() - began, "rows": written, "bytes": Path(path).stat().st_size}


def arrow_batches(store: str, table: str, rows: int) -> Answer:
    """Rows of a table as Arrow batches, thrown away."""
    with Sky(settings=_settings(store)) as sky:
        began = time.perf_counter()
        sizes = [(batch.num_rows, batch.nbytes) for batch in sky.sql(f"FROM {table} LIMIT {rows}").stream().batches]
        seconds = time.perf_counter() - began
    return {"seconds": seconds, "rows": sum(size[0] for size in sizes), "bytes": sum(size[1] for size in sizes)}


def make_fits(folder: str) -> Answer:
    """The same rows in the same order as FITS, for those who read that; a file that is there is not made again."""
    for parquet in Path(folder).glob("*.parquet"):
        fits = parquet.with_suffix(".fits")
        if not fits.exists():
            file = pq.ParquetFile(parquet)
            schema = file.schema_arrow
            columns = tuple(Column(field.name, _DUCKDB_TYPES[field.type]) for field in schema)
            write_file(ResultStream(columns, schema, file.iter_batches(), rows=file.metadata.num_rows), fits)
    return {}


def _settings(store: str) -> Settings:
    return replace(Settings.from_environment(), store=store)


_TASKS = (ingest_files, associate_tables, match, cones, export_rows, arrow_batches, make_fits)
TASKS: dict[str, Callable[..., Answer]] = {task.__name__: task for task in _TASKS}

if __name__ == "__main__":
    print("\n" + json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
