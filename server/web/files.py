"""Files as answers, whole or in part, so that a download can go on where it broke off (RFC 9110, 13 and 14)."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from litestar import Response

from skyband.server.web.head import is_head

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Scope, Send

_RANGE = re.compile(r"bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE)
_BLOCK_BYTES = 1 << 18


class FileResponse(Response[Any]):
    """A file that never changes, under the conditions of the request.

    One range is served; a request for several gets the whole file, as RFC 9110, 14.2 allows.
    """

    def __init__(self, path: Path, content_type: str) -> None:
        super().__init__(None)
        self._path = path
        self._content_type = content_type

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIApp:  # type: ignore[override]
        """What sends the file."""
        return self._send

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with self._path.open("rb") as file:
            facts = os.fstat(file.fileno())
            size, etag = facts.st_size, f'"{facts.st_mtime_ns:x}-{facts.st_size:x}"'
            headers = {"accept-ranges": "bytes", "etag": etag}
            if _knows(given.get("if-none-match", ""), etag):
                await _send_head(send, 304, headers)
                return
            headers["content-type"] = self._content_type
            status, start, end = 200, 0, size
            if "range" in given and given.get("if-range", etag) == etag and not is_head(scope):
                status, start, end = asked_range(given["range"], size)
            if status != 200:
                headers["content-range"] = f"bytes {f'{start}-{end - 1}' if status == 206 else '*'}/{size}"
            headers["content-length"] = str(end - start)
            await _send_head(send, status, headers, more=start < end and not is_head(scope))
            if not is_head(scope):
                await _send_part(send, file, start, end)


def asked_range(text: str, size: int) -> tuple[int, int, int]:
    """What a Range header asks of a file.

    Returns:
        The status (200 where the header is to be ignored, 206, 416), the first byte and the one after the last.
    """
    found = _RANGE.fullmatch(text.strip())
    if not found or not (found[1] or found[2]):
        return 200, 0, size
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(size, int(found[2]) + 1 if found[2] else size)
        if found[2] and int(found[2]) < start:
            return 200, 0, size
    return (206, start, end) if start < end else (416, 0, 0)


def _knows(text: str, etag: str) -> bool:
    """Whether If-None-Match names what is there."""
    return text.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in text.split(",")}


async def _send_head(send: Send, status: int, headers: dict[str, str], *, more: bool = False) -> None:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    if not more:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_part(send: Send, file: BinaryIO, start: int, end: int) -> None:
    file.seek(start)
    while start < end:
        block = await asyncio.to_thread(file.read, min(_BLOCK_BYTES, end - start))
        start += len(block)
        await send({"type": "http.response.body", "body": block, "more_body": start < end})
