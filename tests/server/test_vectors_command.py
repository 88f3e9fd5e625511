"""`skyband vectors`, for people and for programs."""

from __future__ import annotations

import json

import pytest

from skyband.queries.likeness import Collection
from skyband.schema.store import Store
from tests.queries.likeness.conftest import METADATA, PROVENANCE, catalogue
from tests.server.conftest import Run


@pytest.fixture
def galaxies(store: Store) -> Collection:
    collection = Collection.create(store, "galaxies", PROVENANCE, METADATA)
    collection.add(catalogue(600), PROVENANCE)
    return collection


def test_collections_are_listed(run: Run, store: Store, galaxies: Collection) -> None:
    code, out, err = run("vectors", "list")
    assert (code, err) == (0, "")
    assert out.splitlines()[2].split()[:7] == ["galaxies", "600", "16", "made-up", "exact,", "in", "memory"]
    (listed,) = json.loads(run("vectors", "list", "--json")[1])
    assert (listed["name"], listed["rows"], listed["index"]) == ("galaxies", 600, None)
    assert listed["provenance"]["digest"] == PROVENANCE.digest
    Collection.drop(store, "galaxies")
    assert json.loads(run("vectors", "list", "--json")[1]) == []


def test_an_index_is_built_and_shown(run: Run, galaxies: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = run("vectors", "index", "galaxies", "--recall", "0.9")
    assert code == 0
    assert "asked for: 0.9" in out and "IVF_FLAT" in out
    assert "building IVF_FLAT" in err and "not used below 200,000 rows" in err
    monkeypatch.setenv("SKYBAND_LIKENESS_EXACT_ROWS", "100")
    report = galaxies.state().index
    assert report is not None
    shown = json.loads(run("vectors", "show", "galaxies", "--json")[1])
    assert shown["index"]["recall"] == report.recall >= 0.9
    assert shown["search"] == "IVF_FLAT"
    assert {"name": "mag", "type": "double"} in shown["columns"]
    told = run("vectors", "show", "galaxies")[1]
    assert f"{report.recall:.4f} of 10 nearest" in told and PROVENANCE.weights_sha256 in told
    again = json.loads(run("vectors", "index", "galaxies", "--json")[1])
    assert again["target"] == 0.99


def test_optimizing_tells_before_and_after(run: Run, galaxies: Collection) -> None:
    galaxies.add(catalogue(700), PROVENANCE)
    told = json.loads(run("vectors", "optimize", "galaxies", "--json")[1])
    assert [told[when]["fragments"] for when in ("before", "after")] == [1, 1]
    assert [told[when]["rows"] for when in ("before", "after")] == [700, 700]
    assert [line.split()[0] for line in run("vectors", "optimize", "galaxies")[1].splitlines()[2:]] == [
        "before",
        "after",
    ]


@pytest.mark.parametrize("action", ["show", "index", "optimize"])
def test_collections_that_are_not_there(run: Run, galaxies: Collection, action: str) -> None:
    code, out, err = run("vectors", action, "stars")
    assert (code, out) == (2, "")
    assert "no collection 'stars'" in err and "there are: galaxies" in err


@pytest.mark.parametrize("action", ["list", "show", "index", "optimize"])
def test_every_action_has_help_with_an_example(run: Run, action: str) -> None:
    code, out, _ = run("vectors", action, "--help")
    assert code == 0
    assert "Example:" in out
