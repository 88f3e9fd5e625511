"""Settings: one frozen dataclass; every field can be set by `SKYBAND_<NAME>` in the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from skyband.schema.errors import BadOption
from skyband.schema.processors import processors

ENVIRONMENT_PREFIX = "SKYBAND_"

_LIMITS = (
    ("memory_gb", 0.1, 1e6),
    ("threads", 0, 1024),
    ("batch_rows", 1, 2**24),
    ("print_rows", 0, 10**6),
    ("chance_sample_rows", 1, 10**9),
    ("lock_wait_s", 0, 1e6),
    ("query_processes", 1, 256),
    ("query_waiting", 0, 10**6),
    ("query_wait_limit_s", 0.01, 1e6),
    ("query_time_limit_s", 0.01, 1e6),
    ("quick_time_limit_s", 0.01, 1e6),
    ("query_stall_limit_s", 0.01, 1e6),
    ("query_memory_gb", 0.1, 1e6),
    ("query_max_rows", 0, 10**12),
    ("result_max_bytes", 1, 10**15),
    ("upload_max_rows", 1, 10**9),
    ("upload_max_bytes", 1, 10**12),
    ("default_max_rows", 0, 10**12),
    ("job_lifetime_s", 1, 1e9),
    ("job_time_limit_s", 1, 1e9),
    ("running_jobs", 1, 256),
    ("client_jobs", 1, 10**6),
    ("client_jobs_kept", 1, 10**7),
    ("client_job_bytes", 1, 10**15),
    ("client_queries", 1, 10**6),
    ("client_queries_per_minute", 1, 1e9),
    ("request_max_bytes", 1000, 10**9),
    ("request_time_limit_s", 0.1, 1e6),
    ("connections", 1, 10**6),
    ("image_max_bytes", 1, 10**12),
    ("image_max_pixels", 1, 10**10),
    ("upload_image_max_pixels", 1, 10**10),
    ("image_cache_gb", 0, 1e6),
    ("fetch_time_limit_s", 0.01, 1e6),
    ("fetch_attempts", 1, 100),
    ("fetch_retry_s", 0, 1e4),
    ("fetch_wait_limit_s", 0, 1e6),
    ("cutouts_per_s", 0.001, 1e6),
    ("s3_anonymous", 0, 1),
    ("likeness_exact_rows", 0, 10**9),
    ("likeness_recall", 0.01, 1),
    ("likeness_max_k", 1, 10**6),
    ("likeness_batch_rows", 1, 10**7),
    ("likeness_keep_versions_s", 0, 1e9),
)
"""Numbers a setting may have: name, least, most. NaN is in no range."""


UPLOAD_URLS = ("off", "public", "any")
"""Which URLs a service fetches uploads from."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults for a laptop; limits are settings too.

    Raises:
        BadOption: a number is out of its range.
    """

    # Folder of the store.
    store: str = "sky"
    # Memory DuckDB may use, GB; larger work is cut into batches or spilled to disk.
    memory_gb: float = 4.0
    # Threads of DuckDB, of the encoders and of the classifiers; 0 means one a processor.
    threads: int = 0
    # Rows of an Arrow batch when results stream.
    batch_rows: int = 65_536
    # Rows `skyband sql` prints on a terminal before it stops and says how many there are.
    print_rows: int = 40
    # Rows of the left table used to measure the chance-match rate of a cross-match.
    chance_sample_rows: int = 200_000
    # Seconds a writer waits for another writer of the same table before it gives up.
    lock_wait_s: float = 0.0
    # Processes that answer users' queries, beside one kept for quick questions and those of asynchronous jobs.
    query_processes: int = 2
    # Questions that may wait for a free process; more are turned away.
    query_waiting: int = 64
    # Seconds a question may wait for a free process before it is turned away.
    query_wait_limit_s: float = 30.0
    # Seconds a query may take while its user waits for it.
    query_time_limit_s: float = 60.0
    # Seconds a question may take in the process kept for quick ones; it then goes on as any other does.
    quick_time_limit_s: float = 2.0
    # Seconds a client may take no bytes of its answer before the query is given up.
    query_stall_limit_s: float = 60.0
    # Memory DuckDB may use in one query process, GB; queries do not spill to disk.
    query_memory_gb: float = 2.0
    # Rows of an answer at most, whatever its user asks for.
    query_max_rows: int = 20_000_000
    # Bytes of an answer at most; it is cut there, and says so.
    result_max_bytes: int = 20_000_000_000
    # Rows of an uploaded table at most.
    upload_max_rows: int = 1_000_000
    # Bytes of an uploaded table at most, unpacked.
    upload_max_bytes: int = 200_000_000
    # Uploads by URL: "off" (taplint then says E-CAP-MUPM, for TAP wants them beside files); "public", from public
    # addresses alone; "any", from this machine's networks too.
    upload_urls: str = "off"
    # Where clients find the server, when a proxy stands before it: "https://sky.example.org".
    public_url: str = ""
    # Rows of an answer when its user names no number.
    default_max_rows: int = 1_000_000
    # Seconds an asynchronous job and its result are kept.
    job_lifetime_s: float = 604_800.0
    # Seconds an asynchronous job may run.
    job_time_limit_s: float = 3_600.0
    # Asynchronous jobs that run at once, in processes of their own, which start with the first job; on two cores a
    # second one delays everybody else.
    running_jobs: int = 1
    # Jobs one client may have that have not ended.
    client_jobs: int = 100
    # Jobs one client may have kept, ended ones too.
    client_jobs_kept: int = 10_000
    # Bytes of uploads and results one client may have kept with its jobs; beyond them it gets no new job.
    client_job_bytes: int = 50_000_000_000
    # Queries one client may have running.
    client_queries: int = 16
    # Queries one client may start in a minute, on average.
    client_queries_per_minute: float = 30_000.0
    # Bytes of a request, uploaded files apart.
    request_max_bytes: int = 1_000_000
    # Seconds until the headers of a request must be there, and the body, which gets a second more for every 10 kB.
    request_time_limit_s: float = 20.0
    # Connections at once; whoever comes then is turned away.
    connections: int = 1000
    # Addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: "127.0.0.1, 10.0.0.0/8".
    trusted_proxies: str = ""
    # Bytes of an image file at most, unpacked where it is gzipped.
    image_max_bytes: int = 50_000_000
    # Pixels of an image at most, by its header, before it is decoded; of FITS those of all bands.
    image_max_pixels: int = 100_000_000
    # Pixels of an image that is sent to a server, whose encoder works on one request after the other.
    upload_image_max_pixels: int = 25_000_000
    # Images from URLs and S3 kept in the store's raw/images, GB; those not used for longest make room.
    image_cache_gb: float = 10.0
    # Seconds an image may take to arrive.
    fetch_time_limit_s: float = 60.0
    # Times a server that is busy or broken is asked for an image.
    fetch_attempts: int = 5
    # Seconds until it is asked again, then twice as many; longer if the server says so (Retry-After).
    fetch_retry_s: float = 1.0
    # Seconds a server may ask to wait for; if it asks for more, the image is given up.
    fetch_wait_limit_s: float = 120.0
    # Requests a second to a cutout service, on average.
    cutouts_per_s: float = 4.0
    # Where S3 is, if not at Amazon: "http://127.0.0.1:9000".
    s3_endpoint: str = ""
    # 1: buckets are read without credentials, as public ones must be by those who have none.
    s3_anonymous: int = 0
    # Rows up to which all vectors of a collection are held in memory and searched exactly: 300 MB at 384 dimensions;
    # beyond, an index is built.
    likeness_exact_rows: int = 200_000
    # Share of the true 10 nearest neighbours an index must find.
    likeness_recall: float = 0.99
    # Neighbours of a vector at most.
    likeness_max_k: int = 1_000
    # Vectors written at once.
    likeness_batch_rows: int = 20_000
    # Seconds old versions of a collection are kept, so that searches that run can end.
    likeness_keep_versions_s: float = 3_600.0

    # File of the weights by which a server encodes uploaded images, where the collection's are neither those of the
    # package nor of the hub.
    encoder_weights: str = ""

    def __post_init__(self) -> None:
        for name, least, most in _LIMITS:
            value = getattr(self, name)
            if not least <= value <= most:
                raise BadOption(
                    f"setting {name} is {value:g}, which is not in {least:g} to {most:g}; "
                    f"correct {ENVIRONMENT_PREFIX}{name.upper()}"
                )
        if self.client_job_bytes < self.upload_max_bytes:
            raise BadOption(
                f"setting client_job_bytes is {self.client_job_bytes}, less than upload_max_bytes "
                f"({self.upload_max_bytes}): no job could have the largest upload; "
                f"correct {ENVIRONMENT_PREFIX}CLIENT_JOB_BYTES"
            )
        if self.upload_urls not in UPLOAD_URLS:
            raise BadOption(
                f"setting upload_urls is {self.upload_urls!r}, which is not one of {', '.join(UPLOAD_URLS)}; "
                f"correct {ENVIRONMENT_PREFIX}UPLOAD_URLS"
            )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Defaults overridden by `SKYBAND_*` variables.

        Raises:
            BadOption: a variable is not of its field's type, or out of its range.
        """
        values = os.environ if environment is None else environment
        chosen: dict[str, str | int | float] = {}
        for item in fields(cls):
            text = values.get(ENVIRONMENT_PREFIX + item.name.upper())
            if text is None:
                continue
            kind = {"str": str, "int": int, "float": float}[str(item.type)]
            try:
                chosen[item.name] = kind(text)
            except ValueError:
                raise BadOption(
                    f"{ENVIRONMENT_PREFIX}{item.name.upper()}={text!r} is not {item.type}; unset it or give a number"
                ) from None
        return cls(**chosen)  # type: ignore[arg-type]

    @property
    def store_path(self) -> Path:
        """Folder of the store."""
        return Path(self.store).expanduser()

    @property
    def processors(self) -> int:
        """Threads for work outside DuckDB: `threads`, or one a processor."""
        return self.threads or processors()

    def duckdb_config(self) -> dict[str, str | bool | int | float | list[str]]:
        """The part of these settings DuckDB takes when it connects."""
        config: dict[str, str | bool | int | float | list[str]] = {"memory_limit": f"{self.memory_gb:g}GB"}
        if self.threads:
            config["threads"] = self.threads
        return config
