"""Trainings by the time there is, by the field that rows lie in, and with a level of coarse classes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from skyband.models.classifier.members.boosting import Boosting
from skyband.models.features import FeatureOptions
from skyband.models.scoring.train_table import TrainingReport, train_on_table
from skyband.queries import Sky
from skyband.schema.errors import BadTable
from skyband.schema.store import Store
from skyband.schema.writer import write_table
from tests.conftest import publish_rows

from .conftest import sources


def trained(store: Store, budget_s: float = 1.0, *, with_levels: bool = False) -> tuple[TrainingReport, list[str]]:
    """A training of boosted trees, and what is told of it."""
    notes: list[str] = []
    with Sky(settings=store.settings) as sky:
        report = train_on_table(
            sky, "some", "kind", "kinds", FeatureOptions(groups=("colours",)),
            budget_s=budget_s, learners=(Boosting(),), with_levels=with_levels, note=notes.append,
        )  # fmt: skip
    return report, notes


def test_a_budget_that_no_training_keeps_is_told(store: Store) -> None:
    publish_rows(store, "some", **sources(3, 300))
    report, notes = trained(store, 1e-6)
    assert report.classifier.manifest["recipe"]["rounds"] == {"boosting": 15}
    assert notes == [
        "300 labelled rows of some, 16 features, 3 classes",
        "that may take 0:00:00 h, more than the budget: no training is smaller",
    ]
    assert trained(store, 3600)[1] == [notes[0]]


def test_rows_of_one_field_are_enough(store: Store) -> None:
    random = np.random.default_rng(4)
    field = sources(4, 300) | {"ra": random.uniform(150, 150.5, 300), "dec": random.uniform(2, 2.5, 300)}
    publish_rows(store, "some", **field)
    report, _ = trained(store)
    folds = report.classifier.manifest["recipe"]["folds"]
    assert (folds["count"], folds["order"]) == (5, 7)
    assert report.classifier.manifest["metrics"]["accuracy"] > 0.85


def test_rows_without_places_cannot_be_dealt(store: Store) -> None:
    with write_table(store, "some") as writer:
        writer.connection.register("given", pa.table({**sources(5, 300)}).drop_columns(["ra", "dec"]))
        writer.connection.execute("CREATE TABLE new.main.data AS FROM given")
        writer.publish(action="test", command="")
    with pytest.raises(BadTable, match="some"):
        trained(store)


def test_a_level_of_coarse_classes_is_tried_where_asked_for(store: Store) -> None:
    rows = sources(6, 500)
    rows["kind"] = np.where((rows["kind"] == "star") & (rows["id"] % 3 == 0), "giant", rows["kind"])
    publish_rows(store, "some", **rows)
    report, _ = trained(store, with_levels=True)
    manifest = report.classifier.manifest
    assert manifest["recipe"]["coarse"] == {"galaxy": "galaxy", "giant": "star", "quasar": "quasar", "star": "star"}
    assert {"vote", "vote with levels", "stack", "stack with levels"} <= set(manifest["log_losses"])
    assert manifest["ensemble"] == min(manifest["log_losses"], key=manifest["log_losses"].__getitem__)
    assert not any("levels" in name for name in trained(store)[0].classifier.manifest["log_losses"])
