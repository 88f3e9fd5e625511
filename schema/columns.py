"""What is known of a column and of a table: the one source of every header, web page and `describe`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

HEALPIX_COLUMN = "healpix_29"
"""The key column: HEALPix index, NESTED, order 29, BIGINT."""

ROLES: Mapping[str, str] = {
    "id": "",
    "ra": "deg",
    "dec": "deg",
    "epoch": "yr",
    "pmra": "mas.yr**-1",
    "pmdec": "mas.yr**-1",
    "parallax": "mas",
    "radial_velocity": "km.s**-1",
    "ra_error": "mas",
    "dec_error": "mas",
    "ra_dec_corr": "",
    "ra_dec_cosigma": "mas",
    "pos_error": "mas",
    "error_minor": "mas",
    "error_angle": "deg",
    "pmra_error": "mas.yr**-1",
    "pmdec_error": "mas.yr**-1",
    "parallax_error": "mas",
}
"""Roles a column can play, in the order `keys.<table>` lists them, with the unit they have there.

`pmra` includes cos(dec); `ra_error` is along the great circle (includes cos(dec)); `ra_dec_cosigma` is the root of the
covariance of both, with its sign (IPAC's co-sigma), in place of the correlation; `pos_error` is circular, 1 sigma, or
the semi-major axis of an ellipse whose semi-minor axis is `error_minor` and whose position angle, east of north, is
`error_angle`.
"""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its DuckDB type and what the Virtual Observatory wants to know of it."""

    name: str
    type: str
    unit: str = ""  # VOUnits 1.1 text, "" where there is none
    ucd: str = ""  # UCD1+ words
    utype: str = ""
    xtype: str = ""  # DALI xtype, "timestamp" for instance
    description: str = ""
    role: str = ""  # a key of ROLES, or ""
    ascii: bool | None = None  # text columns: whether every value is ASCII; None where nobody looked


@dataclass(frozen=True, slots=True)
class Version:
    """One published version of a table, as `skyband history` shows it."""

    version: int  # 1 for the first, one more with each publish
    version_id: str  # 12 hexadecimal digits, never used twice
    action: str  # "ingest", "append", "replace", "crossmatch", ...
    rows: int
    built_at: str  # UTC, ISO 8601 with seconds
    skyband_version: str
    command: str  # what made it, as typed


@dataclass(frozen=True, slots=True)
class TableInfo:
    """Everything a table file says about itself."""

    name: str
    columns: tuple[Column, ...]
    description: str = ""
    survey: str = ""
    source: str = ""  # files or archive the rows came from
    licence: str = ""
    citation: str = ""
    epoch: float | None = None  # Julian year of the positions where it is one for all rows
    frame: str = "ICRS"
    details: Mapping[str, Any] = field(default_factory=dict)  # JSON: counts of a match, rejected rows, ...
    versions: tuple[Version, ...] = ()  # oldest first; the last one is this file

    @property
    def version(self) -> Version:
        """The version this file is."""
        return self.versions[-1]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.version.rows

    @property
    def unplaced(self) -> int:
        """Rows without a position in a table that has positions; they stand last. Only images may be such."""
        return int(self.details.get("without_position", 0))

    def column(self, name: str) -> Column | None:
        """The column of that name (case-insensitive, as in SQL), or None."""
        return find_column(self.columns, name)

    def role(self, role: str) -> Column | None:
        """The column that plays a role, or None."""
        return next((c for c in self.columns if c.role == role), None)


def find_column(columns: Iterable[Column], name: str) -> Column | None:
    """The column of that name (case-insensitive, as in SQL), or None."""
    folded = name.lower()
    return next((c for c in columns if c.name.lower() == folded), None)
