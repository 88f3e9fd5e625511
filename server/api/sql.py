"""/sql: one SELECT in DuckDB's SQL, in any format."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, route

from skyband.queries.serving import Query
from skyband.schema.errors import BadOption
from skyband.schema.settings import Settings
from skyband.server.service import Service
from skyband.server.tap.request import read_maxrec
from skyband.server.web.access import Identity
from skyband.server.web.answers import answer_query
from skyband.server.web.bodies import read_body
from skyband.server.web.formats import format_named
from skyband.server.web.parameters import Parameters


@route("/sql", http_method=["GET", "POST"], status_code=200)
async def answer_sql(request: Request[Any, Any, Any], service: Service, identity: Identity) -> Response[Any]:
    """Run `query` and answer in `format` (json by default) with at most `maxrec` rows.

    In the URL, in a form, as JSON (`{"query": ..., "format": ...}`), or the bare SQL as body.
    """
    parameters = await _parameters(request, service.settings)
    text = parameters.one("query")
    if text is None:
        raise BadOption("parameter query is missing: /sql?query=SELECT ...")
    query = Query(
        text=text,
        language="sql",
        format=format_named(parameters.one("format") or "json"),
        max_rows=read_maxrec(parameters, service.settings),
    )
    return await answer_query(service, request, identity, query, time_limit_s=service.settings.query_time_limit_s)


async def _parameters(request: Request[Any, Any, Any], settings: Settings) -> Parameters:
    kind = request.content_type[0] if request.method == "POST" else ""
    if kind in ("text/plain", "application/sql"):
        sql = (await read_body(request, settings)).decode("utf-8", "replace")
        return Parameters([*request.query_params.multi_items(), ("query", sql)])
    return await Parameters.read_any(request, settings)


HANDLERS = (answer_sql,)
