"""What a report is about: the table of a match, what it says of itself, and the tables it was made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skyband.queries.crossmatch import Find, Join
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.session import Session

_SOURCE = re.compile(r"(\S+) ([0-9a-f]{12})")


@dataclass(frozen=True, slots=True)
class Source:
    """A table that was matched."""

    name: str
    version_id: str  # in which it was matched, "" where that is not recorded
    now: TableInfo | None  # as it was matched; None where it is so no more
    fault: str = ""  # what became of it since

    @property
    def version(self) -> int | None:
        """Number of the version that was matched."""
        return self.now.version.version if self.now else None


@dataclass(frozen=True, slots=True)
class Subject:
    """The table of a match of two tables."""

    info: TableInfo
    left: Source
    right: Source
    is_association: bool
    options: Mapping[str, Any]
    counts: Mapping[str, Any]

    @property
    def find(self) -> Find:
        """Which pairs were kept."""
        return Find(self.options["find"])

    @property
    def is_self_match(self) -> bool:
        """Whether a table was matched with itself."""
        return self.left.name == self.right.name

    @property
    def id_names(self) -> tuple[str, str]:
        """Columns of the left and of the right ids."""
        return self.info.columns[0].name, self.info.columns[1].name

    @property
    def without_pairs(self) -> str:
        """Why the table lists no pairs; "" where it does."""
        if not Join(self.options["join"]).has_pairs:
            return "the table lists only rows without a partner"
        return "" if self.counts["pairs"] else "the match has no pairs"

    @property
    def radius_arcsec(self) -> float | None:
        """Largest separation; None where a number of sigma was given."""
        return self.options.get("radius_arcsec")

    @property
    def tuning(self) -> Mapping[str, Any]:
        """Systematic error and displacement an association measured; {} for a plain match."""
        return dict(self.counts.get("tuning", {}))

    @property
    def calibration(self) -> Mapping[str, Any]:
        """What cuts in probability give; {} for a plain match."""
        return dict(self.counts.get("calibration", {}))

    def absent(self, *sources: Source) -> str:
        """What became of those tables that are not as they were matched; "" where all are."""
        return "; ".join(dict.fromkeys(source.fault for source in sources if source.now is None))


def read_subject(session: Session, info: TableInfo) -> Subject:
    """What is known of a match.

    Args:
        session: where the tables are.
        info: what the table says about itself.

    Raises:
        BadTable: it is no match, or one of more than two tables.
    """
    details = info.details
    counts = details.get("association") or details.get("match") or details.get("groups")
    options = details.get("options")
    if counts is None or options is None:
        raise BadTable(f"table {info.name!r} is no match: make one with skyband crossmatch, and report on that")
    names = options["tables"] if "tables" in options else (options["left"], options["right"])
    if len(names) != 2:
        raise BadTable(f"table {info.name!r} is a match of {len(names)} tables; a report is on two")
    versions = dict(_SOURCE.findall(info.source))
    left, right = (_source(session, name, versions.get(name, "")) for name in names)
    return Subject(info, left, right, "association" in details, options, counts)


def _source(session: Session, name: str, version_id: str) -> Source:
    now = session.tables.get(name)
    if now is None:
        became = "cannot be read" if name in session.damaged else "has been dropped"
        return Source(name, version_id, None, f"{name} {became} since the match")
    if now.version.version_id != version_id:
        was = next((f"version {v.version}" for v in now.versions if v.version_id == version_id), "another table")
        return Source(
            name,
            version_id,
            None,
            f"{name} has been published again since the match (matched was {was}, now it is version "
            f"{now.version.version} of {now.version.built_at})",
        )
    return Source(name, version_id, now)
