"""Features by skyband: one function a task, run as `python feature_tasks.py TASK JSON`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from skyband.ingest.simulate.into_store import ingest_simulated
from skyband.models.features import FeatureOptions, feature_table, load_groups, matrix
from skyband.queries.association import AssociationOptions, associate_many
from skyband.queries.association.combine import CombineOptions, combine
from skyband.queries.crossmatch import Join
from skyband.queries.sky import Sky
from skyband.schema.settings import Settings
from skyband.schema.store import Store

SURVEYS = ("sim_astrometry", "sim_optical", "sim_nir", "sim_mir")


def make_catalogue(store: str, objects: int) -> dict[str, Any]:
    """A simulated sky seen by four surveys, matched and combined."""
    made = Store.create(replace(Settings.from_environment(), store=store))
    for _ in ingest_simulated(made, rows=objects, seed=1):
        pass
    associate_many(made, AssociationOptions(tables=SURVEYS, radius_arcsec=3.0, into="matched", join=Join.FULL))
    report = combine(made, CombineOptions(match="matched", into="objects"))
    return {"rows": report.info.rows, "seconds": report.seconds}


def features(store: str, with_environment: bool) -> dict[str, Any]:
    """All features of the default groups as matrices of float32, batch by batch."""
    groups = tuple(
        name
        for name, group in load_groups().items()
        if group.default and name != "variability" and (with_environment or name != "environment")
    )
    began = time.perf_counter()
    rows = values = 0
    with Sky(store) as sky:
        table = feature_table(sky, "objects", FeatureOptions(groups=groups))
        for batch in table.rows().stream().batches:
            found = matrix(batch, table.names)
            rows, values = rows + len(found), values + found.size
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "rows": rows, "features": values // max(rows, 1)}


TASKS: dict[str, Callable[..., dict[str, Any]]] = {task.__name__: task for task in (make_catalogue, features)}

if __name__ == "__main__":
    print("\n" + json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
