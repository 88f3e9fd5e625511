"""`skyband templates`, as people type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.models.scoring.conftest import sources
from tests.server.conftest import Run


@pytest.fixture
def table(store: Store) -> None:
    publish_rows(store, "t", **sources(1, 40))


def test_a_table_gets_the_columns(run: Run, table: None, tmp_path: Path) -> None:
    code, out, err = run("templates", "t")
    assert code == 0, err
    assert out.startswith("t: 40 rows compared in u, g, r, i, z in") and "white_dwarf" in out
    (tmp_path / "mine" / "ghost").mkdir(parents=True)
    (tmp_path / "mine" / "ghost" / "flat.csv").write_text("wavelength,flux\n1000,1\n90000,1\n")
    code, out, err = run("templates", "t", "--templates", str(tmp_path / "mine"), "--json")
    said = json.loads(out)
    assert (code, said["version"], said["templates"]["ghost"], list(said["bands"])) == (0, 3, 1, list("ugriz")), err
    assert (
        run("sql", "SELECT template_class FROM t WHERE template_class NOT NULL", "-o", str(tmp_path / "t.csv"))[0] == 0
    )
    assert sum(said["classes"].values()) == len((tmp_path / "t.csv").read_text().splitlines()) - 1 > 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("templates", "missing"), "missing"),
        (("templates", "t", "--deredden"), "E(B-V)"),
        (("templates", "t", "--input", "spells=u"), "no input 'spells'"),
        (("templates", "t", "--templates", "/nowhere"), "no such folder"),
    ],
)
def test_wrong_questions(run: Run, table: None, arguments: tuple[str, ...], message: str) -> None:
    code, _, err = run(*arguments)
    assert (code, message in err) == (2, True), err
