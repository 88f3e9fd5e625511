"""How a delimited file is written, from a sample of its bytes: separator, header, types."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skyband.ingest.readers.detect import is_gzip, open_bytes, reading
from skyband.ingest.readers.infer import NULLS, Guess, guess_type
from skyband.schema.errors import BadFile
from skyband.schema.role_names import ID_NAMES, plain_name

DELIMITERS = (",", "\t", ";", "|")
SAMPLE_BYTES = 4 << 20
_PIECE_BYTES = 65_536
_BLOCK_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"
NO_ENCODING = "is neither UTF-8 nor Latin-1; convert it with 'iconv -f WINDOWS-1252 -t UTF-8'"
_CONTROLS = re.compile(rb"[\x80-\x9f]")
_NEWLINE = re.compile(r"\r\n|\n|\r")
_DECIMAL = re.compile(r"\s*[+-]?\d*\.\d+(?:[eE][+-]?\d+)?\s*")
_DASHES = re.compile(r"-+")
_IDS = frozenset[str]().union(*ID_NAMES)

# The module's own limit, 128 KB a cell, would be an exception in the midst of a file.
csv.field_size_limit((1 << 31) - 1)


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything DuckDB must be told to read a file; files with the same layout are read together."""

    delimiter: str
    names: tuple[str, ...]  # as in the header
    skip: int  # lines before the first row
    quote: str = '"'  # "" where quotes are letters like others
    is_bare: bool = False  # whether DuckDB can only take the rows alone, with line ends of one kind
    encoding: str = "utf-8"  # or "latin-1"
    is_gzip: bool = False
    nulls: tuple[str, ...] = NULLS
    is_padded: bool = False  # whether text has blanks around it


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A layout, the lines that are no rows, and the types of the columns."""

    layout: Layout
    comments: tuple[str, ...] = ()  # lines before the header
    units: tuple[str, ...] = ()  # of the line VizieR puts below the header
    guesses: tuple[Guess, ...] = field(default=(), repr=False)
    rows: int | None = None  # 0 where the file has none


def sniff(path: Path, delimiter: str | None = None, sample_bytes: int = SAMPLE_BYTES) -> Sniffed:
    """Look at the beginning of a file and at pieces spread over all of it.

    A column that changes its kind after the first thousands of rows is seen so. A gzipped file is read through once:
    that also finds out whether it is whole, which nothing later would.

    Raises:
        BadFile: no header, no separator, damaged gzip.
    """
    head, pieces = _sample(path, sample_bytes)
    sample = b"".join((head, *pieces))
    encoding = _encoding(path, sample)
    lines = _NEWLINE.split(head.decode(encoding))
    top = _top(path, lines, delimiter)
    width = len(top.names)
    parts = (lines[top.skip :], *(_NEWLINE.split(piece.decode(encoding)) for piece in pieces))
    quote = _quote(parts, top.delimiter)
    rows = list(_rows(path, parts, top.delimiter, quote, width))
    columns: list[tuple[str, ...]] = list(zip(*rows, strict=True)) if rows else [()] * width
    guesses = tuple(
        guess_type(values, is_id=plain_name(name) in _IDS) for name, values in zip(top.names, columns, strict=True)
    )
    texts = (values for values, guess in zip(columns, guesses, strict=True) if guess.type == "VARCHAR")
    layout = Layout(
        top.delimiter,
        top.names,
        top.skip,
        quote,
        is_bare=not quotes_pair(lines[: top.skip], top.delimiter) or _has_several_line_ends(sample),
        encoding=encoding,
        is_gzip=is_gzip(path),
        nulls=_nulls(columns, guesses, top.widths),
        is_padded=any(value != value.strip(" ") for values in texts for value in set(values)),
    )
    return Sniffed(layout, tuple(lines[: top.header]), top.units, guesses, None if rows else 0)


def csv_reader(lines: Iterable[str], delimiter: str, quote: str) -> Any:
    """The reader of the module `csv` for lines written so."""
    return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE)


def quotes_pair(lines: Iterable[str], delimiter: str) -> bool:
    """Whether in each line every quote that begins a value is closed where the value ends."""
    try:
        for line in (line for line in lines if '"' in line):
            list(csv.reader([line], delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Top:
    """The lines above the rows."""

    delimiter: str
    names: tuple[str, ...]
    header: int  # number of the line of names, from 0
    skip: int
    units: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()  # of the columns, where a ruler shows them


def _top(path: Path, lines: list[str], delimiter: str | None) -> _Top:
    begin = next((place for place, line in enumerate(lines) if line.strip() and not line.startswith("#")), None)
    if begin is None:
        raise BadFile(f"{path} has no header line with column names")
    delimiter = _delimiter(path, lines[begin:], (delimiter,) if delimiter else DELIMITERS)
    names = _fields(lines[begin], delimiter)
    if len(lines) > begin + 2 and _is_ruler(lines[begin + 2], delimiter):
        units = tuple(_fields(lines[begin + 1], delimiter))
        widths = tuple(map(len, lines[begin + 2].split(delimiter)))
        return _Top(delimiter, tuple(names), begin, begin + 3, units, widths)
    if any(_DECIMAL.fullmatch(name) for name in names):
        return _Top(delimiter, _commented_names(path, lines[:begin], names, delimiter), begin, begin)
    return _Top(delimiter, tuple(names), begin, begin + 1)


def _sample(path: Path, sample_bytes: int) -> tuple[bytes, list[bytes]]:
    """The beginning of a file to the end of a line, and pieces from all over the rest."""
    limit = max(sample_bytes // 2, _PIECE_BYTES)
    count = max(sample_bytes // 2 // _PIECE_BYTES, 1)
    with reading(path), open_bytes(path) as stream:
        head = stream.read(limit)
        # A full head ends inside a line, perhaps inside a character.
        whole = head if len(head) < limit else head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1]
        pieces: list[bytes] = []
        if is_gzip(path):
            step = 1
            for number, block in enumerate(iter(lambda: stream.read(_BLOCK_BYTES), b"")):
                if number % step == 0:
                    pieces.append(block[:_PIECE_BYTES])
                if len(pieces) > count:
                    pieces, step = pieces[::2], 2 * step
        else:
            size = path.stat().st_size
            for number in range(count if size > limit else 0):
                stream.seek(limit + (size - limit) * number // count)
                pieces.append(stream.read(_PIECE_BYTES))
    return whole.removeprefix(_BOM), [piece[piece.find(b"\n") + 1 : piece.rfind(b"\n") + 1] for piece in pieces]


def _encoding(path: Path, sample: bytes) -> str:
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError:
        # Latin-1 has no letters there, and DuckDB refuses them.
        if _CONTROLS.search(sample):
            raise BadFile(f"{path} {NO_ENCODING}") from None
        return "latin-1"
    return "utf-8"


def _has_several_line_ends(sample: bytes) -> bool:
    both = sample.count(b"\r\n")
    return sum(count > 0 for count in (both, sample.count(b"\n") - both, sample.count(b"\r") - both)) > 1


def _quote(parts: Iterable[list[str]], delimiter: str) -> str:
    """The sign around values. TSV has none (IVOA), though many write it; one that does pairs it in each line."""
    lines = (line for lines in parts for line in lines if not line.startswith("#"))
    return "" if delimiter == "\t" and not quotes_pair(lines, delimiter) else '"'


def _delimiter(path: Path, lines: list[str], candidates: tuple[str, ...]) -> str:
    """The separator that cuts the header into most fields, and the first rows into as many."""
    best, most = "", 1
    for delimiter in candidates:
        width = len(_fields(lines[0], delimiter))
        below = [line for line in lines[1:21] if line.strip() and not line.startswith("#")]
        rows = [len(row) for row in csv.reader(below, delimiter=delimiter)]
        if width > most and (not rows or 2 * sum(count >= width for count in rows) >= len(rows)):
            best, most = delimiter, width
    if not best:
        raise BadFile(
            f"{path}: no separator (comma, tab, semicolon or '|') cuts its lines into columns; "
            f"its first line is {lines[0][:80]!r}"
        )
    return best


def _fields(line: str, delimiter: str) -> list[str]:
    fields = next(csv.reader([line], delimiter=delimiter), [])
    # A separator at the end of the line makes no column.
    return fields[:-1] if len(fields) > 1 and not fields[-1].strip() else fields


def _is_ruler(line: str, delimiter: str) -> bool:
    """Whether it is the line of dashes VizieR puts below the units (not a row of masked values, `--,--`)."""
    fields = line.split(delimiter)
    return all(_DASHES.fullmatch(item) for item in fields) and any(len(item) > 2 for item in fields)


def _commented_names(path: Path, comments: list[str], first: list[str], delimiter: str) -> tuple[str, ...]:
    """The names in the last comment line that has as many as the first row, where there is no other header."""
    for line in reversed(comments):
        names = [name.strip() for name in _fields(line.lstrip("# \t"), delimiter)]
        if len(names) == len(first) and not any(_DECIMAL.fullmatch(name) for name in names):
            return tuple(names)
    raise BadFile(f"{path} has no header line with column names; its first line is {delimiter.join(first)[:80]!r}")


def _rows(path: Path, parts: Iterable[list[str]], delimiter: str, quote: str, width: int) -> Iterator[list[str]]:
    seen = good = 0
    for lines in parts:
        reader = csv_reader((line for line in lines if not line.startswith("#")), delimiter, quote)
        with suppress(csv.Error):  # a quote without its partner, perhaps cut off
            for row in filter(None, reader):
                seen += 1
                if len(row) == width + 1 and not row[-1]:
                    row.pop()  # a separator at the end of the line
                if len(row) == width:
                    good += 1
                    yield row
    if seen and not good:
        raise BadFile(f"{path}: its header has {width} columns, and no line below has as many")


def _nulls(columns: list[tuple[str, ...]], guesses: tuple[Guess, ...], widths: tuple[int, ...]) -> tuple[str, ...]:
    """The spellings of NULL, with those padded with blanks, and NaN where a column of integers has it."""
    found = {value for values in columns for value in set(values) if value.strip(" ") in NULLS}
    found |= {" " * width for width in range(1, max(widths, default=0) + 1)}
    for values, guess in zip(columns, guesses, strict=True):
        if guess.type in {"BIGINT", "UBIGINT", "BOOLEAN", "DATE", "TIMESTAMP"}:
            found |= {value for value in set(values) if value.strip(" ").lower() == "nan"}
    return NULLS + tuple(sorted(found - set(NULLS)))
