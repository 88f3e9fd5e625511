"""`skyband ingest`: what it prints, and one line with the right exit code for everything that is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from skyband.schema.store import Store
from skyband.server.cli import main
from tests.ingest.stars import Ask, Parquet

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `skyband ingest ...` on the store; gives exit code, output and errors."""

    def command(*arguments: object) -> tuple[int, str, str]:
        typed = ["skyband", "ingest", *map(str, arguments), "--store", str(store.path)]
        monkeypatch.setattr("sys.argv", typed)
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


def test_it_says_what_it_did(run: Run, parquet: Parquet, store: Store) -> None:
    path = parquet(id=[1, 2, 2, 4], ra=[1.0, 2.0, 2.0, 400.0], dec=[0.0] * 4)
    code, out, errors = run(path, "--table", "stars", "--epoch", "J2016.0", "--description", "Four stars")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith("table stars: 2 rows, 4 columns (2 of 4 rows kept, ")
    assert lines[1:] == ["  rejected: 1 duplicate id", "  rejected: 1 impossible position"]
    assert errors.splitlines() == [f"rejected rows are in {store.rejected_file('stars')}"]
    info = store.info("stars")
    assert (info.epoch, info.description) == (2016.0, "Four stars")
    typed = f"skyband ingest {path} --table stars --epoch J2016.0 --description 'Four stars' --store {store.path}"
    assert info.version.command == typed


def test_json_for_programs(run: Run, parquet: Parquet) -> None:
    code, out, _ = run(parquet(id=[1, None], ra=[1.0, 2.0], dec=[0.0, 0.0]), "--table", "stars", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts.pop("seconds") > 0
    assert Path(facts.pop("rejected_file")).name == "stars.rejected.parquet"
    assert facts == {
        "table": "stars",
        "rows": 1,
        "rows_read": 2,
        "rows_kept": 1,
        "rejected": {"missing id": 1},
        "version": 1,
        "notes": ["the epoch of the positions is not known; give it with --epoch"],
    }


def test_options_reach_the_ingest(run: Run, parquet: Parquet, rows: Ask) -> None:
    path = parquet(key=["a", "b"], l=[10.0, 20.0], b=[5.0, 6.0], when=[2000.0, 2001.0])
    options = ("--id", "key", "--ra", "l", "--dec", "b", "--frame", "galactic", "--epoch", "when")
    assert run(path, "--table", "stars", *options)[0] == 0
    assert rows("SELECT id, epoch FROM keys.stars ORDER BY id") == [("a", 2000.0), ("b", 2001.0)]
    assert run(path, "--table", "stars", *options, "--replace")[0] == 0
    more = parquet("more.parquet", key=["c"], l=[1.0], b=[2.0], when=[2002.0])
    assert run(more, "--table", "stars", *options, "--append")[0] == 0
    assert rows("SELECT id, epoch FROM keys.stars ORDER BY id") == [("a", 2000.0), ("b", 2001.0), ("c", 2002.0)]
    assert run(parquet("votes.parquet", id=[1]), "--table", "votes", "--no-position")[0] == 0


GOOD: dict[str, Any] = {"id": [1], "ra": [1.0], "dec": [2.0]}


@pytest.mark.parametrize(
    ("columns", "options", "words"),
    [
        (GOOD, ["--table", "no; DROP TABLE x"], "cannot name a table"),
        (GOOD, ["--table", "stars", "--survey", "nosuch"], "nosuch"),
        (GOOD, ["--table", "stars", "--id", "nosuch"], "nosuch"),
        (GOOD, ["--table", "stars", "--ra", "ra"], "dec"),
        (GOOD, ["--table", "stars", "--epoch", "nosuch"], "nosuch"),
        (GOOD, ["--table", "stars", "--epoch", "2400"], "2400"),
        (GOOD, ["--table", "stars", "--frame", "horizon"], "HORIZON"),
        (GOOD, ["--table", "stars", "--format", "hdf5"], "hdf5"),
        (GOOD, ["--table", "stars", "--append"], "no table 'stars'"),
        (GOOD, [], "--table"),
        ({"id": [1], "ra": [400.0], "dec": [0.0]}, ["--table", "stars"], "1 impossible position"),
        ({"id": [1], "ra": ["north"], "dec": ["pole"]}, ["--table", "stars"], "1 unreadable position"),
        ({"id": [1], "x": [1.0]}, ["--table", "stars"], "--ra"),
        ({"ra": [1.0], "dec": [1.0]}, ["--table", "stars"], "--id"),
        ({"id": [1.5], "ra": [1.0], "dec": [1.0]}, ["--table", "stars"], "id"),
        (
            {"id": pa.array([], pa.int64()), "ra": pa.array([], pa.float64()), "dec": pa.array([], pa.float64())},
            ["--table", "stars"],
            "no rows",
        ),
    ],
)
def test_wrong_input_is_exit_code_2(
    run: Run, parquet: Parquet, store: Store, columns: dict[str, Any], options: list[str], words: str
) -> None:
    code, out, errors = run(parquet(**columns), *options)
    assert (code, out) == (2, "")
    assert words in errors
    assert "Traceback" not in errors
    assert store.names() == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("nowhere.fits", None, "no such file"),
        ("empty.csv", b"", "empty"),
        ("blank.csv", b"\n\n", "empty"),
        ("page.csv", b"<!DOCTYPE html><html></html>", "web page"),
        ("noise.parquet", b"PAR1 and then nothing", "noise.parquet"),
        ("cut.fits", b"SIMPLE  =                    T" + b" " * 50, "cut.fits"),
        ("cut.vot", b"<?xml version='1.0'?><VOTABLE><RESOURCE><TABLE>", "cut.vot"),
        ("cut.csv.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "cut.csv.gz"),
        ("header.csv", b"id,ra,dec\n", "no rows"),
    ],
)
def test_a_bad_file_is_one_line(
    run: Run, store: Store, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    code, out, errors = run(path, "--table", "stars")
    assert (code, out) == (2, "")
    assert words in errors
    assert len(errors.splitlines()) == 1, errors
    assert store.names() == []


@pytest.mark.parametrize("mode", ["", "--append", "--replace"])
def test_a_table_that_cannot_be_read_is_replaced_on_request_only(
    run: Run, parquet: Parquet, store: Store, rows: Ask, mode: str
) -> None:
    path = parquet(id=[1], ra=[1.0], dec=[2.0])
    run(path, "--table", "stars", "--epoch", "J2016.0")
    store.table_file("stars").write_bytes(b"nonsense")
    code, out, errors = run(path, "--table", "stars", "--epoch", "J2016.0", *filter(None, [mode]))
    if mode == "--replace":
        assert (code, rows("SELECT id, ra, dec FROM stars")) == (0, [(1, 1.0, 2.0)])
        assert "what was there as table 'stars' could not be read: its history begins anew" in errors + out
        assert [(version.version, version.action) for version in store.info("stars").versions] == [(1, "replace")]
    else:
        assert (code, out, errors.count("\n")) == (1, "", 1)
        assert "--replace puts another in its place" in errors
        assert store.table_file("stars").read_bytes() == b"nonsense"
