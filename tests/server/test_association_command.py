"""`skyband crossmatch` with probabilities and many tables, and `skyband combine`."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from skyband.schema.columns import Column
from tests.server.conftest import Run

ERROR = Column("pos_error", "", unit="mas", role="pos_error")


@pytest.fixture
def tables(make_table: Any) -> None:
    """A hundred objects in three tables, each with errors it knows."""
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(10, 11, 100), rng.uniform(-0.5, 0.5, 100)
    for name, error_arcsec in (("a", 0.1), ("b", 0.2), ("c", 0.3)):
        step = rng.normal(0, error_arcsec / 3600, (2, 100))
        make_table(
            name, id=list(range(100)), ra=ra + step[0], dec=dec + step[1], pos_error=np.full(100, error_arcsec * 1000),
            mag=rng.normal(18, 1, 100), metadata=[ERROR],
        )  # fmt: skip


def test_probabilities_are_printed_for_people_and_programs(run: Run, tables: None) -> None:
    code, out, err = run("crossmatch", "a", "b", "--radius", "2", "--probability", "--into", "m")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("100 pairs; table m has 100 rows")
    assert "have a counterpart within reach" in lines[1]
    assert "at p_match >= 0: completeness" in out and "by 2,400 shifted rows" in out
    described = run("describe", "m")[1]
    assert "values, see --json" in described and max(map(len, described.splitlines())) < 1000
    assert len(json.loads(run("describe", "m", "--json")[1])["details"]["association"]["calibration"]["cuts"]) > 20
    assert "systematic error" in lines[-1] and "; errors as quoted; displacement" in lines[-1]
    _, out, _ = run("crossmatch", "a", "b", "--radius", "2", "--error-scale", "0.9", "--into", "m", "--replace")
    assert "; errors x0.9 (as given); displacement" in out
    arguments = ("crossmatch", "a", "b", "--n-sigma", "5", "--purity", "0.9", "--floor", "0", "--offsets", "constant")
    answer = json.loads(run(*arguments, "--error", "b=0.2", "--into", "m", "--replace", "--json")[1])
    assert answer["pairs"] == answer["rows"] == 100
    assert answer["tuning"]["floor_arcsec"] == 0
    assert (answer["tuning"]["error_scale"], answer["tuning"]["error_scale_fitted"]) == (1.0, False)
    assert answer["expected"]["contamination"] <= 0.1
    assert answer["calibration"]["share"] > 0.98


def test_doubts_are_told(run: Run, tables: None, make_table: Any) -> None:
    make_table("few", id=[1, 2], ra=[10.5, 10.6], dec=[0.0, 0.1], pos_error=[100.0, 100.0], metadata=[ERROR])
    arguments = ("crossmatch", "few", "a", "--radius", "2", "--probability", "--into", "m")
    code, out, err = run(*arguments)
    told = "not fitted: 0 pairs, 30 are needed"
    assert code == 0 and f"arcsec ({told})" in out
    assert err == f"warning: systematic error {told}\n"
    code, out, err = run(*arguments, "--replace", "--json")
    assert json.loads(out)["warnings"] == [f"systematic error {told}"] and err == ""
    code, out, err = run(*arguments, "--replace", "--floor", "0.1")
    assert "0.1000 arcsec (as given)" in out and err == ""
    code, out, err = run("crossmatch", "few", "a", "b", "--radius", "2", "--into", "g")
    assert err.splitlines() == [f"warning: systematic error of {name} {told}" for name in "ab"]


def test_many_tables_become_a_catalogue(run: Run, tables: None) -> None:
    code, out, _ = run("crossmatch", "a", "b", "c", "--radius", "2", "--into", "g", "--join", "full")
    assert code == 0
    assert out.startswith("100 groups; table g has 100 rows")
    assert "  b: 100 of 100 in a group" in out and "at p_any >= 0" in out
    code, out, _ = run("combine", "g", "--into", "o", "--columns", "a=mag", "--columns", "b=mag")
    assert code == 0
    assert out.splitlines()[1:] == [f"  {name}: in 100 objects" for name in "abc"]
    columns = [row["name"] for row in json.loads(run("describe", "o", "--json")[1])["columns"]]
    assert columns[:4] == ["object_id", "a_id", "b_id", "c_id"]
    assert {"a_mag", "b_mag", "c_mag", "ra_error"} <= set(columns)
    answer = json.loads(run("combine", "g", "a", "b", "--into", "o", "--replace", "--json")[1])
    assert (answer["rows"], answer["members"]) == (100, {"a": 100, "b": 100, "c": 100})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("crossmatch", "a", "--radius", "1", "--into", "m"), "give two tables"),
        (("crossmatch", "a", "b", "--into", "m"), "give --radius"),
        (("crossmatch", "a", "b", "c", "--into", "m"), "either a radius"),
        (("crossmatch", "a", "b", "--radius", "1", "--error", "b", "--into", "m"), "TABLE=ARCSEC"),
        (("crossmatch", "a", "b", "--radius", "1", "--error", "z=1", "--into", "m"), "not matched"),
        (("crossmatch", "a", "b", "--radius", "1", "--epoch", "2000", "--into", "m"), "epoch of 'a' is not known"),
        (("crossmatch", "a", "b", "--radius", "1", "--epoch", "2000", "--no-propagate", "--into", "m"), "one of them"),
        (("combine", "a", "--into", "o"), "no match"),
        (("combine", "a", "--into", "o", "--columns", "mag"), "TABLE="),
        (("combine", "a", "--into", "o", "--error", "a=much"), "not a number"),
    ],
)
def test_what_is_wrong_is_one_line(run: Run, tables: None, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("skyband: ") and message in err and err.count("\n") == 1
