"""The standard inputs of features, and which columns of a table are what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from skyband.models.features.groups import read_definitions, read_toml
from skyband.schema.columns import ROLES, Column, TableInfo, find_column
from skyband.schema.errors import BadFile, BadOption
from skyband.schema.names import quote
from skyband.schema.roles import is_number
from skyband.schema.survey import Input, Survey, load_survey, survey_names
from skyband.schema.units import scale_between

BANDS = ("u", "g", "r", "i", "z", "y", "j", "h", "k", "w1", "w2", "w3", "w4", "gaia_g", "bp", "rp")
"""Inputs that are the magnitude of a survey in a band."""
_SINGLE_LETTERS = frozenset("ugrizyjhk")
_LEAST_LETTERS = 3
_EXTENDED_MAG = 0.145  # PSF minus model magnitude: the cut of the SDSS pipeline (Stoughton et al. 2002, AJ 123, 485)


@dataclass(frozen=True, slots=True)
class StandardInput:
    """One table of inputs.toml."""

    name: str
    description: str
    least: float
    most: float
    unit: str = ""
    role: str = ""  # column role that is this input
    product: str = ""  # pattern of the names of a match's own columns
    bands: tuple[str, ...] = ()
    ucds: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    null: tuple[float, ...] = ()  # values that say "not measured"


@dataclass(frozen=True, slots=True)
class Bound:
    """An input as a table has it."""

    expression: str  # SQL over the table's columns
    origin: str  # for people: "sim_optical.psfMag_u", "column my_u"
    survey: str = ""  # that measured it, "" where nobody knows
    system: str = ""  # of a magnitude: "AB", "Vega", "" where nobody knows
    column: str = ""  # that it is without more ado


@dataclass(frozen=True, slots=True)
class _Member:
    """A survey's columns in a table."""

    name: str
    survey: Survey
    here: Mapping[str, str]  # name in the survey's table -> name in this one
    is_there: str  # SQL: whether the row has a row of the survey

    @property
    def columns(self) -> list[Column]:
        return [Column(name, "") for name in self.here]


@cache
def standard_inputs() -> Mapping[str, StandardInput]:
    """All inputs by name."""
    return {item.name: item for item in read_definitions(StandardInput, "inputs", "inputs")}


def bind_inputs(info: TableInfo, given: Mapping[str, str], store: Path) -> dict[str, Bound]:
    """The inputs a table has, in this order of trust: what is given, surveys, roles, a match's own columns, UCDs,
    well-known names.

    Of a matched catalogue the surveys of the tables it was made of count; where several measure a band, the one with
    most bands is taken, then the one that was matched first. Numbers outside of the range of an input, and those
    that stand for "not measured", are missing.

    Args:
        info: of the table.
        given: input -> column.
        store: folder of the store, for its own survey definitions.

    Raises:
        BadOption: `given` names no input, or no column of the table with numbers.
        BadFile: a survey's definition names an input that is none.
    """
    bound = dict(_given(info, given))
    members = _members(info, store)
    for name, found in _of_surveys(members):
        bound.setdefault(name, found)
    for item in standard_inputs().values():
        column = info.role(item.role) if item.role else None
        if column is not None:
            factor = scale_between(column.unit, ROLES[item.role]) if column.unit else 1.0
            bound.setdefault(item.name, Bound(_times(column.name, factor), f"column {column.name}"))
    for name, found in _of_match(info):
        bound.setdefault(name, found)
    free = [column for column in info.columns if is_number(column) and not column.role]
    for find in (_by_ucd, _by_name):
        for name, found in find(free, bound):
            bound.setdefault(name, found)
    for name in BANDS:
        alone = bound.get(f"model_{name}") or bound.get(f"psf_{name}")
        if alone is not None:
            bound.setdefault(name, alone)
    if "psf_r" in bound and "model_r" in bound:
        excess = f"({bound['psf_r'].expression}) - ({bound['model_r'].expression})"
        bound.setdefault(
            "extended_optical",
            Bound(f"({excess} > {_EXTENDED_MAG})::DOUBLE", f"psf_r - model_r > {_EXTENDED_MAG}", bound["psf_r"].survey),
        )
    return {name: _or_missing(standard_inputs()[name], found) for name, found in bound.items()}


