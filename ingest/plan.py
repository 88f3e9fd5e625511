"""Everything that is decided before a row is read: survey, roles, layout, epoch, and how old rows take up the new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyband.ingest.appending import NEW_ROW, Union, one_epoch, unite
from skyband.ingest.layout import ORIGINAL_ID, Layout, lay_out
from skyband.ingest.options import IngestOptions
from skyband.ingest.positions import Axes
from skyband.ingest.readers.source import Source
from skyband.schema.columns import Column, TableInfo, find_column
from skyband.schema.errors import BadOption
from skyband.schema.keys import catalog_of
from skyband.schema.names import quote
from skyband.schema.roles import ROW_ID
from skyband.schema.survey import Survey, load_survey, survey_names
from skyband.schema.units import is_vounit, to_vounit

if TYPE_CHECKING:
    import duckdb

_SAME = ("id", "ra", "dec")
"""Roles that are one column of a table, whatever the files call it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How the rows of a source come into a table."""

    layout: Layout
    survey: Survey | None
    epoch: float | None  # Julian year of all positions; None where a column has it, or nobody knows
    old: TableInfo | None = None  # the table that takes up the rows
    union: Union | None = None  # of its columns and those of the layout

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the table, without the key."""
        return self.union.columns if self.union else self.layout.columns

    @property
    def passing(self) -> tuple[str, ...]:
        """Columns the table has only while it is built."""
        return (ORIGINAL_ID,) * bool(self.layout.id.original) + (NEW_ROW,) * bool(self.old)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know."""
        undated = self.epoch is None and all(column.role != "epoch" for column in self.columns)
        if undated and self.layout.placement:
            return (*self.layout.notes, "the epoch of the positions is not known; give it with --epoch")
        return self.layout.notes

    def select(self, rows: str) -> str:
        """SQL of all rows of the table to be, from `rows` of the source."""
        new_rows = self.layout.select(rows)
        if self.old is None or self.union is None:
            return new_rows
        original = [quote(ORIGINAL_ID)] * bool(self.layout.id.original)
        return self.union.select(rows_of(self.old), new_rows, original)


def make_plan(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    options: IngestOptions,
    *,
    store: Path,
    old: TableInfo | None,
) -> Plan:
    """The plan for a source.

    Args:
        connection: of the writer; asked about the table, and about the source where an id is an unsigned integer.
        source: the files.
        options: what the user said.
        store: folder of the store, which may have survey definitions of its own.
        old: the table that takes up the rows; None to make one of them.

    Raises:
        BadOption, BadTable, BadFile: survey, id, position or epoch are wrong or unclear, or do not fit the table.
    """
    survey = _survey(store, options, old)
    source = _with_units(source, options.roles)

    def largest(column: str) -> int:
        with source.relation(connection) as rows:
            return int(value(connection, f"SELECT coalesce(max({quote(column)}), 0) FROM {rows}"))

    layout = lay_out(
        source,
        _given(options, source, old),
        survey=survey,
        axes=Axes.parse(options.frame) if options.frame else None,
        names={role: column.name for role in _SAME if (column := old.role(role))} if old else {},
        first_row=_next_row(connection, old) if old and options.id == ROW_ID else 1,
        largest=largest,
    )
    if isinstance(options.epoch, int | float):
        layout = layout.without_epoch_column()
    epoch = _epoch(source, options, survey, layout)
    if old is None:
        return Plan(layout, survey, epoch)
    return Plan(layout, survey, one_epoch(old, epoch, layout.columns), old, unite(old, layout.columns))


def rows_of(table: TableInfo) -> str:
    """The rows of a table of the store, to stand after FROM."""
    return f"{quote(catalog_of(table.name))}.main.data"


def value(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    """The one value a query gives."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def _survey(store: Path, options: IngestOptions, old: TableInfo | None) -> Survey | None:
    """The definition that goes for the rows: the one named, else the one the table was made with."""
    name = options.survey
    if name is None and old and old.survey in survey_names(store):
        name = old.survey
    survey = load_survey(name, store) if name else None
    if options.positions and (old is None or old.role("ra")):
        return survey
    # A survey whose columns are no positions is how a table without them is asked for.
    survey = survey or Survey(name="", title="", columns=())
    without = tuple(replace(column, role="") if column.role in ("ra", "dec") else column for column in survey.columns)
    return replace(survey, columns=without)


def _given(options: IngestOptions, source: Source, old: TableInfo | None) -> Mapping[str, str]:
    """Role -> column as the user gave it; else the table's own id and position where the files have them."""
    epoch = options.epoch if isinstance(options.epoch, str) else None
    chosen = {"id": options.id, "ra": options.ra, "dec": options.dec, "epoch": epoch}
    given = {role: name for role, name in chosen.items() if name}
    for role, text in options.roles.items():
        if role in chosen:
            raise BadOption(f"--role {role}={text}: give --{role} {text} instead")
        given[role] = text.partition(":")[0]
    for roles in (("id",), ("ra", "dec")):
        columns = [old.role(role) if old else None for role in roles]
        there = [column.name for column in columns if column and find_column(source.columns, column.name)]
        if len(there) == len(roles) and given.keys().isdisjoint(roles):
            given |= zip(roles, there, strict=True)
    return given


def _with_units(source: Source, roles: Mapping[str, str]) -> Source:
    """The source with the units the user gave for columns, in place of what the file says."""
    units = {}
    for role, text in roles.items():
        name, _, unit = text.partition(":")
        column = find_column(source.columns, name)
        if unit and not is_vounit(to_vounit(unit)):
            raise BadOption(f"--role {role}={text}: {unit!r} is no unit")
        if unit and column is not None:
            units[column.name] = to_vounit(unit)
    if not units:
        return source
    return replace(source, columns=tuple(replace(c, unit=units.get(c.name, c.unit)) for c in source.columns))


def _next_row(connection: duckdb.DuckDBPyConnection, old: TableInfo) -> int:
    """The number of the first row to be added to a table whose rows are numbered."""
    column = old.role("id")
    if column is None or column.type != "BIGINT":
        raise BadOption(f"table {old.name!r} has ids that are no numbers; name the column of the new ones with --id")
    return int(value(connection, f"SELECT coalesce(max({quote(column.name)}), 0) + 1 FROM {rows_of(old)}"))


def _epoch(source: Source, options: IngestOptions, survey: Survey | None, layout: Layout) -> float | None:
    if isinstance(options.epoch, int | float):
        return float(options.epoch)
    if layout.placement is None or any(column.role == "epoch" for column in layout.columns):
        return None
    return survey.epoch if survey and survey.epoch is not None else source.epoch
