"""`skyband classify`: files and alerts, as people type it."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from skyband.schema.store import Store
from tests.server.conftest import Run
from tests.server.test_classify_api import BANDS, answered, given, near, scored, store, written

__all__ = ["scored", "store"]


@pytest.fixture
def mine(scored: pa.Table, tmp_path: Path) -> Path:
    path = tmp_path / "mine.parquet"
    path.write_bytes(written(given(scored), "parquet"))
    return path


def read(text: str) -> list[dict[str, Any]]:
    """Rows of CSV, numbers as numbers."""
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        for name in row:
            if name == "id" or name.startswith("p_") or name in ("entropy", "disagreement"):
                row[name] = json.loads(row[name])
    return rows


@pytest.mark.parametrize("form", ["parquet", "csv", "csv.gz", "votable", "fits", "ndjson", "json", "json.gz"])
def test_rows_of_any_file_are_what_they_are_in_a_table(
    run: Run, store: Store, scored: pa.Table, tmp_path: Path, form: str
) -> None:
    path = tmp_path / f"mine.{form}"
    path.write_bytes(written(given(scored), form))
    code, out, err = run("classify", str(path), "--model", "kinds", "--format", "csv")
    assert (code, err) == (0, "")
    assert read(out) == near(answered(scored))


def test_answers_go_to_files_and_to_people(run: Run, mine: Path, scored: pa.Table, tmp_path: Path) -> None:
    target = tmp_path / "classified.parquet"
    code, _, err = run("classify", str(mine), "--model", "kinds@1", "--prior", "uniform", "-o", str(target))
    assert (code, err) == (0, f"60 rows written to {target}\n")
    found = pa.parquet.read_table(target)
    assert found["id"].to_pylist() == scored["id"].to_pylist()
    assert found["p_star"].to_pylist() != scored["p_star"].to_pylist()
    assert set(found["model_version"].to_pylist()) == {"kinds@1"}
    code, out, _ = run("classify", str(mine), "--model", "kinds")
    assert (code, "60 rows, 40 shown" in out, "p_quasar" in out.partition("\n")[0]) == (0, True, True)


def test_several_files_and_what_they_lack(run: Run, scored: pa.Table, tmp_path: Path) -> None:
    rows = given(scored).select(["id", *BANDS[1:]])
    paths = []
    for number, form in enumerate(("json", "ndjson", "csv", "json")):
        paths.append(tmp_path / f"{number}.{form}")
        paths[-1].write_bytes(written(rows.slice(15 * number, 15), form))
    code, out, err = run("classify", *map(str, paths), "--model", "kinds", "--format", "csv", "--batch-rows", "4")
    assert [row["id"] for row in read(out)] == scored["id"].to_pylist()
    assert (code, "features of kinds@1 that the rows do not give: u_" in err) == (0, True)
    whole = tmp_path / "whole.csv"
    whole.write_bytes(written(rows, "csv"))
    assert read(run("classify", str(whole), "--model", "kinds", "--format", "csv")[1]) == near(read(out))


def test_lines_that_cannot_be_read_are_told(run: Run, scored: pa.Table, tmp_path: Path) -> None:
    lines = written(given(scored), "csv").decode().splitlines()
    (tmp_path / "mine.csv").write_text("\n".join([*lines[:20], "7,bright,1,2,3,4", *lines[20:]]) + "\n")
    code, out, err = run("classify", str(tmp_path / "mine.csv"), "--model", "kinds", "--format", "csv")
    assert (code, read(out)) == (0, near(answered(scored)))
    assert err.startswith("mine.csv: 1 lines cannot be read and are left out, the first is line 21: ")


def test_avro_needs_its_library(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastavro", None)
    (tmp_path / "alert.avro").write_bytes(b"Obj\x01")
    code, _, err = run("classify", str(tmp_path / "alert.avro"), "--model", "kinds")
    assert (code, err) == (2, "skyband: this needs fastavro, which is not installed; pip install 'skyband[alerts]'\n")


def alerts(scored: pa.Table) -> list[dict[str, Any]]:
    """Rows as a broker sends them: a candidate inside, and what is no part of a row."""
    return [
        {
            "objectId": f"ZTF{row['id']}",
            "candidate": {"jd": 2460000.5, "nested": {band: row[band] for band in BANDS}},
            "prv_candidates": [{"jd": 2459999.5}],
        }
        for row in given(scored).to_pylist()
    ]


INPUTS = [option for band in BANDS for option in ("--input", f"{band}=candidate.nested.{band}")]


def test_alerts_are_answered_as_they_come(store: Store, scored: pa.Table) -> None:
    command = [sys.executable, "-m", "skyband.server", "classify", "-", "--model", "kinds", "--id", "objectId"]
    command += ["--store", str(store.path), "--format", "ndjson", "--batch-rows", "1", *INPUTS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None
        found = []
        for alert in alerts(scored)[:4]:
            process.stdin.write(json.dumps(alert).encode() + b"\n")
            process.stdin.flush()
            found.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0
    assert [row | {"id": int(row.pop("objectId")[3:])} for row in found] == near(answered(scored)[:4])


@pytest.mark.parametrize("form", ["csv", "csv.gz", "parquet", "json", "ndjson"])
def test_rows_come_by_the_standard_input(
    run: Run, scored: pa.Table, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(written(given(scored), form))))
    code, out, err = run("classify", "-", "--model", "kinds", "--format", "csv")
    assert (code, err, read(out)) == (0, "", near(answered(scored)))


def test_alerts_in_avro(run: Run, store: Store, scored: pa.Table, tmp_path: Path) -> None:
    fastavro = pytest.importorskip("fastavro", reason="fastavro is not installed")
    magnitudes = [{"name": band, "type": ["null", "float"]} for band in BANDS]
    inner = {"type": "record", "name": "magnitudes", "fields": magnitudes}
    candidate = {"type": "record", "name": "candidate", "fields": [
        {"name": "jd", "type": "double"}, {"name": "nested", "type": inner},
    ]}  # fmt: skip
    previous = {"type": "record", "name": "previous", "fields": [{"name": "jd", "type": "double"}]}
    schema = {"type": "record", "name": "alert", "fields": [
        {"name": "objectId", "type": "string"}, {"name": "candidate", "type": candidate},
        {"name": "prv_candidates", "type": {"type": "array", "items": previous}},
        {"name": "cutout", "type": "bytes"},
    ]}  # fmt: skip
    paths = []
    for alert in alerts(scored):
        paths.append(str(tmp_path / f"{alert['objectId']}.avro"))
        with Path(paths[-1]).open("wb") as file:
            fastavro.writer(file, schema, [alert | {"cutout": b"\0" * 1000}], codec="deflate")
    code, out, err = run("classify", *paths, "--model", "kinds", *INPUTS, "--format", "csv", "--id", "objectId")
    assert (code, err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["class"] for row in rows] == [row["class"] for row in answered(scored)]
    assert [row["objectId"] for row in rows] == [f"ZTF{row['id']}" for row in answered(scored)]
    # Magnitudes are single precision there.
    assert [float(row["p_star"]) for row in rows] == pytest.approx(scored["p_star"].to_pylist(), abs=0.02)
    whole = Path(paths[0]).read_bytes()
    Path(paths[0]).write_bytes(whole[: len(whole) - 20])
    code, _, err = run("classify", paths[0], "--model", "kinds", *INPUTS)
    assert (code, "no Avro file, or a damaged one" in err, err.count("\n")) == (2, True, 1)


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (b"", (), "mine is empty"),
        (b"[]", (), "there are no rows to classify"),
        (b"[1]", (), "mine holds int where an object should be"),
        (b'{"g": 1, "r": 2}\n{"g": 1', (), "mine, object 2, is not JSON"),
        (
            b"a,b\n1,2\n",
            (),
            "none of the 21 features of kinds@1: their columns are a, b; say which is which by --input",
        ),
        (gzip.compress(b"g,r\n1,2\n", mtime=0)[:-9], (), "mine is truncated"),
        (b"g,r\n1,2\n", ("--input", "u=no"), "--input u=no: the rows have no such column of numbers; they have g, r"),
        (b"g,r\n1,2\n", ("--like", "no"), "no table 'no'"),
        (b"g,r\n1,2\n", ("--id", "no"), "--id no: the rows have no such column"),
        (b"g,r\n1,2\n", ("--prior", "half"), "prior 'half'"),
        (b"g,r\n1,2\n", ("-o", "x.xls"), "cannot tell the format"),
    ],
)
def test_wrong_questions(
    run: Run, store: Store, tmp_path: Path, content: bytes, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "mine").write_bytes(content)
    code, out, err = run("classify", str(tmp_path / "mine"), "--model", "kinds", *arguments)
    assert (code, out, message in err, err.count("\n")) == (2, "", True, 1), err
    missing = run("classify", str(tmp_path / "nothing"), "--model", "kinds")
    assert (missing[0], "no such file" in missing[2]) == (2, True)
    assert run("classify", str(tmp_path / "mine"), "--model", "no")[0] == 2
