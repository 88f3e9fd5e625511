"""Rows that cannot stay: out of the table being built, into a Parquet file, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from skyband.ingest.appending import NEW_ROW
from skyband.ingest.cleaning import Item
from skyband.ingest.layout import ORIGINAL_ID, Layout, free_name
from skyband.schema.columns import HEALPIX_COLUMN
from skyband.schema.names import quote, quote_text
from skyband.schema.sql import fill_sql

if TYPE_CHECKING:
    import duckdb

MISSING_ID = "missing id"
DUPLICATE_ID = "duplicate id"
MISSING_POSITION = "missing position"
UNREADABLE_POSITION = "unreadable position"
IMPOSSIBLE_POSITION = "impossible position"
UNREADABLE_VALUE = "unreadable value"  # followed by ": " and the column
UNREADABLE_LINE = "unreadable line"

_NOTHING_UNREAD = "(SELECT '' AS file, 0 AS line, '' AS \"column\", '' AS text WHERE false)"


def find_rejects(
    connection: duckdb.DuckDBPyConnection, layout: Layout, unread: str | None, *, beside_old: bool
) -> Mapping[str, int]:
    """Find what cannot stay: rows of `new.main.data` (temporary table `turned_away`) and lines nobody could read.

    Of rows with the same id stays the one with the lowest `healpix_29`, and among those the one that sorts first by
    all columns: which it is does not depend on the order in which threads read. Rows the table had before stay.

    Args:
        connection: of the writer.
        layout: of the table.
        unread: SQL of lines the reader left out (`Source.rejects`), put into the temporary table `unread`.
        beside_old: whether the table has rows from before, marked in `@new`.

    Returns:
        Number of rows by reason.
    """
    name = quote(layout.id.column.name)
    preference = [quote(NEW_ROW)] * beside_old + [HEALPIX_COLUMN] * (layout.placement is not None)
    connection.execute(
        fill_sql(
            "skyband.ingest",
            "rejected",
            id=name,
            alike=name if layout.id.column.type == "BIGINT" else f"hash({name})",
            cannot_stay=f"{HEALPIX_COLUMN if layout.placement else name} IS NULL",
            reason=_reason(layout),
            first=", ".join([*preference, *(quote(column.name) for column in layout.columns)]),
            unread=unread or _NOTHING_UNREAD,
            unreadable=f"coalesce('{UNREADABLE_VALUE}: ' || \"column\", '{UNREADABLE_LINE}')",
        )
    )
    both = '(SELECT "@reason" FROM turned_away UNION ALL SELECT "@reason" FROM unread)'
    return dict(connection.execute(f"SELECT *, count(*) FROM {both} GROUP BY ALL ORDER BY ALL").fetchall())


def write_rejects(connection: duckdb.DuckDBPyConnection, layout: Layout, path: Path, earlier: Path | None) -> None:
    """Write what `find_rejects` found to a Parquet file.

    It has the columns of the files, `reason`, and `file`, `line` and `text` of lines that could not be read.

    Args:
        connection, layout: as for `find_rejects`.
        path: the file to write.
        earlier: a file of the same kind whose rows are taken over, None for none.
    """
    names = [item.column.name for item in layout.items]
    reason = quote(free_name("reason", names))
    more = []
    if connection.execute("SELECT count(*) FROM unread").fetchone() != (0,):
        where_read = ", ".join(f"{name} AS {quote(free_name(name, names))}" for name in ("file", "line", "text"))
        more.append(f'SELECT "@reason" AS {reason}, {where_read} FROM unread')
    if earlier:
        more.append(f"FROM read_parquet({quote_text(str(earlier))})")
    rows = fill_sql(
        "skyband.ingest",
        "rejected_rows",
        columns=", ".join(_as_in_file(item) for item in layout.items),
        reason=reason,
        id=quote(layout.id.column.name),
        more="".join(f"UNION ALL BY NAME {rows}\n" for rows in more),
    )
    connection.execute(f"COPY ({rows}) TO {quote_text(str(path))} (FORMAT parquet)")


def remove_rejects(connection: duckdb.DuckDBPyConnection) -> None:
    """Take the rows that `find_rejects` found out of `new.main.data`.

    Those that stay are numbered anew where others stood between them: a cross-match counts on `rowid` without gaps.
    """
    connection.execute('DELETE FROM new.main.data WHERE rowid IN (SELECT "@row" FROM turned_away)')
    if connection.execute("SELECT max(rowid) >= count(*) FROM new.main.data").fetchone() == (True,):
        _pack(connection)


def _pack(connection: duckdb.DuckDBPyConnection) -> None:
    """Put `new.main.data` into a new file in the place of the old, row after row."""
    [(path,)] = connection.execute("SELECT path FROM duckdb_databases() WHERE database_name = 'new'").fetchall()
    packed = Path(f"{path}.packed")
    connection.execute(f"ATTACH {quote_text(str(packed))} AS packed; SET preserve_insertion_order = true")
    connection.execute("CREATE TABLE packed.main.data AS FROM new.main.data")
    connection.execute("SET preserve_insertion_order = false; DETACH packed; DETACH new")
    packed.replace(path)
    connection.execute(f"ATTACH {quote_text(path)} AS new")


def _as_in_file(item: Item) -> str:
    name = quote(item.column.name)
    return f"{quote(ORIGINAL_ID)} AS {name}" if item.original else name


def _reason(layout: Layout) -> str:
    """SQL of why a row has no place in the table."""
    name = quote(layout.id.column.name)
    cases = [(f"{name} IS NULL", MISSING_ID)]
    if layout.id.original:
        unreadable = f"{UNREADABLE_VALUE}: {layout.id.column.name}"
        cases.insert(0, (f"{name} IS NULL AND {quote(ORIGINAL_ID)} IS NOT NULL", unreadable))
    if layout.placement:
        cases.append((f"NOT ({layout.placement.given})", MISSING_POSITION))
        cases.append((f"NOT ({layout.placement.readable})", UNREADABLE_POSITION))
    whens = " ".join(f"WHEN {test} THEN {quote_text(reason)}" for test, reason in cases)
    return f"CASE {whens} ELSE {quote_text(IMPOSSIBLE_POSITION)} END"
