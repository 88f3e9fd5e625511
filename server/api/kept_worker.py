"""The other end of `kept_process`: a process that answers questions about files, one after the other."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from skyband.queries.serving import frames
from skyband.queries.serving.beginning import connected
from skyband.queries.serving.errors import error_content, is_fatal
from skyband.queries.serving.lockdown import limit_cpu
from skyband.schema.errors import ResourceLimit, SkybandError, missing_dependency
from skyband.schema.settings import Settings

Answer = Callable[[dict[str, Any]], dict[str, Any]]
"""What END says to a QUESTION."""


def answer_questions(begin: Callable[[Settings], Answer], too_much: str) -> None:
    """Be the process, until its server ends the connection.

    Args:
        begin: makes what answers, with the first question; its errors are answers too.
        too_much: what a client is told whose files need more memory than they may have.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection, setup = connected()
    settings = Settings(**setup["settings"])
    answer: Answer | None = None
    while (question := frames.receive(connection)) is not None:
        asked = json.loads(question[1])
        limit_cpu(asked["time_limit_s"] * settings.processors)
        try:
            answer = answer or begin(settings)
            told = frames.json_frame(frames.END, answer(asked))
        except BaseException as error:
            content = error_content(_as_told(error, asked["files"].values(), too_much), Path(settings.store))
            told = frames.json_frame(frames.ERROR, content | {"spent": is_fatal(error)})
        connection.sendall(told)


def _as_told(error: BaseException, files: Iterable[str], too_much: str) -> BaseException:
    """An error as the client should have it."""
    if isinstance(error, ModuleNotFoundError):
        return missing_dependency(error) or error
    # Torch says by a RuntimeError that it cannot have the memory it wants.
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "memory" in str(error)):
        return ResourceLimit(too_much)
    if isinstance(error, SkybandError):
        text = str(error)
        for file in files:
            text = text.replace(file, "the upload").replace(Path(file).name, "the upload")
        if text != str(error):
            error.args = (text,)
    return error
