"""Roles: which columns of a file are identifier, position, epoch, motion and errors.

Four sources are asked in turn: what the user gave, the survey's definition, UCDs, well-known names. Whatever is still
unclear of identifier and position is an error that lists the candidates; the other roles then stay empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from skyband.schema import role_names as names
from skyband.schema.columns import ROLES, Column, find_column
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.survey import Survey
from skyband.schema.units import scale_between, to_vounit

ROW_ID = "@row"
"""Given as the id: number the rows."""

GALACTIC = "GALACTIC"

_INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,\s*0\)", re.IGNORECASE)
_FLOAT = re.compile(r"FLOAT|DOUBLE|DECIMAL.*", re.IGNORECASE)

_PAIRS = (("ra", "dec"), ("pmra", "pmdec"), ("ra_error", "dec_error"), ("pmra_error", "pmdec_error"))
"""Roles that mean nothing alone."""

_CONVENTIONAL = frozenset({"ra", "dec", "epoch", "pmra", "pmdec", "parallax", "radial_velocity"})
"""Roles whose unit is that of `ROLES` where a file gives none. Errors need one: arcsec, mas and deg all occur."""

_ROW_HINT = f"give --id COLUMN, or --id {ROW_ID} to number the rows"
_POSITION_HINT = "give --ra COLUMN --dec COLUMN"

Pair = tuple[Column, Column]


@dataclass(frozen=True, slots=True)
class Roles:
    """The columns of a file with their roles.

    Where `frame` is "GALACTIC" the columns of the roles `ra` and `dec` hold galactic longitude and latitude. A role's
    column has its unit filled in where the file gave none and there is a convention; a right ascension may be in "h",
    and a position in text has "h:m:s" or "d:m:s" where that is known. The `xtype` of an epoch column is "jd" or "mjd"
    where it is not in years.
    """

    columns: tuple[Column, ...]
    frame: str = "ICRS"

    def column(self, role: str) -> Column | None:
        """The column that plays a role, or None."""
        return next((column for column in self.columns if column.role == role), None)

    @property
    def number_rows(self) -> bool:
        """Whether the rows have no identifier and must be numbered."""
        return self.column("id") is None


def assign_roles(
    columns: Sequence[Column], *, survey: Survey | None = None, given: Mapping[str, str] | None = None
) -> Roles:
    """Find the columns of a file that play a role.

    Args:
        columns: the columns of the file; a role that one of them already has counts like one of the survey.
        survey: its definition, where there is one.
        given: role -> column name as the user gave it; `{"id": "@row"}` numbers the rows.

    Raises:
        BadOption: `given` names no role, no column of the file, or half a pair.
        BadTable: identifier or position are missing or unclear, or a column cannot play its role.
    """
    given = dict(given or {})
    described = survey.describe(columns) if survey else tuple(columns)
    chosen = _whole(_given(described, given) | _defined(described, given.keys()))
    frame = survey.frame if survey else "ICRS"
    if "ra" in given:
        frame = GALACTIC if _is_galactic(chosen["ra"]) else frame
    elif "ra" not in chosen and (survey is None or survey.positions):
        (chosen["ra"], chosen["dec"]), frame = _find_position(described)
    if "id" not in chosen and given.get("id") != ROW_ID:
        chosen["id"] = _find_id(described)
    taken = {column.name for column in chosen.values()}
    free = [column for column in described if column.name not in taken]
    others = {role: column for role in names.NAMES if role not in chosen and (column := _find_other(free, role))}
    roles = {column.name: replace(column, role=role) for role, column in _whole(chosen | others).items()}
    return Roles(tuple(roles.get(column.name, replace(column, role="")) for column in described), frame)


def find_id(columns: Sequence[Column]) -> Column | None:
    """The column that identifies rows, by UCD or name; None where none is known to, or several could."""
    try:
        return _find_id(columns)
    except BadTable:
        return None


def _whole(chosen: dict[str, Column]) -> dict[str, Column]:
    """Without the roles whose other half is missing."""
    halves = {role for pair in _PAIRS if len(chosen.keys() & set(pair)) == 1 for role in pair}
    return {role: column for role, column in chosen.items() if role not in halves}


def _given(columns: Sequence[Column], given: Mapping[str, str]) -> dict[str, Column]:
    chosen: dict[str, Column] = {}
    for role, name in given.items():
        if role not in ROLES:
            raise BadOption(f"no role {role!r}: the roles are {', '.join(ROLES)}")
        if (role, name) == ("id", ROW_ID):
            continue
        column = find_column(columns, name)
        if column is None:
            raise BadOption(f"--{role} {name}: the file has no such column, it has {_listed(columns)}")
        if column.name in (other.name for other in chosen.values()):
            raise BadOption(f"--{role} {name}: the column has been given another role already")
        chosen[role] = _prepared(role, column)
    for first, second in _PAIRS:
        if (first in given) != (second in given):
            raise BadOption(f"--{first} and --{second} belong together: give both or none")
    return chosen


def _defined(columns: Iterable[Column], given: AbstractSet[str]) -> dict[str, Column]:
    """The roles that columns have already, but for those the user gave."""
    chosen: dict[str, Column] = {}
    for column in columns:
        role = column.role
        if role not in ROLES or role in given or role in chosen:
            continue
        # A column without any value may have any type: it is an error only where the table cannot do without it.
        prepared = _prepared(role, column) if role in ("id", "ra", "dec") else _suitable(role, column)
        if prepared:
            chosen[role] = prepared
    return chosen


def _find_position(columns: Sequence[Column]) -> tuple[Pair, str]:
    tiers: tuple[tuple[str, Iterator[list[Pair]]], ...] = (
        ("ICRS", _pairs_by_ucd(columns, names.EQUATORIAL_UCDS)),
        ("ICRS", _pairs_by_name(columns, names.EQUATORIAL_NAMES)),
        (GALACTIC, _pairs_by_ucd(columns, names.GALACTIC_UCDS)),
        (GALACTIC, _pairs_by_name(columns, names.GALACTIC_NAMES)),
    )
    for frame, levels in tiers:
        for pairs in levels:
            if len(pairs) > 1:
                known = next((found for found in _pairs_by_name(_flat(pairs), names.EQUATORIAL_NAMES) if found), [])
                pairs = known if len(known) == 1 else pairs
            if len(pairs) > 1:
                listed = ", ".join(f"{ra.name} with {dec.name}" for ra, dec in pairs)
                raise BadTable(f"several columns could be the position: {listed}; {_POSITION_HINT}")
            if pairs:
                return pairs[0], frame
    worth = [c for c in columns if any(_has_part(c, pattern) for pattern in names.CANDIDATES.values())]
    listed = f"candidates are {_listed(worth)}" if worth else f"the columns are {_listed(columns)}"
    raise BadTable(f"no columns of right ascension and declination were found; {listed}; {_POSITION_HINT}")


def _pairs_by_ucd(columns: Sequence[Column], levels: Sequence[tuple[set[str], set[str]]]) -> Iterator[list[Pair]]:
    for ra_ucds, dec_ucds in levels:
        ras = _all_suitable("ra", (c for c in columns if c.ucd.lower() in ra_ucds))
        decs = _all_suitable("dec", (c for c in columns if c.ucd.lower() in dec_ucds))
        # Files list a position's two columns in the same order.
        yield list(zip(ras, decs, strict=True)) if len(ras) == len(decs) else [(ra, dec) for ra in ras for dec in decs]


def _pairs_by_name(columns: Sequence[Column], levels: Sequence[Mapping[str, Sequence[str]]]) -> Iterator[list[Pair]]:
    plain: dict[str, list[Column]] = {}
    for column in columns:
        plain.setdefault(names.split_unit(names.plain_name(column.name))[0], []).append(column)
    for level in levels:
        pairs = [
            (ra, dec)
            for ra_name, dec_names in level.items()
            for ra in _all_suitable("ra", plain.get(ra_name, []))
            for dec_name in dec_names
            for dec in _all_suitable("dec", plain.get(dec_name, []))
            if is_number(ra) == is_number(dec)
        ]
        # Degrees are exact, the text beside them is the same position for people.
        yield [pair for pair in pairs if is_number(pair[0])] or pairs


def _find_id(columns: Sequence[Column]) -> Column:
    by_ucd = [column for column in columns if column.ucd.lower() in names.UCDS["id"]]
    by_name = ([c for c in columns if names.plain_name(c.name) in level] for level in names.ID_NAMES)
    tiers = [by_ucd, *by_name]
    for tier in tiers:
        found = _all_suitable("id", tier)
        if len(found) > 1:
            raise BadTable(f"several columns could identify the rows: {_listed(found)}; {_ROW_HINT}")
        if found:
            return found[0]
    for column in (column for tier in tiers for column in tier):
        _prepared("id", column)
    worth = _all_suitable("id", columns)
    listed = f"candidates are {_listed(worth)}; " if worth else ""
    raise BadTable(f"no column is known to identify the rows; {listed}{_ROW_HINT}")


def _find_other(columns: Sequence[Column], role: str) -> Column | None:
    by_ucd = (column for column in columns if column.ucd.lower() in names.UCDS[role])
    by_name = (c for c in columns if names.split_unit(names.plain_name(c.name))[0] in names.NAMES[role])
    for tier in (by_ucd, by_name):
        found = _all_suitable(role, tier)
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _all_suitable(role: str, columns: Iterable[Column]) -> list[Column]:
    return [prepared for column in columns if (prepared := _suitable(role, column))]


def _suitable(role: str, column: Column) -> Column | None:
    try:
        return _prepared(role, column)
    except BadTable:
        return None


def _prepared(role: str, column: Column) -> Column:
    """The column ready to play `role`: unit and xtype filled in.

    Raises:
        BadTable: it cannot play it.
    """
    refusal = f"column {column.name!r} cannot be the {role}: it is {column.type}"
    if role == "id":
        if _FLOAT.fullmatch(column.type) and not _INTEGER.fullmatch(column.type):
            raise BadTable(f"{refusal}, and floats round long identifiers; keep it whole or as text, or {_ROW_HINT}")
        if not (_INTEGER.fullmatch(column.type) or re.match(r"VARCHAR|UUID|ENUM", column.type, re.IGNORECASE)):
            raise BadTable(f"{refusal}; {_ROW_HINT}")
        return column
    unit = to_vounit(column.unit) or names.split_unit(names.plain_name(column.name))[1]
    if role in ("ra", "dec") and column.type.upper() in ("VARCHAR", "TIME"):
        return replace(column, unit=unit)
    if not is_number(column):
        raise BadTable(f"{refusal}, not a number")
    if role == "epoch":
        return _prepared_epoch(column)
    standard = ROLES[role]
    if standard:
        unit = unit or (standard if role in _CONVENTIONAL else "")
        if not unit:
            raise BadTable(f"{refusal} without a unit; name it with its unit, as in {column.name}_arcsec")
        if role == "ra" and unit == "h" and _FLOAT.fullmatch(column.type):
            return replace(column, unit=unit)  # whole hours are a part of hours, minutes and seconds in three columns
        try:
            scale_between(unit, standard)
        except BadTable:
            raise BadTable(f"{refusal} in {unit!r}, which cannot be turned into {standard!r}") from None
        return replace(column, unit=unit)
    return column


def _prepared_epoch(column: Column) -> Column:
    """Julian years, or days whose name or description says of which kind."""
    words = f"{column.xtype} {column.name} {column.description}".lower()
    unit = to_vounit(column.unit)
    for kind, pattern in (("mjd", r"mjd|modified julian"), ("jd", r"(?<![a-z])jd|julian da")):
        if unit in ("", "d") and re.search(pattern, words):
            return replace(column, unit="d", xtype=kind)
    if unit in ("", "yr"):
        return replace(column, unit="yr")
    raise BadTable(
        f"column {column.name!r} cannot be the epoch: it is in {unit!r}, and nothing says whether these are Julian or "
        "modified Julian dates; say so in a survey definition (epoch_column, epoch_unit)"
    )


def is_number(column: Column) -> bool:
    """Whether a column holds integers or floats."""
    return bool(_INTEGER.fullmatch(column.type) or _FLOAT.fullmatch(column.type))


def _is_galactic(column: Column) -> bool:
    by_name = names.split_unit(names.plain_name(column.name))[0]
    return any(column.ucd.lower() in ras for ras, _ in names.GALACTIC_UCDS) or any(
        by_name in level for level in names.GALACTIC_NAMES
    )


def _flat(pairs: Iterable[Pair]) -> list[Column]:
    return list({column.name: column for pair in pairs for column in pair}.values())


def _has_part(column: Column, pattern: re.Pattern[str]) -> bool:
    return any(pattern.fullmatch(part) for part in names.plain_name(column.name).split("_"))


def _listed(columns: Sequence[Column], most: int = 12) -> str:
    more = f" and {len(columns) - most} more" if len(columns) > most else ""
    return ", ".join(column.name for column in columns[:most]) + more
