"""Which format a file has, and its bytes."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from skyband.schema.errors import BadFile, BadOption

FORMATS = ("parquet", "csv", "tsv", "fits", "votable", "ecsv")
READABLE = "skyband reads Parquet, CSV, TSV, FITS, VOTable and ECSV, all but Parquet also gzipped"

SUFFIXES = {
    ".parquet": "parquet",
    ".parq": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".fits": "fits",
    ".fit": "fits",
    ".fts": "fits",
    ".votable": "votable",
    ".vot": "votable",
    ".xml": "votable",
    ".ecsv": "ecsv",
}

_HEAD_BYTES = 65_536
_GZIP = b"\x1f\x8b"
_STRANGERS = {
    b"\x89HDF": "HDF5",
    b"PK\x03\x04": "a ZIP archive",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"Obj\x01": "Avro",
    b"ARROW1": "Arrow IPC",
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
    b"SQLite format": "SQLite",
    b"{": "JSON",
    b"<!DOCTYPE html": "a web page, perhaps an error message saved in place of the table",
    b"<html": "a web page, perhaps an error message saved in place of the table",
}


def suffix_format(path: Path) -> str | None:
    """The format a file name promises (`.gz` looked through), None where it promises none."""
    name = path.name.lower().removesuffix(".gz")
    return SUFFIXES.get(Path(name).suffix)


def detect_format(path: Path) -> str:
    """The format of a file: its first bytes decide, its name only between CSV and TSV.

    Raises:
        BadFile: missing, empty, or of no format skyband reads.
    """
    with reading(path), open_bytes(path) as stream:
        head = stream.read(_HEAD_BYTES)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise BadFile(f"{path} is empty")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"SIMPLE  ="):
        return "fits"
    if text.startswith(b"# %ECSV"):
        return "ecsv"
    markup = text.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").replace(b"\0", b"")  # UTF-16 too
    if markup.startswith(b"<") and b"VOTABLE" in markup:
        return "votable"
    for magic, name in _STRANGERS.items():
        if text[: len(magic)].lower() == magic.lower():
            raise BadFile(f"{path} is {name}; {READABLE}")
    if b"\0" in head or suffix_format(path) not in {None, "csv", "tsv"}:
        raise BadFile(f"{path} is not a table in a format known here; {READABLE}")
    return "tsv" if suffix_format(path) == "tsv" else "csv"


def check_format(format: str) -> str:
    """The format, if skyband reads it.

    Raises:
        BadOption: it does not.
    """
    if format.lower() not in FORMATS:
        raise BadOption(f"unknown format {format!r}; choose one of {', '.join(FORMATS)}")
    return format.lower()


def split_selector(path: Path) -> tuple[Path, str | None]:
    """A path and the table wanted in it: `file.fits[2]`, `file.fits#name`, `file.vot#1`; None where none is named."""
    if path.exists():
        return path, None
    match = re.fullmatch(r"(.+?)(?:\[([^\[\]]+)\]|#([^#/]+))", str(path))
    if match is None:
        return path, None
    return Path(match[1]), (match[2] or match[3]).strip()


def is_gzip(path: Path) -> bool:
    """Whether the file is gzipped, by its first bytes."""
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP


def open_bytes(path: Path) -> BinaryIO:
    """The bytes of a file, decompressed if it is gzipped."""
    return cast(BinaryIO, gzip.open(path, "rb")) if is_gzip(path) else path.open("rb")


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the system raises while a file is read into `BadFile`."""
    try:
        yield
    except FileNotFoundError:
        raise BadFile(f"{path}: no such file") from None
    except IsADirectoryError:
        raise BadFile(f"{path} is a folder") from None
    except EOFError:
        raise BadFile(f"{path} is truncated: its gzip stream stops early; fetch it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BadFile(f"{path} is damaged: {error}; fetch it again") from None
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror or error}") from None
