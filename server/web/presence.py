"""Notices that a client has gone, and gives up what was done for it."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Self

from litestar.exceptions import HTTPException

if TYPE_CHECKING:
    from litestar.types import Receive

_LOOK_AFTER_S = 0.25
"""Seconds after which a client is watched: most answers are out before, and need no watch."""


class ClientGone(HTTPException):
    """Nobody waits for the answer any more; only the log sees it, as 499, which is nginx's number for it."""

    status_code = 499
    detail = "the client went away"


class WhilePresent:
    """Ends what is done inside with `ClientGone` when the client closes its connection.

    The body of the request must have been read.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._watch: asyncio.Task[None] | None = None
        self._has_gone = False

    async def __aenter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._timer = asyncio.get_running_loop().call_later(_LOOK_AFTER_S, self._begin)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        # Somebody else may have cancelled the task too, the server that stops for instance.
        if self._has_gone and not self._task.uncancel() and kind is not None:
            raise ClientGone from None

    def _begin(self) -> None:
        self._watch = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._has_gone = True
        self._task.cancel()