def deredden(bound: Mapping[str, Bound]) -> dict[str, Bound]:
    """The same inputs with the extinction of E(B-V) taken from every magnitude; where it is missing, so are they.

    Raises:
        BadOption: there is no E(B-V).
    """
    if "ebv" not in bound:
        raise BadOption("magnitudes cannot be dereddened: no column holds E(B-V); name it with --input ebv=COLUMN")
    tables = read_toml("extinction")
    changed = dict(bound)
    for name, found in bound.items():
        band = name.removeprefix("psf_").removeprefix("model_")
        if band in BANDS:
            per_ebv = tables.get(found.survey, {}).get(band, tables["default"][band])
            changed[name] = replace(found, expression=f"{found.expression} - {per_ebv} * ({bound['ebv'].expression})")
    return changed


def _given(info: TableInfo, given: Mapping[str, str]) -> Iterator[tuple[str, Bound]]:
    for name, text in given.items():
        if name not in standard_inputs():
            raise BadOption(f"no input {name!r}: {_known_inputs()}")
        column = find_column(info.columns, text)
        if column is None or not is_number(column):
            fault = "has no such column" if column is None else f"holds {column.type} there, no numbers"
            raise BadOption(f"--input {name}={text}: table {info.name!r} {fault}; see skyband describe {info.name}")
        value = quote(column.name)
        error = given.get(f"{name}_error")
        if error is not None:
            value = f"CASE WHEN {quote(error)} IS NOT NULL THEN {value} END"
        yield name, Bound(value, f"column {column.name}", column=column.name)


def _known_inputs() -> str:
    return f"the inputs are {', '.join(standard_inputs())}"


def _members(info: TableInfo, store: Path) -> list[_Member]:
    """The surveys of a table, those with most bands first."""
    known = survey_names(store)
    columns = info.details.get("columns")
    found = []
    if columns:
        for table, pairs in columns.items():
            survey = info.details.get("surveys", {}).get(table)
            if survey in known:
                here = {pair["name"]: pair["here"] for pair in pairs}
                found.append(_Member(table, load_survey(survey, store), here, f"{quote(f'{table}_id')} IS NOT NULL"))
    elif info.survey in known:
        here = {column.name: column.name for column in info.columns}
        found.append(_Member(info.survey, load_survey(info.survey, store), here, "true"))
    return sorted(found, key=lambda member: -len(list(_bands(member))))


def _of_surveys(members: Iterable[_Member]) -> Iterator[tuple[str, Bound]]:
    for member in members:
        yield from _bands(member)
        for item in member.survey.inputs_of(member.columns).values():
            if item.name not in standard_inputs():
                raise BadFile(f"survey {member.survey.name!r} names the input {item.name!r}: {_known_inputs()}")
            yield item.name, Bound(_of_input(item, member), f"{member.name}.{item.column}", member.survey.name)


def _bands(member: _Member) -> Iterator[tuple[str, Bound]]:
    for band in member.survey.bands_of(member.columns):
        name = next((item.name for item in standard_inputs().values() if band.name in item.bands), None)
        if name is None:
            continue
        value, facts = quote(member.here[band.magnitude]), (member.survey.name, band.system)
        if band.error:
            error = quote(member.here[band.error])
            # Surveys give a limit in place of a magnitude, and no error then.
            value = f"CASE WHEN {error} IS NOT NULL THEN {value} END"
            yield f"{name}_error", Bound(error, f"{member.name}.{band.error}", *facts)
        yield name, Bound(value, f"{member.name}.{band.magnitude}", *facts)


