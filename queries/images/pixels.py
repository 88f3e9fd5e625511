"""The image a row of a collection names: read from its place, or from what was kept of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType

from skyband.queries.images.cache import Cache
from skyband.queries.images.decode import Limits, Picture, check_bytes, decode
from skyband.queries.images.s3 import SCHEME, Buckets
from skyband.queries.images.web import NOT_FETCHED, Web
from skyband.schema.errors import BadImage
from skyband.schema.store import Store

_WEB = ("http://", "https://")


class Pixels:
    """Reads images by their `source`; threads may share it.

    A source is a path, an http or https URL, or an S3 URL. A path that is not absolute lies in the store, which can
    so be moved. What comes from the web and from S3 is kept in `raw/images` of the store, up to `image_cache_gb`.
    """

    def __init__(self, store: Store) -> None:
        settings = store.settings
        self.limits = Limits.of(settings)
        self.buckets = Buckets(settings)
        self._folder = store.path
        self._web = Web(settings)
        self._cache = Cache(store.path / "raw" / "images", int(settings.image_cache_gb * 1e9))

    def picture(self, source: str, checksum: str = "") -> Picture:
        """The picture of a row; see `read` and `decode`.

        Raises:
            BadImage: it cannot be read or decoded, or is no longer what was added.
        """
        return decode(self.read(source, checksum), self.limits)

    def read(self, source: str, checksum: str = "") -> bytes:
        """The bytes of an image.

        Args:
            source: as the collection has it.
            checksum: SHA-256 the file must have, hexadecimal; "" for any.

        Raises:
            BadImage: it cannot be read, is larger than `image_max_bytes`, or has another checksum.
        """
        if not is_remote(source):
            data = self._of_file(source)
        else:
            kept = self._cache.get(source)
            data = kept if kept is not None and _is(kept, checksum) else self.fetch(source)
        if not _is(data, checksum):
            raise BadImage("changed", f"{source} is no longer the file that was added; add it again")
        return data

    def fetch(self, source: str, *, changed: float | None = None) -> bytes:
        """The bytes of an image as they are at their place now.

        Args:
            source: as for `read`.
            changed: when the file last changed, seconds since 1970, where a listing said so: what was kept since then
                need not be asked for again.

        Raises:
            BadImage: as `read`.
        """
        if not is_remote(source):
            return self._of_file(source)
        # A clock that is a little slow must not make an old file look new.
        kept = self._cache.get(source, since=changed + 60.0) if changed else None
        if kept is not None:
            return kept
        data = self.buckets.read(source) if source.startswith(SCHEME) else self._web.get(source)
        self._cache.put(source, data)
        return data

    def close(self) -> None:
        """End connections; threads that wait for an answer get none."""
        self._web.close()

    def __enter__(self) -> Pixels:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _of_file(self, source: str) -> bytes:
        path = self._folder / Path(source)
        try:
            check_bytes(path.stat().st_size, self.limits)
            return path.read_bytes()
        except OSError as error:
            raise BadImage(NOT_FETCHED, f"{source}: {error.strerror or error}") from None


def is_remote(source: str) -> bool:
    """Whether a source is a URL."""
    return source.startswith((*_WEB, SCHEME))


def checksum_of(data: bytes) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _is(data: bytes, checksum: str) -> bool:
    return not checksum or checksum_of(data) == checksum
