"""Simple Cone Search 1.03 over every table with positions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from litestar import Request, get, post

from skyband.queries.cones import Cone
from skyband.queries.serving import Query
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadOption
from skyband.server.service import Service
from skyband.server.tap.request import read_maxrec
from skyband.server.web.access import Identity
from skyband.server.web.answers import RowsResponse, answer_query
from skyband.server.web.formats import format_named
from skyband.server.web.parameters import Parameters

_NO_RADIUS_DEG = 1e-9
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
    if info.role("id") is None:
        raise BadOption(f"table {info.name!r} has no ids, so a cone search cannot list its rows")
    ra_deg = _needed(parameters, "RA", -360, 360)
    dec_deg = _needed(parameters, "DEC", -90, 90)
    radius_deg = _needed(parameters, "SR", 0, 180)
    # A radius of zero asks for the columns alone (SCS 1.03, 2.1).
    cone = Cone(ra_deg, dec_deg, radius_deg or _NO_RADIUS_DEG)
    query = Query(
        text=info.name,
        language="cone",
        format=format_named(parameters.one("RESPONSEFORMAT") or "votable"),
        max_rows=read_maxrec(parameters, service.settings) if radius_deg else 0,
        parameters=asdict(cone),
        name=info.name,
        ucds=cone_ucds(info),
        shown=cone.as_sql(info.name),
    )
    limit_s = service.settings.query_time_limit_s
    quick = radius_deg <= _QUICK_RADIUS_DEG
    return await answer_query(service, request, identity, query, time_limit_s=limit_s, priority=quick)


def cone_ucds(info: TableInfo) -> dict[str, str]:
    """UCDs by column: exactly one main identifier, right ascension and declination (SCS 1.03, 2.2.1)."""
    main = {"id": "meta.id;meta.main", "ra": "pos.eq.ra;meta.main", "dec": "pos.eq.dec;meta.main"}
    given = {
        column.name: column.ucd.replace(";meta.main", "")
        for column in info.columns
        if column.ucd in main.values() and column.role not in main
    }
    return given | {column.name: main[column.role] for column in info.columns if column.role in main}


def _needed(parameters: Parameters, name: str, least: float, most: float) -> float:
    value = parameters.number(name, least=least, most=most)
    if value is None:
        raise BadOption(f"parameter {name} is missing; a cone needs RA, DEC and SR in degrees")
    return value
