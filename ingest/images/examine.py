"""One image: fetched, checked, decoded within limits, made small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skyband.ingest.images.candidates import OTHER_IMAGE, Candidate, Known, Refused
from skyband.queries.images.decode import Picture, read_image
from skyband.queries.images.pixels import Pixels, checksum_of
from skyband.queries.images.thumbnails import make_thumbnail
from skyband.schema.disk import keep_whole
from skyband.schema.errors import BadImage
from skyband.schema.faults import storage_error


@dataclass(frozen=True, slots=True)
class Found:
    """A good image: the values of its row, and its thumbnail."""

    id: str
    ra: float | None
    dec: float | None
    source: str
    checksum: str
    format: str
    width: int
    height: int
    pixel_scale: float | None
    jpeg: bytes
    before: Known | None  # the row of the same id that was there


@dataclass(frozen=True, slots=True)
class Unchanged:
    """An image that the collection has as it is."""

    id: str
    checksum: str


Outcome = Found | Unchanged | Refused


@dataclass(frozen=True, slots=True)
class Examiner:
    """Examines images; threads may share it."""

    pixels: Pixels
    fetch: Callable[[str], bytes]  # gives the bytes at a URL, for candidates that have one
    folder: Path  # of the store
    pixel_scale: float | None = None  # arcsec, of images of which neither table nor header says it
    may_replace: bool = False  # whether another file may take the place of an image that has its id
    wants_positions: bool = False  # whether positions may be found for images that have none yet

    def __call__(self, candidate: Candidate) -> Outcome:
        """What is at the place of a candidate."""
        try:
            return self._examined(candidate)
        except BadImage as fault:
            return Refused(candidate.id, candidate.source, fault.reason, fault.detail, candidate.ra, candidate.dec)

    def _examined(self, candidate: Candidate) -> Outcome:
        path = self.folder / candidate.source
        is_new = bool(candidate.url) and not path.exists()
        source = candidate.source
        data = self.fetch(candidate.url) if is_new else self.pixels.fetch(source, changed=candidate.changed)
        checksum = checksum_of(data)
        before = candidate.before
        same = before if before is not None and before.checksum == checksum else None
        if same is not None and not self._has_news(candidate, same):
            return Unchanged(candidate.id, checksum)
        image = read_image(data, self.pixels.limits)
        if before is not None and same is None and before.source != source and not self.may_replace:
            raise BadImage(OTHER_IMAGE, f"{before.source} has it; give it another id, or replace that one by --replace")
        if candidate.url:
            _check_covered(image.picture)
        if is_new:
            _keep(path, data)
        ra, dec = candidate.ra, candidate.dec
        if ra is None or dec is None:
            ra, dec = image.ra, image.dec
        if (ra is None or dec is None) and same is not None:
            ra, dec = same.ra, same.dec
        scale = candidate.pixel_scale or image.pixel_scale or self.pixel_scale or (same.pixel_scale if same else None)
        return Found(
            candidate.id,
            ra,
            dec,
            source,
            checksum,
            image.format,
            image.width,
            image.height,
            scale,
            make_thumbnail(image.picture),
            before,
        )

    def _has_news(self, candidate: Candidate, known: Known) -> bool:
        """Whether something but the file itself is not as the collection has it."""
        if candidate.source != known.source or (self.wants_positions and known.ra is None):
            return True
        given = candidate.pixel_scale or (None if known.pixel_scale else self.pixel_scale)
        return (candidate.ra is not None and (candidate.ra, candidate.dec) != (known.ra, known.dec)) or (
            given is not None and given != known.pixel_scale
        )


def _check_covered(picture: Picture) -> None:
    """Refuse what services send for places they have no image of."""
    if int(picture.max()) == int(picture.min()):
        raise BadImage("nothing in it", "the service has no image there: all pixels are the same")


def _keep(path: Path, data: bytes) -> None:
    """Put a file into the download cache, whole or not at all."""
    try:
        keep_whole(path, data)
    except OSError as error:
        raise storage_error(f"cannot keep {path}", error) from error
