"""A pool of query processes."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from skyband.queries.serving.answer import Answer, Chunks
from skyband.queries.serving.process import QueryProcess
from skyband.queries.serving.question import Query
from skyband.queries.serving.turns import Lane, Place, Waiting
from skyband.schema.errors import ResourceLimit, ServerBusy, SkybandError
from skyband.schema.settings import Settings

_GRACE_S = 1.0
"""Seconds a process has to stop a query before it is killed."""

_RETRY_S = 1.0
"""Seconds until a process that could not be started is tried again."""

_HELD = 5
"""Times the limit of a quick question that its answer may hold the process kept for those, if its client is slow."""

_TOGETHER = 8
"""Cones that one process searches at once, at most."""

_LOG = logging.getLogger(__name__)


class QueryPool:
    """Processes that answer queries, one at a time each.

    `settings.query_processes` of them take every question but those of jobs, in the order of their coming. One more is
    kept for quick questions, so that they never wait behind slow ones; one that turns out not to be quick goes on as a
    usual question. Asynchronous jobs, which may run for an hour, have `settings.running_jobs` processes of their own,
    so that nobody who waits for an answer waits for a job. They start with the first job, and yield the processor to
    the others where there is not enough of it.

    Quick cones that wait, of one table, are searched together when their turn comes: most of the time of a small search
    goes into beginning it. One that turns out to have many rows, or fails with the others, is asked again by itself.
    """

    def __init__(self, tables_folder: Path, settings: Settings, *, upload_reader: str = "") -> None:
        """Describe the pool; `start` starts it.

        Args:
            tables_folder: of the store.
            settings: limits.
            upload_reader: the function that reads uploaded files, as "module:function"
                (`queries.serving.uploads.UploadReader`); "" for no uploads.
        """
        self._tables_folder = tables_folder
        self._settings = settings
        self._upload_reader = upload_reader
        for_all = [Place(("usual", "quick")) for _ in range(settings.query_processes)]
        self._at_once = [*for_all, Place(("quick",))]
        for_jobs = [Place(("job",)) for _ in range(settings.running_jobs)]
        self._places = [*self._at_once, *for_jobs]
        self._free: deque[Place] = deque(for_jobs)
        self._waiting: deque[Waiting] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def start(self) -> None:
        """Start the processes, but for those of jobs.

        Raises:
            SkybandError: they cannot open the store.
        """
        started = await asyncio.gather(*map(self._spawn, self._at_once), return_exceptions=True)
        failures = []
        for place, process in zip(self._at_once, started, strict=True):
            if isinstance(process, BaseException):
                failures.append(process)
            else:
                place.process = process
                self._free.append(place)
        if failures:
            await self.close()
            raise failures[0]

    async def close(self) -> None:
        """End the processes; queries that run fail."""
        self._is_closed = True
        for entry in self._waiting:
            entry.turn.cancel()
        await self._kill_all()
        # Those that are just being started end as soon as they can be told.
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._kill_all()

    async def _kill_all(self) -> None:
        await asyncio.gather(*(place.process.kill() for place in self._places if place.process is not None))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def processes(self) -> list[QueryProcess]:
        """The processes that live."""
        return [place.process for place in self._places if place.process is not None and not place.process.is_dead]

    @property
    def busy(self) -> int:
        """Number of processes at work."""
        return len(self._places) - len(self._free)

    @property
    def waiting(self) -> int:
        """Number of questions that wait for a process."""
        return len(self._waiting)

    async def run(self, query: Query, *, time_limit_s: float, lane: Lane = "usual") -> Answer:
        """Answer a query; returns when its first rows are there.

        Args:
            query: what to answer.
            time_limit_s: seconds the query may take, from the moment a process takes it.
            lane: which processes it may have.

        Raises:
            QueryError, BadOption, BadFile, ...: the query, its format or its uploads are wrong.
            ResourceLimit: it takes more time or memory than it may.
            ServerBusy: too many questions wait already, or this one has waited too long.
        """
        taken = await self._take(query, lane)
        if isinstance(taken, Answer):
            return taken
        place, process = taken
        limit_s = min(time_limit_s, self._settings.quick_time_limit_s) if place.is_kept else time_limit_s
        chunks = Chunks(
            process,
            time_limit_s=limit_s,
            stall_limit_s=self._settings.query_stall_limit_s,
            hold_limit_s=_HELD * limit_s if place.is_kept else None,
            release=lambda _: self._release(place),
        )
        process.ask([query], time_limit_s)
        try:
            return await Answer.begun(chunks)
        except ResourceLimit:
            if not chunks.has_timed_out or limit_s == time_limit_s:
                raise
        # It was not quick, and has the time of any other question.
        return await self.run(query, time_limit_s=time_limit_s)

    async def _take(self, query: Query, lane: Lane) -> tuple[Place, QueryProcess] | Answer:
        """A place and its process, which lives; or the answer, if it was found together with others."""
        while True:
            try:
                async with asyncio.timeout(self._settings.query_wait_limit_s) as patience:
                    turn = await self._acquire(query, lane, patience)
            except TimeoutError:
                waited_s = self._settings.query_wait_limit_s
                raise ServerBusy(f"no process was free for {waited_s:g} s; ask again in a while") from None
            if isinstance(turn, Answer):
                return turn
            if turn.is_ready:
                assert turn.process is not None
                return turn, turn.process
            self._do(self._recover(turn))

    async def _acquire(self, query: Query, lane: Lane, patience: asyncio.Timeout) -> Place | Answer:
        if self._is_closed:
            raise ServerBusy("the server is going down")
        for place in sorted(self._free, key=lambda place: place.is_kept):
            if lane in place.lanes:
                self._free.remove(place)
                return place
        if len(self._waiting) >= self._settings.query_waiting:
            raise ServerBusy(f"{len(self._waiting)} questions wait already; ask again in a while")
        entry = Waiting(query, lane, asyncio.get_running_loop().create_future(), patience)
        self._waiting.append(entry)
        try:
            return await entry.turn
        except asyncio.CancelledError:
            if entry.turn.done() and not entry.turn.cancelled():
                if entry.turn.exception() is None and isinstance(turn := entry.turn.result(), Place):
                    self._hand_on(turn)
            elif self._is_closed:
                raise ServerBusy("the server is going down") from None
            raise
        finally:
            with suppress(ValueError):
                self._waiting.remove(entry)

    def _release(self, place: Place) -> None:
        assert place.process is not None
        if place.process.answering or place.process.is_dead or place.process.is_spent:
            self._do(self._recover(place))
        else:
            self._hand_on(place)

    def _hand_on(self, place: Place) -> None:
        """Give a free process to whoever waits longest for one like it, and to those who can be answered with them."""
        fitting = [entry for entry in self._waiting if entry.lane in place.lanes and not entry.turn.done()]
        first = min(fitting, key=lambda entry: entry.lane != "quick", default=None)
        if first is None:
            self._free.append(place)
            return
        alike = [entry for entry in fitting if entry.is_like(first)][:_TOGETHER]
        if len(alike) > 1 and place.is_ready:
            for entry in alike:
                self._waiting.remove(entry)
                entry.patience.reschedule(None)
            self._do(self._answer_together(place, alike))
        else:
            self._waiting.remove(first)
            first.turn.set_result(place)

    async def _answer_together(self, place: Place, entries: Sequence[Waiting]) -> None:
        """Have some cones answered by one search; the next turn is theirs who still have no answer then."""
        assert place.process is not None
        limit_s = self._settings.quick_time_limit_s
        place.process.ask([entry.query for entry in entries], limit_s)
        try:
            async with asyncio.timeout(limit_s):
                for entry in entries:
                    entry.settle(*await place.process.receive())
        except (TimeoutError, SkybandError) as error:
            _LOG.info("%d cones are asked again one by one: %s", len(entries), error)
        again = [entry for entry in entries if not entry.turn.done()]
        for entry in again:
            entry.is_alone = True
            entry.patience.reschedule(asyncio.get_running_loop().time() + self._settings.query_wait_limit_s)
            if self._is_closed:
                entry.turn.cancel()
        self._waiting.extendleft(reversed(again))
        self._release(place)

    async def _recover(self, place: Place) -> None:
        """Stop the query of a process; start another where it does not stop, or where there is none yet."""
        if place.process is not None:
            await self._stop(place.process)
        while (place.process is None or place.process.is_dead) and not self._is_closed:
            try:
                place.process = await self._spawn(place)
            except SkybandError as error:
                _LOG.error("cannot start a query process: %s", error)
                await asyncio.sleep(_RETRY_S)
        self._hand_on(place)

    async def _stop(self, process: QueryProcess) -> None:
        """End the query of a process, or the process."""
        if process.is_spent or process.has_ended:
            await process.kill()
            return
        process.give_up()
        try:
            await asyncio.wait_for(process.drain(), _GRACE_S)
        except (TimeoutError, SkybandError):
            await process.kill()

    async def _spawn(self, place: Place) -> QueryProcess:
        return await QueryProcess.start(
            self._tables_folder, self._settings, self._upload_reader, yielding="job" in place.lanes
        )

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        if self._is_closed:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
