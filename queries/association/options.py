"""What can be asked of an association."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from skyband.queries.association.footprint import read_moc
from skyband.queries.crossmatch.options import Find, Join, check_epoch
from skyband.schema.errors import BadOption
from skyband.schema.healpix import Integers
from skyband.schema.names import check_table_name

PACKAGE = "skyband.queries.association"
MOST_TABLES = 6
_LARGEST_ARCSEC = 3600.0
_MOST_SIGMA = 20.0
_LONGEST_YR = 100.0
_LARGEST_SCALE = 100.0


class Offsets(StrEnum):
    """What is done with a displacement of the tables against each other."""

    KEEP = "keep"  # measured and reported
    CONSTANT = "constant"  # one displacement is taken away
    MAP = "map"  # a displacement that varies smoothly over the sky is taken away


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationOptions:
    """An association of two to six tables, the first of which leads: each of its rows asks for its counterparts.

    Raises:
        BadOption: a number is out of its range, or options exclude each other.
        BadName: `into` cannot name a table.
    """

    tables: tuple[str, ...]
    into: str
    radius_arcsec: float | None = None  # largest separation at the epoch of a pair
    n_sigma: float | None = None  # largest normalised separation
    find: Find = Find.BEST
    join: Join = Join.INNER
    wide: bool = False  # all columns of the tables beside the association's own
    replace: bool = False  # publish over a table that is there
    propagate: bool = True  # whether proper motions are used
    epoch: float | None = None  # Julian year all positions are compared at; None: as the tables ask
    error_arcsec: Mapping[str, float] = field(default_factory=dict)  # by table, in place of its columns
    epoch_error_yr: Mapping[str, float] = field(default_factory=dict)  # by table, of rows that share one epoch
    floor_arcsec: float | None = None  # systematic error of a pair in each coordinate; None: fitted
    error_scale: float | None = (
        None  # by which all errors are multiplied; None: fitted, 1 where that does or a floor is given
    )
    completeness: float | None = None  # share of leading rows with a counterpart; None: fitted
    footprints: Mapping[str, str] = field(default_factory=dict)  # by table, path of its coverage map; else its cells
    area_deg2: float | None = None  # of the sky both tables cover, for one density; None: local densities
    density_by: str | None = None  # column of the second table, or difference of two: densities are of sources alike
    prior: str | None = None  # the same: whose distribution tells counterparts from others
    offsets: Offsets = Offsets.KEEP
    least_probability: float = 0.0  # pairs less probable are left out
    purity: float | None = None  # leave out as many as this share of true pairs asks for

    def __post_init__(self) -> None:
        check_table_name(self.into)
        if not 2 <= len(self.tables) <= MOST_TABLES or len(set(self.tables)) != len(self.tables):
            raise BadOption(f"an association takes 2 to {MOST_TABLES} different tables, not {', '.join(self.tables)}")
        if self.into in self.tables:
            raise BadOption(f"--into {self.into} is one of the matched tables; choose another name")
        if (self.radius_arcsec is None) == (self.n_sigma is None):
            raise BadOption("give either a radius in arcsec or a number of sigma")
        for name, value, least, most in (
            ("radius in arcsec", self.radius_arcsec, 0.0, _LARGEST_ARCSEC),
            ("number of sigma", self.n_sigma, 0.0, _MOST_SIGMA),
            ("scale of the errors", self.error_scale, 0.0, _LARGEST_SCALE),
            ("completeness", self.completeness, 0.0, 1.0),
            ("area in square degrees", self.area_deg2, 0.0, 41_253.0),
            ("purity", self.purity, 0.0, 1.0),
            *(
                (f"epoch error of {table} in years", value, 0.0, _LONGEST_YR)
                for table, value in self.epoch_error_yr.items()
            ),
        ):
            if value is not None:
                _check_between(name, value, least, most)
        check_errors(self.error_arcsec)
        by_table = {"error": self.error_arcsec, "epoch-error": self.epoch_error_yr, "footprint": self.footprints}
        for option, given in by_table.items():
            if unknown := set(given) - set(self.tables):
                raise BadOption(f"--{option} names {', '.join(sorted(unknown))}, which is not matched")
        if not 0 <= self.least_probability <= 1:
            raise BadOption(f"probability {self.least_probability:g} is not between 0 and 1")
        if self.floor_arcsec is not None and not 0 <= self.floor_arcsec <= _LARGEST_ARCSEC:
            raise BadOption(f"floor {self.floor_arcsec:g} is not between 0 and {_LARGEST_ARCSEC:g} arcsec")
        check_epoch(self.epoch, self.propagate)

    def moc(self, table: str) -> Integers | None:
        """The footprint given for a table (`read_moc`).

        Raises:
            BadFile: it cannot be read.
        """
        return read_moc(self.footprints[table]) if table in self.footprints else None

    @property
    def pair_names(self) -> tuple[str, ...]:
        """Names of the id columns of the result."""
        return tuple(f"{table}_id" for table in self.tables)


def check_errors(error_arcsec: Mapping[str, float]) -> None:
    """Refuse errors of positions, by table, that no error can be.

    Raises:
        BadOption: one is out of its range.
    """
    for table, value in error_arcsec.items():
        _check_between(f"error of {table} in arcsec", value, 0.0, _LARGEST_ARCSEC)


def _check_between(name: str, value: float, least: float, most: float) -> None:
    if not (math.isfinite(value) and least < value <= most):
        raise BadOption(f"{name} {value:g} is not between {least:g} and {most:g}")
