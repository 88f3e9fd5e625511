"""`skyband send` with a real hub and real receivers."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from astropy.table import Table
from pyvo.samp import SAMPHubServer, SAMPIntegratedClient

from skyband.queries import Sky

Send = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def lockfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where hubs of this test are to be found."""
    path = tmp_path / "hub.samp"
    monkeypatch.setenv("SAMP_HUB", f"std-lockurl:{path.as_uri()}")
    return path


@pytest.fixture
def hub(lockfile: Path) -> Iterator[Any]:
    running = SAMPHubServer(web_profile=False, addr="127.0.0.1", lockfile=str(lockfile))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def send(sky_folder: Path, lockfile: Path) -> Send:
    """Run `skyband send ...` as a program of its own."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "skyband.server", "send", *arguments, "--store", str(sky_folder)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    return run


class Receiver:
    """A client that reads the tables it is sent while their message waits for its answer."""

    def __init__(self, name: str, *, refuse: str = "", silent: bool = False) -> None:
        self.received: list[tuple[dict[str, str], Table]] = []
        self.client = SAMPIntegratedClient(name=name, addr="127.0.0.1")
        self.client.connect()
        self._refuse, self._silent = refuse, silent
        self.done = threading.Event()
        self.client.bind_receive_call("table.load.votable", self._load)

    def _load(self, key: str, sender: str, message: str, mtype: str, parameters: Any, extra: Any) -> None:
        if self._silent:
            return
        path = unquote(urlsplit(parameters["url"]).path)
        self.received.append((parameters, Table.read(path, format="votable")))
        if self._refuse:
            self.client.ereply(message, "samp.error", error={"samp.errortxt": self._refuse})
        else:
            self.client.ereply(message, "samp.ok", result={})


@pytest.fixture
def receiver(hub: Any) -> Iterator[Callable[..., Receiver]]:
    made: list[Receiver] = []

    def make(name: str, **behaviour: Any) -> Receiver:
        made.append(Receiver(name, **behaviour))
        return made[-1]

    yield make
    for one in made:
        one.client.disconnect()


def test_every_receiver_gets_the_whole_table(send: Send, receiver: Callable[..., Receiver], sky_folder: Path) -> None:
    receivers = [receiver("topcat"), receiver("aladin")]
    with Sky(sky_folder) as sky:
        expected = sky.sql("SELECT designation, j_m FROM sim_nir").to_astropy()
    sent = send("sim_nir")
    assert (sent.returncode, sent.stdout) == (0, "")
    assert sorted(sent.stderr.splitlines()) == [f"{len(expected):,} rows sent to {n}" for n in ("aladin", "topcat")]
    for one in receivers:
        [(parameters, table)] = one.received
        assert parameters["name"] == "sim_nir"
        assert parameters["table-id"].startswith("skyband-")
        assert list(table["designation"]) == list(expected["designation"])
        assert list(table["j_m"]) == list(expected["j_m"])
        assert table["j_m"].unit == "mag"
        assert not Path(unquote(urlsplit(parameters["url"]).path)).exists()


def test_an_answer_is_sent_under_a_name(send: Send, receiver: Callable[..., Receiver]) -> None:
    one = receiver("topcat")
    sent = send("--sql", "SELECT 42 AS answer FROM range(3)", "--name", "three rows")
    assert (sent.returncode, sent.stderr) == (0, "3 rows sent to topcat\n")
    [(parameters, table)] = one.received
    assert parameters["name"] == "three rows"
    assert list(table["answer"]) == [42, 42, 42]


def test_without_a_hub_it_says_what_to_start(send: Send, lockfile: Path) -> None:
    sent = send("sim_nir")
    assert sent.returncode == 1
    assert sent.stderr.startswith("skyband: no SAMP hub runs")
    assert "start TOPCAT" in sent.stderr
    lockfile.write_text("samp.secret=x\nsamp.hub.xmlrpc.url=http://127.0.0.1:9/\n")
    sent = send("sim_nir")
    assert (sent.returncode, sent.stderr.count("\n")) == (1, 1)
    assert "does not answer" in sent.stderr


@pytest.mark.parametrize("content", ["", "samp.secret=x\n", "samp.hub.xmlrpc.url=file:///etc\nsamp.secret=x\n"])
def test_a_lock_file_that_names_no_hub_is_told(send: Send, lockfile: Path, content: str) -> None:
    lockfile.write_text(content)
    sent = send("sim_nir")
    assert sent.returncode in (1, 2)
    assert sent.stderr.count("\n") == 1
    assert "SAMP hub" in sent.stderr


def test_without_a_receiver_it_says_so(send: Send, hub: Any) -> None:
    sent = send("sim_nir")
    assert sent.returncode == 1
    assert "takes tables" in sent.stderr


def test_a_receiver_that_refuses_is_named_with_its_reason(send: Send, receiver: Callable[..., Receiver]) -> None:
    receiver("grumpy", refuse="no room left")
    good = receiver("topcat")
    sent = send("sim_nir")
    assert sent.returncode == 1
    assert "grumpy did not take the table: no room left" in sent.stderr
    assert len(good.received) == 1


def test_a_receiver_that_says_nothing_is_not_waited_for_longer(send: Send, receiver: Callable[..., Receiver]) -> None:
    receiver("silent", silent=True)
    sent = send("sim_nir", "--wait", "1")
    assert sent.returncode == 1
    assert sent.stderr.startswith("skyband: silent did not take the table: ")


@pytest.mark.parametrize("arguments", [(), ("sim_nir", "--sql", "SELECT 1"), ("nothing",), ("--sql", "SELECT nothing")])
def test_wrong_input_is_told_before_anything_is_sent(
    send: Send, receiver: Callable[..., Receiver], arguments: tuple[str, ...]
) -> None:
    one = receiver("topcat")
    sent = send(*arguments)
    assert (sent.returncode, sent.stderr.count("\n")) == (2, 1)
    assert one.received == []
