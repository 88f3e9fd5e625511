"""A query process: takes questions from a socket, answers in frames.

Run as `python -m skyband.queries.serving.worker FD`, where FD is its end of a socket pair.
"""

from __future__ import annotations

import gc
import json
import os
import queue
import signal
import socket
import threading
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from skyband.queries.serving import frames
from skyband.queries.serving.beginning import connected
from skyband.queries.serving.engine import Engine, Reply
from skyband.queries.serving.errors import error_content, is_fatal
from skyband.queries.serving.lockdown import limit_cpu, limit_process
from skyband.queries.serving.question import Query
from skyband.queries.serving.uploads import find_reader
from skyband.schema.errors import QueryCancelled
from skyband.schema.settings import Settings

_FRAME_BYTES = 256 << 10
"""Bytes gathered before they are sent: fewer, larger frames."""

_LARGEST_BYTES = 1 << 20
"""Bytes of one frame at most."""

_FLUSH_S = 0.1
"""Seconds after which what was gathered is sent all the same."""

_INTERRUPT_S = 0.02
"""Seconds between interrupts of a query given up: one that comes between two steps of it is lost."""


class Worker:
    """The main thread answers; a second one listens, so that a query can be given up while it runs."""

    def __init__(self, connection: socket.socket, engine: Engine, threads: int) -> None:
        self._connection = connection
        self._engine = engine
        self._threads = threads
        self._questions: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        self._cancelled = False
        self._gathered = bytearray()  # of the answer, not yet in a frame
        self._frames = bytearray()  # not yet sent
        self._head: dict[str, Any] = {}  # of the answer while nothing of it was sent
        self._flushed_at = 0.0

    def run(self) -> None:
        """Answer until the server goes."""
        threading.Thread(target=self._listen, daemon=True).start()
        self._connection.sendall(frames.frame(frames.READY))
        threading.Thread(target=_warm_up, daemon=True).start()
        while True:
            last = self._answer(self._questions.get())
            # Before the last frame is out: the next question may follow it at once.
            self._idle.set()
            self._flush(last)

    def _listen(self) -> None:
        with suppress(OSError):
            while (received := frames.receive(self._connection)) is not None:
                kind, payload = received
                if kind == frames.QUESTION:
                    self._cancelled = False
                    self._idle.clear()
                    self._questions.put(payload)
                elif kind == frames.CANCEL and not self._idle.is_set():
                    self._cancelled = True
                    while not self._idle.wait(_INTERRUPT_S):
                        self._engine.interrupt()
        # The server is gone, and with it everybody who could want an answer.
        os._exit(0)

    def _answer(self, payload: bytes) -> bytes:
        """Answer one question; returns the last frames."""
        asked = json.loads(payload)
        queries = [Query.from_json(query) for query in asked["queries"]]
        limit_cpu(asked["time_limit_s"] * self._threads)
        try:
            return self._answer_one(queries[0]) if len(queries) == 1 else self._answer_together(queries)
        finally:
            self._engine.finish()

    def _answer_one(self, query: Query) -> bytes:
        try:
            reply = self._engine.answer(query)
            self._send(reply)
        except BaseException as error:
            if self._head:  # nothing was sent: an error is better than half a file
                self._gathered.clear()
            return self._error(error)
        outcome = {"rows": reply.rows, "truncated": reply.truncated}
        if self._head:  # nothing was sent
            whole = frames.whole_frame(self._head | outcome, self._gathered)
            self._head = {}
            self._gathered.clear()
            return whole
        return frames.json_frame(frames.END, outcome)

    def _answer_together(self, queries: Sequence[Query]) -> bytes:
        """Answer cones of one table by one search: a frame each."""
        try:
            replies = self._engine.answer_together(queries)
        except BaseException as error:
            # By themselves, those that are not to blame get their answers, and the others their errors.
            return frames.json_frame(frames.ALONE, {"spent": is_fatal(error)}) * len(queries)
        return b"".join(map(self._short, replies))

    def _short(self, reply: Reply | None) -> bytes:
        """The frame of an answer that should be short."""
        alone = frames.json_frame(frames.ALONE, {"spent": False})
        if reply is None:
            return alone
        data = bytearray()
        try:
            for chunk in reply.chunks:
                data += chunk
                reply.sent_bytes = len(data)
                if self._cancelled or len(data) > _FRAME_BYTES:
                    return alone
        except BaseException as error:
            return self._error(error)
        return frames.whole_frame(_head(reply) | {"rows": reply.rows, "truncated": reply.truncated}, data)

    def _error(self, error: BaseException) -> bytes:
        shown = QueryCancelled("the query was given up") if self._cancelled else error
        content = error_content(shown, self._engine.folder) | {"spent": is_fatal(error)}
        return frames.json_frame(frames.ERROR, content)

    def _send(self, reply: Reply) -> None:
        self._head = _head(reply)
        self._flushed_at = 0.0
        for chunk in reply.chunks:
            if self._cancelled:
                raise QueryCancelled("the query was given up")
            self._flushed_at = self._flushed_at or time.monotonic()
            reply.sent_bytes += len(chunk)
            self._gathered += chunk
            if len(self._gathered) >= _FRAME_BYTES or time.monotonic() - self._flushed_at > _FLUSH_S:
                self._begin()
                self._flush()

    def _begin(self) -> None:
        """Put the head in front of what is sent first."""
        if self._head:
            self._frames += frames.json_frame(frames.HEAD, self._head)
            self._head = {}

    def _flush(self, last: bytes = b"") -> None:
        """Send what was gathered, and the last frames."""
        for start in range(0, len(self._gathered), _LARGEST_BYTES):
            self._frames += frames.frame(frames.DATA, bytes(self._gathered[start : start + _LARGEST_BYTES]))
        self._frames += last
        try:
            self._connection.sendall(self._frames)
        except OSError:
            os._exit(0)
        self._gathered.clear()
        self._frames.clear()
        self._flushed_at = time.monotonic()


def _head(reply: Reply) -> dict[str, Any]:
    return {"content_type": reply.content_type, "likeness": reply.likeness}


def _warm_up() -> None:
    """Load what the first cone and the first polygon would wait a second for."""
    for name in ("healpy", "scipy.spatial", "pyarrow.compute"):
        import_module(name)


def main() -> None:
    """Be a query process."""
    # Ctrl-C is for the server, which ends its processes itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Small answers are collected before they are Arrow, and DuckDB's client says that this costs a copy.
    warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)
    connection, setup = connected()
    os.nice(setup["niceness"])  # before there are threads, which are as nice as what starts them
    settings = Settings(**setup["settings"])
    try:
        engine = Engine(Path(setup["tables_folder"]), settings, find_reader(setup["upload_reader"]))
    except BaseException as error:
        connection.sendall(frames.json_frame(frames.ERROR, error_content(error, Path(setup["tables_folder"]))))
        os._exit(1)
    limit_process(settings.query_memory_gb, settings.result_max_bytes)
    gc.freeze()
    Worker(connection, engine, settings.processors).run()


if __name__ == "__main__":
    main()
