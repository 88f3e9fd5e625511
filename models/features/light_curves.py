"""Light curves: a table with a measurement a row, of objects that another table has."""

from __future__ import annotations

from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.keys import data_of
from skyband.schema.names import quote, quote_text
from skyband.schema.roles import ROW_ID, is_number

_WANTED = {
    "object_id": (("meta.id.cross", "meta.id"), ("object_id", "source_id", "objid", "oid")),
    "mjd": (("time.epoch", "time.epoch;obs"), ("mjd", "hmjd", "time", "jd")),
    "mag": (("phot.mag",), ("mag", "magnitude")),
    "error": (("stat.error;phot.mag",), ("mag_error", "magerr", "e_mag", "error")),
    "band": (("instr.bandpass", "instr.filter"), ("band", "filter", "fid")),
}
"""UCDs and names by which the columns are known; a table without bands has one."""


def check_curves(curves: TableInfo) -> None:
    """Require the columns of light curves.

    Raises:
        BadTable: one is missing, or holds no numbers.
    """
    for name in ("object_id", "mjd", "mag", "error"):
        column = _find(curves, name)
        ucds, names = _WANTED[name]
        if column is None:
            raise BadTable(
                f"table {curves.name!r} has no light curves: no column of the {name} was found, by UCD "
                f"{' or '.join(ucds)} or by name {', '.join(names)}"
            )
        if name != "object_id" and not is_number(column):
            raise BadTable(f"column {column.name!r} of table {curves.name!r} holds no numbers, but {column.type}")


def curves_sql(curves: TableInfo) -> str:
    """SQL of the relation (survey, object_id, band, mjd, mag, error) of a table of light curves that was checked.

    Columns are found by UCD, else by name; `survey`, where there is such a column, says in which table the object ids
    are found.
    """
    band = _find(curves, "band")
    chosen = [
        "survey::VARCHAR AS survey" if curves.column("survey") else "'' AS survey",
        f"{_name(curves, 'object_id')} AS object_id",
        f"{quote(band.name)}::VARCHAR AS band" if band else "'' AS band",
        *(f"{_name(curves, name)}::DOUBLE AS {name}" for name in ("mjd", "mag", "error")),
    ]
    return f"(SELECT {', '.join(chosen)} FROM {data_of(curves)})"


def keys_sql(info: TableInfo, curves: TableInfo, curves_of: str | None, where: str) -> tuple[str, int]:
    """Which light curve a row of a table has: SQL of the relation (curve, survey, object_id), and a number of names;
    `curve` is the row's number times that, plus the number of the survey.

    Args:
        info: the table.
        curves: of its light curves.
        curves_of: column of the table with the object ids; its id, or those of the members of objects, if None.
        where: condition on the rows.

    Raises:
        BadOption: there is no such column, or it takes one: rows are only numbered, or have ids of another type.
    """
    target = _find(curves, "object_id")
    assert target is not None
    keys = _survey_ids(info, curves_of) if curves.column("survey") else [("", _own_id(info, curves_of))]
    parts = [
        f"SELECT rowid * {len(keys)} + {number} AS curve, {quote_text(survey)} AS survey, "
        f"{quote(column.name)} AS object_id FROM {data_of(info)} WHERE {quote(column.name)} IS NOT NULL AND {where}"
        for number, (survey, column) in enumerate(keys)
        if is_number(column) == is_number(target)
    ]
    if not parts:
        raise BadOption(
            f"object ids of {curves.name!r} are {target.type}, and no id of {info.name!r} is: name the column that has "
            "them with --curves-of COLUMN"
        )
    return f"({' UNION ALL '.join(parts)})", len(keys)


def _survey_ids(info: TableInfo, curves_of: str | None) -> list[tuple[str, Column]]:
    """Ids of the rows, or of the members of objects, by the names of tables and of their surveys."""
    members = info.details.get("columns")
    if curves_of is not None or not members:
        return [(name, _own_id(info, curves_of)) for name in sorted({info.name, info.survey}) if name]
    surveys = info.details.get("surveys", {})
    found = []
    for table in members:
        column = info.column(f"{table}_id")
        if column is not None:
            found += [(name, column) for name in {table, surveys.get(table)} if name]
    return sorted(found, key=lambda pair: pair[0])


def _own_id(info: TableInfo, name: str | None) -> Column:
    column = info.column(name) if name else info.role("id")
    if column is None:
        raise BadOption(f"--curves-of {name}: table {info.name!r} has no such column; see skyband describe {info.name}")
    if column.name == ROW_ID:
        raise BadOption(
            f"the {info.name} are numbered, which says nothing of light curves: name their column with the object ids "
            "with --curves-of COLUMN"
        )
    return column


def _find(curves: TableInfo, name: str) -> Column | None:
    ucds, names = _WANTED[name]
    for ucd in ucds:
        found = [column for column in curves.columns if column.ucd == ucd]
        if len(found) == 1:
            return found[0]
    return next((column for known in names if (column := curves.column(known))), None)


def _name(curves: TableInfo, name: str) -> str:
    column = _find(curves, name)
    assert column is not None
    return quote(column.name)
