"""The answer to a query on its way through the server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from skyband.queries.serving import frames
from skyband.queries.serving.errors import error_of
from skyband.queries.serving.process import QueryProcess
from skyband.schema.errors import ResourceLimit

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a query, once its first rows are there."""

    content_type: str
    size: int | None  # bytes, where the whole answer is there already
    chunks: Chunks | Whole | InFile
    likeness: Any = None  # how neighbours were found and what was left out, where the query asks for some; see `Reply`

    @classmethod
    async def begun(cls, chunks: Chunks) -> Answer:
        """The answer to a question that was asked, once the process has begun to give it.

        Raises:
            SkybandError: the query failed, or reached a limit.
        """
        received = await chunks.next_frame()
        assert received is not None
        kind, payload = received
        if kind == frames.WHOLE:
            return cls.whole(payload)
        assert kind == frames.HEAD
        head = json.loads(payload)
        return cls(head["content_type"], None, chunks, head["likeness"])

    @classmethod
    def whole(cls, payload: bytes) -> Answer:
        """The answer that came in one frame."""
        head, data = frames.whole_of(payload)
        return cls(head["content_type"], len(data), Whole(data, head["rows"], head["truncated"]), head["likeness"])

    @property
    def rows(self) -> int | None:
        """Number of rows; known once all chunks were taken."""
        return self.chunks.rows

    @property
    def truncated(self) -> bool | None:
        """Whether rows were cut off; known once all chunks were taken."""
        return self.chunks.truncated


class Whole:
    """The bytes of an answer that are all there; whoever answered it is free already."""

    def __init__(self, data: bytes, rows: int, truncated: bool) -> None:
        self._data = data
        self.rows = rows
        self.truncated = truncated

    def __aiter__(self) -> Whole:
        return self

    async def __anext__(self) -> bytes:
        data, self._data = self._data, b""
        if not data:
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Forget the bytes."""
        self._data = b""


class InFile:
    """The bytes of an answer that is whole in a file; whoever made it is free already."""

    truncated = False

    def __init__(self, file: BinaryIO, rows: int) -> None:
        self._file = file
        self.rows = rows

    def __aiter__(self) -> InFile:
        return self

    async def __anext__(self) -> bytes:
        data = await asyncio.to_thread(self._file.read, _BLOCK_BYTES)
        if not data:
            raise StopAsyncIteration
        return data

    async def aclose(self) -> None:
        """Let go of the file."""
        self._file.close()


class Chunks:
    """The bytes of an answer. `aclose`, or cancelling whoever waits for the next ones, stops the query.

    The time limit counts while the query is waited for, not while the client takes its bytes; if a client takes none
    for the stall limit, or not all within the hold limit, the query is given up.

    Raises (while it is read):
        ResourceLimit: a limit of time or memory was reached.
        QueryError: the query failed at some row.
    """

    def __init__(
        self,
        process: QueryProcess,
        *,
        time_limit_s: float,
        stall_limit_s: float,
        hold_limit_s: float | None = None,
        release: Callable[[QueryProcess], None],
    ) -> None:
        self._process: QueryProcess | None = process
        self._time_limit_s = time_limit_s
        self._time_left_s = time_limit_s
        self._stall_limit_s = stall_limit_s
        self._release = release
        self._has_stalled = False
        self._watch: asyncio.TimerHandle | None = None
        self._hold: asyncio.TimerHandle | None = None
        if hold_limit_s is not None:
            self._hold = asyncio.get_running_loop().call_later(hold_limit_s, self._stall)
        self.has_timed_out = False
        self.rows: int | None = None
        self.truncated: bool | None = None

    def __aiter__(self) -> Chunks:
        return self

    async def __anext__(self) -> bytes:
        if self._has_stalled:
            raise ResourceLimit("nobody took the answer in time; ask again")
        if self._process is None:
            raise StopAsyncIteration
        frame = await self.next_frame()
        if frame is None:
            raise StopAsyncIteration
        return frame[1]

    async def aclose(self) -> None:
        """Give up what was not read."""
        self.end()

    async def next_frame(self) -> tuple[bytes, bytes] | None:
        """The next frame of the answer: WHOLE, or HEAD, or DATA; None at its end.

        Raises:
            SkybandError: the query failed, or reached a limit.
        """
        assert self._process is not None
        if self._watch is not None:
            self._watch.cancel()
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(max(0.0, self._time_left_s)):
                kind, payload = await self._process.receive()
            if kind == frames.ERROR:
                raise error_of(json.loads(payload))
        except TimeoutError:
            self.has_timed_out = True
            self.end()
            raise ResourceLimit(
                f"the query took longer than {self._time_limit_s:g} s; ask for less, or in an asynchronous job"
            ) from None
        except BaseException:
            self.end()
            raise
        self._time_left_s -= loop.time() - began
        if kind == frames.END:
            outcome = json.loads(payload)
            self.rows, self.truncated = outcome["rows"], outcome["truncated"]
            self.end()
            return None
        if kind == frames.WHOLE:
            self.end()
            return kind, payload
        self._watch = loop.call_later(self._stall_limit_s, self._stall)
        return kind, payload

    def end(self) -> None:
        """Hand the process back."""
        for timer in (self._watch, self._hold):
            if timer is not None:
                timer.cancel()
        process, self._process = self._process, None
        if process is not None:
            self._release(process)

    def _stall(self) -> None:
        self._has_stalled = True
        self.end()
