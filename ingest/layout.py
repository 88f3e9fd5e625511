"""What the rows of a file become in a table: decided before a row is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from skyband.ingest.cleaning import Item, clean, clean_id
from skyband.ingest.positions import Axes, Placement, place
from skyband.ingest.readers.source import Source
from skyband.schema.columns import HEALPIX_COLUMN, ROLES, Column
from skyband.schema.errors import BadTable
from skyband.schema.healpix import KEY_STEPS, with_key
from skyband.schema.names import check_column_name, quote
from skyband.schema.roles import ROW_ID, assign_roles
from skyband.schema.survey import Survey

ORIGINAL_ID = "@id"
"""Column of a table being built: the id as the file has it, where it may be unreadable."""

_REPLACED = frozenset({HEALPIX_COLUMN, f"_{HEALPIX_COLUMN}"})
"""Key columns a file may bring (HATS files do); the table gets its own."""

_RESERVED = frozenset({"__ra", "__dec", "@id", "@new", "@icrs", "@row", "@reason", "@place"}) | KEY_STEPS
_SHADOWING = "rowid"
"""In DuckDB this names the place of a row; a column of that name would hide it."""

_ALONG_AXES = frozenset(
    {"pmra", "pmdec", "ra_error", "dec_error", "ra_dec_corr", "ra_dec_cosigma", "pmra_error", "pmdec_error"}
)
"""Roles that mean something else on other axes."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of the table to be and how they follow from the rows of the source."""

    items: tuple[Item, ...]  # one a column of the file, or its row number
    placement: Placement | None  # None: a table without positions
    axes: Axes
    notes: tuple[str, ...] = ()
    id_in_files: str = ""  # what the id's column is called there, "" where rows are numbered

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the table with their roles, in order, without the key."""
        return (*(item.column for item in self.items), *(self.placement.added if self.placement else ()))

    @property
    def id(self) -> Item:
        """The item of the id."""
        return next(item for item in self.items if item.column.role == "id")

    def select(self, rows: str) -> str:
        """SQL of the table's rows, with `healpix_29` NULL where a row cannot be kept, from `rows` of the source."""
        items = [f"{item.sql} AS {quote(item.column.name)}" for item in self.items]
        if self.id.original:
            items.append(f"{self.id.original} AS {quote(ORIGINAL_ID)}")
        cleaned = f"(SELECT {', '.join(items)} FROM {rows})"
        if self.placement is None:
            return cleaned
        ra, dec = quote(self.placement.ra.name), quote(self.placement.dec.name)
        placed = f"{quote(self.id.column.name)} IS NOT NULL AND is_direction({ra}, {dec})"
        return with_key(self.placement.add_to(cleaned), key=HEALPIX_COLUMN, ra=ra, dec=dec, placed=placed)

    def without_epoch_column(self) -> Layout:
        """The layout with no epoch a row: one of all rows is known better."""
        items = (replace(i, column=replace(i.column, role="")) if i.column.role == "epoch" else i for i in self.items)
        return replace(self, items=tuple(items))


def lay_out(
    source: Source,
    given: Mapping[str, str],
    *,
    survey: Survey | None = None,
    axes: Axes | None = None,
    names: Mapping[str, str] | None = None,
    first_row: int = 1,
    largest: Callable[[str], int],
) -> Layout:
    """The layout of the table a source becomes.

    Args:
        source: the files.
        given: role -> column name, as the user gave it; `{"id": "@row"}` numbers the rows.
        survey: what is known of the survey; one without positions makes a table without them.
        axes: frame and equinox of the positions, where the user says so; else the survey does, else the file.
        names: what the columns of the roles id, ra and dec must be called, where the table is there already.
        first_row: number of the first row where rows are numbered.
        largest: gives the largest value of a column of the source; asked for an id of type UBIGINT only.

    Raises:
        BadOption, BadTable: see `assign_roles` and `place`; or a column has a name skyband keeps for itself.
        BadName: the name of a column holds a control character.
    """
    _check_names(source)
    found = assign_roles(source.columns, survey=survey, given=given)
    axes = axes or (Axes(found.frame) if survey or found.frame != "ICRS" else Axes(source.frame, source.equinox))
    columns = [column for column in found.columns if column.name.lower() not in _REPLACED or column.role]
    notes = [f"column {column.name} replaced by skyband's own" for column in found.columns if column not in columns]
    if not axes.parallel_to_icrs:
        notes += list(_role_notes(columns, axes))
        columns = [replace(column, role="") if column.role in _ALONG_AXES else column for column in columns]
    nulls, id_types = (survey.nulls(columns), survey.id_types(columns)) if survey else ({}, {})
    items = [
        (clean_id if column.role == "id" else clean)(
            _narrowed(column, largest), id_types.get(column.name, ""), nulls.get(column.name, ())
        )
        for column in columns
    ]
    notes += [
        f"column {item.column.name} is {item.column.type}: FITS and VOTable files get doubles of it, of 16 digits"
        for item in items
        if _is_wide(item.column.type)
    ]
    items, renamed = _unshadowing(items)
    notes += renamed
    if given.get("id") == ROW_ID:
        items.insert(0, _row_number(columns, first_row))
    placement = _placement(items, axes)
    if names:
        items = _renamed(items, names, ("id",) if placement and placement.added else ("id", "ra", "dec"))
        placement = _placement(items, axes, names)
    if placement and placement.added:
        items = [replace(item, column=_demoted(item.column)) for item in items]
    if placement and "FLOAT" in (placement.ra.type, placement.dec.type):
        notes.append("positions are 32-bit floats: their grain is 0.01 to 0.1 arcsec, coarser at larger angles")
    id_in_files = next((column.name for column in columns if column.role == "id"), "")
    layout = Layout(tuple(items), placement, axes, tuple(notes), id_in_files)
    _check_unique(source, layout)
    return layout


