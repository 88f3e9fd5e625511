"""A query process as the server sees it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from skyband.queries.serving import frames
from skyband.queries.serving.errors import error_of
from skyband.queries.serving.question import Query
from skyband.schema.errors import ResourceLimit, SkybandError, StorageError
from skyband.schema.settings import Settings

_START_S = 60.0
"""Seconds a process may take until it is ready."""

_YIELDING = 5
"""How nice a process is that yields: beside one that is not it gets a quarter of a core."""

_READ_BYTES = 1 << 20
"""Bytes read ahead of whoever takes the answer."""


class QueryProcess:
    """One process and the socket to it."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._head: tuple[bytes, int] | None = None  # of a frame whose payload has not come yet
        self._due = 0  # answers that have not ended
        self.is_dead = False
        self.is_spent = False  # it lives, but should answer no more

    @classmethod
    async def spawn(cls, module: str) -> QueryProcess:
        """Start `python -m module FD`, which has not been told what to do; FD is its end of the socket."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, pass_fds=(theirs.fileno(),),
            )  # fmt: skip
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=_READ_BYTES)
        return cls(process, reader, writer)

    @classmethod
    async def start(
        cls, tables_folder: Path, settings: Settings, upload_reader: str, *, yielding: bool = False
    ) -> QueryProcess:
        """Start a process and wait until it is ready.

        Args:
            tables_folder: of the store.
            settings: limits.
            upload_reader: as `QueryPool` takes it.
            yielding: whether it leaves the processor to others where there is not enough of it.

        Raises:
            SkybandError: it cannot open the store.
        """
        self = await cls.spawn("skyband.queries.serving.worker")
        setup = {
            "tables_folder": str(tables_folder),
            "settings": asdict(settings),
            "upload_reader": upload_reader,
            "parent": os.getpid(),
            "niceness": _YIELDING if yielding else 0,
        }
        try:
            self.set_up(setup)
            kind, payload = await asyncio.wait_for(self.receive(), _START_S)
            if kind == frames.ERROR:
                raise error_of(json.loads(payload))
        except BaseException as error:
            await self.kill()
            if isinstance(error, ResourceLimit | TimeoutError):
                raise StorageError("a query process did not start; its error output says why") from error
            raise
        return self

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def answering(self) -> bool:
        """Whether it owes an answer."""
        return self._due > 0

    @property
    def has_ended(self) -> bool:
        """Whether the process died, by another hand perhaps."""
        return self.is_dead or self._process.returncode is not None or self._reader.at_eof()

    def set_up(self, task: Mapping[str, Any]) -> None:
        """Tell the process what it serves, once and first."""
        self._writer.write(frames.json_frame(frames.SETUP, task))

    def ask(self, queries: Sequence[Query], time_limit_s: float) -> None:
        """Send one query, or some cones of one table; the frames of the answers follow, one answer after the other.

        Cones that are asked together are each answered in one frame.
        """
        asked = {"queries": [query.to_json() for query in queries], "time_limit_s": time_limit_s}
        self.put(asked, answers=len(queries))

    def put(self, question: Mapping[str, Any], *, answers: int = 1) -> None:
        """Send a question in the words of the process."""
        self._due = answers
        self._writer.write(frames.json_frame(frames.QUESTION, question))

    def give_up(self) -> None:
        """Ask the process to stop what it does; each answer still ends with a frame that says so."""
        self._writer.write(frames.frame(frames.CANCEL))

    async def receive(self) -> tuple[bytes, bytes]:
        """The next frame. May be cancelled at any moment and called again.

        Raises:
            StorageError: the process died.
        """
        try:
            if self._head is None:
                self._head = frames.HEADER.unpack(await self._reader.readexactly(frames.HEADER.size))
            kind, size = self._head
            if size > frames.LARGEST_BYTES:
                raise StorageError("a query process sent nonsense; ask again")
            payload = await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise await self._obituary() from None
        self._head = None
        if kind in frames.LAST:
            self._due -= 1
            if kind in (frames.ERROR, frames.ALONE) and json.loads(payload).get("spent", False):
                self.is_spent = True
        return kind, payload

    async def drain(self) -> None:
        """Throw the rest of the answers away."""
        while self.answering:
            await self.receive()

    async def kill(self) -> None:
        """End the process now."""
        self.is_dead = True
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _obituary(self) -> SkybandError:
        await self.kill()
        if self._process.returncode == -signal.SIGXCPU:
            return ResourceLimit("the query took more computing time than one query may have; ask for less")
        return ResourceLimit(
            "the process that ran the query ended before its answer did, for want of memory perhaps; "
            "ask for less or raise SKYBAND_QUERY_MEMORY_GB"
        )
