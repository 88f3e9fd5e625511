"""Labels of people beside those of a column: which counts, and how many of each there were."""

from __future__ import annotations

import json
from typing import Any

import pytest

from skyband.models.classifier.members.boosting import Boosting
from skyband.models.discovery.labels import Label, put_labels
from skyband.models.features import FeatureOptions, feature_table
from skyband.models.scoring.peoples_labels import peoples_labels
from skyband.models.scoring.train_table import train_on_table, training_set
from skyband.queries import Sky
from skyband.schema.errors import BadTable
from skyband.schema.store import Store
from tests.conftest import publish_rows

from .conftest import sources

COLOURS = FeatureOptions(groups=("colours", "magnitudes"))


def said(sky: Sky, table: str, column: str) -> tuple[Any, dict[Any, str]]:
    features = feature_table(sky, table, COLOURS)
    found = peoples_labels(sky, sky.table(table), features.labels(column))
    return found, dict(features.rows(labels=found.relation).to_arrow().select(["id", "label"]).to_pandas().values)


def test_people_override_the_column_and_add_to_it(store: Store) -> None:
    rows = sources(1, 6) | {"kind": ["star", "white dwarf", None, None, "star", "galaxy"], "id": [1, 2, 3, 4, 5, 6]}
    publish_rows(store, "t", **rows)
    put_labels(
        store,
        "t",
        [
            Label("1", None, "ann", "galaxy"),  # in place of the column's
            Label("2", None, "ann", "White_Dwarf"),  # the same
            Label("3", None, "ann", "STAR"),  # where the column has none
            Label("4", None, "ann", "nebula"),  # no class, and too rare for one
            Label("5", 3, "ann"),  # no word
            Label("6", None, "ann", "star"),  # two against one
            Label("6", None, "bob", "white dwarf"),
            Label("6", None, "cy", "white-dwarf"),
        ],
        command="",
    )
    found, labels = said(Sky(settings=store.settings), "t", "t.kind")
    assert (found.added, found.confirmed, found.overridden, found.left_out) == (1, 1, 2, {"nebula": 1})
    assert labels == {1: "galaxy", 2: "white dwarf", 3: "star", 5: "star", 6: "white dwarf"}


def test_a_word_becomes_a_class_when_enough_rows_have_it(store: Store) -> None:
    publish_rows(store, "t", **sources(1, 40) | {"id": [f"s{n}" for n in range(40)]})
    publish_rows(store, "known", id=["s0", "s1"], ra=[0.0, 0.0], dec=[0.0, 0.0], kind=["star", "galaxy"])
    put_labels(store, "t", [Label(f"s{n}", None, "ann", "Nova") for n in range(1, 11)], command="")
    put_labels(store, "t", [Label("s20", None, "ann", "ghost")], command="")
    found, labels = said(Sky(settings=store.settings), "t", "known.kind")
    assert (found.added, found.confirmed, found.overridden, found.left_out) == (9, 0, 1, {"ghost": 1})
    assert labels == {"s0": "star"} | {f"s{n}": "nova" for n in range(1, 11)}


def test_of_classes_that_read_the_same_a_word_is_the_same_one_in_any_order_of_rows(store: Store) -> None:
    for kinds in (["White dwarf", "white_dwarf"], ["white_dwarf", "White dwarf"]):
        publish_rows(store, "t", **sources(1, 3) | {"kind": [*kinds, None], "id": [1, 2, 3], "ra": [1.0, 2.0, 3.0]})
        put_labels(store, "t", [Label("3", None, "ann", "white dwarf")], command="")
        _, labels = said(Sky(settings=store.settings), "t", "t.kind")
        assert labels == {1: kinds[0], 2: kinds[1], 3: "white_dwarf"}


def test_a_training_says_which_labels_of_people_it_took(sky: Sky) -> None:
    options: dict[str, Any] = {"budget_s": 1, "learners": (Boosting(),)}
    with pytest.raises(BadTable, match="nobody has labelled rows of 'known' yet: skyband label known ID --word CLASS"):
        training_set(sky, "known", "kind", COLOURS, with_labels=True)
    put_labels(sky.store, "known", [Label("1000", 2, "ann")], command="")
    with pytest.raises(BadTable, match="has a word that could be a class"):
        training_set(sky, "known", "kind", COLOURS, with_labels=True)
    truth: dict[int, str] = dict(sky.sql("SELECT id, kind FROM known").rows())
    other = "galaxy" if truth[1000] != "galaxy" else "star"
    put_labels(
        sky.store, "known", [Label("1000", None, "ann", other), Label("1001", None, "ann", truth[1001])], command=""
    )
    known = training_set(sky, "known", "kind", COLOURS, with_labels=True)
    assert known.people is not None and (known.people.overridden, known.people.confirmed) == (1, 1)
    assert list(known.labels) == [other, *(truth[name] for name in sorted(truth)[1:])]
    report = train_on_table(sky, "known", "kind", "kinds", COLOURS, with_labels=True, **options)
    data = json.loads((report.model.folder / "manifest.json").read_text())["data"]
    assert data["peoples_labels"] == "known_labels"
    assert data["peoples_labels_version"] == sky.table("known_labels").version.version_id
