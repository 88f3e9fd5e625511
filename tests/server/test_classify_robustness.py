"""What goes wrong with models, told in one line; and a table that is scored while a service answers from it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from skyband.models.classifier.members.boosting import Boosting
from skyband.models.classifier.progress import Progress
from skyband.models.features import FeatureOptions
from skyband.models.scoring.shelf import find_model, model_versions
from skyband.models.scoring.train_table import train_on_table
from skyband.queries import Sky
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.models.scoring.conftest import BANDS, sources
from tests.server.conftest import Run, Served, serving

OPTIONS = FeatureOptions(groups=("colours",))
TRAIN = ("train", "some", "--label", "kind", "--name", "mine", "--budget", "1s", "--groups", "colours")


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a model of boosted trees, and the tables it is about."""
    store = Store.create(Settings(store=str(tmp_path_factory.mktemp("kinds") / "sky"), threads=2))
    publish_rows(store, "known", **sources(1, 300))
    publish_rows(store, "others", **sources(2, 100))
    with Sky(store.path) as sky:
        train_on_table(sky, "known", "kind", "kinds", OPTIONS, budget_s=1, learners=(Boosting(),))
    return store.path


@pytest.fixture
def store(kinds: Path, tmp_path: Path) -> Store:
    """A copy of it."""
    shutil.copytree(kinds, tmp_path / "sky")
    return Store.open(Settings(store=str(tmp_path / "sky"), memory_gb=1.0, threads=2))


def refused(run: Run, *arguments: str) -> str:
    """The one line a command that fails says."""
    code, out, err = run(*arguments)
    lines = [line for line in err.splitlines() if line.startswith("skyband: ")]
    assert (code, out, len(lines), err.splitlines()[-1:]) == (2, "", 1, lines), err
    return lines[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": np.full(300, "star")}, "all 300 labels are 'star'; a classifier needs two classes"),
        ({"kind": np.array(["star"] * 297 + ["galaxy"] * 3)}, "too few rows of a class: 'galaxy' has 3;"),
        ({"kind": [None] * 300}, "no row of 'some' has a label in 'kind'"),
        ({band: np.full(300, 20.0) for band in BANDS}, "every feature has one value in all labelled rows of 'some'"),
        ({band: np.full(300, np.nan) for band in BANDS}, "no labelled row of 'some' has any feature"),
        ({band: np.full(300, np.inf) for band in BANDS}, "no labelled row of 'some' has any feature"),
        ({band: ["bright"] * 300 for band in BANDS}, "table 'some' gives none of these features"),
    ],
)
def test_tables_that_nothing_can_be_learnt_from(run: Run, store: Store, change: dict[str, Any], message: str) -> None:
    publish_rows(store, "some", **sources(3, 300) | change)
    assert message in refused(run, *TRAIN)
    assert model_versions(store, "mine") == [] or not model_versions(store, "mine")[-1].is_finished


def test_tables_that_cannot_be_scored(run: Run, store: Store) -> None:
    publish_rows(store, "places", id=[1, 2], ra=[1.0, 2.0], dec=[3.0, 4.0])
    assert "'places' gives none of the 16 features of kinds@1" in refused(run, "score", "places", "--model", "kinds")
    # Features that are called alike and are made otherwise.
    path = find_model(store, "kinds").folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"features_digest": "0" * 64}))
    assert "trained with features of the definition 0000" in refused(run, "score", "others", "--model", "kinds")
    path.write_text(json.dumps(manifest | {"data": {}}))
    assert "does not say what its features are" in refused(run, "score", "others", "--model", "kinds")
    path.write_text(json.dumps(manifest)[:100])
    assert "manifest.json is damaged" in refused(run, "score", "others", "--model", "kinds")
    path.write_text(json.dumps(manifest))
    [member, *_] = sorted(path.parent.glob("members/*"))
    member.write_bytes(member.read_bytes()[:-10])
    assert f"{member.name} is damaged; train it anew" in refused(run, "score", "others", "--model", "kinds")
    assert store.info("others").version.version == 1


