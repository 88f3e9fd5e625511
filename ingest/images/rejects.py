"""Images that cannot be in a collection: in the Parquet file beside its table, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from skyband.ingest.beside import rejects_beside
from skyband.ingest.images.candidates import Refused
from skyband.schema.names import quote_text
from skyband.schema.sql import fill_sql
from skyband.schema.writer import TableWriter

if TYPE_CHECKING:
    import duckdb

SCHEMA = pa.schema(
    [
        ("id", pa.utf8()),
        ("source", pa.utf8()),
        ("ra", pa.float64()),
        ("dec", pa.float64()),
        ("reason", pa.utf8()),
        ("detail", pa.utf8()),
    ]
)


def refuse(connection: duckdb.DuckDBPyConnection, images: Iterable[Refused]) -> None:
    """Add images to the temporary table `refused`."""
    rows = [{name: getattr(image, name) for name in SCHEMA.names} for image in images]
    given = pa.Table.from_pylist(rows, schema=SCHEMA)
    connection.register("given_refusals", given)
    connection.execute("INSERT INTO refused FROM given_refusals")
    connection.unregister("given_refusals")


def count_reasons(connection: duckdb.DuckDBPyConnection, table: str = "refused") -> Mapping[str, int]:
    """Number of images by reason."""
    query = f"SELECT reason, count(*) FROM {table} GROUP BY ALL ORDER BY ALL"
    return dict(connection.execute(query).fetchall())


def first_refusals(connection: duckdb.DuckDBPyConnection, most: int = 3) -> str:
    """Some of the refusals in words."""
    query = f"SELECT coalesce(source, id, ''), reason, detail FROM refused LIMIT {most}"
    found = connection.execute(query).fetchall()
    return "; ".join(f"{source} ({reason}{': ' * bool(detail)}{detail or ''})" for source, reason, detail in found)


@contextmanager
def refusals_kept(writer: TableWriter, final: Path) -> Iterator[Mapping[str, int]]:
    """Write what was refused, now and before, to a file; it takes its place once the body has published the table.

    Earlier refusals of a place are void when it was looked at again.

    Yields:
        Number of images in the file by reason.
    """
    connection = writer.connection
    with rejects_beside(writer, final) as waiting:
        earlier = f"read_parquet({quote_text(str(final))})" if final.exists() else "refused"
        connection.execute(fill_sql("skyband.ingest.images", "rejects", earlier=earlier))
        counts = count_reasons(connection, "all_refused")
        if counts:
            connection.execute(f"COPY all_refused TO {quote_text(str(waiting))} (FORMAT parquet)")
        else:
            waiting.touch()
        yield counts
