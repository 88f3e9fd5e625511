"""A file somebody sent to the query service, as a table: what `QueryPool` is given as its `upload_reader`.

VOTable, FITS, Parquet and CSV, by their first bytes; all but Parquet also gzipped. It runs in a query process that can
neither write files nor use DuckDB's readers, so everything comes as Arrow batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from skyband.ingest.readers.detect import detect_format, open_bytes, reading
from skyband.ingest.readers.source import BatchScan, unique_names
from skyband.queries.serving.uploads import Upload
from skyband.schema.columns import Column
from skyband.schema.errors import BadFile

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 65_536


def open_upload(path: Path) -> Upload:
    """The table in a file.

    Raises:
        BadFile: it is no table, or a damaged one; some damage shows only while the batches are read.
    """
    match detect_format(path):
        case "votable":
            from skyband.ingest.readers.votable import open_votable

            return _of_scan(path, open_votable(path).scan)
        case "fits":
            from skyband.ingest.readers.fits import open_fits

            return _of_scan(path, open_fits(path).scan)
        case "parquet":
            return _parquet(path)
        case "csv" | "tsv" as kind:
            return _csv(path, "\t" if kind == "tsv" else ",")
        case other:
            raise BadFile(f"an uploaded table cannot be {other}; send VOTable, FITS, Parquet or CSV")


def _of_scan(path: Path, scan: object) -> Upload:
    if not isinstance(scan, BatchScan):
        raise BadFile(f"{path.name} cannot be read as an upload; write it anew as VOTable")
    return Upload(scan.columns, scan.schema, _all_batches(scan))


def _all_batches(scan: BatchScan) -> Iterator[pa.RecordBatch]:
    """The batches of a scan; nobody would be told of rows left out, so they are an error."""
    for batch in scan.batches(scan.schema):
        _check_whole(scan)
        yield batch
    _check_whole(scan)


def _check_whole(scan: BatchScan) -> None:
    for row in scan.refused:
        where = f"row {row.line}" if row.column is None else f"row {row.line}, column {row.column!r}"
        raise BadFile(f"the uploaded table: {where}: {row.reason}")


def _parquet(path: Path) -> Upload:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"the uploaded Parquet file is damaged: {error}") from None
    return _of_arrow(file.schema_arrow, file.iter_batches(_BATCH_ROWS))


def _csv(path: Path, delimiter: str) -> Upload:
    import pyarrow as pa
    from pyarrow import csv

    try:
        with reading(path):
            reader = csv.open_csv(
                pa.PythonFile(open_bytes(path), mode="r"), parse_options=csv.ParseOptions(delimiter=delimiter)
            )
    except pa.ArrowException as error:
        raise BadFile(f"the uploaded CSV file is damaged: {error}") from None
    return _of_arrow(reader.schema, reader)


def _of_arrow(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Upload:
    import pyarrow as pa

    columns = tuple(Column(name, "") for name in unique_names(schema.names))
    named = pa.schema([(column.name, field.type) for column, field in zip(columns, schema, strict=True)])

    def renamed() -> Iterator[pa.RecordBatch]:
        try:
            for batch in batches:
                yield pa.RecordBatch.from_arrays(batch.columns, schema=named)
        except (pa.ArrowException, OSError) as error:
            raise BadFile(f"the uploaded file is damaged: {error}") from None

    return Upload(columns, named, renamed())
