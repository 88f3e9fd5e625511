"""Runs a task as a process of its own: what it printed, the time it took and its peak memory.

Nothing heavy is imported here: on Linux the peak memory of a child counts from that of the process it came from.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Bytes of ru_maxrss: kilobytes on Linux, bytes on macOS.
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class TaskFailed(Exception):
    """The process ended with an error; the message is the last line it wrote about it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished process left behind."""

    answer: dict[str, Any]  # the JSON object on its last line of output, {} if there is none
    wall_s: float  # from start to end of the process
    peak_gb: float  # largest resident size of the process, or of the largest of its children, 1e9 bytes


def run_process(command: Sequence[str | Path], log: Path) -> Outcome:
    """Run a command to its end; what it writes is kept in `log`.

    Raises:
        TaskFailed: it cannot be started, or ends with an error.
    """
    printed = log.with_suffix(".out")
    began = time.perf_counter()
    with printed.open("wb") as out, log.open("wb") as err:
        try:
            process = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
        except OSError as error:
            raise TaskFailed(str(error)) from error
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - began
    if process.returncode:
        raise TaskFailed(_reason(process.returncode, log))
    return Outcome(_answer(printed), wall_s, usage.ru_maxrss * _MAXRSS_UNIT / 1e9)


def run_task(python: str, script: Path, task: str, log: Path, **arguments: Any) -> Outcome:
    """Run one function of a script of tasks; its arguments and its answer go as JSON."""
    return run_process([python, script, task, json.dumps(arguments, default=str)], log)


def _answer(printed: Path) -> dict[str, Any]:
    lines = printed.read_text(errors="replace").splitlines()
    if not lines or not lines[-1].startswith("{"):
        return {}
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def _reason(code: int, log: Path) -> str:
    if code < 0:
        return f"killed by signal {-code}"
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else f"exit code {code}"
