"""`skyband morphology-stats` as people and programs meet it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skyband.queries.morphology import load_tree
from skyband.schema.store import Store
from tests.queries.morphology.conftest import any_minds, walked
from tests.server.conftest import Run

MakeTable = Callable[..., Any]
MEASURES = ["total_votes", "total_classifications", "votes_per_classification"]


@pytest.fixture
def zoo(make_table: MakeTable) -> None:
    """A table of votes, and one without."""
    rng = np.random.default_rng(1)
    counts = walked(rng, any_minds(rng, 400), rng.integers(30, 60, 400))
    make_table("zoo", id=range(400), ra=rng.uniform(0, 360, 400), dec=rng.uniform(-9, 9, 400), **counts)
    make_table("stars", id=[1], ra=[1.0], dec=[2.0])


def test_people_get_the_table_and_why(run: Run, zoo: None) -> None:
    code, out, _ = run("morphology-stats", "zoo")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()[2:8]] == [
        [name, quantity] for name in ("smooth", "spiral") for quantity in MEASURES
    ]
    assert "That is the depth of the decision tree" in out


def test_programs_get_json(run: Run, zoo: None) -> None:
    found = json.loads(run("morphology-stats", "zoo", "--json", "--spiral", "0.5", "--least-votes", "5")[1])
    assert [(row["class"], row["quantity"]) for row in found["rows"]] == [
        (name, quantity) for name in ("smooth", "spiral") for quantity in MEASURES
    ]
    assert found["cuts"] == {
        "smooth": 0.469, "features": 0.43, "not_edge_on": 0.715, "spiral": 0.5, "least_votes": 5, "measure": "votes",
    }  # fmt: skip
    rows = {(row["class"], row["quantity"]): row for row in found["rows"]}
    for name, ratio in found["votes_per_classification"].items():
        means = [rows[name, quantity]["mean"] for quantity in MEASURES[:2]]
        assert ratio == pytest.approx(means[0] / means[1])


def test_the_statement_that_is_shown_gives_the_table(run: Run, zoo: None, tmp_path: Path) -> None:
    code, sql, _ = run("morphology-stats", "zoo", "--sql")
    assert code == 0 and sql.startswith("WITH galaxies AS (")
    for name, arguments in (("own", ("morphology-stats", "zoo")), ("sql", ("sql", sql))):
        code, out, err = run(*arguments, "-o", str(tmp_path / f"{name}.csv"))
        assert (code, out, err) == (0, "", f"6 rows written to {tmp_path / f'{name}.csv'}\n")
    own, asked = (list(csv.DictReader((tmp_path / f"{name}.csv").read_text().splitlines())) for name in ("own", "sql"))
    assert own == asked
    assert list(own[0]) == ["class", "quantity", "count", "mean", "std", "min", "q1", "median", "q3", "max"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("stars",), "stars holds no votes of a known decision tree"),
        (("nothing",), "no table 'nothing'"),
        (("zoo", "--measure", "debiased"), "cannot be counted by 'debiased': take votes"),
        (("zoo", "--spiral", "62"), "62"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(run: Run, zoo: None, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run("morphology-stats", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_a_tree_of_the_store_is_followed(run: Run, make_table: MakeTable, store: Store) -> None:
    (store.path / "trees").mkdir()
    (store.path / "trees" / "mine.toml").write_text(
        'extends = "gz2"\ntitle = "My zoo"\n[columns]\ncount = "n_{task.plain}_{answer.plain}"\n'
    )
    rng = np.random.default_rng(2)
    counts = walked(rng, any_minds(rng, 50), rng.integers(30, 60, 50))
    tree = load_tree("mine", store.path)
    own = {
        tree.column("count", task.name, a.name): counts[f"{task.name}_{a.name}_count"]
        for task in tree.tasks
        for a in task.answers
    }
    make_table("mine", id=range(50), ra=[1.0] * 50, dec=[2.0] * 50, **own)
    assert json.loads(run("morphology-stats", "mine", "--json")[1])["tree"] == "My zoo"