def _check_names(source: Source) -> None:
    for column in source.columns:
        check_column_name(column.name)
        if column.name.lower() in _RESERVED:
            raise BadTable(f"{source.path}: column name {column.name!r} is skyband's own; rename the column")


def _role_notes(columns: Sequence[Column], axes: Axes) -> Iterator[str]:
    lost = [role for role in ROLES if role in _ALONG_AXES and any(column.role == role for column in columns)]
    if lost:
        yield f"{', '.join(lost)} are along {axes} axes: the columns stay, without these roles"


def _is_wide(type_: str) -> bool:
    """Whether it is a DECIMAL that 64 bits do not hold."""
    return type_.startswith("DECIMAL(") and int(type_[8:].partition(",")[0]) > 18


def _unshadowing(items: Sequence[Item]) -> tuple[list[Item], list[str]]:
    """The items with no column named `rowid`, and what to tell of that."""
    name = free_name(_SHADOWING, [item.column.name for item in items])
    shadows = [item.column.name.lower() == _SHADOWING for item in items]
    renamed = [
        replace(item, column=replace(item.column, name=name)) if shadow else item
        for item, shadow in zip(items, shadows, strict=True)
    ]
    return renamed, [f"column {_SHADOWING} is called {name} in the table"] * any(shadows)


def _narrowed(column: Column, largest: Callable[[str], int]) -> Column:
    """An unsigned id as BIGINT if all of its values fit."""
    fits = column.role == "id" and column.type == "UBIGINT" and largest(column.name) < 1 << 63
    return replace(column, type="BIGINT") if fits else column


def _row_number(columns: Sequence[Column], first_row: int) -> Item:
    column = Column(
        free_name("row_id", [column.name for column in columns]),
        "BIGINT",
        ucd="meta.id;meta.main",
        description="Number of the row in the files, from 1",
        role="id",
    )
    return Item(column, f"row_number() OVER () + {first_row - 1}")


def _placement(items: Sequence[Item], axes: Axes, names: Mapping[str, str] | None = None) -> Placement | None:
    roles = {item.column.role: item.column for item in items}
    if "ra" not in roles:
        return None
    ra, dec = _position_names([item.column.name for item in items])
    named = names or {}
    return place(roles["ra"], roles["dec"], axes, (named.get("ra", ra), named.get("dec", dec)))


def _position_names(taken: Sequence[str]) -> tuple[str, str]:
    """Names for columns of right ascension and declination beside columns of these names."""
    suffix, number = "", 0
    while not {name.lower() for name in taken}.isdisjoint({f"ra{suffix}", f"dec{suffix}"}):
        number += 1
        suffix = "_icrs" if number == 1 else f"_icrs_{number}"
    return f"ra{suffix}", f"dec{suffix}"


def _renamed(items: Sequence[Item], names: Mapping[str, str], roles: Collection[str]) -> list[Item]:
    """The items with the columns of these roles under the names they have in the table."""
    return [
        replace(item, column=replace(item.column, name=names.get(item.column.role, item.column.name)))
        if item.column.role in roles
        else item
        for item in items
    ]


def _check_unique(source: Source, layout: Layout) -> None:
    taken = [HEALPIX_COLUMN, *(column.name.lower() for column in layout.columns)]
    for column in layout.columns:
        if column.role and taken.count(column.name.lower()) > 1:
            raise BadTable(
                f"the column of the {column.role} would be called {column.name!r} in the table, and so would another "
                f"column of {source.path}; rename that"
            )


def _demoted(column: Column) -> Column:
    """A column of the file's own positions, where the table has others to go by."""
    if column.role not in ("ra", "dec"):
        return column
    return replace(column, role="", ucd=column.ucd.removesuffix(";meta.main"))


def free_name(name: str, taken: Collection[str]) -> str:
    """`name`, or `name_2`, `name_3`, ... where that is taken in any letter case."""
    folded = {other.lower() for other in taken}
    free, number = name, 1
    while free.lower() in folded:
        number += 1
        free = f"{name}_{number}"
    return free
