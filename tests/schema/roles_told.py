"""Roles of columns as tests write them, and what is said where there are none."""

from __future__ import annotations

from skyband.schema.columns import Column
from skyband.schema.roles import Roles

ID_HINT = "give --id COLUMN, or --id @row to number the rows"
NO_ID = f"no column is known to identify the rows; {ID_HINT}"


def table(*specs: str) -> tuple[Column, ...]:
    """Columns from "name type unit ucd", the last two optional."""
    parts = (f"{spec}  ".split(" ") for spec in specs)
    return tuple(Column(name, kind, unit, ucd) for name, kind, unit, ucd, *_ in parts)


def played(roles: Roles) -> dict[str, str]:
    return {column.role: column.name for column in roles.columns if column.role}


def the(role: str, roles: Roles) -> Column:
    column = roles.column(role)
    assert column is not None
    return column


def no_id(*candidates: str) -> str:
    return f"no column is known to identify the rows; candidates are {', '.join(candidates)}; {ID_HINT}"


def several(*candidates: str) -> str:
    return f"several columns could identify the rows: {', '.join(candidates)}; {ID_HINT}"


def no_position(columns: str) -> str:
    return f"no columns of right ascension and declination were found; {columns}; give --ra COLUMN --dec COLUMN"
