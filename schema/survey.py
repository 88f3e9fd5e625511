"""Survey definitions: what is known of a survey's columns before a file of it is read.

A survey is a file, `schema/surveys/<name>.toml` or `<store>/surveys/<name>.toml`, and its name is the file's name.
The keys are the fields of `Survey`, `Archive`, `Band`, `Input` and `SurveyColumn`; `schema/definition.py` says how
patterns shorten them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TypeVar

from skyband.schema.columns import ROLES, Column
from skyband.schema.definition import Table, build, expanded, read_definition
from skyband.schema.errors import BadFile, BadOption, BadTable
from skyband.schema.units import check_ucd, is_vounit, scale_between, to_vounit

EPOCH_UNITS = ("yr", "jd", "mjd")
"""What an epoch column may hold: Julian years, Julian dates, modified Julian dates."""

FRAMES = ("ICRS", "FK5", "FK4", "GALACTIC", "ECLIPTIC", "SUPERGALACTIC")
ID_TYPES = ("bigint", "text")

_Item = TypeVar("_Item", "SurveyColumn", "Band", "Input")


@dataclass(frozen=True, slots=True)
class SurveyColumn:
    """A column of a survey as its archive names it."""

    name: str  # found in files whatever its case
    type: str = ""  # one of ID_TYPES for identifiers, which must never pass through floats
    unit: str = ""  # VOUnits
    ucd: str = ""  # UCD1+
    description: str = ""
    role: str = ""  # a key of schema.columns.ROLES; "epoch" comes from `Survey.epoch_column`
    aliases: tuple[str, ...] = ()  # other archives' names for it (VizieR), found only in this case
    null: tuple[float, ...] = ()  # values that mean "not measured"


@dataclass(frozen=True, slots=True)
class Band:
    """A photometric band and the columns that measure it."""

    name: str
    magnitude: str  # column
    error: str = ""  # column, "" where the survey gives none
    system: str = "AB"  # or "Vega"
    wavelength_um: float | None = None  # effective or pivot


@dataclass(frozen=True, slots=True)
class Input:
    """What a column means to models, beside roles and bands: a standard input of `models/features/inputs.toml`."""

    name: str  # of the input
    column: str
    scale: float = 1.0  # column times scale has the unit of the input
    yes: tuple[float, ...] = ()  # codes that mean yes, any other no: the input is a flag
    if_given: bool = False  # the input is a flag: yes where the column has a value, no where it has none


@dataclass(frozen=True, slots=True)
class Archive:
    """Where the survey can be downloaded."""

    service: str  # address of the service, or of the page with the files
    table: str = ""
    protocol: str = "tap"  # "tap", "skyserver" (the SQL search of SDSS) or "file"


@dataclass(frozen=True, slots=True)
class Survey:
    """All that is known of a survey; `load_survey` reads it from its file."""

    name: str
    title: str
    columns: tuple[SurveyColumn, ...]
    description: str = ""
    licence: str = ""
    citation: str = ""
    frame: str = "ICRS"
    epoch: float | None = None  # Julian year of the positions where the file has no epoch column
    epoch_error_yr: float = 0.0  # how far, 1 sigma, the positions of rows are from it: the survey took its time
    epoch_column: str = ""
    epoch_unit: str = "yr"  # of epoch_column, one of EPOCH_UNITS
    match_radius_arcsec: float = 1.0  # a sensible radius to match it with
    position_error_mas: float | None = None  # 1 sigma in each coordinate where the file has no errors
    position_floor_mas: float = 0.0  # systematic error of positions, to be added in quadrature
    bands: tuple[Band, ...] = ()
    inputs: tuple[Input, ...] = ()  # the first that a file has the column of counts
    archive: Archive | None = None

    @property
    def positions(self) -> bool:
        """Whether its rows are places on the sky; the others are joined by their id."""
        return any(column.role == "ra" for column in self.columns)

    def describe(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """The columns of a file with what the survey knows of them.

        The file's unit, UCD and description stay where it has them: a converted file says what it holds. Roles come
        from the survey; where a file has a column under two of its names, the archive's own name takes the role. The
        `xtype` of an epoch column says "jd" or "mjd" where it is not in years.
        """
        known = self._known(columns)
        owners = set(self._names(columns).values())
        return tuple(
            self._merged(column, known[column.name], column.name in owners) if column.name in known else column
            for column in columns
        )

    def nulls(self, columns: Iterable[Column]) -> dict[str, tuple[float, ...]]:
        """For columns of a file, by their names there: the values that mean "not measured"."""
        return {name: meaning.null for name, meaning in self._known(columns).items() if meaning.null}

    def id_types(self, columns: Iterable[Column]) -> dict[str, str]:
        """For the identifiers among the columns of a file, by their names there: "bigint" or "text"."""
        return {name: meaning.type for name, meaning in self._known(columns).items() if meaning.type}

    def bands_of(self, columns: Iterable[Column]) -> tuple[Band, ...]:
        """The bands a file has magnitudes of, with the file's names of the columns."""
        names = self._names(columns)
        return tuple(
            replace(band, magnitude=names[band.magnitude], error=names.get(band.error, ""))
            for band in self.bands
            if band.magnitude in names
        )

    def inputs_of(self, columns: Iterable[Column]) -> dict[str, Input]:
        """The inputs a file has the columns of, by name, with the file's names of the columns."""
        names = self._names(columns)
        found = [replace(item, column=names[item.column]) for item in self.inputs if item.column in names]
        return {item.name: item for item in reversed(found)}

    def _known(self, columns: Iterable[Column]) -> dict[str, SurveyColumn]:
        """Names in the file -> what the survey knows."""
        own = {column.name.lower(): column for column in self.columns}
        aliases = {alias: column for column in self.columns for alias in column.aliases}
        found = ((column.name, own.get(column.name.lower()) or aliases.get(column.name)) for column in columns)
        return {name: meaning for name, meaning in found if meaning}

    def _names(self, columns: Iterable[Column]) -> dict[str, str]:
        """Names in the survey -> names in the file: the archive's own before an alias, earlier aliases before later."""
        names: dict[str, str] = {}
        ranked = sorted(
            self._known(columns).items(),
            key=lambda item: item[1].aliases.index(item[0]) if item[0] in item[1].aliases else -1,
        )
        for name, meaning in ranked:
            names.setdefault(meaning.name, name)
        return names

    def _merged(self, column: Column, meaning: SurveyColumn, owner: bool) -> Column:
        role = meaning.role if owner else ""
        # A position as text may be sexagesimal, whatever unit the survey's numbers have.
        as_text = meaning.role in ("ra", "dec") and column.type in ("VARCHAR", "TIME")
        return replace(
            column,
            unit=to_vounit(column.unit) or ("" if as_text else meaning.unit),
            ucd=column.ucd or meaning.ucd,
            xtype=self.epoch_unit if role == "epoch" and self.epoch_unit != "yr" else column.xtype,
            description=column.description or meaning.description,
            role=role,
        )


