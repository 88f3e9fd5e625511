"""A process that takes uploaded files, one request after the other, and is kept for the next one."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from skyband.queries.serving import frames
from skyband.queries.serving.errors import error_of
from skyband.queries.serving.process import QueryProcess
from skyband.schema.errors import ResourceLimit, ServerBusy, SkybandError
from skyband.schema.faults import storage_error
from skyband.schema.session import spill_folder
from skyband.schema.store import Store
from skyband.server.tap.uploads import save_file

if TYPE_CHECKING:
    from litestar.datastructures import UploadFile

T = TypeVar("T")


class _Died(Exception):
    """The process ended before it answered."""


@dataclass(frozen=True, slots=True)
class Words:
    """What its users are told."""

    busy: str  # "other images were encoded"
    late: str  # "the images took longer than {limit_s:g} s; send fewer"
    died: str  # "an image needs more memory or time than one may have; send a smaller one"
    unkept: str  # "cannot keep the uploaded images"


class KeptProcess:
    """One process that works for one request at a time: what it does takes all cores, or what it keeps much memory.

    It starts with the first request, which takes some seconds, and stays. It is ended when a request takes longer than
    a query may, and replaced by the next.
    """

    def __init__(self, store: Store, module: str, words: Words) -> None:
        """Prepare.

        Args:
            store: that is served.
            module: of the process. Its SETUP has `parent` and `settings`; a QUESTION has what `ask` is given, `files`
                (paths by name), `folder` and `time_limit_s`, and is answered by END or ERROR.
            words: for messages.
        """
        self._store, self._module, self._words = store, module, words
        self._turn = asyncio.Lock()
        self._process: QueryProcess | None = None
        self._requests: set[asyncio.Task[Any]] = set()

    async def ask(
        self,
        question: Mapping[str, Any],
        files: Mapping[str, UploadFile],
        most_bytes: int,
        take: Callable[[dict[str, Any], Path], T],
    ) -> T:
        """The answer to a question about files.

        Args:
            question: in the words of the process.
            files: by name.
            most_bytes: that a file may have.
            take: makes the result of the content of the answer and the folder, which is removed afterwards.

        Raises:
            SkybandError: that the process answered with.
            ResourceLimit: it took too long, or more memory than it may have.
            ServerBusy: other requests take too long.
        """
        # A client that goes leaves the request running: to end the process would cost the next one seconds.
        request = asyncio.get_running_loop().create_task(self._in_turn(question, files, most_bytes, take))
        self._requests.add(request)
        request.add_done_callback(self._requests.discard)
        return await asyncio.shield(request)

    async def close(self) -> None:
        """End the process; requests that wait fail."""
        for request in self._requests:
            request.cancel()
        await asyncio.gather(*self._requests, return_exceptions=True)
        if self._process is not None:
            await _kill(self._process)

    async def _in_turn(
        self,
        question: Mapping[str, Any],
        files: Mapping[str, UploadFile],
        most_bytes: int,
        take: Callable[[dict[str, Any], Path], T],
    ) -> T:
        waited_s = self._store.settings.query_wait_limit_s
        try:
            async with asyncio.timeout(waited_s):
                await self._turn.acquire()
        except TimeoutError:
            raise ServerBusy(f"{self._words.busy} for {waited_s:g} s; ask again in a while") from None
        folder = spill_folder(self._store.path.absolute())
        try:
            folder.mkdir()
            paths = {}
            for number, (name, file) in enumerate(files.items()):
                paths[name] = str(folder / f"file-{number}")
                await save_file(file, Path(paths[name]), most_bytes)
            return take(await self._ask({**question, "files": paths, "folder": str(folder)}), folder)
        except OSError as error:
            raise storage_error(self._words.unkept, error) from error
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            self._turn.release()

    async def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        process, self._process = self._process, None
        if process is not None:
            try:
                return await self._ask_of(process, question)
            except _Died:
                pass  # while it had nothing to do, perhaps
        process = await QueryProcess.spawn(self._module)
        settings = asdict(self._store.settings) | {"store": str(self._store.path.absolute())}
        process.set_up({"parent": os.getpid(), "settings": settings})
        try:
            return await self._ask_of(process, question)
        except _Died:
            raise ResourceLimit(self._words.died) from None

    async def _ask_of(self, process: QueryProcess, question: Mapping[str, Any]) -> dict[str, Any]:
        """Ask a process, which is kept for the next request if it answers, and ended if it does not."""
        limit_s = self._store.settings.query_time_limit_s
        try:
            process.put({**question, "time_limit_s": limit_s})
            async with asyncio.timeout(limit_s):
                kind, payload = await process.receive()
        except BaseException as error:
            await _kill(process)
            if isinstance(error, TimeoutError):
                raise ResourceLimit(self._words.late.format(limit_s=limit_s)) from None
            if isinstance(error, SkybandError):
                raise _Died from None
            raise
        if process.is_spent:
            await _kill(process)
        else:
            self._process = process
        content: dict[str, Any] = json.loads(payload)
        if kind == frames.ERROR:
            raise error_of(content)
        return content


async def _kill(process: QueryProcess) -> None:
    with suppress(OSError):
        await process.kill()
