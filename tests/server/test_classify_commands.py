"""`skyband train`, `score` and `models`, as people type them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.models.scoring.conftest import BANDS, sources
from tests.server.conftest import Run

TRAIN = ("train", "known", "--label", "kind", "--name", "kinds", "--budget", "1s", "--groups", "colours")


@pytest.fixture
def tables(store: Store) -> None:
    publish_rows(store, "known", **sources(1, 400))
    publish_rows(store, "others", **sources(2, 300))


def test_a_model_is_trained_listed_and_scores_a_table(run: Run, tables: None, store: Store, tmp_path: Path) -> None:
    code, out, err = run(
        "train", "known", "--label", "kind", "--name", "kinds", "--budget", "1s", "--groups", "colours"
    )
    assert code == 0, err
    assert out.startswith("kinds@1: 400 rows, 16 features")
    assert "quasar" in out and "skyband score TABLE --model kinds" in out
    [listed] = json.loads(run("models", "--json")[1])
    assert (listed["model"], listed["table"], listed["rows"], listed["finished"]) == ("kinds@1", "known", 400, True)
    assert json.loads(run("models", "kinds")[1])["metrics"]["accuracy"] == listed["accuracy"] > 0.9

    code, out, err = run("score", "others", "--model", "kinds@1", "--prior", "galaxy=0.4,quasar=0.1,star=0.5", "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert (said["table"], said["version"], said["rows"], said["missing_features"]) == ("others", 2, 300, [])
    assert sum(said["classes"].values()) == 300
    assert run("sql", "SELECT class, p_star, class_set, kind FROM others", "-o", str(tmp_path / "scored.csv"))[0] == 0
    with (tmp_path / "scored.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sum(row["class"] == row["kind"] for row in rows) > 270
    assert "skyband score others --model kinds@1" in run("history", "others")[1]


def test_damaged_models_do_not_hide_the_others(run: Run, tables: None, store: Store) -> None:
    assert run(*TRAIN)[0] == 0
    [sound] = json.loads(run("models", "--json")[1])
    folder = store.path / "models" / "kinds"
    manifest = json.loads((folder / "1" / "manifest.json").read_text())
    texts = [
        "{}",
        json.dumps(manifest)[:100],
        json.dumps(manifest | {"metrics": {}}),
        json.dumps(manifest | {"rows": "x"}),
    ]
    for number, text in enumerate(texts, 2):
        (folder / str(number)).mkdir()
        (folder / str(number) / "manifest.json").write_text(text)
    (folder / "6").mkdir()
    code, out, err = run("models", "--json")
    nothing = dict.fromkeys(("table", "rows", "classes", "accuracy", "macro_f1"))
    damaged = [{"model": f"kinds@{number}", "finished": True, "damaged": True} | nothing for number in range(2, 6)]
    begun = {"model": "kinds@6", "finished": False, "damaged": False} | nothing
    assert (code, err, json.loads(out)) == (0, "", [sound, *damaged, begun])
    code, out, err = run("models")
    assert (code, err, out.count("damaged; train it anew"), out.count("400")) == (0, "", 4, 1)


def test_columns_may_have_other_names_where_a_model_scores(run: Run, tables: None, store: Store) -> None:
    assert run(*TRAIN)[0] == 0
    rows = sources(3, 50)
    mine = {f"my_{band}": rows.pop(band) for band in BANDS}
    publish_rows(store, "mine", **rows, **mine)
    code, _, err = run("score", "mine", "--model", "kinds")
    assert (code, "gives none of the 16 features" in err) == (2, True)
    named = [option for band in BANDS for option in ("--input", f"{band}=my_{band}")]
    code, out, _ = run("score", "mine", "--model", "kinds", *named, "--json")
    assert (code, json.loads(out)["rows"]) == (0, 50)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "known", "--label", "kind", "--name", "k", "--budget", "soon"), "--budget 'soon' is no time"),
        (("train", "known", "--label", "nothing", "--name", "k"), "no column 'nothing'"),
        (("train", "known", "--label", "kind", "--name", "../k"), "../k"),
        (("train", "known", "--label", "kind", "--name", "k", "--groups", "spells"), "spells"),
        (("train", "missing", "--label", "kind", "--name", "k"), "missing"),
        (("score", "others", "--model", "nothing"), "no model 'nothing'"),
        (("score", "others", "--model", "k", "--prior", "half"), "prior 'half'"),
        (("train", "known", "--label", "kind", "--name", "k", "--seed", "2147483648"), "0<=x<=2147483647"),
        (("models", "nothing"), "no model 'nothing'"),
        (("models", "k@²"), "no model 'k@²'"),
        (("models", "k@" + "9" * 5000), "no model 'k@999"),
    ],
)
def test_wrong_questions(run: Run, tables: None, arguments: tuple[str, ...], message: str) -> None:
    code, _, err = run(*arguments)
    assert (code, message in err) == (2, True), err
