"""Simple Cone Search 1.03 over every table with positions."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post

from skyband.queries.cones import cone_rows, cone_values
from skyband.queries.serving import Query
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import BadOption
from skyband.schema.names import quote
from skyband.server.service import Service
from skyband.server.tap.request import read_maxrec
from skyband.server.web.access import Identity
from skyband.server.web.answers import RowsResponse, answer_query
from skyband.server.web.formats import format_named
from skyband.server.web.parameters import Parameters

_NO_RADIUS_DEG = 1e-9
_DEFAULT_ROWS = 100_000
"""Rows of a cone unless MAXREC asks for more; so few are answered faster than a stream without end."""
_QUICK_RADIUS_DEG = 0.5


@get("/{table:str}")
async def search_get(request: Request[Any, Any, Any], service: Service, identity: Identity, table: str) -> RowsResponse:
    """The rows within SR degrees of RA, DEC, nearest first."""
    return await _search(request, service, identity, table)


@post("/{table:str}", status_code=200)
async def search_post(
    request: Request[Any, Any, Any], service: Service, identity: Identity, table: str
) -> RowsResponse:
    """The same, with the parameters in a form."""
    return await _search(request, service, identity, table)


async def _search(request: Request[Any, Any, Any], service: Service, identity: Identity, table: str) -> RowsResponse:
    parameters = await Parameters.read(request)
    info = service.catalogue.table(table)
    ra_deg = _needed(parameters, "RA", -360, 360)
    dec_deg = _needed(parameters, "DEC", -90, 90)
    radius_deg = _needed(parameters, "SR", 0, 180)
    max_rows = read_maxrec(parameters, service.settings)
    if parameters.one("MAXREC") is None:
        max_rows = min(max_rows, _DEFAULT_ROWS)
    query = Query(
        text=cone_sql(info),
        language="sql",
        format=format_named(parameters.one("RESPONSEFORMAT") or "votable"),
        # A radius of zero asks for the columns alone (SCS 1.03, 2.1).
        max_rows=max_rows if radius_deg else 0,
        parameters={"ra": ra_deg, "dec0": dec_deg, **cone_values(ra_deg, dec_deg, radius_deg or _NO_RADIUS_DEG)},
        name=info.name,
        ucds=cone_ucds(info),
        shown=f"cone of {radius_deg:g} deg around {ra_deg:g} {dec_deg:g} in {info.name}",
    )
    limit_s = service.settings.query_time_limit_s
    quick = radius_deg <= _QUICK_RADIUS_DEG
    return await answer_query(service, request, identity, query, time_limit_s=limit_s, priority=quick)


def cone_sql(info: TableInfo) -> str:
    """SQL of a cone around `$ra`, `$dec0` with the values of `cone_values`; the id is text, as the standard wants it.

    Raises:
        BadOption: the table has no positions or ids.
    """
    id_column, ra, dec = (_role(info, role) for role in ("id", "ra", "dec"))
    return (
        f"SELECT angdist_arcsec({ra}, {dec}, $ra, $dec0) / 3600 AS separation_deg, "
        f"* REPLACE ({id_column}::VARCHAR AS {id_column}) "
        f"FROM {cone_rows(info)} ORDER BY separation_deg, {id_column}"
    )


def cone_ucds(info: TableInfo) -> dict[str, str]:
    """UCDs by column: exactly one main identifier, right ascension and declination (SCS 1.03, 2.2.1)."""
    main = {"id": "meta.id;meta.main", "ra": "pos.eq.ra;meta.main", "dec": "pos.eq.dec;meta.main"}
    given = {
        column.name: column.ucd.replace(";meta.main", "")
        for column in info.columns
        if column.ucd in main.values() and column.role not in main
    }
    return given | {column.name: main[column.role] for column in info.columns if column.role in main}


def _role(info: TableInfo, role: str) -> str:
    column: Column | None = info.role(role)
    if column is None:
        raise BadOption(f"table {info.name!r} has no {role} column, so it cannot be searched by position")
    return quote(column.name)


def _needed(parameters: Parameters, name: str, least: float, most: float) -> float:
    value = parameters.number(name, least=least, most=most)
    if value is None:
        raise BadOption(f"parameter {name} is missing; a cone needs RA, DEC and SR in degrees")
    return value
