"""Labels of people: one of each image and person, the newest."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from skyband.models.discovery.labels import COLUMNS, KIND, Label, labels_table, mean_labels, put_labels, read_labels
from skyband.queries import Sky
from skyband.schema.errors import BadFile, BadName, BadOption, BadTable, TableLocked, TableNotFound
from skyband.schema.locks import writer_lock
from skyband.schema.store import Store
from tests.conftest import publish_rows


@pytest.fixture
def gals(store: Store) -> Store:
    publish_rows(store, "gals", id=["a", "b", "it's"], ra=[1.0, 2.0, 3.0], dec=[0.0] * 3)
    return store


def rows(store: Store) -> list[tuple[Any, ...]]:
    with Sky(store.path) as sky:
        return list(sky.sql("SELECT id, labelled_by, score, word FROM gals_labels").rows())


def put(store: Store, *labels: Label) -> tuple[int, int, int, int]:
    report = put_labels(store, "gals", labels, command="skyband label gals")
    assert report.table == "gals_labels"
    return report.added, report.changed, report.labels, report.images


def test_the_newest_label_of_a_person_counts(gals: Store) -> None:
    before = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=1)
    assert put(gals, Label("b", 4, "ann", "ring"), Label("it's", 0, "ann")) == (2, 0, 2, 2)
    assert put(gals, Label("b", 1.5, "bob"), Label("b", 2, "ann"), Label("b", 3, "ann", "merger")) == (1, 1, 3, 2)
    assert rows(gals) == [("b", "ann", 3.0, "merger"), ("b", "bob", 1.5, None), ("it's", "ann", 0.0, None)]
    info = gals.info("gals_labels")
    assert [(c.name, c.type, c.ucd) for c in info.columns] == [(c.name, c.type, c.ucd) for c in COLUMNS]
    assert info.details == {"kind": KIND, "collection": "gals"}
    assert [version.action for version in info.versions] == ["label", "label"]
    with Sky(gals.path) as sky:
        [(oldest,)] = sky.sql("SELECT min(labelled_at) FROM gals_labels").rows()
        means = mean_labels(sky.connection, sky.table("gals_labels"))
        assert mean_labels(sky.connection, None).num_rows == 0
    assert oldest > before
    assert means.to_pydict() == {"id": ["b", "it's"], "score": [2.25, 0.0]}


def test_a_word_alone_is_a_label_without_a_score(gals: Store) -> None:
    assert put(gals, Label("a", None, "ann", "quasar"), Label("a", 3, "bob"), Label("b", None, "ann", "star")) == (
        3,
        0,
        3,
        2,
    )
    assert rows(gals) == [("a", "ann", None, "quasar"), ("a", "bob", 3.0, None), ("b", "ann", None, "star")]
    with Sky(gals.path) as sky:
        assert mean_labels(sky.connection, sky.table("gals_labels")).to_pydict() == {"id": ["a"], "score": [3.0]}
    with pytest.raises(BadOption, match="nothing is said of 'a': give a score from 0 to 5, or a word"):
        Label("a", None, "ann")


def test_two_people_at_once_lose_nothing(gals: Store) -> None:
    patient = Store(gals.path, replace(gals.settings, lock_wait_s=60))
    threads = [
        threading.Thread(target=put_labels, args=(patient, "gals", [Label("a", 1, f"p{n}")]), kwargs={"command": ""})
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(gals) == [("a", f"p{n}", 1.0, None) for n in range(6)]


def test_one_unknown_image_and_nothing_is_written(gals: Store) -> None:
    with pytest.raises(BadOption, match="gals has no row 'c', 'd': no label was written"):
        put(gals, Label("a", 1, "ann"), Label("d", 1, "ann"), Label("c", 1, "ann"))
    assert not gals.has("gals_labels")
    with pytest.raises(BadOption, match="no labels"):
        put(gals)
    with pytest.raises(TableNotFound, match="no table 'stars'"):
        put_labels(gals, "stars", [Label("a", 1, "ann")], command="")


def test_tables_of_another_kind_are_not_overwritten(gals: Store) -> None:
    publish_rows(gals, "gals_labels", id=["x"], ra=[0.0], dec=[0.0])
    with pytest.raises(BadTable, match="'gals_labels', where labels of 'gals' belong, is no table of labels"):
        put(gals, Label("a", 1, "ann"))
    with writer_lock(gals.lock_file("gals_labels")), pytest.raises(TableLocked):
        put(gals, Label("a", 1, "ann"))


@pytest.mark.parametrize(
    ("score", "user", "word", "message"),
    [
        (-0.1, "ann", "", "score -0.1 of image 'a' is not between 0 and 5"),
        (5.01, "ann", "", "not between 0 and 5"),
        (float("nan"), "ann", "", "not between 0 and 5"),
        (1, "", "", "nobody is named"),
        (1, "ann", "x" * 201, "longer than 200"),
        (1, "ann", "line\nbreak", "control"),
        (1, "a\x00", "", "control"),
        (1, "n" * 101, "", "longer than 100"),
    ],
)
def test_impossible_labels(score: float, user: str, word: str, message: str) -> None:
    with pytest.raises(BadOption, match=message):
        Label("a", score, user, word)


def test_labels_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("\ufeffid, score, word, user\na, 5, ring, bob\nit's, 0.5,,\n", encoding="utf-8")
    assert read_labels(path, "ann") == [Label("a", 5, "bob", "ring"), Label("it's", 0.5, "ann")]
    path.write_text("id,word,score\na,quasar,\nb,,2\n")
    assert read_labels(path, "ann") == [Label("a", None, "ann", "quasar"), Label("b", 2, "ann")]
    path.write_text("word,id\nstar,a\n")
    assert read_labels(path, "ann") == [Label("a", None, "ann", "star")]
    path.write_text("score,id\n3,a\n")
    assert read_labels(path, "ann") == [Label("a", 3, "ann")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name,score\na,1\n", "need a header with id and score or word; it has name, score"),
        (b"id,score\na,1\nb,much\n", "line 3: could not convert"),
        (b"id,score\na,7\n", "line 2: score 7"),
        (b"id,score\na\n", "line 2: nothing is said of 'a'"),
        (b"id,user\na,bob\n", "need a header"),
        (b"", "need a header"),
        (b"\xff\xfe\x00", "no CSV file"),
    ],
)
def test_files_that_hold_no_labels(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=message):
        read_labels(path, "ann")
    with pytest.raises(BadFile, match="no such file"):
        read_labels(tmp_path / "nothing.csv", "ann")


def test_names_too_long_for_a_table() -> None:
    with pytest.raises(BadName):
        labels_table("g" * 60)
