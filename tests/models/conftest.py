"""Networks in tests, and a small simulated sky."""

from __future__ import annotations

import pytest
import torch

from skyband.ingest.simulate.into_store import ingest_simulated
from skyband.ingest.simulate.labels import label_objects
from skyband.queries.association import AssociationOptions, associate_many
from skyband.queries.association.combine import CombineOptions, combine
from skyband.queries.crossmatch import Join
from skyband.schema.settings import Settings
from skyband.schema.store import Store

# The networks are small, and threads that wait for each other are slow where other processes work.
torch.set_num_threads(1)

SURVEYS = ("sim_astrometry", "sim_optical", "sim_nir", "sim_mir")


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """6,000 objects: the four surveys, `objects` of all of them, `labels`, and `sim_light_curves` everywhere."""
    path = tmp_path_factory.mktemp("features") / "sky"
    store = Store.create(Settings(store=str(path), memory_gb=1.0, threads=2))
    for _ in ingest_simulated(store, rows=6_000, seed=5, light_curve_share=1.0):
        pass
    associate_many(store, AssociationOptions(tables=SURVEYS, radius_arcsec=3.0, into="groups", join=Join.FULL))
    combine(store, CombineOptions(match="groups", into="objects"))
    label_objects(store, "objects", "labels")
    return store
