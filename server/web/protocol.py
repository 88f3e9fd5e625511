"""The HTTP of uvicorn, with patience for slow clients that ends, and answers whose parts go out together."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

_GATHERED_BYTES = 1 << 16
"""Bytes that are not kept back."""


class _Gathering:
    """A transport that sends together what is written in one step of the event loop.

    The head and the body of a small answer are written one after the other; each would cost a call of the system, and
    wake the client.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send bytes, soon."""
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)
        if len(data) > _GATHERED_BYTES:
            self._send()

    def close(self) -> None:
        """Send what was kept back, and close the connection."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        data = b"".join(self._parts)
        self._parts.clear()
        if data:
            self._transport.write(data)


def patient_protocol(limit_s: float) -> type[H11Protocol]:
    """A protocol that ends connections whose next request does not come, and sends what belongs together at once.

    That is: one that says nothing, one whose headers are not all there in time (RFC 9110, 15.5.9), and one that goes on
    sending a body after its answer. Bodies that are wanted have a limit of their own (`web.bodies`), and between
    requests uvicorn waits for some seconds only.

    Args:
        limit_s: seconds from the connection, or from the first byte of a further request, to the end of its headers.
    """

    class PatientProtocol(H11Protocol):
        _patience: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(cast(asyncio.Transport, _Gathering(transport)))
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget()
            super().connection_lost(exc)

        def _watch(self) -> None:
            """Look whether somebody is waited for who should not be waited for long."""
            if self.conn.their_state is not h11.IDLE and self.conn.our_state is not h11.DONE:
                self._forget()
            elif self._patience is None:
                self._patience = self.loop.call_later(limit_s, self._end)

        def _forget(self) -> None:
            if self._patience is not None:
                self._patience.cancel()
                self._patience = None

        def _end(self) -> None:
            if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
                self.transport.write(_TOO_SLOW)
            self.transport.close()

    return PatientProtocol
