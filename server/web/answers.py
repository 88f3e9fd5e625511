"""Answers of the service: rows as they arrive, and errors in the client's own form."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from litestar import Response
from litestar.exceptions import HTTPException

from skyband.queries.formats import FORMATS, Info
from skyband.queries.formats.votable import error_document
from skyband.schema.errors import InputError, ResourceLimit, ServerBusy, SkybandError, TableNotFound
from skyband.server.web.head import HeadResponse, is_head
from skyband.server.web.presence import ClientGone, WhilePresent

if TYPE_CHECKING:
    from litestar import Request
    from litestar.types import ASGIApp, Receive, Scope, Send

    from skyband.queries.serving import Answer, Lane, Query
    from skyband.server.service import Service
    from skyband.server.web.access import Identity

VOTABLE = "application/x-votable+xml"
TRUNCATED_HEADER = "X-Skyband-Truncated"
"""Whether rows were cut off, of answers that are whole before they are sent."""
MOST_ROWS_HEADER = "X-Skyband-Max-Rows"
"""How many rows an answer may have at most: one with fewer is whole, whatever its format can say."""
LIKENESS_HEADER = "X-Skyband-Likeness"
"""How neighbours were found and how many were left out, JSON; see `Reply.likeness`."""
_HEADER_CHARACTERS = 4_000
"""Of that header: proxies take no longer ones."""
XML = "text/xml"
_RETRY_AFTER_S = 5
_LOG = logging.getLogger("skyband.server")


class RowsResponse(Response[Any]):
    """The rows of a query, sent as they come; however it ends, the query and its place among the limits end with it."""

    def __init__(self, answer: Answer, *, tells_errors: bool, leave: Callable[[], None]) -> None:
        """Take over an answer.

        Args:
            answer: its chunks are not read yet.
            tells_errors: whether its format says itself that it is incomplete; any other must be seen to be cut off.
            leave: called at the end.
        """
        super().__init__(None)
        self._answer = answer
        self._tells_errors = tells_errors
        self._leave = leave

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIApp:  # type: ignore[override]
        """What sends the rows."""
        return self._send

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with WhilePresent(receive):
                await (self._send_rows(send) if self._answer.size is None else self._send_whole(send))
        except ClientGone:
            _LOG.info("the client went before its answer ended")
        finally:
            await self._answer.chunks.aclose()
            self._leave()

    async def _begin(self, send: Send, **more: str) -> None:
        given = {"content-type": self._answer.content_type, **self.headers, **more}
        likeness = json.dumps(self._answer.likeness)
        if self._answer.likeness is not None and len(likeness) <= _HEADER_CHARACTERS:
            given[LIKENESS_HEADER] = likeness
        headers = [(name.lower().encode(), value.encode()) for name, value in given.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _send_whole(self, send: Send) -> None:
        body = b"".join([chunk async for chunk in self._answer.chunks])
        known = {"content-length": str(len(body)), TRUNCATED_HEADER: str(bool(self._answer.truncated)).lower()}
        await self._begin(send, **known)
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _send_rows(self, send: Send) -> None:
        await self._begin(send)
        try:
            async for chunk in self._answer.chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except SkybandError as error:
            _LOG.warning("the query failed among its rows: %s", error)
            if not self._tells_errors:
                raise
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def answer_query(
    service: Service,
    request: Request[Any, Any, Any],
    identity: Identity,
    query: Query,
    *,
    time_limit_s: float,
    lane: Lane = "usual",
) -> Response[Any]:
    """The rows of a query, streamed; what goes wrong before the first row is raised. HEAD asks for no rows.

    Raises:
        SkybandError: the query is wrong, failed, or met a limit.
        ClientGone: nobody waits for the answer any more.
    """

    async def ask() -> Answer:
        return await service.pool.run(query, time_limit_s=time_limit_s, lane=lane)

    if is_head(request.scope):
        return HeadResponse(FORMATS[query.format].mime)
    response = await rows_response(service, request, identity, query.format, ask)
    response.headers[MOST_ROWS_HEADER] = str(query.max_rows)
    return response


async def rows_response(
    service: Service,
    request: Request[Any, Any, Any],
    identity: Identity,
    form: str,
    ask: Callable[[], Awaitable[Answer]],
) -> RowsResponse:
    """The answer that `ask` begins, in a format, under the limits of its client; raises as `answer_query` does."""
    with ExitStack() as counted:
        counted.enter_context(service.limits.counted(identity))
        async with WhilePresent(request.receive):
            answer = await ask()
        return RowsResponse(answer, tells_errors=form.startswith("votable"), leave=counted.pop_all().close)


def text_answer(text: str) -> Response[bytes]:
    """Plain text, as the small resources of UWS are."""
    return Response(text.encode(), media_type="text/plain")


def cone_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """An error as Simple Cone Search 1.03, 2.3 wants it, and DALI too."""
    document = error_document(_message(error), Info("Error", _message(error)))
    return Response(document, media_type=VOTABLE, status_code=_status(error), headers=_headers(error))


def votable_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """An error as DALI 1.1, 4.4 wants it."""
    return Response(
        error_document(_message(error)), media_type=VOTABLE, status_code=_status(error), headers=_headers(error)
    )


def json_error(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """An error as JSON, with its place in the query where that is known."""
    content = {"kind": type(error).__name__, "message": _message(error)}
    for name in ("line", "column", "suggestion"):
        if getattr(error, name, None):
            content[name] = getattr(error, name)
    return Response({"error": content}, status_code=_status(error), headers=_headers(error))


def _message(error: Exception) -> str:
    if isinstance(error, SkybandError):
        return str(error)
    if isinstance(error, HTTPException) and error.status_code < 500:
        return error.detail
    _LOG.error("a request failed", exc_info=error)
    return "the service failed; its log says how"


def _status(error: Exception) -> int:
    if isinstance(error, HTTPException):
        return error.status_code
    if isinstance(error, ServerBusy):
        return 503
    if isinstance(error, TableNotFound):
        return 404
    return 400 if isinstance(error, (InputError, ResourceLimit)) else 500


def _headers(error: Exception) -> dict[str, str]:
    given = dict(getattr(error, "headers", None) or {})
    return given | {"Retry-After": str(_RETRY_AFTER_S)} if isinstance(error, ServerBusy) else given
