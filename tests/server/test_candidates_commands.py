"""`skyband candidates` and `skyband to-label`, as people type them, and labels fed back to `skyband train`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from skyband.schema.columns import Column
from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.models.candidates.conftest import CLASSES, scored_rows
from tests.models.scoring.conftest import sources
from tests.server.conftest import Run


@pytest.fixture
def scored(store: Store) -> None:
    quasar = {"r": 24.0, "i": 22.5, "z": 19.9, "j": 19.0, "p": {"quasar": 0.95}}
    dwarf = {"i": 21.0, "z": 18.6, "j": 15.8, "p": {"brown_dwarf": 0.9}}
    rows = [{"id": 7} | quasar, {"id": 8} | dwarf, {"id": 9, "r": 18.0, "i": 17.9, "p": {"star": 0.5, "quasar": 0.4}}]
    chances = [Column(f"p_{name}", "", ucd="stat.probability;src.class") for name in CLASSES]
    publish_rows(store, "t", **scored_rows(rows), metadata=chances)


def test_candidates_on_the_screen_in_files_and_as_a_table(run: Run, scored: None, tmp_path: Path) -> None:
    code, out, err = run("candidates", "t", "--kind", "high-z-quasar", "--kind", "changing-look-agn", "--into", "best")
    assert code == 0, err
    assert "i drop-out, z > 5.7" in out and "1 row" in out
    assert "left out: changing-look-agn, since t lacks light curves (--light-curves TABLE)" in err
    assert "1 candidates are in the table best" in err and "high-z-quasar: 1 of a score of 0.5" in err
    assert json.loads(run("sql", "SELECT candidate, kind FROM best", "--format", "json")[1])
    code, out, _ = run("candidates", "t", "--kind", "brown-dwarf", "--json", "--where", "id > 7")
    said = json.loads(out)
    assert (code, said["table"], said["found"], said["skipped"]) == (0, "t", {"brown-dwarf": 1}, {})
    assert [(row["rank"], row["id"], row["band"]) for row in said["candidates"]] == [(1, "8", "j")]
    assert run("candidates", "t", "-o", str(tmp_path / "all.csv"), "-k", "1")[0] == 0
    with (tmp_path / "all.csv").open() as file:
        kinds = [row["kind"] for row in csv.DictReader(file)]
    assert kinds[:2] == ["brown-dwarf", "high-z-quasar"]
    code, _, err = run("candidates", "t", "--into", "best")
    assert (code, "best" in err) == (2, True)


def test_what_to_label_and_the_labels_fed_back(run: Run, scored: None, store: Store) -> None:
    code, out, err = run("to-label", "t", "-n", "1", "--where", "p_max < 0.6")
    assert (code, "star 0.50 or quasar 0.40" in out) == (0, True), err
    assert run("label", "t", "9", "--word", "quasar")[0] == 0
    said = json.loads(run("to-label", "t", "--json")[1])
    assert (said["known"], {row["id"] for row in said["to_label"]}) == (1, {"7", "8"})

    publish_rows(store, "known", **sources(1, 400))
    assert run("label", "known", "1399", "--word", "Star")[0] == 0
    train = ("train", "known", "--label", "kind", "--name", "kinds", "--budget", "1s", "--groups", "colours")
    code, out, err = run(*train, "--with-labels", "--json")
    assert code == 0, err
    people = json.loads(out)["peoples_labels"]
    assert (people["added"], people["confirmed"] + people["overridden"], people["left_out"]) == (0, 1, {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("candidates", "missing"), "missing"),
        (("candidates", "t", "--kind", "alien"), "alien"),
        (("candidates", "t", "--where", "nothing > 1"), "nothing"),
        (("candidates", "t", "--light-curves", "none", "--kind", "changing-look-agn"), "none"),
        (("to-label", "t", "--where", "false"), "no row of 't' meets the condition 'false'"),
        (("label", "t", "9"), "give an id with a score"),
        (("train", "t", "--label", "class", "--name", "m", "--with-labels"), "nobody has labelled rows of 't'"),
    ],
)
def test_wrong_questions(run: Run, scored: None, arguments: tuple[str, ...], message: str) -> None:
    code, _, err = run(*arguments)
    assert (code, message in err) == (2, True), err
