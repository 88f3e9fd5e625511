"""What a report is about: the table of a match, what it says of itself, and the tables it was made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from skyband.queries.crossmatch import Find, Join
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.keys import data_of
from skyband.schema.names import quote
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
    """The pairs of two tables: those of their match, or those that groups of more tables hold."""

    info: TableInfo
    left: Source
    right: Source
    is_association: bool
    options: Mapping[str, Any]
    counts: Mapping[str, Any]
    id_names: tuple[str, str]  # columns of the left and of the right ids
    pairs: str  # relation of the pairs, as SQL names it
    rows: str  # the same with a rowid

    @property
    def is_of_groups(self) -> bool:
        """Whether the pairs are those of groups."""
        return "groups" in self.info.details

    @property
    def find(self) -> Find:
        """Which pairs were kept."""
        return Find(self.options["find"])

    @property
    def is_self_match(self) -> bool:
        """Whether a table was matched with itself."""
        return self.left.name == self.right.name

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

    def turned(self) -> Subject:
        """The same pairs with the right table first; what the left rows counted is left out."""
        return replace(self, left=self.right, right=self.left, id_names=self.id_names[::-1])

    def absent(self, *sources: Source) -> str:
        """What became of those tables that are not as they were matched; "" where all are."""
        return "; ".join(dict.fromkeys(source.fault for source in sources if source.now is None))


def read_subjects(session: Session, info: TableInfo) -> tuple[Subject, ...]:
    """What is known of a match: one subject for two tables, for more one of the leading table with each other.

    Args:
        session: where the tables are.
        info: what the table says about itself.

    Raises:
        BadTable: it is no match.
    """
    details = info.details
    counts = details.get("association") or details.get("match") or details.get("groups")
    options = details.get("options")
    if counts is None or options is None:
        raise BadTable(f"table {info.name!r} is no match: make one with skyband crossmatch, and report on that")
    names = options["tables"] if "tables" in options else (options["left"], options["right"])
    versions = dict(_SOURCE.findall(info.source))
    left, *others = (_source(session, name, versions.get(name, "")) for name in names)
    if "groups" in details:
        return tuple(
            _of_groups(info, left, other, partner, number)
            for number, (other, partner) in enumerate(zip(others, counts["partners"], strict=True), 1)
        )
    is_association = "association" in details
    ids = info.columns[0].name, info.columns[1].name
    return (Subject(info, left, others[0], is_association, options, counts, ids, quote(info.name), data_of(info)),)


def _of_groups(info: TableInfo, lead: Source, other: Source, partner: Mapping[str, Any], number: int) -> Subject:
    """The leading table and one other; the pairs are put into a temporary table (group_pairs.sql)."""
    groups = info.details["groups"]
    counts = {
        "left_rows": groups["left_rows"],
        "right_rows": partner["rows"],
        "pairs": partner["matched"],
        "candidates": partner["candidates"],
        "right_matched": partner["matched"],
        "covered_rows": partner["covered_rows"],
        "share": partner["share"],
        "tuning": partner["tuning"],
    }
    pairs, ids = f"pairs_{number}", (f"{lead.name}_id", f"{other.name}_id")
    return Subject(info, lead, other, True, info.details["options"], counts, ids, pairs, pairs)


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
