"""Where rows are: positions of any frame, unit and spelling as degrees ICRS."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from skyband.ingest.functions import put_function
from skyband.ingest.readers.frames import FRAMES
from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.names import quote
from skyband.schema.sql import load_sql
from skyband.schema.units import scale_between, to_vounit

if TYPE_CHECKING:
    import duckdb

_EQUATORIAL = frozenset({"ICRS", "FK5", "FK4"})
_DEGREES_AN_HOUR = 15.0
_TEXTS = ("VARCHAR", "TIME")  # 05:34:31.9 may have been taken for a time of day


@dataclass(frozen=True, slots=True)
class Axes:
    """The frame and equinox positions are measured in."""

    frame: str = "ICRS"  # one of FRAMES; ECLIPTIC is the mean ecliptic of the equinox, seen from the barycentre
    equinox: str | None = None  # "J2000", "B1950"; None is B1950 for FK4, J2000 for FK5 and ECLIPTIC

    def __post_init__(self) -> None:
        if self.frame not in FRAMES:
            raise BadOption(f"{self.frame!r} is not a frame skyband knows: take one of {', '.join(FRAMES)}")
        if self.equinox is not None and not re.fullmatch(r"[JB]\d{4}(\.\d*)?", self.equinox):
            raise BadOption(f"{self.equinox!r} is no equinox; give one with the frame: 'FK5 J2000', 'FK4 B1950'")

    @classmethod
    def parse(cls, text: str) -> Axes:
        """The axes people mean by "ICRS", "galactic" or "FK5 J1975".

        Raises:
            BadOption: nobody knows them.
        """
        frame, _, equinox = text.strip().upper().partition(" ")
        return cls(frame, equinox.strip() or None)

    def __str__(self) -> str:
        return self.frame if self.equinox is None else f"{self.frame} {self.equinox}"

    @property
    def equatorial(self) -> bool:
        """Whether longitudes are right ascensions, which people write in hours."""
        return self.frame in _EQUATORIAL

    @property
    def parallel_to_icrs(self) -> bool:
        """Whether proper motions and errors along these axes are, to all practical purposes, those along ICRS axes."""
        return self.frame == "ICRS" or (self.frame == "FK5" and self.equinox in (None, "J2000", "J2000.0"))

    def to_astropy(self) -> Any:
        """The frame as astropy has it."""
        from astropy import coordinates

        plain = {
            "ICRS": coordinates.ICRS,
            "GALACTIC": coordinates.Galactic,
            "SUPERGALACTIC": coordinates.Supergalactic,
        }
        if self.frame in plain:
            return plain[self.frame]()
        if self.frame == "FK4":
            return coordinates.FK4(equinox=self.equinox or "B1950")
        kind = coordinates.FK5 if self.frame == "FK5" else coordinates.BarycentricMeanEcliptic
        return kind(equinox=self.equinox or "J2000")


@dataclass(frozen=True, slots=True)
class Placement:
    """How the position of a row follows from its columns.

    The SQL texts are over rows with the file's columns.
    """

    ra: Column  # the columns that play the roles, degrees ICRS
    dec: Column
    given: str  # SQL: whether the row has both angles
    readable: str  # SQL: whether they can be read
    added: tuple[Column, ...] = ()  # ra and dec where the file's own columns are not degrees ICRS
    _degrees: tuple[str, str] = ("", "")
    _axes: Axes = Axes()

    def add_to(self, rows: str) -> str:
        """SQL of `rows` (a relation to select from) with the added columns."""
        if not self.added:
            return rows
        lon, lat = self._degrees
        ra, dec = (quote(column.name) for column in self.added)
        if self._axes.frame == "ICRS":
            return f"(SELECT *, {lon} AS {ra}, {lat} AS {dec} FROM {rows})"
        converted = f'CASE WHEN is_direction({lon}, {lat}) THEN to_icrs({lon}, {lat}) END AS "@icrs"'
        return (
            f'(SELECT * EXCLUDE ("@icrs"), "@icrs".ra AS {ra}, "@icrs".dec AS {dec} '
            f"FROM (SELECT *, {converted} FROM {rows}))"
        )


def place(ra: Column, dec: Column, axes: Axes, new_names: tuple[str, str]) -> Placement:
    """How the position follows from the columns a file has for it.

    Args:
        ra, dec: longitude and latitude in these axes; the unit of each column counts, none means degrees, and text with
            colons or spaces is hours where the column is a right ascension.
        axes: what they are measured in.
        new_names: what to call columns of right ascension and declination if they must be added.

    Raises:
        BadTable: a column is no angle.
    """
    lon, lat = _degrees(ra, is_ra=axes.equatorial), _degrees(dec, is_ra=False)
    names = [quote(column.name) for column in (ra, dec)]
    given = " AND ".join(_given(column) for column in (ra, dec))
    readable = f"{lon} IS NOT NULL AND {lat} IS NOT NULL"
    if [lon, lat] == names and axes.frame == "ICRS":
        return Placement(replace(ra, unit="deg"), replace(dec, unit="deg"), given, readable)
    added = _new_columns(ra, dec, axes, new_names)
    return Placement(*added, given, readable, added, (lon, lat), axes)


def prepare(connection: duckdb.DuckDBPyConnection, axes: Axes) -> None:
    """Make what the SQL of `Placement` and of rows without a place needs: macros of `positions.sql`, and `to_icrs`.

    Args:
        connection: where they are made.
        axes: what the positions are measured in.
    """
    connection.execute(load_sql("skyband.ingest", "positions"))
    if axes.frame == "ICRS":
        return
    from duckdb import struct_type
    from duckdb.func import PythonUDFType
    from duckdb.sqltypes import DOUBLE

    frame = axes.to_astropy()

    # DuckDB evaluates the annotations, so they cannot name the lazily imported pyarrow.
    def to_icrs(lon: Any, lat: Any) -> Any:
        import pyarrow as pa
        from astropy import units
        from astropy.coordinates import SkyCoord

        placed = SkyCoord(lon.to_numpy(), lat.to_numpy(), unit=units.deg, frame=frame).icrs
        return pa.StructArray.from_arrays([placed.ra.deg, placed.dec.deg], names=["ra", "dec"])

    direction = struct_type({"ra": DOUBLE, "dec": DOUBLE})
    put_function(connection, "to_icrs", to_icrs, [DOUBLE, DOUBLE], direction, type=PythonUDFType.ARROW)


def _degrees(column: Column, *, is_ra: bool) -> str:
    """SQL of a column's angle in degrees."""
    name, unit = quote(column.name), to_vounit(column.unit)
    if column.type in _TEXTS:
        marked = _DEGREES_AN_HOUR if is_ra and unit not in ("deg", "d:m:s") else 1.0
        plain = _degrees_in(column, unit)
        hours = _DEGREES_AN_HOUR if is_ra else "NULL"
        return f"text_degrees({name}::VARCHAR, {plain!r}, {marked!r}, {hours})"
    if column.type not in ("FLOAT", "DOUBLE"):
        raise BadTable(f"column {column.name!r} is {column.type}, which is no angle; give --ra and --dec")
    factor = _degrees_in(column, unit)
    return name if factor == 1.0 else f"{name} * {factor!r}"


def _degrees_in(column: Column, unit: str) -> float:
    """Degrees in one unit of an angle; no unit means degrees."""
    if unit in ("", "d:m:s"):
        return 1.0
    if unit in ("h", "h:m:s", "hourangle"):
        return _DEGREES_AN_HOUR
    try:
        return scale_between(unit, "deg")
    except BadTable:
        raise BadTable(
            f"column {column.name!r} has the unit {column.unit!r}, which is no angle's; give --ra and --dec"
        ) from None


def _given(column: Column) -> str:
    name = quote(column.name)
    given = f"{name} IS NOT NULL"
    return f"{given} AND lower(trim({name}::VARCHAR)) NOT IN ('', 'nan', 'null')" if column.type in _TEXTS else given


def _new_columns(ra: Column, dec: Column, axes: Axes, names: tuple[str, str]) -> tuple[Column, Column]:
    come_from = f"ICRS, from {ra.name} and {dec.name} ({axes})"
    return (
        Column(
            names[0], "DOUBLE", "deg", "pos.eq.ra;meta.main", description=f"Right ascension, {come_from}", role="ra"
        ),
        Column(names[1], "DOUBLE", "deg", "pos.eq.dec;meta.main", description=f"Declination, {come_from}", role="dec"),
    )