def test_a_table_without_any_value_is_as_common_classes_are(run: Run, store: Store) -> None:
    publish_rows(store, "some", **sources(3, 50) | {band: np.full(50, np.nan) for band in BANDS})
    code, out, err = run("score", "some", "--model", "kinds", "--json")
    assert (code, err, json.loads(out)["safety"]) == (0, "", {"safe": 0, "extrapolation": 0, "unsafe": 50})


def test_damaged_checkpoints(run: Run, store: Store) -> None:
    def stop(progress: Progress) -> None:
        if progress.member == "forest" and progress.fold == 1:
            raise KeyboardInterrupt

    publish_rows(store, "some", **sources(3, 300))
    with Sky(settings=store.settings) as sky, pytest.raises(KeyboardInterrupt):
        train_on_table(sky, "some", "kind", "mine", OPTIONS, budget_s=1, on_progress=stop)
    [begun] = model_versions(store, "mine")
    damaged = sorted(begun.folder.glob("checkpoints/*"))
    assert len(damaged) >= 2
    for path in [*damaged, begun.folder / "begun.json"]:
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        assert f"{path.name} is damaged" in refused(run, *TRAIN)
        path.write_bytes(whole)
    damaged[0].unlink()
    code, out, _ = run(*TRAIN)
    assert (code, out.startswith("mine@1: 300 rows")) == (0, True)


class Client:
    """A client that asks until it is told to stop, and keeps what it was answered."""

    def __init__(self, served: Served, queries: list[str]) -> None:
        self._served, self._queries = served, queries
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.answers: list[tuple[str, int, Any]] = []
        self.asked = threading.Event()

    def __enter__(self) -> Client:
        self._thread.start()
        assert self.asked.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        with httpx.Client(base_url=self._served.url, timeout=60, trust_env=False) as client:
            while not self._stop.is_set():
                for query in self._queries:
                    answer = client.get("/sql", params={"query": query})
                    self.answers.append((query, answer.status_code, answer.json().get("rows", answer.text)))
                self.asked.set()


def scored_while_served(store: Store, rows: int) -> None:
    """Score a table while a client asks about it, and others read it who began before."""
    publish_rows(store, "large", **sources(2, rows))
    count = "SELECT count(*), sum(id) FROM large"
    whole = [[rows, sum(range(2000, 2000 + rows))]]
    queries = [count, "SELECT * FROM large LIMIT 3"]
    command = [sys.executable, "-m", "skyband.server", "score", "large", "--model", "kinds", "--store", str(store.path)]
    with (
        serving(store.path) as served,
        Sky(settings=store.settings) as sky,
        served.client.stream("GET", "/sql", params={"query": "FROM large", "format": "csv"}) as early,
    ):
        lines = early.iter_lines()
        assert next(lines) == "id,ra,dec,u,g,r,i,z,kind,healpix_29"
        open_before = sky.sql("SELECT * FROM large").stream()
        first = next(open_before.batches)
        with Client(served, queries) as client:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            # Whoever asks now sees it.
            answer = served.client.get("/sql", params={"query": "SELECT count(class), min(model_version) FROM large"})
            assert answer.json()["rows"] == [[rows, "kinds@1"]]
        assert {status for _, status, _ in client.answers} == {200}
        assert all(found == whole for query, _, found in client.answers if query == count)
        widths = [len(found[0]) for query, _, found in client.answers if query == queries[-1]]
        assert (min(widths), max(widths)) == (len(BANDS) + 5, len(BANDS) + 5 + 10)
        # Those who had the old version open read it to its end.
        assert sum(1 for _ in lines) == rows
        assert "class" not in open_before.schema.names
        assert first.num_rows + sum(batch.num_rows for batch in open_before.batches) == rows
        assert sky.table("large").column("class") is not None


def test_a_table_is_scored_while_a_service_answers_from_it(store: Store) -> None:
    scored_while_served(store, 30_000)


@pytest.mark.slow
def test_a_million_rows_are_scored_while_a_service_answers(store: Store) -> None:
    scored_while_served(store, 1_000_000)
