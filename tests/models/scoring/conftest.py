"""Sources of three classes that their colours tell apart, as tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from skyband.models.classifier.members.boosting import Boosting
from skyband.models.features import FeatureOptions
from skyband.models.scoring import score_parts
from skyband.models.scoring.score_table import score_table
from skyband.models.scoring.shelf import find_model
from skyband.models.scoring.train_table import TrainingReport, train_on_table
from skyband.queries import Sky
from skyband.schema.store import Store
from tests.conftest import publish_rows

CLASSES = ("galaxy", "quasar", "star")
BANDS = ("u", "g", "r", "i", "z")
COLOURS = {"galaxy": (1.7, 0.9, 0.4, 0.3), "quasar": (0.2, 0.1, 0.1, 0.05), "star": (1.2, 0.4, 0.1, 0.0)}


def sources(seed: int, rows: int) -> dict[str, Any]:
    """Columns of a table of sources: id, position, magnitudes (some missing) and the true class, `kind`."""
    random = np.random.default_rng(seed)
    kind = random.choice(CLASSES, rows, p=(0.4, 0.2, 0.4))
    colours = np.array([COLOURS[name] for name in kind]) + random.normal(0, 0.15, (rows, 4))
    u = random.uniform(17, 21, rows)
    magnitudes = np.column_stack([u, u[:, None] - np.cumsum(colours, axis=1)])
    magnitudes[random.uniform(size=magnitudes.shape) < 0.05] = np.nan
    return {
        "id": np.arange(rows) + 1000 * seed,
        "ra": random.uniform(0, 360, rows),
        "dec": np.degrees(np.arcsin(random.uniform(-1, 1, rows))),
        **{band: magnitudes[:, place] for place, band in enumerate(BANDS)},
        "kind": kind,
    }


@pytest.fixture
def sky(store: Store) -> Sky:
    """A store with 600 labelled sources and 500 others."""
    publish_rows(store, "known", **sources(1, 600))
    publish_rows(store, "others", **sources(2, 500))
    return Sky(settings=store.settings)


GROUPS = FeatureOptions(groups=("colours", "magnitudes"))


def trained(
    sky: Sky, name: str = "kinds", label: str = "kind", options: FeatureOptions = GROUPS, **others: Any
) -> TrainingReport:
    """A quick training: boosted trees alone."""
    return train_on_table(sky, "known", label, name, options, budget_s=1, learners=(Boosting(),), **others)


def columns(sky: Sky, query: str) -> dict[str, Any]:
    table = sky.sql(query).to_arrow()
    return {name: np.array(table[name].to_pylist()) for name in table.column_names}


@pytest.fixture
def score(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Scoring by models of boosted trees alone, in parts of a hundred rows."""
    monkeypatch.setattr(score_parts, "_PART_ROWS", 100)

    def scored(sky: Sky, table: str, model: str = "kinds", **options: Any) -> Any:
        return score_table(sky, table, find_model(sky.store, model), command="skyband score", **options)

    return scored
