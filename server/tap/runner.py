"""Runs asynchronous jobs: queue, execution, abortion, destruction."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from skyband.schema.disk import put_in_place
from skyband.schema.errors import BadOption, SkybandError
from skyband.schema.faults import storage_error
from skyband.server.tap.job_limits import JobLimits
from skyband.server.tap.jobs import Job, JobFolder, Phase, iso, moment

if TYPE_CHECKING:
    from skyband.queries.serving import Answer

_LOG = logging.getLogger("skyband.server")

RESTARTED = "the server was stopped while the job ran; start it again"

Execute = Callable[[Job], Awaitable["Answer"]]
"""Begins the query of a job."""


class Jobs:
    """All jobs of a service. Everything here runs in the event loop, so a change of phase is never half made.

    Args:
        folder: where they are kept.
        execute: begins the query of a job.
        running: how many run at once.
        limits: of each client.
    """

    def __init__(self, folder: JobFolder, execute: Execute, *, running: int, limits: JobLimits) -> None:
        self.folder = folder
        self.limits = limits
        self._execute = execute
        self._slots = asyncio.Semaphore(running)
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changed: dict[str, asyncio.Event] = {}
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up what is on disk: what was running has failed, what was waiting is queued again."""
        for job in self.folder.read():
            self._add(job)
            if job.phase is Phase.EXECUTING:
                self._finish(job, Phase.ERROR, error=RESTARTED)
            elif job.phase is Phase.QUEUED:
                self._begin(job)
        self._sweeper = asyncio.create_task(self._sweep())

    async def close(self) -> None:
        """Stop what runs; it is found interrupted at the next start."""
        running = [*self._tasks.values(), *([self._sweeper] if self._sweeper else [])]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def new(self, owner: str, client: str, parameters: Mapping[str, str], *, lifetime_s: float, duration_s: int) -> Job:
        """Make a pending job.

        Raises:
            ServerBusy: the client has enough.
            StorageError: the disk is full or refuses.
        """
        self.limits.check_new(self.of_client(client))
        job = self.folder.new(owner, client, parameters, lifetime_s=lifetime_s, duration_s=duration_s)
        self._add(job)
        return job

    def get(self, job_id: str, owner: str | None) -> Job | None:
        """The job of that id, if this owner may see it; None may see all."""
        job = self._jobs.get(job_id)
        return job if job is not None and owner in (None, job.owner) else None

    def list(self, owner: str | None) -> list[Job]:
        """The jobs of an owner, or of all with None, newest first."""
        return [job for job in reversed(self._jobs.values()) if owner in (None, job.owner)]

    def of_client(self, client: str) -> Iterator[Job]:
        """The jobs a client made, by what its limits are counted by."""
        return (job for job in self._jobs.values() if job.client == client)

    def run(self, job: Job) -> None:
        """Queue a pending job; one that was started already stays as it is."""
        if job.phase is Phase.PENDING:
            self._change(job, Phase.QUEUED)
            self._begin(job)

    def abort(self, job: Job) -> None:
        """Stop a job. This wins over a result that arrives later."""
        if not job.phase.is_final:
            self._finish(job, Phase.ABORTED)
            self._stop(job)

    def destroy(self, job: Job) -> None:
        """Stop a job and remove everything it left."""
        self._stop(job)
        self._jobs.pop(job.job_id, None)
        self._changed.pop(job.job_id).set()
        self.folder.remove(job)

    def update(self, job: Job) -> None:
        """Keep what was changed in a job."""
        try:
            self.folder.save(job)
        except OSError as error:
            # Nobody is helped by a job that stops with its disk: here its state is right, and a restart finds the last
            # one that could be written.
            _LOG.error("cannot keep the state of job %s: %s", job.job_id, error)

    async def wait(self, job: Job, phase: Phase | None, seconds: float) -> None:
        """Return when the job leaves a phase (the present one by default), or after some seconds."""
        phase = phase or job.phase
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while job.phase is phase and not phase.is_final and job.job_id in self._jobs:
                    await self._changed[job.job_id].wait()

    def _add(self, job: Job) -> None:
        self._jobs[job.job_id] = job
        self._changed[job.job_id] = asyncio.Event()

    def _change(self, job: Job, phase: Phase) -> None:
        job.phase = phase
        self.update(job)
        self._changed[job.job_id].set()
        self._changed[job.job_id] = asyncio.Event()

    def _finish(self, job: Job, phase: Phase, *, error: str = "") -> None:
        job.end_time = iso(datetime.now(UTC))
        job.error = error
        self._change(job, phase)

    def _begin(self, job: Job) -> None:
        task = asyncio.create_task(self._work(job))
        self._tasks[job.job_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(job.job_id, None))

    def _stop(self, job: Job) -> None:
        task = self._tasks.get(job.job_id)
        if task is not None:
            task.cancel()

    async def _work(self, job: Job) -> None:
        async with self._slots:
            job.start_time = iso(datetime.now(UTC))
            self._change(job, Phase.EXECUTING)
            try:
                await self._store_result(job)
            except SkybandError as error:
                self._fail(job, str(error))
            except Exception:
                _LOG.exception("job %s failed", job.job_id)
                self._fail(job, "the service failed; its log says how")

    def _fail(self, job: Job, error: str) -> None:
        if job.phase is Phase.EXECUTING:
            self._finish(job, Phase.ERROR, error=error)

    async def _store_result(self, job: Job) -> None:
        answer = await self._execute(job)
        part = self.folder.folder(job) / ".result"
        try:
            with part.open("wb") as file:
                async for chunk in answer.chunks:
                    await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(put_in_place, part, self.folder.result(job))
        except OSError as error:
            raise storage_error("cannot keep the result of the job", error) from error
        finally:
            await answer.chunks.aclose()
            part.unlink(missing_ok=True)
        if job.phase is Phase.EXECUTING:
            job.kept_bytes = self.folder.size(job)
            job.content_type, job.rows, job.truncated = answer.content_type, answer.rows or 0, bool(answer.truncated)
            self._finish(job, Phase.COMPLETED)

    async def _sweep(self) -> None:
        """Destroy jobs when their time has come."""
        while True:
            now = datetime.now(UTC)
            for job in [job for job in self._jobs.values() if moment(job.destruction) <= now]:
                self.destroy(job)
            await asyncio.sleep(_SWEEP_INTERVAL_S)


_SWEEP_INTERVAL_S = 20.0


def checked_phase(text: str) -> Phase:
    """The phase a word names.

    Raises:
        BadOption: it names none.
    """
    try:
        return Phase(text.upper())
    except ValueError:
        raise BadOption(f"PHASE={text!r} is not one of {', '.join(Phase)}") from None
