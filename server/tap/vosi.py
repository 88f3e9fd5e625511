"""What the service says of itself: capabilities, availability, tables, examples (VOSI 1.1, TAPRegExt 1.0, DALI 1.1)."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException

from skyband.queries.adql import USER_FUNCTIONS
from skyband.queries.formats import FORMATS
from skyband.schema.errors import BadOption
from skyband.server.service import Service
from skyband.server.tap.examples import examples_of
from skyband.server.tap.jobs import iso
from skyband.server.tap.tableset import tableset
from skyband.server.web.answers import XML
from skyband.server.web.formats import ALIASES, IVO_IDS
from skyband.server.web.parameters import Parameters
from skyband.server.web.templates import render

# The standard writes feature ids in lower case since 2023; clients in use compare with this spelling.
_FEATURES = "ivo://ivoa.net/std/TAPRegExt#features"
_GEOMETRY = (
    *("POINT", "CIRCLE", "BOX", "POLYGON", "REGION", "CONTAINS", "INTERSECTS", "DISTANCE", "AREA", "CENTROID"),
    *("COORD1", "COORD2", "COORDSYS"),
)
_GRAMMAR = {
    "string": ("LOWER", "UPPER", "ILIKE"),
    "sets": ("UNION", "EXCEPT", "INTERSECT"),
    "common-table": ("WITH",),
    "type": ("CAST",),
    "unit": ("IN_UNIT",),
    "offset": ("OFFSET",),
}
_ANONYMOUS, _BASIC = "", "ivo://ivoa.net/sso#BasicAA"
"""Security methods; that without a name is none, and is said only beside others (VOResource 1.1, 2.2.2)."""

# TAP 1.1, 2.7.5 wants both methods of whoever declares one. Without URLs that is not true, but clients that see none
# declared (TOPCAT) offer no uploads.
_UPLOAD_METHODS = {"off": ("inline",), "public": ("inline", "http"), "any": ("inline", "http")}


@get("/capabilities", public=True)
async def capabilities(request: Request[Any, Any, Any], service: Service) -> Response[str]:
    """What the service can do."""
    settings, access = service.settings, service.access
    document = render(
        "capabilities.xml",
        base=service.tap_url(request),
        public=(_ANONYMOUS, _BASIC) if access.knows_tokens else (),
        others=(_BASIC,) if access.needs_token else (_ANONYMOUS, _BASIC) if access.knows_tokens else (),
        features=_FEATURES,
        geometry=_GEOMETRY,
        grammar=_GRAMMAR,
        functions=USER_FUNCTIONS,
        formats=[
            {"mime": form.mime, "aliases": _short_names(name), "ivo_id": IVO_IDS.get(name)}
            for name, form in FORMATS.items()
        ],
        upload_methods=_UPLOAD_METHODS[settings.upload_urls],
        limits={
            "retention_s": int(settings.job_lifetime_s),
            "duration_s": int(settings.job_time_limit_s),
            "default_rows": min(settings.default_max_rows, settings.query_max_rows),
            "hard_rows": settings.query_max_rows,
            "upload_bytes": settings.upload_max_bytes,
        },
    )
    return Response(document, media_type=XML)


@get("/availability", public=True)
async def availability(service: Service) -> Response[str]:
    """Whether questions are answered: a query process is asked."""
    available = await service.is_available()
    note = "questions are answered" if available else "no query process answers"
    document = render("availability.xml", available=available, up_since=iso(service.started_at), note=note)
    return Response(document, media_type=XML)


@get("/tables")
async def tables(request: Request[Any, Any, Any], service: Service) -> Response[str]:
    """All tables, with their columns unless `detail=min`."""
    detail = (await Parameters.read(request, service.settings)).one("detail") or "max"
    if detail not in ("min", "max"):
        raise BadOption(f"detail={detail!r} is neither min nor max")
    schemas = tableset(service.catalogue.tap_schema)
    return Response(render("tables.xml", root="tableset", detail=detail, schemas=schemas), media_type=XML)


@get("/tables/{name:str}")
async def one_table(service: Service, name: str) -> Response[str]:
    """One table with its columns."""
    for schema in tableset(service.catalogue.tap_schema):
        for table in schema.tables:
            if table.row["table_name"].lower() == name.lower():
                return Response(render("tables.xml", root="table", detail="max", table=table), media_type=XML)
    raise NotFoundException(f"no table {name}")


@get("/examples")
async def examples(service: Service) -> Response[str]:
    """Queries to begin with, made from the tables that are there."""
    found = examples_of(service.catalogue.tables)
    return Response(render("examples.xml", examples=found), media_type="application/xhtml+xml")


def _short_names(format: str) -> list[str]:
    return [alias for alias in ALIASES[format] if not alias.startswith(("application/", "text/", "image/"))]
