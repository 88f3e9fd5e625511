"""A simulated sky with matches, and reports on them."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from skyband.ingest.simulate.into_store import ingest_simulated
from skyband.queries.association import AssociationOptions, associate
from skyband.queries.crossmatch import Find, Join, MatchOptions, crossmatch
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from skyband.server.report import MatchReport, report_on
from skyband.server.report.page import Section, sections_of
from tests.server.reading import columns

MakeTable = Callable[..., Any]
Doubles = NDArray[np.float64]
LEFT, RIGHT = "sim_astrometry", "sim_nir"


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A simulated sky with matches of both kinds: `plain`, `pairs` (all, full join) and `likely` (probabilities)."""
    store = Store.create(Settings(store=str(tmp_path_factory.mktemp("report") / "sky"), threads=2))
    list(ingest_simulated(store, rows=20_000, seed=5))
    crossmatch(store, MatchOptions(left=LEFT, right=RIGHT, radius_arcsec=1.0, into="plain"), command="skyband made it")
    crossmatch(
        store,
        MatchOptions(left=LEFT, right=RIGHT, radius_arcsec=30.0, into="pairs", find=Find.ALL, join=Join.FULL),
    )
    associate(store, AssociationOptions(tables=(LEFT, RIGHT), radius_arcsec=20.0, into="likely", find=Find.ALL))
    return store


@pytest.fixture(scope="session")
def plain(simulated: Store) -> MatchReport:
    return report_on(simulated, "plain")


@pytest.fixture(scope="session")
def likely(simulated: Store) -> MatchReport:
    return report_on(simulated, "likely")


@pytest.fixture(scope="session")
def likely_sections(likely: MatchReport) -> tuple[Section, ...]:
    return sections_of(likely)


def joined(store: Store, name: str) -> SimpleNamespace:
    """Pairs with the positions of both rows."""
    return columns(
        store,
        f"SELECT l.ra, l.dec, r.ra AS right_ra, r.dec AS right_dec, p.sep_arcsec, l.epoch, r.epoch AS right_epoch, "
        f"coalesce(pmra, 0) AS pmra, coalesce(pmdec, 0) AS pmdec FROM {name} p "
        f"JOIN keys.{LEFT} l ON l.id = {LEFT}_id JOIN keys.{RIGHT} r ON r.id = {RIGHT}_id",
    )
