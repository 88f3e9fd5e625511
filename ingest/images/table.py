"""The table of a collection: what its columns are, its rows as they are, and the next version of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from skyband.ingest.images.candidates import Candidate, Known, Refused
from skyband.ingest.images.examine import Found
from skyband.queries.images.collections import KIND, is_collection
from skyband.schema.columns import HEALPIX_COLUMN, Column, TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.healpix import with_key
from skyband.schema.keys import data_of
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql

if TYPE_CHECKING:
    import duckdb

    from skyband.schema.writer import TableWriter

_PACKAGE = "skyband.ingest.images"
_LOOKED_UP = 5_000
"""Images whose rows are looked up at once, and held."""

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


def with_known(
    connection: duckdb.DuckDBPyConnection, table: TableInfo | None, images: Iterable[Candidate | Refused]
) -> Iterator[Candidate | Refused]:
    """Images with the rows that the collection has of their ids, looked up for many at once.

    Args:
        connection: of the writer.
        table: the collection as it is; None where there is none yet.
        images: in any order, which stays.
    """
    if table is None:
        yield from images
        return
    query = fill_sql(_PACKAGE, "known", table=data_of(table))
    waiting = iter(images)
    while some := list(islice(waiting, _LOOKED_UP)):
        ids = [one.id for one in some if isinstance(one, Candidate)]
        connection.register("given_ids", pa.table({"id": pa.array(ids, pa.utf8())}))
        known = {row[0]: Known(*row[1:]) for row in connection.execute(query).fetchall()}
        connection.unregister("given_ids")
        for one in some:
            yield replace(one, before=known.get(one.id)) if isinstance(one, Candidate) else one


def create_staging(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary tables `staged` (good images), `refused` and `removed` (ids), which may spill to disk."""
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


def match_positions(connection: duckdb.DuckDBPyConnection, table: TableInfo, radius_arcsec: float | None) -> int:
    """Give images without a position that of the row of a table whose id they have.

    Args:
        connection: of the writer.
        table: has positions.
        radius_arcsec: images whose own position is farther than this from that row go to `refused`; None: none do.

    Returns:
        How many images have the id of a row.

    Raises:
        BadTable: the table has no positions.
    """
    if table.role("ra") is None or table.role("id") is None:
        raise BadTable(f"--match {table.name}: the table has no positions or no ids; see skyband describe")
    radius = "NULL" if radius_arcsec is None else repr(radius_arcsec)
    connection.execute(
        fill_sql(_PACKAGE, "match", table=f"keys.{quote(table.name)}", named=table.name, radius_arcsec=radius)
    )
    [(matched,)] = connection.execute("SELECT count(*) FROM matched").fetchall()
    return int(matched)


def drop_unchanged(connection: duckdb.DuckDBPyConnection, old: TableInfo | None) -> int:
    """Take images out of `staged` that the collection has as they are, and count them."""
    if old is None:
        return 0
    return len(connection.execute(fill_sql(_PACKAGE, "unchanged", table=data_of(old))).fetchall())


def build(connection: duckdb.DuckDBPyConnection, old: TableInfo | None) -> int | None:
    """Create `new.main.data` from old rows that are not removed and staged ones, in the order of the key.

    Those without a position are last.

    Returns:
        How many rows have no position; None where none has one.
    """
    names = [column.name for column in old.columns if column.name not in {*COLUMNS, HEALPIX_COLUMN}] if old else []
    others = "".join(f", o.{quote(name)}" for name in names)
    rows = fill_sql(_PACKAGE, "rows", old=_old_rows(old), others=others)
    [(placed, total)] = connection.execute(f"SELECT count(ra), count(*) FROM {rows}").fetchall()
    if placed:
        rows = with_key(rows, key=HEALPIX_COLUMN, ra="ra", dec="dec", placed="ra IS NOT NULL AND dec IS NOT NULL")
    order = f"{HEALPIX_COLUMN} NULLS LAST, id" if placed else "id"
    connection.execute(f"CREATE TABLE new.main.data AS FROM {rows} ORDER BY {order}")
    return total - placed if placed else None


def publish(
    writer: TableWriter,
    unplaced: int | None,
    *,
    command: str,
    description: str,
    source: str,
    details: Mapping[str, Any],
) -> TableInfo:
    """Publish what `build` made as the next version of a collection.

    Args:
        writer: that built it.
        unplaced: what `build` gave.
        command: what was typed, kept as provenance.
        description: of the collection.
        source: what the images come from, in words.
        details: that are new.
    """
    old = writer.previous
    others = dict(old.details) if old else {}
    others.pop("without_position", None)
    if unplaced:
        others["without_position"] = unplaced
    return writer.publish(
        action="images",
        command=command,
        columns=_columns(old, has_positions=unplaced is not None),
        description=description,
        survey=old.survey if old else "",
        source=source,
        licence=old.licence if old else "",
        citation=old.citation if old else "",
        epoch=old.epoch if old else None,
        details=others | {"kind": KIND} | dict(details),
    )


def _old_rows(old: TableInfo | None) -> str:
    """SQL of the rows as they are, without the key."""
    if old is None:
        return "(SELECT NULL::VARCHAR AS id, NULL::TIMESTAMP AS added WHERE false)"
    key = f" EXCLUDE ({HEALPIX_COLUMN})" if old.column(HEALPIX_COLUMN) else ""
    return f"(SELECT *{key} FROM {data_of(old)})"


def _columns(old: TableInfo | None, *, has_positions: bool) -> Mapping[str, Column]:
    """What is said of the columns: those of others that the collection has got, too.

    Positions have their roles where some row has one.
    """
    others = {column.name: column for column in old.columns} if old else {}
    own = dict(COLUMNS)
    if not has_positions:
        own |= {name: replace(own[name], role="") for name in ("ra", "dec")}
    return others | own
