"""The bodies of requests, read under limits of size and time: small ones into memory, files to disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import chain, count
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from litestar.datastructures import UploadFile
from litestar.exceptions import HTTPException
from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser

from skyband.schema.errors import BadOption
from skyband.server.web.presence import ClientGone

if TYPE_CHECKING:
    from litestar import Request

    from skyband.schema.settings import Settings

_MOST_FIELDS = 1000
_MOST_FILES = 100
_IN_MEMORY_BYTES = 1 << 16
"""Bytes of one file kept in memory before it goes to disk."""

_PART_BYTES = 100
"""What a field is counted for beside its content, so that empty ones are not free."""

_LEAST_BYTES_A_SECOND = 10_000
"""How fast a body must come, once the time for its beginning is over."""

_CLOSING = {"Connection": "close"}
"""Ends the connection with the answer: the rest of the body is not waited for."""


class TooLarge(HTTPException):
    """The body is larger than the service takes."""

    status_code = 413


class TooSlow(HTTPException):
    """The body did not come in time."""

    status_code = 408


class Form:
    """The fields and the files of a form; `read_form` makes it."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, str]] = []
        self.files: dict[str, UploadFile] = {}

    def free_name(self, field: str) -> str:
        """The field of a file, numbered where it has another file already: `file`, `file-2`."""
        numbered = chain([field], (f"{field}-{number}" for number in count(2)))
        return next(name for name in numbered if name not in self.files)

    def close(self) -> None:
        """Let go of the files."""
        for file in self.files.values():
            file.file.close()


async def read_body(request: Request[Any, Any, Any], settings: Settings) -> bytes:
    """A body that holds no files.

    Raises:
        TooLarge: it has more than `request_max_bytes`.
        TooSlow, ClientGone: it did not come.
    """
    body = bytearray()
    async with aclosing(_chunks(request, settings, settings.request_max_bytes)) as chunks:
        async for chunk in chunks:
            body += chunk
    return bytes(body)


async def read_form(request: Request[Any, Any, Any], settings: Settings) -> Form:
    """The form in the body, urlencoded or multipart; a body of another kind is none.

    Raises:
        BadOption: it is no form.
        TooLarge: it has more fields, files or bytes than the service takes.
        TooSlow, ClientGone: it did not come.
    """
    kind, options = request.content_type
    form = Form()
    if kind == "multipart/form-data":
        try:
            await _read_parts(request, settings, options.get("boundary", ""), form)
        except BaseException:
            form.close()
            raise
        return form
    body = await read_body(request, settings)
    if kind == "application/x-www-form-urlencoded":
        if body.count(b"&") >= _MOST_FIELDS:
            raise _too_many_fields()
        form.fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return form


async def _read_parts(request: Request[Any, Any, Any], settings: Settings, boundary: str, form: Form) -> None:
    """The parts of a form (RFC 7578): those with a file name are files."""
    part = _Part(form, settings.request_max_bytes)
    most_bytes = settings.upload_max_bytes + settings.request_max_bytes
    try:
        with PushMultipartParser(boundary, max_segment_count=_MOST_FIELDS) as parser:
            async with aclosing(_chunks(request, settings, most_bytes)) as chunks:
                async for chunk in chunks:
                    # What follows the last part is nobody's.
                    for item in parser.parse(chunk) if not parser.closed else ():
                        await part.take(item)
    except ParserLimitReached:
        raise _too_many_fields() from None
    except (MultipartError, UnicodeDecodeError, LookupError) as error:
        raise BadOption(f"the body is not multipart/form-data: {error}") from error


class _Part:
    """Puts the parts of a form where they belong while they arrive."""

    def __init__(self, form: Form, most_bytes: int) -> None:
        self._form = form
        self._most_bytes = self._left_bytes = most_bytes
        self._segment: MultipartSegment | None = None
        self._text = bytearray()
        self._file: UploadFile | None = None

    async def take(self, item: MultipartSegment | bytearray | None) -> None:
        """A head, some bytes of the content, or None at its end, as the parser gives them."""
        if isinstance(item, MultipartSegment):
            self._begin(item)
        elif item is None:
            await self._end()
        elif self._file is not None:
            await self._file.write(bytes(item))
        else:
            self._count(len(item))
            self._text += item

    def _begin(self, segment: MultipartSegment) -> None:
        self._segment = segment
        self._count(len(segment.name) + _PART_BYTES)
        if not segment.filename:
            return
        if len(self._form.files) >= _MOST_FILES:
            raise TooLarge(f"the form has more than {_MOST_FILES} files")
        self._file = UploadFile(
            segment.content_type or "", segment.filename, max_spool_size=_IN_MEMORY_BYTES, headers={}
        )
        self._form.files[self._form.free_name(segment.name)] = self._file

    async def _end(self) -> None:
        assert self._segment is not None
        if self._file is not None:
            await self._file.seek(0)
        else:
            self._form.fields.append((self._segment.name, self._text.decode(self._segment.charset or "utf-8")))
        self._segment, self._file, self._text = None, None, bytearray()

    def _count(self, size: int) -> None:
        self._left_bytes -= size
        if self._left_bytes < 0:
            raise _too_large(self._most_bytes, "files apart")


async def _chunks(request: Request[Any, Any, Any], settings: Settings, most_bytes: int) -> AsyncGenerator[bytes]:
    """The body as it comes."""
    if (request.content_length or 0) > most_bytes:
        raise _too_large(most_bytes)
    loop = asyncio.get_running_loop()
    began, size, is_whole = loop.time(), 0, False
    while not is_whole:
        limit_s = settings.request_time_limit_s + size / _LEAST_BYTES_A_SECOND
        try:
            async with asyncio.timeout_at(began + limit_s):
                message = await request.receive()
        except TimeoutError:
            raise TooSlow(f"the body did not come within {limit_s:.0f} s", headers=_CLOSING) from None
        if message["type"] != "http.request":
            raise ClientGone
        chunk = message["body"]
        size += len(chunk)
        if size > most_bytes:
            raise _too_large(most_bytes)
        if chunk:
            yield chunk
        is_whole = not message["more_body"]


def _too_large(most_bytes: int, what: str = "which is what this service takes") -> TooLarge:
    return TooLarge(f"the request has more than {most_bytes:,} bytes, {what}; send less")


def _too_many_fields() -> TooLarge:
    return TooLarge(f"the form has more than {_MOST_FIELDS} fields")
