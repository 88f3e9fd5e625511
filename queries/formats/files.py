"""A result in a file that is whole or absent."""

from __future__ import annotations

import gzip
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from skyband.queries.formats.registry import Info, encode, format_of_path
from skyband.schema.disk import put_in_place
from skyband.schema.errors import BadFile, StorageError

if TYPE_CHECKING:
    import pyarrow as pa

    from skyband.queries.stream import ResultStream


def write_file(
    stream: ResultStream,
    path: str | Path,
    format: str | None = None,
    *,
    infos: Iterable[Info] = (),
    trailer: Callable[[], Iterable[Info]] | None = None,
) -> int:
    """Write a result to a file; returns the number of rows.

    Bytes go to a hidden file beside the target, which replaces it only when everything is on the disk, so neither a
    failed query nor a full disk ever leaves half a file or harms the one that was there. Of a symbolic link the file
    it points to is replaced; what is no regular file (a pipe, a device) is written to as the rows come.
    A name that ends in `.gz` is compressed.

    Args:
        stream: The result; its batches are consumed.
        path: The file to make or replace.
        format: A name of `FORMATS`; None to go by the suffix.
        infos: Remarks known beforehand.
        trailer: Asked after the last row for remarks known only then.

    Raises:
        BadOption: the format is unknown.
        BadFile: the folder is missing, or `path` is a folder.
        StorageError: the disk is full or the folder cannot be written.
    """
    target = Path(path)
    format = format or format_of_path(target)
    # Python resolves no link to a pipe: those are opened by the name given.
    final = Path(os.path.realpath(target))
    is_regular = target.is_file() or not target.exists()
    if is_regular and not final.parent.is_dir():
        raise BadFile(f"cannot write {target}: there is no folder {final.parent}; make it first")
    if target.is_dir():
        raise BadFile(f"cannot write {target}: it is a folder; give the name of a file")
    rows = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal rows
        for batch in stream.batches:
            rows += batch.num_rows
            yield batch

    spool_folder = final.parent if is_regular else None
    chunks = encode(replace(stream, batches=counted()), format, infos=infos, trailer=trailer, spool_folder=spool_folder)
    compress = target.suffix.lower() == ".gz"
    temporary = final.with_name(f".{final.name}.{secrets.token_hex(4)}.part")
    try:
        if is_regular:
            with temporary.open("xb") as file:
                _write(chunks, file, compress=compress)
            put_in_place(temporary, final)
        else:
            with target.open("wb") as file:
                _write(chunks, file, compress=compress)
    except OSError as error:
        raise StorageError(
            f"cannot write {target}: {error.strerror or error}; free some space or give another folder"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _write(chunks: Iterable[bytes], file: BinaryIO, *, compress: bool) -> None:
    if compress:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file) as packed:
            packed.writelines(chunks)
    else:
        file.writelines(chunks)
