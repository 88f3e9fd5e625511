"""The formats skyband writes: names, MIME types, suffixes, and the one door to their encoders."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from skyband.schema.errors import BadOption

if TYPE_CHECKING:
    from skyband.queries.stream import ResultStream


@dataclass(frozen=True, slots=True)
class Format:
    """One file format."""

    name: str
    mime: str
    suffixes: tuple[str, ...]  # the first is the one to give a new file; () for a variant of another format
    description: str
    encoder: str  # "module.function" of this package
    gzip: bool = False  # whether `.gz` may follow the suffix


@dataclass(frozen=True, slots=True)
class Info:
    """A remark on a result, an INFO element in VOTable: ("QUERY_STATUS", "OVERFLOW") for instance."""

    name: str
    value: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller may ask of every encoder; a format that has no place for a thing leaves it out."""

    # Remarks known before the first row.
    infos: tuple[Info, ...] = ()
    # Asked once, after the last row: whether the limit was reached is known only then.
    trailer: Callable[[], Iterable[Info]] = tuple
    # Members of a JSON document beside its own.
    members: Mapping[str, object] = field(default_factory=dict)
    # Folder for the temporary file of formats that need two passes (FITS); None for the system's.
    spool_folder: Path | None = None


Encoder = Callable[["ResultStream", Options], Iterator[bytes]]

FORMATS: Mapping[str, Format] = {
    form.name: form
    for form in (
        Format(
            "votable",
            "application/x-votable+xml;serialization=binary2",
            (".vot", ".votable", ".xml"),
            "VOTable 1.4, rows as BINARY2: exact, compact, NULL and NaN distinct",
            "votable.encode_binary2",
            gzip=True,
        ),
        Format(
            "votable-tabledata",
            "application/x-votable+xml;serialization=tabledata",
            (),
            "VOTable 1.4, rows as XML text",
            "votable.encode_tabledata",
            gzip=True,
        ),
        Format(
            "votable-binary",
            "application/x-votable+xml;serialization=binary",
            (),
            "VOTable 1.4, rows as BINARY, for readers older than VOTable 1.3",
            "votable.encode_binary",
            gzip=True,
        ),
        Format("fits", "application/fits", (".fits", ".fit"), "FITS binary table", "fits.encode", gzip=True),
        Format(
            "parquet",
            "application/vnd.apache.parquet",
            (".parquet",),
            "Apache Parquet with VOTable metadata (VOParquet 1.0)",
            "parquet.encode",
        ),
        Format(
            "csv",
            "text/csv;header=present",
            (".csv",),
            "comma-separated values; an empty field is NULL",
            "delimited.encode_csv",
            gzip=True,
        ),
        Format(
            "tsv",
            "text/tab-separated-values",
            (".tsv",),
            "tab-separated values; an empty field is NULL",
            "delimited.encode_tsv",
            gzip=True,
        ),
        Format("json", "application/json", (".json",), "one JSON document", "json_rows.encode", gzip=True),
        Format(
            "ndjson",
            "application/x-ndjson",
            (".ndjson", ".jsonl"),
            "one JSON object a line",
            "json_rows.encode_lines",
            gzip=True,
        ),
        Format(
            "arrow",
            "application/vnd.apache.arrow.stream",
            (".arrows",),
            "Arrow IPC stream, for programs that read while rows arrive",
            "arrow_ipc.encode_stream",
        ),
        Format(
            "arrow-file",
            "application/vnd.apache.arrow.file",
            (".arrow", ".feather"),
            "Arrow IPC file (Feather 2), what read_feather and read_ipc open",
            "arrow_ipc.encode_file",
        ),
    )
}
"""Every format by name. Arrow's own convention gives `.arrow` to files and `.arrows` to streams."""


def encode(
    stream: ResultStream,
    format: str,
    *,
    infos: Iterable[Info] = (),
    trailer: Callable[[], Iterable[Info]] | None = None,
    members: Mapping[str, object] | None = None,
    spool_folder: Path | None = None,
) -> Iterator[bytes]:
    """The bytes of a result in a format, as its batches arrive.

    The first batch is read before the first byte is given: a query that fails at once raises with nothing written.
    A query that fails later leaves a VOTable well-formed, with QUERY_STATUS ERROR at its end; in every format the error
    is raised after the last byte.

    Args:
        stream: The result; its batches are consumed.
        format: A name of `FORMATS`.
        infos: Remarks known beforehand.
        trailer: Asked after the last row for remarks known only then (overflow).
        members: Of a JSON document beside its own.
        spool_folder: Where formats that need two passes keep their temporary file.

    Raises:
        BadOption: no such format.
        BadTable: a column the format cannot hold (raised while bytes are taken).
        StorageError: the temporary file cannot be written (likewise).
    """
    if format not in FORMATS:
        raise BadOption(f"unknown format {format!r}: give one of {', '.join(FORMATS)}")
    module, function = FORMATS[format].encoder.split(".")
    options = Options(tuple(infos), trailer or tuple, members or {}, spool_folder)

    def chunks() -> Iterator[bytes]:
        from skyband.queries.formats.scalar_text import check_types

        check_types(stream.columns, stream.schema)
        first = list(itertools.islice(stream.batches, 1))
        encoder = cast(Encoder, getattr(import_module(f"{__package__}.{module}"), function))
        yield from encoder(replace(stream, batches=itertools.chain(first, stream.batches)), options)

    return chunks()


def format_of_path(path: str | Path) -> str:
    """The format a file's suffix stands for (case-insensitive; `.gz` may follow those that allow it).

    Raises:
        BadOption: no format has that suffix; the message lists the suffixes there are.
    """
    name = Path(path).name.lower()
    stem = name.removesuffix(".gz")
    for form in FORMATS.values():
        if stem.endswith(form.suffixes) and (form.gzip or stem == name):
            return form.name
    known = ", ".join(suffix + ("[.gz]" if form.gzip else "") for form in FORMATS.values() for suffix in form.suffixes)
    raise BadOption(
        f"cannot tell the format of {str(path)!r} from its name: end it in one of {known}, or name a format"
    )
