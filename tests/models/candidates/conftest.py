"""Scored tables whose rows are made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from skyband.schema.store import Store
from tests.conftest import publish_rows

BANDS = ("u", "g", "r", "i", "z", "j", "h", "k", "w1", "w2", "w3")
CLASSES = ("star", "white_dwarf", "brown_dwarf", "galaxy", "quasar")


def scored_rows(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Columns of a scored table: of each row what is given; magnitudes are missing else, errors 0.05 mag.

    Args:
        rows: id, p (class -> probability, the rest is a galaxy's), magnitudes and anything else.
    """
    n = len(rows)
    columns: dict[str, Any] = {
        "id": [row["id"] for row in rows],
        "ra": [row.get("ra", 10.0 + place) for place, row in enumerate(rows)],
        "dec": [row.get("dec", -5.0) for row in rows],
    }
    for band in BANDS:
        values = [row.get(band) for row in rows]
        columns[f"{band}mag"] = pa.array(values, pa.float64())
        columns[f"e_{band}mag"] = pa.array([None if value is None else 0.05 for value in values], pa.float64())
    chances = np.zeros((n, len(CLASSES)))
    for place, row in enumerate(rows):
        for name, value in row.get("p", {}).items():
            chances[place, CLASSES.index(name)] = value
    chances[:, CLASSES.index("galaxy")] += 1 - chances.sum(axis=1)
    columns["class"] = [CLASSES[place] for place in chances.argmax(axis=1)]
    columns |= {f"p_{name}": chances[:, place] for place, name in enumerate(CLASSES)}
    columns["p_max"] = chances.max(axis=1)
    columns["entropy"] = np.zeros(n)
    columns["disagreement"] = [row.get("disagreement", 0.0) for row in rows]
    columns["safety"] = [row.get("safety", "safe") for row in rows]
    return columns | {name: [row[name] for row in rows] for name in rows[0] if name not in (*columns, *BANDS, "p")}


def publish_scored(store: Store, name: str, rows: list[dict[str, Any]]) -> None:
    """The same as a table of a store."""
    publish_rows(store, name, **scored_rows(rows))
