"""Old rows and new rows in one table: columns united by name, no value lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from skyband.ingest.readers.source import Source
from skyband.ingest.readers.unite import wider
from skyband.schema.columns import HEALPIX_COLUMN, Column, TableInfo, find_column
from skyband.schema.errors import BadTable
from skyband.schema.names import quote, quote_text
from skyband.schema.units import to_vounit

NEW_ROW = "@new"
"""Column of a table being built: whether the row is one of those added."""

LOST = "cannot become"
"""Stands in the message of the database's error about a value the table's column cannot hold."""


@dataclass(frozen=True, slots=True)
class Union:
    """The columns of a table that takes up more rows, and what each is in the old rows and in the new."""

    columns: tuple[Column, ...]
    old: tuple[str, ...]  # SQL over the old rows, one a column
    new: tuple[str, ...]  # SQL over the new rows, one a column

    def select(self, old_rows: str, new_rows: str, further: Sequence[str]) -> str:
        """SQL of all rows with the column `@new`.

        Args:
            old_rows, new_rows: relations to select from.
            further: columns (quoted) only the new rows have, to be carried along.
        """
        key = [HEALPIX_COLUMN] * any(column.role == "ra" for column in self.columns)
        nothing = [f"NULL AS {name}" for name in further]
        old = ", ".join([*self.old, *nothing, f"false AS {quote(NEW_ROW)}", *key])
        new = ", ".join([*self.new, *further, f"true AS {quote(NEW_ROW)}", *key])
        return f"(SELECT {old} FROM {old_rows} UNION ALL SELECT {new} FROM {new_rows})"


def unite(table: TableInfo, new: Sequence[Column]) -> Union:
    """The union of a table's columns and those of more rows; columns in one of them only are NULL in the other.

    Where types differ, the column takes the one wide enough for both, or else its own; values are checked on the way.

    Raises:
        BadTable: columns of one name have different units, or the rows have positions on one side only.
    """
    _check_positions(table, new)
    old = [column for column in table.columns if column.name != HEALPIX_COLUMN]
    united = list(_united(table, old, new))
    return Union(
        tuple(united),
        tuple(_as(column, find_column(old, column.name)) for column in united),
        tuple(_as(column, find_column(new, column.name)) for column in united),
    )


def read_like(table: TableInfo, source: Source) -> Source:
    """The source with columns read as what they are in the table, where its own types are guesses and do not fit."""
    types = {}
    for column in source.columns:
        old = find_column(table.columns, column.name)
        if old and (old.type == "VARCHAR" or wider(old.type, column.type) is None):
            # A table may have shorter integers than those to be added.
            is_integer = wider(old.type, "BIGINT") == "BIGINT"
            types[column.name] = "BIGINT" if is_integer else old.type
    return source.read_as(types)


def one_epoch(table: TableInfo, epoch: float | None, columns: Sequence[Column]) -> float | None:
    """The epoch of the united table; rows to be added whose epoch nobody knows are taken to have the table's.

    Args:
        table: the table as it is.
        epoch: of the rows to be added, Julian year, where it is one for all.
        columns: of the rows to be added.

    Raises:
        BadTable: epochs differ, or only one side has an epoch a row.
    """
    own_column = any(column.role == "epoch" for column in columns)
    if table.epoch == epoch or (epoch is None and not own_column):
        return table.epoch
    raise BadTable(
        f"positions in table {table.name!r} are of {_epoch_words(table.epoch, table.role('epoch') is not None)}, those "
        f"to be added of {_epoch_words(epoch, own_column)}: make another table of them and cross-match the two"
    )


def _epoch_words(epoch: float | None, column: bool) -> str:
    if column:
        return "an epoch each"
    return "no known epoch" if epoch is None else f"epoch {epoch:g}"


def _check_positions(table: TableInfo, new: Sequence[Column]) -> None:
    here, there = table.role("ra") is not None, any(column.role == "ra" for column in new)
    if here != there:
        raise BadTable(
            f"table {table.name!r} has {'positions' if here else 'no positions'}, and the rows to be added have "
            f"{'none' if here else 'some'}"
        )


def _united(table: TableInfo, old: Sequence[Column], new: Sequence[Column]) -> Iterator[Column]:
    for column in old:
        other = find_column(new, column.name)
        yield column if other is None else _one_column(table, column, other)
    for column in new:
        if find_column(old, column.name) is None:
            yield replace(column, role="") if table.role(column.role) else column


def _one_column(table: TableInfo, old: Column, new: Column) -> Column:
    if old.unit and new.unit and to_vounit(old.unit) != to_vounit(new.unit):
        raise BadTable(
            f"column {old.name!r} is in {old.unit} in table {table.name!r}, and in {new.unit} in the rows to be added; "
            "convert them first"
        )
    return replace(
        old,
        type=wider(old.type, new.type) or old.type,
        unit=old.unit or new.unit,
        ucd=old.ucd or new.ucd,
        description=old.description or new.description,
    )


def _as(target: Column, column: Column | None) -> str:
    """SQL of a column in the type of the united one; values that do not survive that are the database's error."""
    name = quote(target.name)
    if column is None:
        return f"NULL::{target.type} AS {name}"
    value = quote(column.name)
    if column.type == target.type:
        return f"{value} AS {name}"
    became = f"TRY_CAST({value} AS {target.type})"
    fault = f"'column ' || {quote_text(target.name)} || ': ' || {value}::VARCHAR || ' {LOST} {target.type}'"
    same = f"TRY_CAST({became} AS {column.type}) IS NOT DISTINCT FROM {value}"
    return f"CASE WHEN {same} THEN {became} ELSE error({fault}) END AS {name}"
