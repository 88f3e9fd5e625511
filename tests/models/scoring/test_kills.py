"""Scorings and trainings of tables that are killed, by the system's own hand, end as if nothing had been."""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.connection
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skyband.models.classifier.members.boosting import Boosting
from skyband.models.features import FeatureOptions
from skyband.models.scoring import score_parts
from skyband.models.scoring.score_table import score_table
from skyband.models.scoring.shelf import find_model
from skyband.models.scoring.train_table import train_on_table
from skyband.queries import Sky
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.conftest import publish_rows

from .conftest import sources

OPTIONS = FeatureOptions(groups=("colours", "magnitudes"))
PARTS = 12


@pytest.fixture
def store(settings: Settings) -> Store:
    """600 rows to score, and a model."""
    store = Store.create(settings)
    publish_rows(store, "known", **sources(1, 300))
    publish_rows(store, "others", **sources(2, 50 * PARTS))
    with Sky(settings=store.settings) as sky:
        train_on_table(sky, "known", "kind", "kinds", OPTIONS, budget_s=1, learners=(Boosting(),))
    return store


def _score_and_tell(folder: str, missing_only: bool, pipe: multiprocessing.connection.Connection) -> None:
    score_parts._PART_ROWS = 50
    with Sky(folder) as sky:
        score_table(
            sky,
            "others",
            find_model(sky.store, "kinds"),
            missing_only=missing_only,
            on_progress=lambda done, total: pipe.send(done),
        )
    pipe.send(-1)


def killed_after(store: Store, parts: int, *, missing_only: bool = False) -> bool:
    """Score in a process that is killed once it has told of so many parts; whether it was not quicker than that."""
    processes = multiprocessing.get_context("forkserver")
    # What every process would import for itself.
    processes.set_forkserver_preload(
        ["tests.models.scoring.test_kills", "xgboost", "sklearn.ensemble", "torch._dynamo"]
    )
    ours, theirs = processes.Pipe(duplex=False)
    process = processes.Process(target=_score_and_tell, args=(str(store.path), missing_only, theirs))
    process.start()
    theirs.close()
    for _ in range(parts):
        if ours.recv() == -1:
            break
    else:
        process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def parts_of(store: Store) -> dict[str, int]:
    """Inodes of the parts that are done."""
    found = find_model(store, "kinds").folder.glob("scores/*/part-*.parquet")
    return {path.name: path.stat().st_ino for path in found}


def contents(store: Store, table: str = "others") -> str:
    with Sky(settings=store.settings) as sky:
        return repr(sky.sql(f"SELECT * FROM {table} ORDER BY id").to_arrow().to_pylist())


@pytest.mark.parametrize("missing_only", [False, True])
def test_a_killed_scoring_goes_on_and_ends_in_the_same_table(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing_only: bool
) -> None:
    shutil.copytree(store.path, tmp_path / "whole")
    whole = Store.open(Settings(store=str(tmp_path / "whole"), memory_gb=1.0, threads=2))
    monkeypatch.setattr(score_parts, "_PART_ROWS", 50)
    with Sky(settings=whole.settings) as sky:
        score_table(sky, "others", find_model(whole, "kinds"))
    random, unscored, done = np.random.default_rng(4), contents(store), dict[str, int]()
    for _ in range(4):
        assert killed_after(store, len(done) + int(random.integers(1, 4)), missing_only=missing_only)
        before, done = done, parts_of(store)
        # What was done is not done again, and the table is as it was.
        assert done.items() >= before.items()
        assert contents(store) == unscored
    # While the new version is being written.
    killed_after(store, PARTS, missing_only=missing_only)
    with Sky(settings=store.settings) as sky:
        assert sky.table("others").version.version in (1, 2)
        score_table(sky, "others", find_model(store, "kinds"), missing_only=missing_only)
    assert contents(store) == contents(whole)
    assert not list(store.path.glob("models/kinds/1/scores/others-*"))
    assert [path.name for path in store.tables_folder.iterdir() if not path.name.startswith(".")] == [
        path.name for path in whole.tables_folder.iterdir() if not path.name.startswith(".")
    ]


TRAINING = """
import sys
from skyband.models.features import FeatureOptions
from skyband.models.scoring.train_table import train_on_table
from skyband.queries import Sky
options = FeatureOptions(groups=("colours", "magnitudes"))
with Sky(sys.argv[1]) as sky:
    tell = lambda step: print(step, flush=True)
    train_on_table(sky, "known", "kind", sys.argv[2], options, budget_s=2, on_progress=tell)
"""


def train(store: Store, name: str, lines: int | None) -> int:
    """Train all members in a process of its own, killed after so many lines; returns the lines it told."""
    command = [sys.executable, "-c", TRAINING, str(store.path), name]
    told = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in process.stdout:
            told += 1
            if told == lines:
                process.kill()
                break
    assert process.returncode in (0, -signal.SIGKILL)
    return told if process.returncode == 0 else -told


@pytest.mark.slow
def test_ten_kills_of_a_training_from_a_table(store: Store) -> None:
    """XGBoost, the forest and the network: predictions and files are those of a training nobody disturbed."""
    lines = train(store, "whole", None)
    assert lines > 40
    random, kills = np.random.default_rng(11), 0
    while kills < 10:
        # Later ones have less to tell.
        kills += train(store, "killed", int(random.integers(1, lines // 10))) < 0
    assert train(store, "killed", None) >= 0
    whole, killed = (find_model(store, name).folder for name in ("whole", "killed"))
    for name in json.loads((whole / "manifest.json").read_text())["files"]:
        assert (whole / name).read_bytes() == (killed / name).read_bytes(), name
    scored: list[list[dict[str, Any]]] = []
    with Sky(settings=store.settings) as sky:
        for name in ("whole", "killed"):
            score_table(sky, "others", find_model(store, name))
            rows = sky.sql("SELECT * EXCLUDE (model_version) FROM others ORDER BY id").to_arrow().to_pylist()
            scored.append(rows)
    assert repr(scored[0]) == repr(scored[1])
