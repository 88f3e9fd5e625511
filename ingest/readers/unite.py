"""One set of columns for the files of one table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial, reduce
from pathlib import Path

import duckdb
import pyarrow as pa

from skyband.ingest.readers.source import BatchScan, Refused, Scan, Source, common_path
from skyband.schema.columns import Column, find_column
from skyband.schema.errors import BadTable
from skyband.schema.names import quote

_INTEGERS = {
    "TINYINT": (True, 8),
    "SMALLINT": (True, 16),
    "INTEGER": (True, 32),
    "BIGINT": (True, 64),
    "UTINYINT": (False, 8),
    "USMALLINT": (False, 16),
    "UINTEGER": (False, 32),
    "UBIGINT": (False, 64),
}
_TYPES = {key: name for name, key in _INTEGERS.items()}
_ARRAY = re.compile(r"(.+)\[(\d*)\]")
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class UnionScan:
    """Several scans, one after another, their columns rearranged and cast."""

    scans: tuple[tuple[Scan, tuple[str, ...]], ...]  # each with its own names for `columns`
    columns: tuple[Column, ...]

    @contextmanager
    def relation(self, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        """A UNION ALL over those of the scans."""
        with ExitStack() as stack:
            relations = [(stack.enter_context(scan.relation(connection)), names) for scan, names in self.scans]
            yield f"({' UNION ALL '.join(f'SELECT {self._items(names)} FROM {sql}' for sql, names in relations)})"

    def rejects(self, connection: duckdb.DuckDBPyConnection) -> str | None:
        """Those of all scans."""
        found = [f"FROM {rejects}" for scan, _ in self.scans if (rejects := scan.rejects(connection)) is not None]
        return f"({' UNION ALL BY NAME '.join(found)})" if found else None

    def read_as(self, types: Mapping[str, str]) -> UnionScan:
        """The scans, each with these types."""
        return self._of(
            scan.read_as({own: types[c.name] for own, c in zip(names, self.columns, strict=True) if c.name in types})
            for scan, names in self.scans
        )

    def settled(self, connection: duckdb.DuckDBPyConnection, id: str) -> UnionScan:
        """The scans settled, each by itself."""
        ids = [dict(zip((c.name for c in self.columns), names, strict=True)).get(id, "") for _, names in self.scans]
        return self._of(scan.settled(connection, own) for (scan, _), own in zip(self.scans, ids, strict=True))

    def _of(self, scans: Iterable[Scan]) -> UnionScan:
        """The union of scans that took the place of those here; what has no type in common becomes text."""
        pairs = tuple((scan, names) for scan, (_, names) in zip(scans, self.scans, strict=True))
        columns = list(self.columns)
        for place, column in enumerate(columns):
            types = {c.type for scan, names in pairs for c in scan.columns if c.name == names[place]}
            columns[place] = replace(column, type=reduce(lambda one, two: wider(one, two) or "VARCHAR", sorted(types)))
        return UnionScan(pairs, tuple(columns))

    def _items(self, names: tuple[str, ...]) -> str:
        pairs = zip(names, self.columns, strict=True)
        return ", ".join(f"CAST({quote(name)} AS {column.type}) AS {quote(column.name)}" for name, column in pairs)


def unite(sources: Sequence[Source]) -> Source:
    """One source of the rows of all, with the columns of the first in its order and spelling.

    Types are widened so that they hold the values of all.

    Raises:
        BadTable: a column that one has and another has not, or that is of another kind or unit there; positions in
            different frames or at different epochs.
    """
    first, *others = sources
    if not others:
        return first
    columns = {column.name.lower(): column for column in first.columns}
    for other in others:
        _check_names(first, other)
        _check_axes(first, other)
        for twin in other.columns:
            key = twin.name.lower()
            columns[key] = _united(columns[key], first.path, twin, other.path)
    united = tuple(columns.values())
    rows = [source.rows for source in sources if source.rows is not None]
    return replace(
        first,
        path=common_path([source.path for source in sources]),
        columns=united,
        rows=sum(rows) if len(rows) == len(sources) else None,
        notes=tuple(dict.fromkeys(note for source in sources for note in source.notes)),
        scan=_scan(sources, united),
    )


def _scan(sources: Sequence[Source], columns: tuple[Column, ...]) -> Scan:
    """The scans as one: those made in Python chained, so that a thousand files are one part of the query."""
    in_sql: list[tuple[Scan, tuple[str, ...]]] = []
    in_python: list[tuple[BatchScan, tuple[str, ...]]] = []
    for source in sources:
        own = {column.name.lower(): column.name for column in source.columns}
        names = tuple(own[column.name.lower()] for column in columns)
        if isinstance(source.scan, BatchScan):
            in_python.append((source.scan, names))
        else:
            in_sql.append((source.scan, names))
    if not in_python:
        return UnionScan(tuple(in_sql), columns)
    refused: list[Refused] = []
    chained = BatchScan(columns, partial(_chained, in_python, refused), refused)
    return UnionScan((*in_sql, (chained, tuple(column.name for column in columns))), columns) if in_sql else chained


def _chained(
    scans: list[tuple[BatchScan, tuple[str, ...]]], refused: list[Refused], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    for scan, names in scans:
        scan.refused.clear()
        for batch in scan.batches(scan.schema):
            arrays = [batch.column(name).cast(field.type) for name, field in zip(names, schema, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        refused += scan.refused


def wider(one: str, two: str) -> str | None:
    """The DuckDB type that holds the values of both without loss, DOUBLE for numbers of all kinds; None without any."""
    if one == two:
        return one
    pair = {one, two}
    if pair <= _INTEGERS.keys():
        (signed, bits), (other_signed, other_bits) = _INTEGERS[one], _INTEGERS[two]
        if signed == other_signed:
            return _TYPES[signed, max(bits, other_bits)]
        unsigned_bits = other_bits if signed else bits
        return _TYPES.get((True, max(bits, other_bits, 2 * unsigned_bits)))
    if pair <= {*_INTEGERS, "FLOAT", "DOUBLE"}:
        return "DOUBLE"
    if pair == {"DATE", "TIMESTAMP"}:
        return "TIMESTAMP"
    arrays = [_ARRAY.fullmatch(type) for type in (one, two)]
    if all(arrays):
        (item, size), (other_item, other_size) = (match.groups() for match in arrays if match)
        joint = wider(item, other_item)
        return joint and f"{joint}[{size if size == other_size else ''}]"
    return None


def _check_names(first: Source, other: Source) -> None:
    missing = [column.name for column in first.columns if find_column(other.columns, column.name) is None]
    extra = [column.name for column in other.columns if find_column(first.columns, column.name) is None]
    if missing or extra:
        faults = [f"lacks {_shown(missing)}" if missing else "", f"has {_shown(extra)} more" if extra else ""]
        raise BadTable(
            f"{other.path} has not the columns of {first.path}: it {' and '.join(filter(None, faults))}; "
            "files of one table need the same columns"
        )


def _check_axes(first: Source, other: Source) -> None:
    one, two = (_axes(source) for source in (first, other))
    if one != two:
        raise BadTable(
            f"positions are {one} in {first.path} and {two} in {other.path}; "
            "make two tables of them, and cross-match these"
        )


def _axes(source: Source) -> str:
    epoch = "no epoch" if source.epoch is None else f"epoch {source.epoch:g}"
    return f"{' '.join(filter(None, (source.frame, source.equinox)))}, {epoch}"


def _united(column: Column, path: Path, twin: Column, other_path: Path) -> Column:
    type = wider(column.type, twin.type)
    if type is None:
        raise BadTable(
            f"column {column.name!r} is {column.type} in {path} and {twin.type} in {other_path}; "
            "files of one table need the same kinds of columns"
        )
    if column.unit and twin.unit and column.unit != twin.unit:
        raise BadTable(
            f"column {column.name!r} is in {column.unit} in {path} and in {twin.unit} in {other_path}; "
            "convert one of them, or ingest them as two tables"
        )
    return replace(
        column,
        type=type,
        unit=column.unit or twin.unit,
        ucd=column.ucd or twin.ucd,
        utype=column.utype or twin.utype,
        xtype=column.xtype or twin.xtype,
        description=column.description or twin.description,
    )


def _shown(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
