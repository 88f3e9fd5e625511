"""Parquet: DuckDB reads the rows; units, UCDs and descriptions come from the key-value metadata of the footers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from skyband.ingest.readers.astropy_meta import read_metadata
from skyband.ingest.readers.detect import reading
from skyband.ingest.readers.frames import Frame
from skyband.ingest.readers.source import Source, common_path, file_list, unique_names
from skyband.ingest.readers.votable_header import described
from skyband.schema.columns import Column
from skyband.schema.errors import BadFile
from skyband.schema.faults import first_line
from skyband.schema.names import quote

_VOTABLE = b"IVOA.VOTable-Parquet.content"
_YAML = b"table_meta_yaml"
_IN_FILE = re.compile(r"file ['\"](.+?)['\"]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParquetScan:
    """One read_parquet over files with the same columns."""

    files: tuple[Path, ...]
    columns: tuple[Column, ...]
    values: tuple[str, ...]  # SQL of each column

    @contextmanager
    def relation(self, connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        """A sub-query over all files; a page that cannot be read is a `BadFile`."""
        items = ", ".join(
            f"{value} AS {quote(column.name)}" for value, column in zip(self.values, self.columns, strict=True)
        )
        try:
            yield f"(SELECT {items} FROM {_read_parquet(self.files)})"
        except duckdb.Error as error:
            if (damaged := self._damaged(error)) is not None:
                raise BadFile(f"{damaged} is damaged: {first_line(error)}; fetch it again") from None
            raise

    def rejects(self, connection: duckdb.DuckDBPyConnection) -> None:
        """None: Parquet declares its types."""

    def read_as(self, types: Mapping[str, str]) -> ParquetScan:
        """Itself: Parquet declares its types."""
        return self

    def settled(self, connection: duckdb.DuckDBPyConnection, id: str) -> ParquetScan:
        """Itself: Parquet declares its types."""
        return self

    def _damaged(self, error: duckdb.Error) -> Path | None:
        """The file at fault, None where the error has another cause."""
        match = _IN_FILE.search(str(error))
        if match is not None and Path(match[1]) in self.files:
            return Path(match[1])
        # Some damage comes as an error that names no file; then each is read once more to see.
        if type(error) in {duckdb.Error, duckdb.InternalException, duckdb.FatalException}:
            return next((path for path in self.files if not _is_readable(path)), None)
        return None


def open_parquet(paths: Sequence[Path]) -> list[Source]:
    """The sources of Parquet files, one for all files with the same columns and metadata.

    Metadata are read as VOParquet 1.0 and as astropy write them; astropy's columns of masks become NULLs.

    Raises:
        BadFile: truncated, or no Parquet at all.
    """
    alike: dict[_Footer, list[Path]] = defaultdict(list)
    rows: dict[Path, int] = {}
    for path in paths:
        footer, rows[path] = _read_footer(path)
        alike[footer].append(path)
    return [_source(tuple(files), footer, rows=sum(rows[path] for path in files)) for footer, files in alike.items()]


class _Footer(NamedTuple):
    """What files that are read together have in common."""

    schema: str
    names: tuple[str, ...]  # none where Arrow does not know a type
    votable: bytes
    yaml: bytes


def _read_footer(path: Path) -> tuple[_Footer, int]:
    """A footer and the number of rows."""
    try:
        with reading(path):
            footer = pq.read_metadata(path)
        kept = footer.metadata or {}
        # The text of a schema begins with the address of the object.
        schema = str(footer.schema).partition("\n")[2]
        names = tuple(footer.schema.to_arrow_schema().names)
    except pa.ArrowNotImplementedError:
        names = ()
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise BadFile(f"{path} is truncated or damaged ({first_line(error)}); fetch it again") from None
    return _Footer(schema, names, kept.get(_VOTABLE, b""), kept.get(_YAML, b"")), footer.num_rows


def _is_readable(path: Path) -> bool:
    with duckdb.connect() as connection:
        try:
            connection.execute(f"SELECT bit_xor(hash(COLUMNS(*))) FROM {_read_parquet((path,))}").fetchall()
        except duckdb.Error:
            return False
    return True


def _source(files: tuple[Path, ...], footer: _Footer, *, rows: int) -> Source:
    with duckdb.connect() as connection:
        try:
            found = connection.execute(f"DESCRIBE FROM {_read_parquet(files[:1])}").fetchall()
        except duckdb.Error as error:
            raise BadFile(f"{files[0]} cannot be read: {first_line(error)}") from None
    raw = [name for name, *_ in found]
    columns = [
        Column(name=name, type=type)
        for name, (_, type, *_) in zip(unique_names(list(footer.names) or raw), found, strict=True)
    ]
    values = [quote(name) for name in raw]
    source = Source(path=common_path(files), format="parquet", columns=(), rows=rows, scan=ParquetScan(files, (), ()))
    if footer.yaml:
        source, columns, values = _from_astropy(source, columns, values, footer.yaml)
    source = replace(source, columns=tuple(columns), scan=ParquetScan(files, tuple(columns), tuple(values)))
    return described(source, BytesIO(footer.votable)) if footer.votable else source


def _from_astropy(
    source: Source, columns: list[Column], values: list[str], yaml: bytes
) -> tuple[Source, list[Column], list[str]]:
    metadata = read_metadata(source.path, yaml.decode("utf-8", "replace").splitlines())
    stored = {one.name: one.column for one in metadata.columns}
    masks = dict(metadata.masks)
    value_of = dict(zip((column.name for column in columns), values, strict=True))
    kept = [column for column in columns if column.name not in masks.values()]
    values = [
        f"CASE WHEN {value_of[masks[column.name]]} THEN NULL ELSE {value_of[column.name]} END"
        if masks.get(column.name) in value_of
        else value_of[column.name]
        for column in kept
    ]
    names = unique_names([stored[column.name].name if column.name in stored else column.name for column in kept])
    columns = [
        replace(stored.get(column.name, column), name=name, type=column.type)
        for column, name in zip(kept, names, strict=True)
    ]
    frame = metadata.frame or Frame()
    source = replace(
        source,
        frame=frame.name,
        equinox=frame.equinox,
        epoch=frame.epoch,
        description=metadata.text("description", "DESCRIPTION", "comments"),
        licence=metadata.text("licence", "license"),
        citation=metadata.text("citation", "reference", "bibcode"),
    )
    return source, columns, values


def _read_parquet(files: Sequence[Path]) -> str:
    # The folders of HATS (Norder=1/Dir=0) would become columns.
    return f"read_parquet({file_list(files)}, hive_partitioning=false)"
