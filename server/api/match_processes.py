"""The processes that match uploaded tables, as the server sees them: one a match, gone with it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyband.ingest.readers.detect import suffix_format
from skyband.queries.crossmatch import MatchOptions
from skyband.queries.formats import Info
from skyband.queries.serving import Answer, Query, frames
from skyband.queries.serving.answer import Chunks
from skyband.queries.serving.errors import error_of
from skyband.queries.serving.process import QueryProcess
from skyband.schema.errors import ResourceLimit, ServerBusy
from skyband.schema.faults import storage_error
from skyband.schema.session import spill_folder
from skyband.schema.store import Store
from skyband.server.api.match_worker import MatchTask
from skyband.server.tap.uploads import save_file

if TYPE_CHECKING:
    from litestar.datastructures import UploadFile

_OPTION = re.compile(r"--(id|ra|dec)\b( (?!and |belong))?")


class MatchProcesses:
    """Matches uploaded tables with those of a store.

    Each match has a process and a folder of its own, which go when the answer was taken or given up, and when the
    server ends. As many run at once as there are query processes. After the first match one more process waits for the
    next: to start one takes longer than a small match. What a killed server left is removed by whoever opens the store
    next, as all that was spilled to disk is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._slots = asyncio.Semaphore(store.settings.query_processes)
        self._running: dict[Path, QueryProcess | None] = {}  # by folder; None until it has started
        self._removals: set[asyncio.Task[None]] = set()
        self._spare: asyncio.Task[QueryProcess] | None = None
        self._is_closed = False

    async def run(
        self, file: UploadFile, given: Mapping[str, str], options: MatchOptions, query: Query
    ) -> tuple[Answer, Mapping[str, int]]:
        """Match an uploaded table: the pairs once the first are there, and the rows of the upload left out, by reason.

        Args:
            file: the table as it was sent.
            given: role (id, ra, dec) to the column of the upload that plays it.
            options: what to match and how; the upload is the left table.
            query: a question about the pair table.

        Raises:
            BadFile, BadTable, BadOption: the upload is no table with positions, or has no such columns.
            ResourceLimit: it or the match takes more time, memory, rows or bytes than it may.
            ServerBusy: other matches take too long.
        """
        settings = self._store.settings
        try:
            async with asyncio.timeout(settings.query_wait_limit_s):
                await self._slots.acquire()
        except TimeoutError:
            waited_s = settings.query_wait_limit_s
            raise ServerBusy(f"other matches ran for {waited_s:g} s; ask again in a while") from None
        limit_s = settings.query_time_limit_s
        folder = spill_folder(self._store.path.absolute())
        self._running[folder] = None
        try:
            folder.mkdir()
            # Bytes tell the formats apart, but for this one.
            upload = "upload.tsv" if suffix_format(Path(file.filename)) == "tsv" else "upload"
            await save_file(file, folder / upload, settings.upload_max_bytes)
            task = MatchTask(
                parent=os.getpid(),
                folder=folder,
                settings=replace(settings, store=".", memory_gb=settings.query_memory_gb),
                stored=self._store.table_file(options.right).absolute(),
                upload=upload,
                given=given,
                options=options,
                time_limit_s=limit_s,
            )
            async with asyncio.timeout(limit_s) as timeout:
                process = self._running[folder] = await self._take()
                process.set_up(task.to_json())
                rejected = await _prepare(process)
            left_s = max(0.0, (timeout.when() or 0.0) - asyncio.get_running_loop().time())
        except BaseException as error:
            await asyncio.shield(self._remove(folder))
            if isinstance(error, TimeoutError):
                raise ResourceLimit(f"the match took longer than {limit_s:g} s; send fewer rows") from None
            if isinstance(error, OSError):
                raise storage_error("cannot match the upload", error) from error
            raise

        def release(_: QueryProcess) -> None:
            self._remove(folder)

        chunks = Chunks(process, time_limit_s=left_s, stall_limit_s=settings.query_stall_limit_s, release=release)
        infos = tuple(Info("REJECTED_ROWS", str(rows), reason) for reason, rows in rejected.items())
        process.ask([replace(query, infos=infos)], left_s)
        return await Answer.begun(chunks), rejected

    async def close(self) -> None:
        """End the processes; matches that run fail."""
        self._is_closed = True
        for folder in self._running:
            self._remove(folder)
        await asyncio.gather(*self._removals)
        if self._spare is not None:
            with suppress(OSError):
                await (await self._spare).kill()

    async def _take(self) -> QueryProcess:
        """A process that waits for its task."""
        spare, self._spare = self._spare, None
        process = await spare if spare is not None else await _start()
        return process if not process.has_ended else await _start()

    def _remove(self, folder: Path) -> asyncio.Task[None]:
        """End the process of a folder and leave nothing of either; the task is done when that is."""
        task = asyncio.get_running_loop().create_task(self._remove_now(folder))
        self._removals.add(task)
        task.add_done_callback(self._removals.discard)
        return task

    async def _remove_now(self, folder: Path) -> None:
        if folder not in self._running:
            return
        process = self._running.pop(folder)
        try:
            if process is not None:
                await process.kill()
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        finally:
            self._slots.release()
            if self._spare is None and not self._is_closed:
                self._spare = asyncio.get_running_loop().create_task(_start())


def _start() -> Coroutine[Any, Any, QueryProcess]:
    return QueryProcess.spawn("skyband.server.api.match_worker")


async def _prepare(process: QueryProcess) -> Mapping[str, int]:
    """Wait until the pairs are there; returns the rows of the upload that could not be matched, by reason."""
    rejected: Mapping[str, int] = {}
    while True:
        kind, payload = await process.receive()
        if kind == frames.READY:
            return rejected
        content = json.loads(payload)
        if kind == frames.ERROR:
            # Messages name options as the command line writes them.
            content["message"] = _OPTION.sub(lambda found: found[1] + ("=" if found[2] else ""), content["message"])
            raise error_of(content)
        rejected = content["rejected"]
