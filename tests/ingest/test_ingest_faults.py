"""Killed writers, two writers, full disks: never a lost or half table, and the next ingest works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

from skyband.ingest.pipeline import IngestReport
from skyband.schema.errors import TableLocked
from skyband.schema.store import Store

Take = Callable[..., IngestReport]
Ask = Callable[..., list[tuple[Any, ...]]]

# Runs the command and sends itself a signal at an exact place: when the interpreter raises, for the n-th time, an audit
# event whose first arguments hold a text.
AT_AN_EVENT = """
import os, signal, sys
name, text, count, sent = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
def hook(event, arguments):
    global count
    if event == name and any(text in str(argument) for argument in arguments[:2]):
        count -= 1
        if count == 0:
            os.kill(os.getpid(), sent)
sys.argv = ["skyband", *sys.argv[5:]]
from skyband.server.cli import main
# Jobs that a script sends to the background are begun deaf to SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.addaudithook(hook)
main()
"""

# The file is opened six times to see what it is; then the query that builds the table asks for its rows.
BUILDING = ("open", "new.fits", "7")
BEFORE_THE_MOVE = ("os.rename", ".stars.building.duckdb", "1")
AFTER_THE_MOVE = ("os.rename", ".stars.rejected.parquet", "1")
AFTER_THE_EMPTYING = ("os.remove", "stars.rejected.parquet", "1")


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    """Two good rows."""
    path = tmp_path / "old.fits"
    Table({"id": [1, 2], "ra": [10.0, 200.0], "dec": [1.0, -1.0]}).write(path)
    return path


@pytest.fixture
def new_file(tmp_path: Path) -> Path:
    """Three good rows and a bad one."""
    path = tmp_path / "new.fits"
    Table({"id": [5, 6, 7, 8], "ra": [1.0, 2.0, 3.0, 400.0], "dec": [0.0] * 4}).write(path)
    return path


def command(store: Store, path: Path, mode: str) -> list[str]:
    return ["ingest", str(path), "--table", "stars", mode, "--store", str(store.path)]


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", *arguments], capture_output=True, text=True, timeout=120, **options)


@pytest.mark.parametrize(
    ("place", "published"),
    [(BUILDING, False), (BEFORE_THE_MOVE, False), (AFTER_THE_MOVE, True)],
    ids=["mid ingest", "mid publish", "published"],
)
def test_a_killed_writer_leaves_a_whole_table(
    place: tuple[str, str, str],
    published: bool,
    store: Store,
    old_file: Path,
    new_file: Path,
    take: Take,
    rows: Ask,
    rejected: Ask,
) -> None:
    take(old_file)
    killed = run(AT_AN_EVENT, *place, str(int(signal.SIGKILL)), *command(store, new_file, "--replace"))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (store.tables_folder / ".stars.building.duckdb").exists() != published
    assert rows("SELECT id, ra FROM stars ORDER BY id") == (
        [(5, 1.0), (6, 2.0), (7, 3.0)] if published else [(1, 10.0), (2, 200.0)]
    )
    report = take(new_file, mode="replace")
    assert rows("SELECT id, ra FROM stars ORDER BY id") == [(5, 1.0), (6, 2.0), (7, 3.0)]
    assert rejected("reason, id") == [("impossible position", 8)]
    assert [version.action for version in report.info.versions] == ["ingest"] + ["replace"] * (1 + published)
    left = {path.name for path in store.tables_folder.iterdir()}
    assert left == {"stars.duckdb", "stars.rejected.parquet", ".stars.lock"}


def test_rejects_of_a_version_whose_writer_was_killed_are_kept(
    store: Store, old_file: Path, new_file: Path, take: Take, rejected: Ask, tmp_path: Path
) -> None:
    killed = run(AT_AN_EVENT, *AFTER_THE_MOVE, str(int(signal.SIGKILL)), *command(store, new_file, "--replace"))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    bad_file = tmp_path / "bad.fits"
    Table({"id": [9, 10], "ra": [1.0, 2.0], "dec": [0.0, 100.0]}).write(bad_file)
    report = take(bad_file, mode="append")
    assert rejected("reason, id") == [("impossible position", 8), ("impossible position", 10)]
    assert report.info.details["rejected"] == {"impossible position": 2}
    # Rejects that the published version has not, go.
    killed = run(AT_AN_EVENT, *AFTER_THE_EMPTYING, str(int(signal.SIGKILL)), *command(store, old_file, "--replace"))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert store.rejected_file("stars").exists()
    third = tmp_path / "third.fits"
    Table({"id": [3], "ra": [1.0], "dec": [0.0]}).write(third)
    assert take(third, mode="append").info.rows == 3
    assert {path.name for path in store.tables_folder.iterdir()} == {"stars.duckdb", ".stars.lock"}


def test_a_killed_first_ingest_leaves_no_table(store: Store, new_file: Path, take: Take, rows: Ask) -> None:
    killed = run(AT_AN_EVENT, *BEFORE_THE_MOVE, str(int(signal.SIGKILL)), *command(store, new_file, "--replace"))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert store.names() == []
    take(new_file)
    assert rows("SELECT count(*) FROM stars") == [(3,)]


def test_the_second_of_two_writers_is_told(store: Store, old_file: Path, new_file: Path, take: Take, rows: Ask) -> None:
    take(old_file)
    stop = str(int(signal.SIGSTOP))
    first = subprocess.Popen(
        [sys.executable, "-c", AT_AN_EVENT, *BUILDING, stop, *command(store, new_file, "--append")],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        stopped = os.waitid(os.P_PID, first.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        assert stopped is not None and stopped.si_code == os.CLD_STOPPED
        with pytest.raises(TableLocked, match=f"'stars' \\(process {first.pid}"):
            take(new_file, mode="append")
        assert rows("SELECT id FROM stars ORDER BY id") == [(1,), (2,)]
    finally:
        first.send_signal(signal.SIGCONT)
        _, errors = first.communicate(timeout=120)
    assert first.returncode == 0, errors
    assert rows("SELECT id FROM stars ORDER BY id") == [(1,), (2,), (5,), (6,), (7,)]


def test_stopping_an_ingest_leaves_the_old_table(
    store: Store, old_file: Path, new_file: Path, take: Take, rows: Ask
) -> None:
    take(old_file)
    stopped = run(AT_AN_EVENT, *BUILDING, str(int(signal.SIGINT)), *command(store, new_file, "--replace"))
    assert (stopped.returncode, stopped.stderr.strip()) == (130, "skyband: stopped")
    assert rows("SELECT id FROM stars ORDER BY id") == [(1,), (2,)]
    assert {path.name for path in store.tables_folder.iterdir()} == {"stars.duckdb", ".stars.lock"}


FULL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.argv = ["skyband", *sys.argv[2:]]
from skyband.server.cli import main
main()
"""


@pytest.mark.parametrize("room", [20_000, 1_500_000])
def test_a_full_disk_leaves_the_old_table(
    room: int, store: Store, old_file: Path, tmp_path: Path, take: Take, rows: Ask
) -> None:
    take(old_file)
    generator = np.random.default_rng(1)
    big = tmp_path / "big.fits"
    columns = {name: generator.uniform(0, 90, 60_000) for name in ("ra", "dec", "x", "y", "z")}
    Table({"id": np.arange(60_000)} | columns).write(big)
    failed = run(FULL_DISK, str(room), *command(store, big, "--replace"))
    assert failed.returncode == 1, failed.stderr
    assert len(failed.stderr.splitlines()) == 1, failed.stderr
    assert failed.stderr.startswith("skyband: cannot write table 'stars'")
    assert rows("SELECT id, ra FROM stars ORDER BY id") == [(1, 10.0), (2, 200.0)]
    assert {path.name for path in store.tables_folder.iterdir()} == {"stars.duckdb", ".stars.lock"}
    assert take(big, mode="replace").info.rows == 60_000
