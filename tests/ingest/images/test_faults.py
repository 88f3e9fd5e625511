"""Ctrl-C keeps what is finished, a crash or a second writer changes nothing, and the next run goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skyband.queries.images import Thumbnails
from skyband.schema.errors import TableLocked
from skyband.schema.locks import writer_lock
from skyband.schema.store import Store
from tests.ingest.images.conftest import Add, Put
from tests.ingest.test_ingest_faults import AT_AN_EVENT
from tests.pictures import jpeg

Ask = Callable[..., list[tuple[Any, ...]]]

IMAGES = 40
BEFORE_THE_MOVE = ("os.rename", ".gals.building.duckdb", "1")
AT_THE_THIRTIETH = ("open", "g29.jpg", "1")


@pytest.fixture
def folder(put: Put) -> Path:
    """Forty small images."""
    for number in range(IMAGES):
        put(f"pics/g{number}.jpg", jpeg(number, 16, 16))
    return put("pics/g0.jpg", jpeg(0, 16, 16)).parent


def run(store: Store, folder: Path, event: tuple[str, str, str], sent: signal.Signals) -> Any:
    arguments = ["images", "add", str(folder), "--collection", "gals", "--store", str(store.path)]
    return subprocess.run(
        [sys.executable, "-c", AT_AN_EVENT, *event, str(int(sent)), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"SKYBAND_THREADS": "1"},
    )


def test_ctrl_c_keeps_what_is_finished(store: Store, folder: Path, add: Add, rows: Ask) -> None:
    stopped = run(store, folder, AT_THE_THIRTIETH, signal.SIGINT)
    assert stopped.returncode == 130, stopped.stderr
    assert stopped.stderr.splitlines()[-1] == "skyband: stopped"
    [(kept,)] = rows("SELECT count(*) FROM gals")
    assert 20 <= kept < 30
    assert stopped.stdout.startswith(f"collection gals: {kept} images ({kept} added; ")
    assert not store.rejected_file("gals").exists()
    ids = [id_ for (id_,) in rows("SELECT id FROM gals")]
    assert set(Thumbnails(store, "gals").read(ids)) == set(ids) == {f"g{number}" for number in range(kept)}
    report = add(folder)
    assert (report.added, report.unchanged) == (IMAGES - kept, kept)


def test_a_killed_writer_leaves_the_old_collection(store: Store, folder: Path, add: Add, rows: Ask) -> None:
    add(folder / "g1.jpg", folder / "g2.jpg")
    killed = run(store, folder, BEFORE_THE_MOVE, signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert rows("SELECT id FROM gals ORDER BY id") == [("g1",), ("g2",)]
    report = add(folder)
    assert (report.added, report.unchanged) == (IMAGES - 2, 2)
    assert Thumbnails(store, "gals").count() == IMAGES
    assert {path.name for path in store.tables_folder.iterdir()} == {"gals.duckdb", ".gals.lock"}


def test_the_second_of_two_writers_is_told(store: Store, folder: Path, add: Add) -> None:
    with writer_lock(store.lock_file("gals")), pytest.raises(TableLocked, match="'gals'"):
        add(folder)
