"""Servers that are measured."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from bench import Bench
from matching import TABLES
from measure import TaskFailed


@dataclass(frozen=True, slots=True)
class Service:
    """A server that runs."""

    url: str
    pid: int
    table: str = TABLES["left"]  # as queries name it
    cones: str = f"/scs/{TABLES['left']}"  # where it answers them


@contextmanager
def running(bench: Bench, store: Path) -> Iterator[Service]:
    """A server of its own over a store; nobody is turned away for asking often."""
    limits = {"CLIENT_QUERIES": "1000", "CLIENT_QUERIES_PER_MINUTE": "1000000"}
    environment = os.environ | {f"SKYBAND_{name}": value for name, value in limits.items()}
    command = [sys.executable, "-m", "skyband.server", "serve", "--port", "0", "--store", str(store)]
    logged = bench.logs / f"serve-{store.name}.log"
    with logged.open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    assert process.stdout is not None
    try:
        with process.stdout:
            found = re.search(r"http://\S+(?=/ )", process.stdout.readline())
        if found is None:
            raise TaskFailed(f"the server did not start (more in {logged})")
        try:
            with urlopen(f"{found[0]}/health"):
                yield Service(found[0], process.pid)
        except URLError as error:
            raise TaskFailed(f"the server does not answer: {error}") from error
    finally:
        process.terminate()
        process.wait()
