"""The command line as people and scripts meet it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from astropy.table import Table

from skyband.schema.columns import Column
from skyband.schema.store import Store
from skyband.schema.writer import write_table
from skyband.server.cli import COMMANDS
from tests.server.conftest import Run

MakeTable = Callable[..., Any]


@pytest.fixture
def tables(make_table: MakeTable) -> None:
    """A small gaia and wise, with one pair."""
    g = Column("g", "", "mag", "phot.mag;em.opt", description="Mean magnitude")
    make_table("gaia", id=[1, 2], ra=[10.0, 50.0], dec=[0.0, 20.0], g=[12.5, None], metadata=[g], epoch=2016.0)
    make_table("wise", id=["J1", "J2"], ra=[10.0001, 200.0], dec=[0.0, -70.0])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(run: Run, name: str) -> None:
    code, out, err = run(name, "--help")
    assert (code, err) == (0, "")
    assert "Example:" in out


def test_tables_describe_and_history_tell_people_and_programs(run: Run, tables: None) -> None:
    code, out, _ = run("tables")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines()[2:4]] == [["gaia", "2", "5"], ["wise", "2", "4"]]
    listed = json.loads(run("tables", "--json")[1])
    assert [(row["name"], row["rows"], row["epoch"]) for row in listed] == [("gaia", 2, 2016.0), ("wise", 2, None)]
    described = json.loads(run("describe", "gaia", "--json")[1])
    assert described["columns"][3]["unit"] == "mag"
    assert "Mean magnitude" in run("describe", "gaia")[1]
    assert [row["version"] for row in json.loads(run("history", "gaia", "--json")[1])] == [1]


def test_a_table_that_cannot_be_read_is_listed_and_dropped(run: Run, store: Store, tables: None) -> None:
    store.table_file("gaia").write_bytes(b"nonsense")
    code, out, err = run("tables")
    assert (code, err.count("\n")) == (0, 1)
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["wise", "gaia"]
    assert out.splitlines()[-1].split() == ["gaia", "cannot", "be", "read"]
    wise, gaia = json.loads(run("tables", "--json")[1])
    assert (wise["name"], wise["damaged"], gaia["name"], gaia["rows"], wise.keys()) == (
        "wise",
        None,
        "gaia",
        None,
        gaia.keys(),
    )
    assert gaia["damaged"].startswith("cannot read table 'gaia'")
    for asked in (("describe", "gaia"), ("crossmatch", "gaia", "wise", "--radius", "1", "--into", "m")):
        code, out, err = run(*asked)
        assert (code, out) == (1, "")
        assert [line for line in err.splitlines() if "left out" not in line] == [f"skyband: {gaia['damaged']}"]
    assert run("drop", "gaia")[0] == 0
    assert [row["name"] for row in json.loads(run("tables", "--json")[1])] == ["wise"]


def test_long_lists_of_details_are_counted_for_people(run: Run, store: Store) -> None:
    with write_table(store, "t") as writer:
        writer.connection.execute("CREATE TABLE new.main.data AS SELECT 1 AS a")
        writer.publish(action="test", command="", details={"long": list(range(1000)), "short": [7, 8]})
    told = run("describe", "t")[1]
    assert "1,000 values" in told and "7, 8" in told and "999" not in told
    assert json.loads(run("describe", "t", "--json")[1])["details"]["long"] == list(range(1000))


def test_sql_prints_tables_for_people_and_formats_for_programs(run: Run, tables: None) -> None:
    query = "SELECT id, g FROM gaia ORDER BY id"
    code, out, err = run("sql", query)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "2 rows"
    assert "[mag]" in out
    assert list(csv.reader(io.StringIO(run("sql", query, "--format", "csv")[1]))) == [
        ["id", "g"],
        ["1", "12.5"],
        ["2", ""],
    ]
    assert json.loads(run("sql", query, "--format", "json")[1])["rows"] == [[1, 12.5], [2, None]]


def test_sql_reads_a_query_from_standard_input(store: Store, tables: None) -> None:
    command = [sys.executable, "-m", "skyband.server", "sql", "-", "--format", "csv", "--store", str(store.path)]
    done = subprocess.run(command, input="SELECT count(*) AS n FROM gaia", capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["n", "2"]
    assert done.stderr == ""


def test_output_files_follow_their_suffix(run: Run, tables: None, tmp_path: Path) -> None:
    for suffix in ("fits", "vot", "csv", "parquet"):
        target = tmp_path / f"out.{suffix}"
        code, _, err = run("sql", "SELECT id, ra, g FROM gaia ORDER BY id", "-o", str(target))
        assert (code, err) == (0, f"2 rows written to {target}\n")
        reader = {"fits": "fits", "vot": "votable", "csv": "ascii.csv", "parquet": "parquet.votable"}[suffix]
        table = Table.read(target, format=reader)
        assert table["id"].tolist() == [1, 2]
        assert table["g"][0] == 12.5


def test_export_writes_a_whole_table_or_an_answer(run: Run, tables: None, tmp_path: Path) -> None:
    target = tmp_path / "gaia.vot"
    assert run("export", "gaia", "-o", str(target)) == (0, "", f"2 rows written to {target}\n")
    table = Table.read(target, format="votable")
    assert table.colnames == ["id", "ra", "dec", "g", "healpix_29"]
    assert (table["g"].unit, table["g"].description, table["g"].meta["ucd"]) == (
        "mag",
        "Mean magnitude",
        "phot.mag;em.opt",
    )
    assert run("export", "--sql", "SELECT id FROM wise", "-o", str(tmp_path / "w.csv"))[0] == 0


def test_cone_takes_negative_declinations(run: Run, tables: None) -> None:
    code, out, _ = run("cone", "wise", "200", "-70", "0.1", "--format", "csv")
    assert (code, out.splitlines()[1].split(",")[:2]) == (0, ["0.0", "J2"])


def test_crossmatch_prints_counts_and_chance(run: Run, tables: None) -> None:
    code, out, _ = run("crossmatch", "gaia", "wise", "--radius", "1", "--into", "m")
    assert code == 0
    assert out.splitlines()[0].startswith("1 pairs; table m has 1 rows")
    assert "gaia: 1 of 2 matched (50.00%), 1 unmatched" in out
    assert "chance: 0% " in out
    code, out, _ = run(
        *("crossmatch", "gaia", "wise", "--radius", "1", "--into", "m", "--replace", "--join", "1xor2", "--json")
    )
    document = json.loads(out)
    assert (code, document["table"], document["rows"], document["pairs"]) == (0, "m", 2, 1)
    assert json.loads(run("describe", "m", "--json")[1])["details"]["options"]["join"] == "xor"
    assert [row["action"] for row in json.loads(run("history", "m", "--json")[1])] == ["crossmatch", "crossmatch"]


def test_a_self_match_finds_duplicates_by_default(run: Run, make_table: MakeTable) -> None:
    make_table("gaia", id=[1, 2, 3], ra=[10.0, 10.0001, 50.0], dec=[0.0, 0.0, 0.0])
    assert run("crossmatch", "gaia", "gaia", "--radius", "1", "--into", "twins")[0] == 0
    assert run("sql", "SELECT gaia_id, gaia_id_2 FROM twins", "--format", "csv")[1].split() == [
        "gaia_id,gaia_id_2",
        "1,2",
    ]


def test_drop_asks_for_no_half_measures(run: Run, tables: None) -> None:
    assert run("drop", "gaia", "nothing")[0] == 2
    assert len(json.loads(run("tables", "--json")[1])) == 2
    assert run("drop", "gaia", "wise") == (0, "", "dropped gaia\ndropped wise\n")
    assert json.loads(run("tables", "--json")[1]) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sql", "SELECT nothing FROM gaia"), "nothing"),
        (("sql", "SELECT 1", "-o", "/nowhere/at/all.csv"), "/nowhere/at"),
        (("sql", "SELECT 1", "-o", "x.docx"), ".docx"),
        (("sql", "SELECT 1", "--format", "docx"), "docx"),
        (("describe", "nothing"), "no table 'nothing'"),
        (("describe", "x; DROP TABLE gaia"), "cannot name a table"),
        (("cone", "gaia", "400", "0", "1"), "400.0"),
        (("cone", "gaia", "a", "0", "1"), "not a valid float"),
        (("crossmatch", "gaia", "nothing", "--radius", "1", "--into", "m"), "no table 'nothing'"),
        (("crossmatch", "gaia", "wise", "--radius", "-1", "--into", "m"), "radius -1.0"),
        (("crossmatch", "gaia", "wise", "--radius", "1", "--into", "m", "--join", "cross"), "no join 'cross'"),
        (("export", "-o", "x.csv"), "TABLE or --sql"),
        (("export", "gaia", "-o", "x.csv", "--format", "table"), "'table' is not one of 'votable'"),
        (("sql", "FROM gaia", "-o", "x.txt", "--format", "table"), "--format table is for printing"),
        (("cone", "gaia", "1", "2", "3", "-o", "x.csv", "--format", "table"), "--format table is for printing"),
        (("nonsense",), "nonsense"),
        (("tables", "--store", "/nowhere"), "no store at /nowhere"),
    ],
)
def test_wrong_input_is_one_clear_error_and_exit_code_2(
    run: Run, tables: None, arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_output_into_a_closed_pipe_is_no_error(store: Store, tables: None) -> None:
    query = "SELECT range AS a, random() AS b FROM range(300000)"
    command = f"{sys.executable} -m skyband.server sql '{query}' --format csv --store {store.path} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("a,b\n", "")


@pytest.mark.parametrize(
    ("end", "message"),
    [(">&-", "standard output is closed"), ("> /dev/full", "cannot write the output: No space left on device")],
)
@pytest.mark.parametrize("question", ["tables", "sql 'FROM range(100000)'", "sql 'FROM range(9)' --format csv"])
def test_output_that_cannot_be_written_is_one_clear_error(
    store: Store, tables: None, question: str, end: str, message: str
) -> None:
    command = f"{sys.executable} -m skyband.server {question} --store {store.path} {end}"
    done = subprocess.run(["bash", "-c", command], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, f"skyband: {message}\n")
