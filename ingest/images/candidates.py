"""Images before anybody has looked at them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote

from skyband.queries.images.pixels import is_remote
from skyband.queries.images.s3 import SCHEME

MISSING_ID = "missing id"
MISSING_ADDRESS = "missing path or URL"
DUPLICATE_ID = "duplicate id"
OTHER_IMAGE = "id of another image"


@dataclass(frozen=True, slots=True)
class Known:
    """A row of a collection as it is."""

    checksum: str
    source: str
    ra: float | None
    dec: float | None
    pixel_scale: float | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place where an image should be, and what is known of it."""

    id: str
    source: str  # path, URL or S3 URL; a path that is not absolute lies in the store
    ra: float | None = None  # degrees ICRS
    dec: float | None = None
    pixel_scale: float | None = None  # arcsec
    changed: float | None = None  # seconds since 1970, where a listing says so
    url: str = ""  # where the file at `source` comes from if it is not there yet
    before: Known | None = None  # the row that the collection has of its id


@dataclass(frozen=True, slots=True)
class Refused:
    """An image that cannot be in the collection, and why."""

    id: str | None
    source: str | None
    reason: str  # the same for all that have this fault
    detail: str = ""
    ra: float | None = None
    dec: float | None = None


@dataclass(slots=True)
class Listing:
    """Images to look at, in an order that does not depend on chance."""

    images: Iterator[Candidate | Refused]
    count: int | None = None  # how many, where that is known
    notes: Sequence[str] = ()
    remote: bool = False  # whether some must be fetched


def id_of(source: str) -> str:
    """The id an image has by the name of its file: without folders and endings."""
    path = source
    if is_remote(source) and not source.startswith(SCHEME):
        path = unquote(re.split(r"[?#]", source, maxsplit=1)[0])
    name = PurePosixPath(path).name
    plain = name.removesuffix(".gz")
    stem, dot, _ = plain.rpartition(".")
    return stem if dot and stem else plain
