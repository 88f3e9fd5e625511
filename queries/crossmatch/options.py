"""What can be asked of a cross-match."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from skyband.schema.errors import BadOption
from skyband.schema.names import check_table_name


class Find(StrEnum):
    """Which of the pairs within the radius are kept; equal separations are decided by id."""

    ALL = "all"  # every pair
    BEST = "best"  # closest pair first, then the closest of rows still free; STILTS' leaves more of them alone
    BEST1 = "best1"  # the nearest right row of each left row
    BEST2 = "best2"  # the nearest left row of each right row
    MUTUAL = "mutual"  # pairs that are each other's nearest
    ONE_TO_ONE = "one-to-one"  # each row in one pair at most, so that the sum of (radius^2 - sep^2) is greatest


class Join(StrEnum):
    """Which rows of the two tables stand in the result; the names of STILTS are accepted too."""

    INNER = "inner"
    LEFT = "left"
    RIGHT = "right"
    FULL = "full"
    LEFT_ONLY = "left-only"
    RIGHT_ONLY = "right-only"
    XOR = "xor"

    @property
    def has_pairs(self) -> bool:
        """Whether matched pairs are listed."""
        return self in (Join.INNER, Join.LEFT, Join.RIGHT, Join.FULL)

    @property
    def has_unmatched_left(self) -> bool:
        """Whether left rows in no pair are listed."""
        return self in (Join.LEFT, Join.FULL, Join.LEFT_ONLY, Join.XOR)

    @property
    def has_unmatched_right(self) -> bool:
        """Whether right rows in no pair are listed."""
        return self in (Join.RIGHT, Join.FULL, Join.RIGHT_ONLY, Join.XOR)


STILTS_JOINS = {
    "1and2": Join.INNER,
    "all1": Join.LEFT,
    "all2": Join.RIGHT,
    "1or2": Join.FULL,
    "1not2": Join.LEFT_ONLY,
    "2not1": Join.RIGHT_ONLY,
    "1xor2": Join.XOR,
}


FIRST_YEAR, LAST_YEAR = 1600.0, 2200.0
"""Straight motions are good for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchOptions:
    """A cross-match of two tables, or of one with itself to find duplicates.

    Raises:
        BadOption: the radius is not in 0 (excluded) to 180 degrees, or a self-match is asked for what it has not.
        BadName: `into` cannot name a table.
    """

    left: str
    right: str
    radius_arcsec: float
    into: str
    find: Find = Find.BEST
    join: Join = Join.INNER
    wide: bool = False  # all columns of both tables beside the pair's own
    replace: bool = False  # publish over a table that is there
    propagate: bool = True  # whether proper motions are used, where motions and epochs are known
    epoch: float | None = None  # Julian year all positions are compared at; None: that of the table without motions

    def __post_init__(self) -> None:
        check_table_name(self.into)
        if not (math.isfinite(self.radius_arcsec) and 0 < self.radius_arcsec <= 180 * 3600):
            raise BadOption(f"radius {self.radius_arcsec} arcsec is not between 0 and 648000 (180 degrees)")
        if self.into in (self.left, self.right):
            raise BadOption(f"--into {self.into} is one of the matched tables; choose another name")
        check_epoch(self.epoch, self.propagate)
        if self.is_self_match and (self.find is not Find.ALL or self.join is not Join.INNER):
            raise BadOption("a self-match lists all pairs: --find all and --join inner are its only choices")

    @property
    def is_self_match(self) -> bool:
        """Whether a table is matched with itself."""
        return self.left == self.right

    @property
    def pair_names(self) -> tuple[str, str]:
        """Names of the two id columns of the pair table."""
        return f"{self.left}_id", f"{self.right}_id" if not self.is_self_match else f"{self.right}_id_2"


def check_epoch(epoch: float | None, propagate: bool) -> None:
    """Refuse an epoch at which positions cannot be compared.

    Raises:
        BadOption: it is no year of astrometry, or positions are not to be moved.
    """
    if epoch is None:
        return
    if not FIRST_YEAR <= epoch <= LAST_YEAR:
        raise BadOption(f"epoch {epoch:g} is not a Julian year between {FIRST_YEAR:g} and {LAST_YEAR:g}")
    if not propagate:
        raise BadOption("--epoch moves positions and --no-propagate does not: give one of them")


def join_of(name: str) -> Join:
    """A join by skyband's or STILTS' name.

    Raises:
        BadOption: it is neither.
    """
    try:
        return STILTS_JOINS.get(name) or Join(name)
    except ValueError:
        known = ", ".join([*Join, *STILTS_JOINS])
        raise BadOption(f"no join {name!r}; there are: {known}") from None
