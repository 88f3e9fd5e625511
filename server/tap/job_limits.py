"""How many jobs a client may have, and how much with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from skyband.schema.errors import ServerBusy
from skyband.schema.settings import Settings
from skyband.server.tap.jobs import Job


@dataclass(frozen=True, slots=True)
class JobLimits:
    """Limits of one client, as the settings have them."""

    unfinished: int  # jobs that have not ended
    kept: int  # jobs, ended or not
    kept_bytes: int  # uploads and results

    @classmethod
    def of(cls, settings: Settings) -> JobLimits:
        """Those of a service."""
        return cls(settings.client_jobs, settings.client_jobs_kept, settings.client_job_bytes)

    def check_new(self, jobs: Iterable[Job]) -> None:
        """See whether a client may have one more job.

        Args:
            jobs: it has.

        Raises:
            ServerBusy: these are enough.
        """
        jobs = list(jobs)
        if sum(not job.phase.is_final for job in jobs) >= self.unfinished:
            raise ServerBusy(
                f"{self.unfinished} jobs of this client have not ended; wait until one has, or delete some"
            )
        if len(jobs) >= self.kept:
            raise ServerBusy(f"{self.kept} jobs of this client are kept; delete some")
        self.check_bytes(jobs, 0)

    def check_bytes(self, jobs: Iterable[Job], more: int) -> None:
        """See whether a client may have more bytes with its jobs.

        Raises:
            ServerBusy: it has enough.
        """
        kept = sum(job.kept_bytes for job in jobs)
        if kept + more > self.kept_bytes:
            raise ServerBusy(
                f"the jobs of this client hold {kept:,} bytes, and {self.kept_bytes:,} are what one may have; "
                "delete some jobs"
            )
