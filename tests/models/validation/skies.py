"""A small sky whose stars have Gaia's bands and whose galaxies and quasars mostly have not, and a model of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from skyband.models.classifier.members.boosting import Boosting
from skyband.models.features import FeatureOptions
from skyband.models.scoring.train_table import train_on_table
from skyband.queries import Sky
from skyband.schema.columns import Column
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.conftest import publish_rows

CLASSES = ("galaxy", "quasar", "star", "white_dwarf")
GROUPS = ("colours", "magnitudes", "shape", "parallax", "match")
_SPECTRA = {"galaxy": "GALAXY", "quasar": "QSO", "star": "STAR", "white_dwarf": "STAR"}
_COLOURS = {
    "galaxy": (1.6, 0.9, 0.4), "quasar": (0.2, 0.15, 0.1), "star": (1.1, 0.5, 0.2), "white_dwarf": (0.1, -0.1, -0.2),
}  # fmt: skip
_WISE = {"galaxy": 0.3, "quasar": 1.1, "star": 0.0, "white_dwarf": 0.1}
_ABSOLUTE = {"galaxy": 0.0, "quasar": 0.0, "star": 6.0, "white_dwarf": 12.0}
_META = (
    Column("parallax", "", role="parallax", unit="mas"),
    Column("parallax_error", "", role="parallax_error", unit="mas"),
)


def objects(seed: int, rows: int) -> dict[str, Any]:
    """Columns of a table: id, place, magnitudes of three surveys, the class `kind`, and `spectrum` for half of them."""
    random = np.random.default_rng(seed)
    kind = random.choice(CLASSES, rows, p=(0.35, 0.2, 0.35, 0.1))
    stellar = np.isin(kind, ("star", "white_dwarf"))
    colours = np.array([_COLOURS[name] for name in kind]) + random.normal(0, 0.16, (rows, 3))
    u = random.uniform(17, 21, rows)
    ugri = np.column_stack([u, u[:, None] - np.cumsum(colours, axis=1)])
    w1 = ugri[:, 2] - 2 + random.normal(0, 0.2, rows)
    no_wise, no_gaia = random.random(rows) < 0.15, random.random(rows) < np.where(stellar, 0.1, 0.95)
    absolute = np.array([_ABSOLUTE[name] for name in kind]) + random.normal(0, 0.3, rows)
    gaia = ugri[:, 2] + random.normal(0, 0.05, rows)
    parallax = np.where(stellar, 10 ** ((absolute - gaia + 10) / 5), 0.0)
    return {
        "id": np.arange(rows) + 10_000 * seed,
        "ra": random.uniform(0, 360, rows),
        "dec": np.degrees(np.arcsin(random.uniform(-1, 1, rows))),
        **dict(zip("ugri", ugri.T, strict=True)),
        "psfMag_r": ugri[:, 2] + np.where(kind == "galaxy", 0.5, 0.0) + random.normal(0, 0.08, rows),
        "modelMag_r": ugri[:, 2],
        "w1mpro": np.where(no_wise, np.nan, w1),
        "w2mpro": np.where(no_wise, np.nan, w1 - [_WISE[name] for name in kind] - random.normal(0, 0.15, rows)),
        "phot_g_mean_mag": np.where(no_gaia, np.nan, gaia),
        "phot_bp_mean_mag": np.where(no_gaia, np.nan, gaia + 0.3 * colours[:, 0]),
        "phot_rp_mean_mag": np.where(no_gaia, np.nan, gaia - 0.5 * colours[:, 1]),
        "parallax": np.where(no_gaia, np.nan, parallax + random.normal(0, 0.1, rows)),
        "parallax_error": np.where(no_gaia, np.nan, 0.1),
        "kind": kind,
        "spectrum": [_SPECTRA[name] if random.random() < 0.5 else None for name in kind],
    }


def make_sky(folder: Path) -> Store:
    """A store with the tables `known`, which the model `kinds` was trained on, and `others`."""
    store = Store.create(Settings(store=str(folder), memory_gb=1.0, threads=2))
    for seed, (name, rows) in enumerate((("known", 900), ("others", 400)), 1):
        publish_rows(store, name, **objects(seed, rows), metadata=_META)
    options = FeatureOptions(groups=GROUPS)
    with Sky(settings=store.settings) as sky:
        train_on_table(sky, "known", "kind", "kinds", options, budget_s=1, learners=(Boosting(),))
    return store