def survey_names(store: Path | None = None) -> tuple[str, ...]:
    """Names `load_survey` knows: those of the package and those of the store."""
    return tuple(sorted(_files(store)))


def load_survey(name: str, store: Path | None = None) -> Survey:
    """The survey of that name, or the one in that `.toml` file; a store's own definition wins over the package's.

    Raises:
        BadOption: no survey of that name.
        BadFile: the file is missing or its definition is wrong; the message names the key.
    """
    files = _files(store)
    if name not in files and not name.endswith(".toml"):
        raise BadOption(
            f"no survey {name!r}: take one of {', '.join(sorted(files))}, or the path of a .toml definition"
        )
    path = files.get(name) or Path(name).expanduser()
    # A definition with the name of a packaged one extends that one when it extends its own name.
    return _survey(path, files | {path.stem: _files(None).get(path.stem, path)})


_PACKAGED = Path(str(resources.files("skyband.schema.surveys")))


def _files(store: Path | None) -> dict[str, Path]:
    folders = [_PACKAGED] if store is None else [_PACKAGED, store / "surveys"]
    return {path.stem: path for folder in folders for path in folder.glob("*.toml")}


def _survey(path: Path, others: dict[str, Path]) -> Survey:
    table = read_definition(path, others)
    expand = table.pop("expand", {})
    table["columns"] = tuple(_items(SurveyColumn, table.get("columns", []), expand, f"{path}: column"))
    table["bands"] = tuple(_items(Band, table.get("bands", []), expand, f"{path}: band"))
    table["inputs"] = tuple(_items(Input, table.get("inputs", []), expand, f"{path}: input"))
    if "archive" in table:
        table["archive"] = build(Archive, table["archive"], f"{path}: archive")
    survey = build(Survey, {"name": path.stem} | table, str(path))
    # The vocabulary of UCDs takes a third of a second to load: the tests have checked the packaged definitions.
    for fault in _faults(survey, check_ucds=path.parent != _PACKAGED):
        raise BadFile(f"{path}: {fault}")
    epoch_column = survey.epoch_column.lower()
    return replace(
        survey,
        columns=tuple(replace(c, role="epoch") if c.name.lower() == epoch_column else c for c in survey.columns),
    )