def _of_input(item: Input, member: _Member) -> str:
    column = member.here[item.column]
    if item.if_given:
        return f"CASE WHEN {member.is_there} THEN ({quote(column)} IS NOT NULL)::INT END"
    if item.yes:
        return f"({quote(column)} IN ({', '.join(map(repr, item.yes))}))::INT"
    return _times(column, item.scale)


def _of_match(info: TableInfo) -> Iterator[tuple[str, Bound]]:
    """What a matched catalogue says of its objects itself."""
    columns = info.details.get("columns")
    if not columns:
        return
    members = {pair["here"] for pairs in columns.values() for pair in pairs}
    own = [column.name for column in info.columns if column.name not in members and is_number(column)]
    for item in standard_inputs().values():
        names = [name for name in own if fnmatchcase(name, item.product)]
        if names:
            yield item.name, Bound(f"greatest({', '.join(map(quote, names))})", f"column {', '.join(names)}")


def _by_ucd(columns: Sequence[Column], bound: Mapping[str, Bound]) -> Iterator[tuple[str, Bound]]:
    for item in standard_inputs().values():
        found = [column for column in columns if column.ucd in item.ucds]
        if item.name not in bound and len(found) == 1:
            yield from _measured(item, found[0], columns)


def _by_name(columns: Sequence[Column], bound: Mapping[str, Bound]) -> Iterator[tuple[str, Bound]]:
    letters = sum(column.name in _SINGLE_LETTERS for column in columns)
    by_name = {column.name: column for column in columns}
    for item in standard_inputs().values():
        if item.name in bound:
            continue
        names = [name for name in item.names if name not in _SINGLE_LETTERS or letters >= _LEAST_LETTERS]
        for name in names:
            if name in by_name and _fits(item, by_name[name]):
                yield from _measured(item, by_name[name], columns)
                break


def _fits(item: StandardInput, column: Column) -> bool:
    """Whether nothing that is said of a column speaks against it: `z` may be a redshift."""
    has_ucd = not column.ucd or item.unit != "mag" or column.ucd.startswith("phot.mag")
    return has_ucd and (not column.unit or not item.unit or column.unit == item.unit)


def _measured(item: StandardInput, column: Column, columns: Sequence[Column]) -> Iterator[tuple[str, Bound]]:
    """A column found by what is said of it, and that of its error."""
    value, error = quote(column.name), _error_of(column, columns)
    if item.unit == "mag" and error is not None:
        value = f"CASE WHEN {quote(error.name)} IS NOT NULL THEN {value} END"
        if item.name in BANDS:
            yield f"{item.name}_error", Bound(quote(error.name), f"column {error.name}", column=error.name)
    yield item.name, Bound(value, f"column {column.name}", column=column.name)


def _error_of(column: Column, columns: Sequence[Column]) -> Column | None:
    name = column.name
    names = [f"e_{name}", f"{name}_error", f"{name}_err", f"err_{name}", f"{name}Err", f"err{name}"]
    names += [name.replace(*pair) for pair in (("mpro", "sigmpro"), ("_m", "_msigcom"), ("Mag_", "MagErr_"))]
    named = (find_column(columns, other) for other in names if other != name)
    by_ucd = [other for other in columns if column.ucd and other.ucd == f"stat.error;{column.ucd}"]
    return next((found for found in named if found), by_ucd[0] if len(by_ucd) == 1 else None)


def _times(column: str, factor: float) -> str:
    return quote(column) if factor == 1.0 else f"{quote(column)} * {factor!r}"


def _or_missing(item: StandardInput, found: Bound) -> Bound:
    value = f"({found.expression})::DOUBLE"
    are_so = [f"{value} BETWEEN {item.least!r} AND {item.most!r}", *(f"{value} <> {null!r}" for null in item.null)]
    return replace(found, expression=f"CASE WHEN {' AND '.join(are_so)} THEN {value} END")
