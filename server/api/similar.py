"""/similar: the images most like one of a collection, with all that is known of them, in any format."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from skyband.queries.likeness.in_sql import DEFAULT_K
from skyband.queries.serving import Query
from skyband.schema.errors import BadOption
from skyband.schema.names import quote, quote_text
from skyband.schema.sql import fill_sql
from skyband.server.service import Service
from skyband.server.web.access import Identity
from skyband.server.web.answers import answer_query
from skyband.server.web.formats import format_named
from skyband.server.web.parameters import Parameters


@get("/similar/{collection:str}/{image:str}")
async def of_image(
    request: Request[Any, Any, Any], service: Service, identity: Identity, collection: str, image: str
) -> Response[Any]:
    """The `k` images most like an image of the collection, nearest first, in `format` (json by default)."""
    parameters = await Parameters.read(request, service.settings)
    return await _answer(request, service, identity, parameters, collection, image)


@get("/similar/{collection:str}")
async def of_position(
    request: Request[Any, Any, Any], service: Service, identity: Identity, collection: str
) -> Response[Any]:
    """The same for the image of the collection that is nearest to `ra`, `dec` (degrees)."""
    parameters = await Parameters.read(request, service.settings)
    ra_deg, dec_deg = parameters.number("ra", least=-360, most=360), parameters.number("dec", least=-90, most=90)
    if ra_deg is None or dec_deg is None:
        raise BadOption(f"say like what: /similar/{collection}/<id>, or /similar/{collection}?ra=<deg>&dec=<deg>")
    return await _answer(request, service, identity, parameters, collection, f"{ra_deg % 360:.9f},{dec_deg:.9f}")


async def _answer(
    request: Request[Any, Any, Any],
    service: Service,
    identity: Identity,
    parameters: Parameters,
    collection: str,
    target: str,
) -> Response[Any]:
    info = service.catalogue.table(collection)
    k = parameters.number("k", least=1, most=service.settings.likeness_max_k) or DEFAULT_K
    neighbours = f"similar({quote_text(target)}, {int(k)}, {quote_text(info.name)})"
    query = Query(
        text=fill_sql("skyband.server", "neighbours", neighbours=neighbours, images=quote(info.name)),
        language="sql",
        format=format_named(parameters.one("format") or "json"),
        name=info.name,
    )
    return await answer_query(service, request, identity, query, time_limit_s=service.settings.query_time_limit_s)


HANDLERS = (of_image, of_position)
