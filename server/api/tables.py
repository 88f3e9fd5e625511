"""/tables as JSON, and /health."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from litestar import Response, get

from skyband.schema.columns import TableInfo
from skyband.server.service import Service


@get("/tables")
async def list_tables(service: Service) -> dict[str, Any]:
    """The tables with their rows and columns; files that cannot be read are named with the reason."""
    found = [_summary(info) for info in service.catalogue.tables.values()]
    return {"tables": found, "damaged": dict(service.catalogue.damaged)}


@get("/tables/{name:str}")
async def describe(service: Service, name: str) -> dict[str, Any]:
    """Everything a table says about itself."""
    info = service.catalogue.table(name)
    return _summary(info) | {
        "survey": info.survey,
        "source": info.source,
        "licence": info.licence,
        "citation": info.citation,
        "epoch": info.epoch,
        "frame": info.frame,
        "columns": [
            {key: value for key, value in asdict(column).items() if value not in ("", None)} for column in info.columns
        ],
        "version": {key: value for key, value in asdict(info.version).items() if key != "command"},
    }


@get("/health", public=True)
async def health(service: Service) -> Response[dict[str, str]]:
    """200 while questions are answered, 503 otherwise."""
    available = await service.is_available()
    return Response(
        {"status": "ok" if available else "no query process answers"}, status_code=200 if available else 503
    )


def _summary(info: TableInfo) -> dict[str, Any]:
    return {"name": info.name, "description": info.description, "rows": info.rows, "n_columns": len(info.columns)}


HANDLERS = (list_tables, describe, health)
