"""The page at /: what is here and how to connect."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Request, Response, get

from skyband.server.service import Service
from skyband.server.tap.examples import examples_of
from skyband.server.web.templates import render


@get(["/", "/tap"])
async def home(request: Request[Any, Any, Any], service: Service) -> Response[str]:
    """The tables, and URLs ready to paste into TOPCAT, pyvo, curl and Python."""
    tables = service.catalogue.tables
    page = render(
        "home.html",
        tables=list(tables.values()),
        damaged=service.catalogue.damaged,
        url=service.url(request),
        tap=service.tap_url(request),
        example=examples_of(tables)[-1],
        needs_token=service.access.needs_token,
    )
    return Response(page, media_type=MediaType.HTML)


@get("/tables/{name:str}/page")
async def table_page(request: Request[Any, Any, Any], service: Service, name: str) -> Response[str]:
    """A table, its columns and where they come from."""
    page = render("table.html", info=service.catalogue.table(name), url=service.url(request))
    return Response(page, media_type=MediaType.HTML)
