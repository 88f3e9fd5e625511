"""/xmatch: an uploaded table matched with a stored one by the band join, as `skyband crossmatch` does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, post

from skyband.ingest.layout import free_name
from skyband.queries.crossmatch import Find, MatchOptions, join_of
from skyband.queries.serving import Answer, Query
from skyband.schema.errors import BadOption
from skyband.schema.names import quote
from skyband.server.service import Service
from skyband.server.tap.request import read_maxrec
from skyband.server.web.access import Identity
from skyband.server.web.answers import MOST_ROWS_HEADER, RowsResponse, rows_response
from skyband.server.web.formats import format_named
from skyband.server.web.parameters import Parameters

_LARGEST_ARCSEC = 648_000.0
_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
REJECTED_HEADER = "X-Rejected-Rows"
"""How many rows of the upload could not be matched: no id, the id of another row, or no possible position."""


@post("/xmatch", status_code=200)
async def xmatch(request: Request[Any, Any, Any], service: Service, identity: Identity) -> RowsResponse:
    """Match the table in the form field `file` with the stored `table` within `radius_arcsec`.

    `find` (best by default), `join` (inner) and `wide` are those of `skyband crossmatch`, and the upload is its left
    table. `id`, `ra` and `dec` name columns of the upload; without an id its rows are numbered from 1. The answer is
    the pair table, in `format` (VOTable by default), with at most `maxrec` rows.
    """
    parameters = await Parameters.read(request, service.settings)
    file = parameters.files.get("file")
    if file is None:
        raise BadOption("the form has no file: send the table as the field `file`, curl -F file=@mine.csv for instance")
    options = _options(parameters, service)
    query = Query(
        text=f"FROM {quote(options.into)}",
        language="sql",
        format=format_named(parameters.one("format") or "votable"),
        max_rows=read_maxrec(parameters, service.settings),
        name=options.into,
        shown=f"upload and {options.right} within {options.radius_arcsec:g} arcsec ({options.find}, {options.join})",
    )
    given = {role: name for role in ("id", "ra", "dec") if (name := parameters.one(role))}
    rejected: Mapping[str, int] = {}

    async def match() -> Answer:
        nonlocal rejected
        answer, rejected = await service.matches.run(file, given, options, query)
        return answer

    response = await rows_response(service, request, identity, query.format, match)
    response.headers[MOST_ROWS_HEADER] = str(query.max_rows)
    response.headers[REJECTED_HEADER] = str(sum(rejected.values()))
    return response


def _options(parameters: Parameters, service: Service) -> MatchOptions:
    table = parameters.one("table")
    if table is None:
        raise BadOption("parameter table is missing: name the stored table to match with")
    stored = service.catalogue.table(table).name
    radius_arcsec = parameters.number("radius_arcsec", least=0, most=_LARGEST_ARCSEC)
    if radius_arcsec is None:
        raise BadOption("parameter radius_arcsec is missing: give the largest separation, in arcsec")
    find = parameters.one("find") or Find.BEST
    if find not in list(Find):
        raise BadOption(f"find={find!r} is not one of {', '.join(Find)}")
    wide = parameters.one("wide") or "false"
    if wide.lower() not in _FLAGS:
        raise BadOption(f"wide={wide!r} is neither true nor false")
    upload = free_name("upload", [stored])
    return MatchOptions(
        left=upload,
        right=stored,
        radius_arcsec=radius_arcsec,
        into=free_name("pairs", [stored]),
        find=Find(find),
        join=join_of(parameters.one("join") or "inner"),
        wide=_FLAGS[wide.lower()],
    )


HANDLERS = (xmatch,)
