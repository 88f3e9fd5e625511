"""A process that matches one uploaded table with one table of the store, and answers questions about the pairs.

Run as `python -m skyband.server.api.match_worker FD`, where FD is its end of a socket pair. The file may be hostile: it
is read here, under limits, and never in the server. First the process is told what to do (a SETUP frame with a
`MatchTask`), then it tells which rows of the upload could not be used (HEAD), and from then on it is a query process
(READY) whose only table is that of the pairs.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from skyband.ingest.options import IngestOptions
from skyband.ingest.pipeline import ingest
from skyband.ingest.readers import open_source
from skyband.ingest.readers.detect import is_gzip, open_bytes, reading
from skyband.ingest.readers.source import Source
from skyband.queries.crossmatch import Find, Join, MatchOptions, crossmatch
from skyband.queries.serving import frames
from skyband.queries.serving.beginning import connected
from skyband.queries.serving.engine import Engine
from skyband.queries.serving.errors import error_content
from skyband.queries.serving.lockdown import allow_files, limit_cpu, limit_process
from skyband.queries.serving.worker import Worker
from skyband.schema.errors import BadTable, ResourceLimit, SkybandError
from skyband.schema.roles import ROW_ID, assign_roles
from skyband.schema.settings import Settings
from skyband.schema.store import Store

_BLOCK_BYTES = 1 << 20
_LOOK_S = 0.25


@dataclass(frozen=True, slots=True)
class MatchTask:
    """What a process is to do. The upload is the left table of `options`, and the stored table the right one."""

    parent: int  # process id of the server
    folder: Path  # where to work; it is this process's own and has the upload
    settings: Settings  # of that folder as a store
    stored: Path  # file of the stored table
    upload: str  # name of its file
    given: Mapping[str, str]  # role (id, ra, dec) to the column of the upload the client names
    options: MatchOptions
    time_limit_s: float

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self) | {"folder": str(self.folder), "stored": str(self.stored)}

    @classmethod
    def from_json(cls, task: dict[str, Any]) -> MatchTask:
        """The inverse of `to_json`."""
        options = task["options"]
        options = MatchOptions(**options | {"find": Find(options["find"]), "join": Join(options["join"])})
        paths = {name: Path(task[name]) for name in ("folder", "stored")}
        return cls(**task | paths | {"settings": Settings(**task["settings"]), "options": options})


def match(task: MatchTask) -> Mapping[str, int]:
    """Make the pair table the only one of the store in the working folder, that of the task.

    Returns:
        How many rows of the upload could not be used, by reason.

    Raises:
        BadFile, BadTable, BadOption: the upload is no table with positions, or has no such columns.
        ResourceLimit: it is too large, or its pairs are.
    """
    settings, options = task.settings, task.options
    upload = Path(task.upload).absolute()
    store = Store.create(settings)
    _unpack(upload, settings.upload_max_bytes)
    source = open_source([upload])
    _check_rows(source.rows or 0, settings)
    columns = _columns(source, task.given)
    id, ra, dec = (columns.get(role) for role in ("id", "ra", "dec"))
    report = ingest(store, [upload], IngestOptions(table=options.left, id=id, ra=ra, dec=dec))
    _check_rows(report.rows_read, settings)
    linked = store.table_file(options.right)
    linked.symlink_to(task.stored)
    crossmatch(store, options)
    # What the pairs were made of is no longer wanted; the link goes, the table it leads to stays.
    linked.unlink()
    store.drop(options.left)
    upload.unlink()
    return report.rejected


def _unpack(path: Path, most_bytes: int) -> None:
    """Put the content of a gzipped file in its place."""
    if not is_gzip(path):
        return
    plain, size = path.with_name("unpacked"), 0
    with reading(path), open_bytes(path) as packed, plain.open("wb") as file:
        while block := packed.read(_BLOCK_BYTES):
            size += len(block)
            if size > most_bytes:
                raise ResourceLimit(f"the upload unpacks to more than {most_bytes:,} bytes; send less")
            file.write(block)
    plain.replace(path)


def _check_rows(rows: int, settings: Settings) -> None:
    if rows > settings.upload_max_rows:
        raise ResourceLimit(f"the upload has {rows:,} rows; this service takes {settings.upload_max_rows:,}")


def _columns(source: Source, given: Mapping[str, str]) -> dict[str, str]:
    """The columns to go by; rows are numbered where the client names no id and none is to be found."""
    numbered = {"id": ROW_ID, **given}
    try:
        assign_roles(source.columns, given=given)
    except BadTable:
        if numbered == given:
            raise
        assign_roles(source.columns, given=numbered)
        return numbered
    return dict(given)


def _watch_disk(connection: socket.socket, folder: Path, most_bytes: int, done: threading.Event) -> None:
    """End the process when its files become too large: what does not fit into memory is spilled to disk."""
    while not done.wait(_LOOK_S):
        if _size_bytes(folder) > most_bytes:
            error = ResourceLimit(f"the match needs more than {most_bytes:,} bytes of disk; ask for less")
            connection.sendall(frames.json_frame(frames.ERROR, error_content(error, folder)))
            os._exit(1)


def _size_bytes(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.lstat().st_size
        except FileNotFoundError:
            continue
    return size


def main() -> None:
    """Be the process."""
    # Loaded when it is first needed, which is always; here nobody waits for it.
    import_module("healpy")
    connection, setup = connected()
    task = MatchTask.from_json(setup)
    settings, folder = task.settings, task.folder
    os.chdir(folder)
    threads = settings.processors
    matched = threading.Event()
    most_bytes = 2 * settings.upload_max_bytes + settings.result_max_bytes
    watch = threading.Thread(target=_watch_disk, args=(connection, folder, most_bytes, matched), daemon=True)
    watch.start()
    try:
        limit_process(settings.query_memory_gb, most_bytes)
        limit_cpu(task.time_limit_s * threads)
        allow_files(True)
        rejected = match(task)
        matched.set()
        watch.join()
        engine = Engine(folder / "tables", settings)
    except BaseException as error:
        matched.set()
        watch.join()
        if isinstance(error, SkybandError):
            error.args = (str(error).replace(str(folder / task.upload), "the upload"),)
        connection.sendall(frames.json_frame(frames.ERROR, error_content(error, folder)))
        os._exit(1)
    connection.sendall(frames.json_frame(frames.HEAD, {"rejected": dict(rejected)}))
    Worker(connection, engine, threads).run()


if __name__ == "__main__":
    main()
