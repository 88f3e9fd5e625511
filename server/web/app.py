"""The application: routes, error forms, and what happens around every request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Router
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.openapi.config import OpenAPIConfig

from skyband.server.api import classify, cones, discovery, moc, models, similar, sql, tables, xmatch
from skyband.server.pages import home
from skyband.server.service import Service
from skyband.server.tap import sync, uws, vosi
from skyband.server.web.access import Identity
from skyband.server.web.answers import cone_error, json_error, votable_error
from skyband.server.web.head import HeadAsGet
from skyband.server.web.hosts import Hosts
from skyband.server.web.log import RequestLog
from skyband.server.web.schema_page import SchemaPage


def create_app(service: Service, listening: str) -> RequestLog:
    """The service as an ASGI application; it starts and stops the query processes and jobs.

    Args:
        service: what is served.
        listening: the address it is served on.
    """
    hosts = Hosts(listening, service.settings)

    @asynccontextmanager
    async def running(_: Litestar) -> AsyncIterator[None]:
        await service.pool.start()
        await service.jobs.start()
        try:
            yield
        finally:
            await service.jobs.close()
            await service.matches.close()
            await service.encoders.close()
            await service.classifiers.close()
            await service.pool.close()
            service.catalogue.close()

    async def provide_service() -> Service:
        return service

    async def check_client(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        """Nobody unknown gets an answer, but from handlers that are marked `public`; nobody misled gets any."""
        hosts.check(connection)
        if not handler.opt.get("public"):
            connection.state["identity"] = service.access.identify(connection)

    # It names the service so that Litestar asks one after the other: at once, each would need a task.
    async def provide_identity(request: Request[Any, Any, Any], service: Service) -> Identity:
        identity: Identity = request.state["identity"]
        return identity

    tap = Router(
        "/tap",
        route_handlers=[
            sync.answer_sync,
            *(uws.create, uws.list_jobs, uws.show, uws.act, uws.destroy, uws.show_part, uws.change_part, uws.result),
            *(vosi.capabilities, vosi.availability, vosi.tables, vosi.one_table, vosi.examples),
        ],
        exception_handlers={Exception: votable_error},
    )
    scs = Router("/scs", route_handlers=[cones.search], exception_handlers={Exception: cone_error})
    app = Litestar(
        [
            home.home,
            home.table_page,
            tap,
            scs,
            *classify.HANDLERS,
            *discovery.HANDLERS,
            *moc.HANDLERS,
            *models.HANDLERS,
            *similar.HANDLERS,
            *sql.HANDLERS,
            *tables.HANDLERS,
            *xmatch.HANDLERS,
        ],
        dependencies={"service": Provide(provide_service), "identity": Provide(provide_identity)},
        exception_handlers={Exception: json_error},
        guards=[check_client],
        lifespan=[running],
        request_max_body_size=None,  # bodies are read by `web.bodies`, which has limits of its own
        openapi_config=OpenAPIConfig(
            title="skyband",
            version="1",
            description="A sky database in a box",
            render_plugins=[SchemaPage()],
            use_handler_docstrings=True,
        ),
        logging_config=None,
    )
    return RequestLog(HeadAsGet(app))
