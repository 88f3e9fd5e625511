"""Labels that were asked for teach more than labels of rows drawn at random: the whole loop on a simulated sky."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score

from skyband.ingest.simulate.into_store import ingest_simulated
from skyband.models.candidates.to_label import choose_to_label
from skyband.models.classifier.members.boosting import Boosting
from skyband.models.discovery.labels import Label, put_labels
from skyband.models.features import FeatureOptions
from skyband.models.scoring.score_table import score_table
from skyband.models.scoring.train_table import train_on_table
from skyband.queries import Sky
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.conftest import publish_rows

CLASSES = ("galaxy", "quasar", "star", "white_dwarf")
ROUNDS, EACH, FIRST = 2, 30, 10
FEATURES = FeatureOptions(groups=("colours", "shape"))


def test_asked_labels_teach_more_than_random_ones(tmp_path: Path) -> None:
    store = Store.create(Settings(store=str(tmp_path / "asked"), memory_gb=1.0, threads=2))
    for _ in ingest_simulated(store, rows=3_000, seed=5):
        pass
    with Sky(store.path) as sky:
        truth: dict[int, str] = dict(
            sky.sql(f"SELECT optical_id, class FROM sim_truth WHERE class IN {CLASSES} AND optical_id NOT NULL").rows()
        )
    rng = np.random.default_rng(1)
    ids = rng.permutation(sorted(truth))
    first = [name for kind in CLASSES for name in [name for name in ids if truth[name] == kind][:FIRST]]
    zeros = np.zeros(len(first))
    publish_rows(
        store, "known", id=[int(name) for name in first], ra=zeros, dec=zeros, kind=[truth[name] for name in first]
    )
    publish_rows(store, "pool", id=sorted(truth), ra=np.zeros(len(truth)), dec=np.zeros(len(truth)))
    rest = [int(name) for name in ids if name not in set(first)]
    shutil.copytree(store.path, tmp_path / "random")

    def score_of(folder: str, *, with_labels: bool) -> float:
        with Sky(tmp_path / folder) as sky:
            report = train_on_table(
                sky,
                "sim_optical",
                "known.kind",
                "kinds",
                FEATURES,
                budget_s=1,
                learners=(Boosting(),),
                with_labels=with_labels,
            )
            assert (report.people is not None) == with_labels
            score_table(sky, "sim_optical", report.model)
            said: dict[int, str] = dict(sky.sql("SELECT objid, class FROM sim_optical").rows())
        return float(f1_score([truth[name] for name in rest], [said[name] for name in rest], average="macro"))

    def say(folder: str, names: list[int]) -> None:
        labels = [Label(str(name), None, "ann", truth[name].replace("_", " ").title()) for name in names]
        put_labels(Store.open(Settings(store=str(tmp_path / folder))), "sim_optical", labels, command="")

    asked = [score_of("asked", with_labels=False)]
    for turn in range(ROUNDS):
        with Sky(tmp_path / "asked") as sky:
            found = choose_to_label(sky, "sim_optical", EACH, where="objid IN (SELECT id FROM pool)")
            assert (found.rows.num_rows, found.known) == (EACH, len(first) + turn * EACH)
        say("asked", [int(name) for name in found.rows["id"].to_pylist()])
        say("random", rest[turn * EACH : (turn + 1) * EACH])
        asked.append(score_of("asked", with_labels=True))
    drawn = score_of("random", with_labels=True)
    assert asked[-1] > asked[0] + 0.04
    assert asked[-1] > drawn + 0.02
