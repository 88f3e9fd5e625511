"""The table of a collection: what its columns are, its rows as they are, and the next version of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from skyband.ingest.images.examine import Found, Known
from skyband.queries.images.collections import is_collection
from skyband.schema.columns import HEALPIX_COLUMN, Column, TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.healpix import with_key
from skyband.schema.keys import data_of
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql

if TYPE_CHECKING:
    import duckdb

_PACKAGE = "skyband.ingest.images"

COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        Column("id", "VARCHAR", ucd="meta.id;meta.main", description="Image: by table, or name of the file", role="id"),
        Column("ra", "DOUBLE", "deg", "pos.eq.ra;meta.main", description="Right ascension of the centre", role="ra"),
        Column("dec", "DOUBLE", "deg", "pos.eq.dec;meta.main", description="Declination of the centre", role="dec"),
        Column("source", "VARCHAR", ucd="meta.ref", description="Path, URL or S3 URL of the file"),
        Column("checksum", "VARCHAR", description="SHA-256 of the file, hexadecimal"),
        Column("format", "VARCHAR", ucd="meta.code", description="jpeg, png, webp or fits"),
        Column("width", "INTEGER", "pixel", "meta.number", description="Width of the image"),
        Column("height", "INTEGER", "pixel", "meta.number", description="Height of the image"),
        Column("pixel_scale", "DOUBLE", "arcsec", "instr.pixel", description="Side of a pixel"),
        Column(
            "added", "TIMESTAMP", ucd="time.creation", xtype="timestamp", description="When the image was added, UTC"
        ),
    )
}

STAGED = pa.schema(
    [
        ("place", pa.int64()),
        ("id", pa.utf8()),
        ("ra", pa.float64()),
        ("dec", pa.float64()),
        ("source", pa.utf8()),
        ("checksum", pa.utf8()),
        ("format", pa.utf8()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("pixel_scale", pa.float64()),
        ("jpeg", pa.binary()),
        ("was_there", pa.bool_()),
        ("was_same", pa.bool_()),
    ]
)


def check_collection(name: str, table: TableInfo | None) -> None:
    """Refuse to add images to a table of another kind.

    Raises:
        BadTable: it is one.
    """
    if table is not None and not is_collection(table):
        raise BadTable(f"table {name!r} is no collection of images; choose another name for --collection")


def known_rows(connection: duckdb.DuckDBPyConnection, table: TableInfo | None) -> dict[str, Known]:
    """The rows of a collection by id."""
    if table is None:
        return {}
    query = f"SELECT id, checksum, source, ra, dec, pixel_scale FROM {data_of(table)}"
    return {row[0]: Known(*row[1:]) for row in connection.execute(query).fetchall()}


def create_staging(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary tables `staged` (good images) and `refused`, which may spill to disk."""
    connection.execute(fill_sql(_PACKAGE, "staging"))


def stage(connection: duckdb.DuckDBPyConnection, first_place: int, images: Iterable[Found]) -> None:
    """Add good images to `staged`."""
    rows = [
        {
            "place": first_place + number,
            "was_there": image.before is not None,
            "was_same": image.before is not None and image.before.checksum == image.checksum,
        }
        | {name: getattr(image, name) for name in STAGED.names if hasattr(image, name)}
        for number, image in enumerate(images)
    ]
    given = pa.Table.from_pylist(rows, schema=STAGED)
    connection.register("given_images", given)
    connection.execute("INSERT INTO staged FROM given_images")
    connection.unregister("given_images")


def match_positions(connection: duckdb.DuckDBPyConnection, table: TableInfo, radius_arcsec: float | None) -> None:
    """Give images without a position that of the row of a table whose id they have.

    Args:
        connection: of the writer.
        table: has positions.
        radius_arcsec: images whose own position is farther than this from that row go to `refused`; None: none do.

    Raises:
        BadTable: the table has no positions.
    """
    if table.role("ra") is None or table.role("id") is None:
        raise BadTable(f"--match {table.name}: the table has no positions or no ids; see skyband describe")
    radius = "NULL" if radius_arcsec is None else repr(radius_arcsec)
    connection.execute(
        fill_sql(_PACKAGE, "match", table=f"keys.{quote(table.name)}", named=table.name, radius_arcsec=radius)
    )


def build(connection: duckdb.DuckDBPyConnection, old: TableInfo | None) -> tuple[int, int]:
    """Create `new.main.data` from old rows and staged ones, in the order of the key, those without a position last.

    Returns:
        Rows with a position, and without.
    """
    names = [column.name for column in old.columns if column.name not in {*COLUMNS, HEALPIX_COLUMN}] if old else []
    others = "".join(f", o.{quote(name)}" for name in names)
    rows = fill_sql(_PACKAGE, "rows", old=_old_rows(old), others=others)
    [(placed, total)] = connection.execute(f"SELECT count(ra), count(*) FROM {rows}").fetchall()
    if placed:
        rows = with_key(rows, key=HEALPIX_COLUMN, ra="ra", dec="dec", placed="ra IS NOT NULL AND dec IS NOT NULL")
    order = f"{HEALPIX_COLUMN} NULLS LAST, id" if placed else "id"
    connection.execute(f"CREATE TABLE new.main.data AS FROM {rows} ORDER BY {order}")
    return placed, total - placed


def _old_rows(old: TableInfo | None) -> str:
    """SQL of the rows as they are, without the key."""
    if old is None:
        return "(SELECT NULL::VARCHAR AS id, NULL::TIMESTAMP AS added WHERE false)"
    key = f" EXCLUDE ({HEALPIX_COLUMN})" if old.column(HEALPIX_COLUMN) else ""
    return f"(SELECT *{key} FROM {data_of(old)})"


def columns_of(old: TableInfo | None, placed: int) -> Mapping[str, Column]:
    """What is said of the columns: those of others that the collection has got, too.

    Positions have their roles where some row has one.
    """
    others = {column.name: column for column in old.columns} if old else {}
    own = dict(COLUMNS)
    if not placed:
        own |= {name: replace(own[name], role="") for name in ("ra", "dec")}
    return others | own
