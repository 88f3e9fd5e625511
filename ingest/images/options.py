"""What adding images is asked and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadOption


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOptions:
    """What the user says about images and collection."""

    collection: str
    pixel_scale: float | None = None  # arcsec, where neither table nor header says it
    match: str | None = None  # table whose row of the same id has the position of an image
    radius_arcsec: float | None = None  # how far an image's own position may be from the one in that table
    replace: bool = False  # whether other files may take the places of images that have their ids
    limit: int | None = None  # images looked at, at most
    id: str | None = None  # columns of a table of addresses
    path: str | None = None
    ra: str | None = None
    dec: str | None = None
    description: str = ""
    command: str = ""  # what was typed, kept as provenance

    def __post_init__(self) -> None:
        if self.pixel_scale is not None and not 0 < self.pixel_scale < 3600:
            raise BadOption(f"--pixel-scale {self.pixel_scale:g} is none in arcsec; give more than 0, less than 3600")
        if self.radius_arcsec is not None and self.match is None:
            raise BadOption("--radius says how far images may be from the rows of --match TABLE; give both")
        if self.radius_arcsec is not None and not self.radius_arcsec > 0:
            raise BadOption(f"--radius {self.radius_arcsec:g} is no radius; give more than 0 arcsec")
        if self.limit is not None and self.limit < 1:
            raise BadOption(f"--limit {self.limit} leaves no image; give 1 or more")


@dataclass(frozen=True, slots=True)
class AddReport:
    """What adding images did."""

    collection: str
    info: TableInfo | None  # the collection as it is now; None where nothing was there and nothing was added
    added: int
    replaced: int  # other bytes under an id that was there, of the same source or because `replace` was asked
    updated: int  # the same bytes with a new place, position or pixel scale
    unchanged: int
    rejected: Mapping[str, int]  # number of images by reason
    rejected_file: Path | None  # where they are listed, None where there are none
    stopped: bool  # by Ctrl-C: what was finished is in the collection
    seconds: float
    notes: tuple[str, ...]  # what a person should know

    @property
    def images(self) -> int:
        """Images that were looked at."""
        return self.added + self.replaced + self.updated + self.unchanged + sum(self.rejected.values())

    @property
    def images_per_s(self) -> float:
        """Images a second."""
        return self.images / max(self.seconds, 1e-9)
