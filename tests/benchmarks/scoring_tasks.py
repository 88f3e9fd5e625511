"""Classifiers by skyband: one function a task, run as `python scoring_tasks.py TASK JSON`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from skyband.ingest.simulate.labels import label_objects
from skyband.models.classifier.classifier import Classifier
from skyband.models.classifier.members.member import probabilities
from skyband.models.features import FeatureOptions
from skyband.models.scoring.feature_rows import feature_matrix
from skyband.models.scoring.score_table import model_features, score_table
from skyband.models.scoring.shelf import find_model
from skyband.models.scoring.train_table import train_on_table
from skyband.queries.sky import Sky
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from skyband.schema.writer import write_table

TABLE, MODEL = "objects", "types"
LEAST_ROWS = 20
"""Of a class, where there are so many."""


def train_types(store: str, rows: int, budget_s: float) -> dict[str, Any]:
    """A model of the true classes of some objects."""
    opened = Store.open(replace(Settings.from_environment(), store=store))
    label_objects(opened, TABLE, "classes")
    with write_table(opened, "known") as writer:
        writer.connection.execute(
            "CREATE TABLE new.main.data AS SELECT object_id, class, ra, dec, healpix_29 "
            f"FROM classes QUALIFY row_number() OVER (ORDER BY hash(object_id)) <= {rows} "
            f"OR row_number() OVER (PARTITION BY class ORDER BY hash(object_id)) <= {LEAST_ROWS} ORDER BY healpix_29"
        )
        columns = {column.name: column for column in writer.session.tables["classes"].columns}
        writer.publish(action="label", command="", columns=columns)
    with Sky(settings=opened.settings) as sky:
        report = train_on_table(sky, TABLE, "known.class", MODEL, FeatureOptions(), budget_s=budget_s)
    return {"seconds": report.seconds, "rows": report.rows, "members": report.classifier.manifest["members"]}


def score(store: str) -> dict[str, Any]:
    """Every object classified, the columns published."""
    with Sky(store) as sky:
        report = score_table(sky, TABLE, find_model(sky.store, MODEL))
    return {"seconds": report.seconds, "rows": report.rows}


def predict(store: str) -> dict[str, Any]:
    """The members' own predictions of a matrix that lies ready."""
    with Sky(store) as sky:
        model = find_model(sky.store, MODEL)
        classifier = Classifier.load(model.folder)
        features = model_features(sky, TABLE, model, classifier, None)
        values = feature_matrix(
            features, [batch for batch in features.rows().stream().batches if batch.num_rows]
        ).values
        threads = sky.store.settings.processors
    began = time.perf_counter()
    for name in classifier.manifest["members"]:
        member = classifier.member(name)
        assert member is not None
        probabilities(member, values, threads)
    return {"seconds": time.perf_counter() - began, "rows": len(values)}


TASKS: dict[str, Callable[..., dict[str, Any]]] = {task.__name__: task for task in (train_types, score, predict)}

if __name__ == "__main__":
    print("\n" + json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
