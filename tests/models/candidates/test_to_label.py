"""Which rows are asked about: the doubtful ones, not all alike, and none that is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from skyband.models.candidates.to_label import COLUMNS, choose_to_label, spread
from skyband.models.discovery.labels import Label, put_labels
from skyband.queries import Sky
from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.store import Store
from tests.conftest import publish_rows

from .conftest import CLASSES, scored_rows


def publish(store: Store, rows: list[dict[str, Any]]) -> None:
    chances = [Column(f"p_{name}", "", ucd="stat.probability;src.class") for name in CLASSES]
    publish_rows(store, "t", **scored_rows(rows), metadata=chances)


def test_the_doubtful_rows_in_whole(store: Store) -> None:
    publish(
        store,
        [
            {"id": 1, "g": 18.0, "r": 17.0, "p": {"star": 0.5, "quasar": 0.4}},
            {"id": 2, "g": 18.0, "r": 17.5, "p": {"star": 1.0}},
            {
                "id": 3,
                "g": 18.0,
                "r": 18.5,
                "p": {"star": 0.45, "quasar": 0.35, "white_dwarf": 0.2},
                "disagreement": 0.6,
            },
            {"id": 4, "g": 18.0, "r": 18.5, "p": {"star": 0.5, "quasar": 0.5}},
        ],
    )
    put_labels(store, "t", [Label("4", None, "ann", "star"), Label("1", 3, "ann")], command="")
    found = choose_to_label(Sky(settings=store.settings), "t", 2, where="p_star < 0.9")
    assert (found.known, found.doubtful) == (1, 2)
    assert found.rows.column_names == [column.name for column in COLUMNS]
    assert found.rows.to_pylist() == [
        {
            "rank": 1,
            "usefulness": pytest.approx((0.9 + 0.6) / 2),
            "reasons": "star 0.45 or quasar 0.35; models disagree by 0.60",
            "id": "3",
            "ra": 12.0,
            "dec": -5.0,
            "class": "star",
            "p_max": pytest.approx(0.45),
            "stands_for": 1,
        },
        {
            "rank": 2,
            "usefulness": pytest.approx(0.9 / 2),
            "reasons": "star 0.50 or quasar 0.40",
            "id": "1",
            "ra": 10.0,
            "dec": -5.0,
            "class": "star",
            "p_max": pytest.approx(0.5),
            "stands_for": 1,
        },
    ]


def test_one_of_each_kind_of_doubt(store: Store) -> None:
    rng = np.random.default_rng(1)
    colours = [(0.0, 0.0), (2.0, 1.0), (-1.0, 3.0)]
    rows = [
        {"id": n, "g": 18.0, "r": 18 - x + rng.normal(0, 0.02), "i": 18 - x - y, "p": {"star": 0.5, "quasar": 0.4}}
        for n, (x, y) in enumerate(colours * 20)
    ]
    publish(store, rows)
    found = choose_to_label(Sky(settings=store.settings), "t", 3)
    assert sorted(int(name) % 3 for name in found.rows["id"].to_pylist()) == [0, 1, 2]
    assert found.rows["stands_for"].to_pylist() == [20, 20, 20]
    assert {text.split("; ")[1] for text in found.rows["reasons"].to_pylist()} == {"19 doubtful rows like it"}


def test_spread_takes_the_row_nearest_to_the_weighted_centre_of_each_cluster() -> None:
    rng = np.random.default_rng(2)
    centres = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0], [20.0, 20.0]])
    kind = rng.integers(0, 4, 200)
    points, weights = centres[kind] + rng.normal(size=(200, 2)), rng.uniform(0.1, 1, 200)
    chosen, sizes = spread(points, weights, 4, 1)
    means = np.array([np.average(points[kind == k], axis=0, weights=weights[kind == k]) for k in range(4)])
    nearest = np.where(kind[None] == np.arange(4)[:, None], cdist(means, points), np.inf).argmin(axis=1)
    assert chosen.tolist() == sorted(nearest)
    assert sizes.tolist() == [int((kind == kind[place]).sum()) for place in chosen]
    same, alike = spread(np.zeros((50, 2)), np.ones(50), 4, 1)
    assert (same.tolist(), alike.tolist()) == ([0], [50])
    few, ones = spread(points[:3], weights[:3], 4, 1)
    assert (few.tolist(), ones.tolist()) == ([0, 1, 2], [1, 1, 1])


def test_what_cannot_be_asked(store: Store) -> None:
    publish(store, [{"id": 1, "g": 18.0, "r": 17.0, "p": {"star": 0.5}}])
    sky = Sky(settings=store.settings)
    with pytest.raises(BadOption, match="0 rows to label"):
        choose_to_label(sky, "t", 0)
    with pytest.raises(BadTable, match="no row of 't' meets the condition 'id = 7'"):
        choose_to_label(sky, "t", where="id = 7")
    put_labels(store, "t", [Label("1", None, "ann", "star")], command="")
    for where in ("", "id = 1"):
        with pytest.raises(BadTable, match="every row of 't' that was asked for has a label, or no scores"):
            choose_to_label(Sky(settings=store.settings), "t", where=where)
    publish_rows(store, "u", **scored_rows([{"id": 1}]))
    with pytest.raises(BadTable, match="no probabilities of two classes"):
        choose_to_label(sky, "u")
