"""A plain HTTP/1.1 client on one kept connection: so little work that it is the server that is measured."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit

_READ_BYTES = 1 << 20
_TIMEOUT_S = 600


@dataclass(slots=True)
class Reply:
    """An answer; times are seconds since the request was begun."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes = b""  # b"" where it was thrown away
    size: int = 0  # bytes of the body
    first_byte_s: float = 0.0  # until the status line was there
    seconds: float = 0.0  # until everything was


class Client:
    """One connection to a service; `number` tells it from others."""

    def __init__(self, url: str, number: int = 0) -> None:
        self.number = number
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self._address = (parts.hostname, parts.port)
        self._host = parts.netloc
        self._socket: socket.socket | None = None
        self._read = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._read.clear()

    def get(self, path: str, parameters: Mapping[str, str | float] | None = None, *, keep: bool = True) -> Reply:
        """Ask for a path; without `keep` the body is only counted."""
        question = f"?{urlencode(parameters)}" if parameters else ""
        return self._ask(f"GET {path}{question} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode(), keep)

    def post(
        self, path: str, body: bytes, kind: str = "application/x-www-form-urlencoded", *, keep: bool = True
    ) -> Reply:
        """Send a body."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return self._ask(head.encode() + body, keep)

    def _ask(self, request: bytes, keep: bool) -> Reply:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, _TIMEOUT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        self._socket.sendall(request)
        status, *lines = self._until(b"\r\n\r\n").decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        reply = Reply(int(status.split(" ")[1]), headers, first_byte_s=time.perf_counter() - began)
        parts = []
        for part in self._body(headers):
            reply.size += len(part)
            if keep:
                parts.append(part)
        reply.body = b"".join(parts)
        reply.seconds = time.perf_counter() - began
        if headers.get("connection") == "close":
            self.close()
        return reply

    def _body(self, headers: dict[str, str]) -> Iterator[bytes]:
        if headers.get("transfer-encoding") != "chunked":
            yield from self._exactly(int(headers.get("content-length", 0)))
            return
        while size := int(self._until(b"\r\n"), 16):
            yield from self._exactly(size)
            self._until(b"\r\n")
        self._until(b"\r\n")

    def _until(self, mark: bytes) -> bytes:
        while (place := self._read.find(mark)) < 0:
            self._read += self._more()
        found = bytes(self._read[:place])
        del self._read[: place + len(mark)]
        return found

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size:
            part = bytes(self._read[:size])
            del self._read[:size]
            part = part or self._more()
            if len(part) > size:
                self._read += part[size:]
                part = part[:size]
            size -= len(part)
            yield part

    def _more(self) -> bytes:
        assert self._socket is not None
        part = self._socket.recv(_READ_BYTES)
        if not part:
            raise ConnectionError("the service closed the connection in mid answer")
        return part
