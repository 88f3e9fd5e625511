"""Asynchronous jobs (UWS 1.1): their states, and their home on disk."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from skyband.schema.disk import put_in_place
from skyband.schema.faults import storage_error


class Phase(StrEnum):
    """Execution phases (UWS 1.1, 2.1.3)."""

    PENDING = "PENDING"
    QUEUED = "QUEUED"
    EXECUTING = "EXECUTING"
    COMPLETED = "COMPLETED"
    ERROR = "ERROR"
    ABORTED = "ABORTED"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows."""
        return self in (Phase.COMPLETED, Phase.ERROR, Phase.ABORTED)


@dataclass(slots=True)
class Job:
    """One job, as it is kept on disk. Times are UTC, ISO 8601 with `Z`."""

    job_id: str
    owner: str  # "" for everyone
    creation_time: str
    destruction: str
    execution_duration_s: int
    client: str = ""  # what limits are counted by: the owner, or the address of the nameless
    kept_bytes: int = 0  # of uploads and the result
    parameters: dict[str, str] = field(default_factory=dict)  # upper-case names
    uploads: dict[str, str] = field(default_factory=dict)  # table name to file name in the job's folder
    phase: Phase = Phase.PENDING
    start_time: str = ""
    end_time: str = ""
    content_type: str = ""
    rows: int = 0
    truncated: bool = False
    error: str = ""

    @property
    def run_id(self) -> str:
        """The client's own name of the job."""
        return self.parameters.get("RUNID", "")


class JobFolder:
    """The folder that holds a folder a job: `job.json`, uploads, and the result when there is one.

    The state on disk is replaced whole at every change, so a server that is killed leaves a readable one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def new(self, owner: str, client: str, parameters: Mapping[str, str], *, lifetime_s: float, duration_s: int) -> Job:
        """A pending job with a folder of its own. Its id cannot be guessed: to know it is to have a nameless one's job.

        Raises:
            StorageError: the disk is full or refuses.
        """
        now = datetime.now(UTC)
        job = Job(
            job_id=secrets.token_hex(16),
            owner=owner,
            creation_time=iso(now),
            destruction=iso(now + timedelta(seconds=lifetime_s)),
            execution_duration_s=duration_s,
            client=client,
            parameters=dict(parameters),
        )
        try:
            self.folder(job).mkdir()
            self.save(job)
        except OSError as error:
            self.remove(job)
            raise storage_error("cannot keep a job", error) from error
        return job

    def folder(self, job: Job) -> Path:
        """Where the files of a job lie."""
        return self.path / job.job_id

    def result(self, job: Job) -> Path:
        """The file of the result."""
        return self.folder(job) / "result"

    def size(self, job: Job) -> int:
        """Bytes of all files of a job."""
        return sum(path.stat().st_size for path in self.folder(job).iterdir())

    def save(self, job: Job) -> None:
        """Write the state of a job.

        Raises:
            OSError: the disk is full or refuses; the state on disk stays as it was.
        """
        building = self.folder(job) / ".job.json"
        building.write_text(json.dumps(asdict(job)), encoding="utf-8")
        put_in_place(building, self.folder(job) / "job.json")

    def remove(self, job: Job) -> None:
        """Delete a job and its files."""
        shutil.rmtree(self.folder(job), ignore_errors=True)

    def read(self) -> Iterator[Job]:
        """The jobs on disk, oldest first; folders without a readable state are removed."""
        found = []
        for folder in self.path.iterdir():
            try:
                state = json.loads((folder / "job.json").read_text(encoding="utf-8"))
                found.append(Job(**state | {"phase": Phase(state["phase"])}))
            except (OSError, ValueError, TypeError, KeyError):
                shutil.rmtree(folder, ignore_errors=True)
        yield from sorted(found, key=lambda job: (job.creation_time, job.job_id))


def iso(moment: datetime) -> str:
    """UTC in the form of UWS: `2026-01-31T12:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The time an ISO 8601 text names, in UTC; that is also meant where it names no zone.

    Raises:
        ValueError: it is none, or before the year 1 or after 9999 in UTC.
    """
    found = datetime.fromisoformat(text)
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError(f"{text} is out of range in UTC") from None
