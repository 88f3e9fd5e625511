"""A running service over a small simulated sky."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from skyband.ingest.simulate.into_store import ingest_simulated
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from skyband.server.cli import main

Run = Callable[..., tuple[int, str, str]]
RunReport = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def sky_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of four simulated surveys and their truth."""
    folder = tmp_path_factory.mktemp("service") / "sky"
    list(ingest_simulated(Store.create(Settings(store=str(folder))), rows=5000, seed=3))
    return folder


@pytest.fixture
def own_sky(sky_folder: Path, tmp_path: Path) -> Path:
    """A copy of that store: one service at a time holds a store."""
    copy = tmp_path / "sky"
    shutil.copytree(sky_folder / "tables", copy / "tables", copy_function=os.link)
    return copy


class Served:
    """A service in a process of its own."""

    def __init__(self, url: str, process: subprocess.Popen[str]) -> None:
        self.url = url
        self.tap = f"{url}/tap"
        self.process = process
        self.client = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def kill(self) -> None:
        """Kill -9, as a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end, and wait until it has."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


@contextmanager
def serving(folder: Path, *arguments: str, **settings: str) -> Iterator[Served]:
    """`skyband serve` on a free port."""
    environment = os.environ | {f"SKYBAND_{name.upper()}": value for name, value in settings.items()}
    with (folder.parent / "serve.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "skyband.server", "serve", "--port", "0", "--store", str(folder), *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
        )
    assert process.stdout is not None
    with process.stdout:
        found = re.search(r"http://\S+(?=/ )", process.stdout.readline())
    if not found:
        process.wait()
        pytest.fail((folder.parent / "serve.log").read_text())
    served = Served(found[0], process)
    # The listener is open before the first query process is ready; the answer comes when it is.
    assert served.client.get("/health").json() == {"status": "ok"}
    try:
        yield served
    finally:
        served.stop()


@pytest.fixture(scope="session")
def service(sky_folder: Path) -> Iterator[Served]:
    """The service most tests share."""
    with serving(sky_folder, upload_urls="any") as served:
        yield served


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractContextManager[Served]]:
    """What starts a service of a test's own; takes the folder, options, and settings by name."""
    return serving


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run `skyband ...` on the test's store: exit code, standard output, standard error."""

    def run_command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["skyband", *arguments])
        monkeypatch.setenv("SKYBAND_STORE", str(store.path))
        code: Any = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        sys.stdout.flush()
        output = capfdbinary.readouterr()
        return code, output.out.decode("latin-1"), output.err.decode()

    return run_command


@pytest.fixture
def run_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[RunReport]:
    """Run `skyband match-report ...` on a store, in a folder of the test's own: exit code, standard output, standard
    error."""
    monkeypatch.chdir(tmp_path)

    def run_command(store: Store, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("SKYBAND_STORE", str(store.path))
        monkeypatch.setattr(sys, "argv", ["skyband", "match-report", *arguments])
        code: Any = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        output = capsys.readouterr()
        return code, output.out, output.err

    yield run_command


def json_rows(response: httpx.Response) -> list[dict[str, Any]]:
    """The rows of an answer in JSON, by the names of the columns."""
    assert response.status_code == 200, response.text
    document = response.json()
    names = [column["name"] for column in document["columns"]]
    return [dict(zip(names, row, strict=True)) for row in document["rows"]]
