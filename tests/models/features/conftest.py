"""A small simulated sky, matched and combined, with light curves and labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skyband.ingest.simulate.into_store import ingest_simulated
from skyband.ingest.simulate.labels import label_objects
from skyband.queries import Sky
from skyband.queries.association import AssociationOptions, associate_many
from skyband.queries.association.combine import CombineOptions, combine
from skyband.queries.crossmatch import Join
from skyband.schema.settings import Settings
from skyband.schema.store import Store

SURVEYS = ("sim_astrometry", "sim_optical", "sim_nir", "sim_mir")


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """6,000 objects: the four surveys, `objects` of all of them, `labels`, and `sim_light_curves` everywhere."""
    return simulated_store(tmp_path_factory.mktemp("features") / "sky")


def simulated_store(path: Path) -> Store:
    """The same, made in a folder."""
    store = Store.create(Settings(store=str(path), memory_gb=1.0, threads=2))
    for _ in ingest_simulated(store, rows=6_000, seed=5, light_curve_share=1.0):
        pass
    associate_many(store, AssociationOptions(tables=SURVEYS, radius_arcsec=3.0, into="groups", join=Join.FULL))
    combine(store, CombineOptions(match="groups", into="objects"))
    label_objects(store, "objects", "labels")
    return store


@pytest.fixture(scope="session")
def sky(simulated: Store) -> Iterator[Sky]:
    """The simulated sky opened for questions."""
    with Sky(simulated.path) as opened:
        yield opened
