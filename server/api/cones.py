"""Simple Cone Search 1.03 over every table with positions."""

from __future__ import annotations

import math
from typing import Any

from litestar import Request, Response, route

from skyband.queries.cones import Cone
from skyband.queries.serving import Query
from skyband.schema.errors import BadOption
from skyband.server.service import Service
from skyband.server.tap.request import read_maxrec
from skyband.server.web.access import Identity
from skyband.server.web.answers import answer_query
from skyband.server.web.formats import format_named
from skyband.server.web.parameters import Parameters

_NO_RADIUS_DEG = 1e-9
_QUICK_ROWS = 1000
"""Rows of a quick cone, if they lay evenly on the sky; where they crowd there are a hundred times as many."""


@route("/{table:str}", http_method=["GET", "POST"], status_code=200)
async def search(request: Request[Any, Any, Any], service: Service, identity: Identity, table: str) -> Response[Any]:
    """The rows within SR degrees of RA, DEC, nearest first; parameters in the URL or in a form.

    SR=0 asks for the columns alone (SCS 1.03, 2.1). All columns are always given: VERB is an option of the standard,
    and a service that has no use for it ignores it (2.1 too).
    """
    parameters = await Parameters.read(request, service.settings)
    info = service.catalogue.table(table)
    if info.role("id") is None:
        raise BadOption(f"table {info.name!r} has no ids, so a cone search cannot list its rows")
    ra_deg = _needed(parameters, "RA", -360, 360)
    dec_deg = _needed(parameters, "DEC", -90, 90)
    radius_deg = _needed(parameters, "SR", 0, 180)
    cone = Cone(ra_deg, dec_deg, radius_deg or _NO_RADIUS_DEG)
    query = Query(
        text=info.name,
        language="cone",
        format=format_named(parameters.one("RESPONSEFORMAT") or "votable"),
        max_rows=read_maxrec(parameters, service.settings) if radius_deg else 0,
        parameters={"ra": cone.ra, "dec": cone.dec, "radius_deg": cone.radius_deg},
        name=info.name,
        shown=cone.as_sql(info.name) if radius_deg else f"SELECT * FROM {info.name} LIMIT 0",
    )
    limit_s = service.settings.query_time_limit_s
    few = info.rows * math.sin(math.radians(radius_deg / 2)) ** 2 <= _QUICK_ROWS
    return await answer_query(service, request, identity, query, time_limit_s=limit_s, lane="quick" if few else "usual")


def _needed(parameters: Parameters, name: str, least: float, most: float) -> float:
    value = parameters.number(name, least=least, most=most)
    if value is None:
        raise BadOption(f"parameter {name} is missing; a cone needs RA, DEC and SR in degrees")
    return value
