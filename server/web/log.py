"""One line of JSON a request, with an id the client gets too."""

from __future__ import annotations

import json
import logging
import secrets
import time
from importlib.metadata import version
from typing import TYPE_CHECKING

from litestar.enums import ScopeType

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

_LOG = logging.getLogger("skyband.access")
_SERVER = f"skyband/{version('skyband')}".encode()


class RequestLog:
    """Gives every answer a request id and the name of the server, and writes the log line when it is over.

    It stands around the whole application, so that no answer escapes it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        began = time.perf_counter()
        status, sent_bytes = 0, 0

        async def noting(message: Message) -> None:
            nonlocal status, sent_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                own = [(b"x-request-id", request_id.encode()), (b"server", _SERVER)]
                message["headers"] = [*message["headers"], *own]
            elif message["type"] == "http.response.body":
                sent_bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            client = scope.get("client")
            entry = {
                "request_id": request_id,
                "client": client[0] if client else "",
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "bytes": sent_bytes,
                "seconds": round(time.perf_counter() - began, 4),
            }
            _LOG.info(json.dumps(entry))
