"""HEAD: what GET would answer, without its body (RFC 9110, 9.3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from litestar import Response
from litestar.enums import ScopeType

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Scope, Send

_HEAD = "skyband.head"


class HeadAsGet:
    """Lets every handler of GET answer HEAD; the server above leaves the body out.

    Handlers whose answer costs something ask `is_head`, and give a `HeadResponse`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == ScopeType.HTTP and scope["method"] == "HEAD":
            scope = cast("Scope", {**scope, "method": "GET", _HEAD: True})
        await self._app(scope, receive, send)


def is_head(scope: Any) -> bool:
    """Whether only the headers of the answer are wanted."""
    return _HEAD in scope


class HeadResponse(Response[Any]):
    """The headers of an answer that is not made; its length is not known then, and not said."""

    def __init__(self, content_type: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(None, media_type=content_type, headers=dict(headers or {}))

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIApp:  # type: ignore[override]
        """What sends the headers."""
        return self._send

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = {"content-type": str(self.media_type), **self.headers}
        headers = [(name.lower().encode(), value.encode()) for name, value in given.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
