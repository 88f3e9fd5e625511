"""A simulated sky on disk: five Parquet files, six with light curves, written chunk by chunk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from skyband.ingest.simulate.chunk import Chunk, make_chunk
from skyband.ingest.simulate.columns import LIGHT_CURVE_SCHEMA, LIGHT_CURVES, SCHEMAS
from skyband.ingest.simulate.names import NameRegister
from skyband.schema.errors import BadOption, StorageError
from skyband.schema.processors import in_order, processors

CHUNK_ROWS = 250_000
"""True objects of a chunk; part of what the random numbers depend on."""
MAX_ROWS = 2**34
"""More true objects than the running numbers in `source_id` hold."""
_ROW_GROUP_ROWS = 122_880  # what DuckDB scans as one unit
_REPETITIVE = (
    "ph_qual",
    "class",
    "subtype",
    "ref_epoch",
    "survey",
    "band",
)  # columns worth a dictionary, beside the small integers
_MOST_THREADS = 4  # more would wait for the writers, and each holds a chunk in memory


@dataclass(frozen=True, slots=True)
class SimulatedSky:
    """What `simulate_sky` wrote."""

    paths: Mapping[str, Path]  # by table name
    rows: Mapping[str, int]  # by table name
    seed: int
    seconds: float


def simulate_sky(
    folder: Path,
    *,
    rows: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
    chunk_rows: int = CHUNK_ROWS,
    threads: int | None = None,
    light_curve_share: float = 0.0,
) -> SimulatedSky:
    """Simulate one sky and the four surveys that saw it.

    Writes `sim_optical`, `sim_nir`, `sim_mir`, `sim_astrometry` and `sim_truth` as `<name>.parquet` (zstd) with the
    columns of `columns.SCHEMAS`. Each survey sees its part of the true objects: about 90, 35, 60 and 60 %. The same
    `rows`, `seed` and `chunk_rows` give the same data, whatever the number of threads. Memory does not grow with
    `rows`, but for 8 to 16 bytes a source of the two surveys whose names must be kept unique.

    Args:
        folder: where to write; made if need be. Files of an earlier sky there are replaced once all five are written.
        rows: number of true objects, which is the length of `sim_truth`.
        seed: chooses the sky.
        progress: called with the number of true objects done so far.
        chunk_rows: true objects simulated at once.
        threads: at most that many chunks at once; one a core, 4 at most, if None.
        light_curve_share: share of the sky, 0 to 1, whose sources have light curves in `sim_light_curves`, some 25 rows
            an object; without any there is no such file.

    Raises:
        BadOption: an argument has an impossible value.
        StorageError: a file could not be written.
    """
    if not 1 <= rows <= MAX_ROWS:
        raise BadOption(f"rows is {rows}; choose a number from 1 to {MAX_ROWS}")
    if seed < 0:
        raise BadOption(f"seed is {seed}; choose a number from 0 on")
    if chunk_rows < 1 or (threads is not None and threads < 1):
        raise BadOption(f"chunk_rows is {chunk_rows} and threads {threads}; both must be at least 1")
    if not 0.0 <= light_curve_share <= 1.0:
        raise BadOption(f"light_curve_share is {light_curve_share}; choose a number from 0 to 1")
    schemas = {**SCHEMAS, **({LIGHT_CURVES: LIGHT_CURVE_SCHEMA} if light_curve_share else {})}
    start = time.monotonic()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        making = _chunks(seed, rows, chunk_rows, threads or min(processors(), _MOST_THREADS), light_curve_share)
        written = _write(folder, schemas, making, progress)
    except OSError as error:
        raise StorageError(
            f"cannot write the simulated sky to {folder}: {error}; free space or choose another"
        ) from error
    paths = {name: folder / f"{name}.parquet" for name in schemas}
    return SimulatedSky(paths, written, seed, time.monotonic() - start)


def _write(
    folder: Path, schemas: Mapping[str, pa.Schema], chunks: Iterator[Chunk], progress: Callable[[int], None] | None
) -> dict[str, int]:
    """Write the files under temporary names, then give all their own."""
    drafts = {name: folder / f".{name}.parquet.part" for name in schemas}
    written = dict.fromkeys(schemas, 0)
    register = {"sim_nir": NameRegister(), "sim_mir": NameRegister()}
    try:
        with ExitStack() as stack:
            writers = {name: stack.enter_context(_writer(schemas[name], path)) for name, path in drafts.items()}
            pool = stack.enter_context(ThreadPoolExecutor(len(writers)))
            done = 0
            for chunk in chunks:
                for survey, names in register.items():
                    chunk.keep(survey, names.claim(chunk.name_keys[survey]))
                list(pool.map(_append, [writers[name] for name in chunk.tables], chunk.tables.values()))
                for name, table in chunk.tables.items():
                    written[name] += table.num_rows
                done += chunk.tables["sim_truth"].num_rows
                if progress is not None:
                    progress(done)
        for name, path in drafts.items():
            path.replace(folder / f"{name}.parquet")
    finally:
        for path in drafts.values():
            path.unlink(missing_ok=True)
    return written


def _chunks(seed: int, rows: int, chunk_rows: int, threads: int, light_curve_share: float) -> Iterator[Chunk]:
    """The chunks in order, `threads` of them in the making."""

    def make(first: int) -> Chunk:
        return make_chunk(seed, first // chunk_rows, first, min(chunk_rows, rows - first), light_curve_share)

    return in_order(make, range(0, rows, chunk_rows), threads)


def _writer(schema: pa.Schema, path: Path) -> pq.ParquetWriter:
    repetitive = [item.name for item in schema if item.type == pa.int16() or item.name in _REPETITIVE]
    floating = [item.name for item in schema if pa.types.is_floating(item.type) and item.name not in repetitive]
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=repetitive,
        use_byte_stream_split=floating,
        store_schema=False,
    )


def _append(writer: pq.ParquetWriter, table: pa.Table) -> None:
    writer.write_table(table.cast(writer.schema), row_group_size=_ROW_GROUP_ROWS)
