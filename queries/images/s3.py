"""Images in S3 buckets: listed and read by pyarrow."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from skyband.queries.images.web import NOT_FETCHED
from skyband.schema.errors import BadFile, BadImage, BadOption
from skyband.schema.settings import Settings

if TYPE_CHECKING:
    from pyarrow import fs

SCHEME = "s3://"


@dataclass(frozen=True, slots=True)
class Object:
    """An object of a bucket."""

    url: str
    size: int  # bytes
    changed: float  # seconds since 1970


class Buckets:
    """Reads what the settings and the environment (`AWS_*`) give access to; threads may share it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._systems: dict[str, fs.S3FileSystem] = {}
        self._lock = threading.Lock()

    def objects(self, url: str) -> Iterator[Object]:
        """What lies below a prefix, sorted by name.

        A prefix without `/` at its end is a folder too: `s3://bucket/sdss` has nothing of `s3://bucket/sdss2`.

        Raises:
            BadFile: the bucket is missing or cannot be read, or nothing lies below the prefix.
        """
        from pyarrow import fs

        bucket, key = _split(url)
        try:
            system = self._system(bucket)
            found = system.get_file_info(f"{bucket}/{key}".rstrip("/"))
            if found.type == fs.FileType.File:
                infos = [found]
            else:
                infos = system.get_file_info(fs.FileSelector(f"{bucket}/{key}".rstrip("/"), recursive=True))
        except OSError as error:
            raise BadFile(f"{url} cannot be listed: {_words(error)}") from None
        files = sorted((info for info in infos if info.type == fs.FileType.File), key=lambda info: str(info.path))
        for info in files:
            yield Object(SCHEME + info.path, info.size or 0, info.mtime.timestamp() if info.mtime else 0.0)

    def read(self, url: str) -> bytes:
        """The bytes of an object.

        Raises:
            BadImage: it is not there, cannot be read, or has more bytes than `image_max_bytes`.
        """
        bucket, key = _split(url)
        most = self._settings.image_max_bytes
        try:
            with self._system(bucket).open_input_file(f"{bucket}/{key}") as file:
                if file.size() > most:
                    raise BadImage("too many bytes", f"{url} has {file.size():,}, more than {most:,}")
                data: bytes = file.read()
                return data
        except OSError as error:
            raise BadImage(NOT_FETCHED, f"{url}: {_words(error)}") from None

    def _system(self, bucket: str) -> fs.S3FileSystem:
        with self._lock:
            if bucket not in self._systems:
                self._systems[bucket] = self._connected(bucket)
            return self._systems[bucket]

    def _connected(self, bucket: str) -> fs.S3FileSystem:
        from pyarrow import fs

        anonymous = bool(self._settings.s3_anonymous)
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        timeout_s = self._settings.fetch_time_limit_s
        if endpoint := self._settings.s3_endpoint:
            parts = urlsplit(endpoint)
            if parts.scheme not in ("http", "https") or not parts.netloc:
                raise BadOption(f"setting s3_endpoint is {endpoint!r}; give a URL: http://127.0.0.1:9000")
            return fs.S3FileSystem(
                anonymous=anonymous,
                region=region or "us-east-1",
                scheme=parts.scheme,
                endpoint_override=parts.netloc,
                request_timeout=timeout_s,
                connect_timeout=timeout_s,
            )
        return fs.S3FileSystem(
            anonymous=anonymous,
            region=region or fs.resolve_s3_region(bucket),
            request_timeout=timeout_s,
            connect_timeout=timeout_s,
        )


def _split(url: str) -> tuple[str, str]:
    """Bucket and key; a key may hold `?` and `#`."""
    bucket, _, key = url.removeprefix(SCHEME).partition("/")
    if not bucket:
        raise BadOption(f"{url!r} names no bucket; give s3://bucket/prefix")
    return bucket, key


def _words(error: OSError) -> str:
    """The error without the lines of advice the library adds."""
    return str(error).splitlines()[0][:300]
