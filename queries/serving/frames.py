"""The frames server and query process exchange: 1 byte kind, 4 bytes big-endian length, payload."""

from __future__ import annotations

import json
import socket
from struct import Struct
from typing import Any

HEADER = Struct(">cI")

# From the server.
SETUP = b"S"  # JSON: what the process serves, once, first
QUESTION = b"Q"  # JSON: queries, time_limit_s of all together; each is answered in its turn
CANCEL = b"C"  # empty: give up the queries that run

# From the process.
READY = b"R"  # empty: a question may come
WHOLE = b"W"  # JSON: content_type, likeness, rows, truncated; a line feed; the bytes: an answer in one frame
HEAD = b"H"  # JSON: content_type, likeness; the query has begun to answer
DATA = b"D"  # bytes of the answer
END = b"E"  # JSON: rows, truncated; the last frame of an answer
ERROR = b"X"  # JSON: error, message, details, spent; the last frame of an answer, after HEAD too
ALONE = b"A"  # JSON: spent; instead of an answer: the query should be asked again, by itself

LAST = frozenset({WHOLE, END, ERROR, ALONE})
"""What ends an answer."""

LARGEST_BYTES = 64 << 20
"""Payload no frame exceeds; a longer one means that the two sides are out of step."""


def frame(kind: bytes, payload: bytes = b"") -> bytes:
    """One frame."""
    return HEADER.pack(kind, len(payload)) + payload


def json_frame(kind: bytes, content: Any) -> bytes:
    """One frame with JSON in it."""
    return frame(kind, json.dumps(content).encode())


def whole_frame(head: Any, data: bytes | bytearray) -> bytes:
    """An answer in one frame."""
    return frame(WHOLE, b"\n".join((json.dumps(head).encode(), data)))


def whole_of(payload: bytes) -> tuple[Any, bytes]:
    """The head and the bytes of an answer in one frame."""
    head, _, data = payload.partition(b"\n")
    return json.loads(head), data


def receive(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """The next frame of a blocking socket: kind and payload; None at its end."""
    head = _receive_exactly(connection, HEADER.size)
    if head is None:
        return None
    kind, size = HEADER.unpack(head)
    payload = _receive_exactly(connection, size)
    return None if payload is None else (kind, payload)


def _receive_exactly(connection: socket.socket, size: int) -> bytes | None:
    parts = []
    while size:
        part = connection.recv(min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