def _items(kind: type[_Item], patterns: list[Table], expand: Table, where: str) -> Iterator[_Item]:
    for pattern in patterns:
        for table in expanded(pattern, expand, where):
            yield build(kind, table, f"{where} {table.get('name')!r}")


def _faults(survey: Survey, *, check_ucds: bool) -> Iterator[str]:
    """What is wrong with a definition whose keys and types are right."""
    names = [column.name.lower() for column in survey.columns]
    aliases = [alias for column in survey.columns for alias in column.aliases]
    # Own names are found in any case: an alias that differs from one in case only would never be asked.
    spelled = Counter(names) + Counter(alias.lower() if alias.lower() in names else alias for alias in aliases)
    yield from (f"{name!r} is there twice, as a name or an alias" for name, times in spelled.items() if times > 1)
    roles = Counter(column.role for column in survey.columns if column.role)
    yield from (f"two columns have the role {role!r}" for role, times in roles.items() if times > 1)
    for column in survey.columns:
        yield from (f"column {column.name!r}: {fault}" for fault in _column_faults(column))
        if check_ucds and column.ucd and not check_ucd(column.ucd):
            yield f"column {column.name!r}: {column.ucd!r} is not a UCD1+"
    if ("ra" in roles) != ("dec" in roles):
        yield "one of the roles 'ra' and 'dec' is missing"
    if survey.frame not in FRAMES:
        yield f"frame {survey.frame!r} is none of {', '.join(FRAMES)}"
    if survey.epoch_unit not in EPOCH_UNITS:
        yield f"epoch_unit {survey.epoch_unit!r} is none of {', '.join(EPOCH_UNITS)}"
    used = [survey.epoch_column, *(name for band in survey.bands for name in (band.magnitude, band.error))]
    used += [item.column for item in survey.inputs]
    yield from (f"there is no column {name!r}" for name in used if name and name.lower() not in names)


def _column_faults(column: SurveyColumn) -> Iterator[str]:
    if column.role == "epoch":
        yield "say 'epoch_column' and 'epoch_unit' of the survey instead of the role 'epoch'"
    elif column.role and column.role not in ROLES:
        yield f"unknown role {column.role!r}; the roles are {', '.join(ROLES)}"
    if column.type and column.type not in ID_TYPES:
        yield f"type {column.type!r} is none of {', '.join(ID_TYPES)}; columns that are no identifiers need none"
    if column.role == "id" and not column.type:
        yield f"an id needs a 'type', one of {', '.join(ID_TYPES)}"
    if not is_vounit(column.unit):
        yield f"unit {column.unit!r} is not VOUnits; should it be {to_vounit(column.unit)!r}?"
    elif standard := ROLES.get(column.role):
        try:
            scale_between(column.unit, standard)
        except BadTable:
            yield f"unit {column.unit!r} is no unit for the role {column.role!r}, which is in {standard!r}"
