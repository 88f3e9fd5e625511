"""`skyband features`."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from skyband.schema.columns import Column
from skyband.schema.store import Store
from skyband.server.commands.features import command
from tests.conftest import MakeTable


@pytest.fixture
def table(make_table: MakeTable, store: Store) -> Store:
    make_table(
        "stars", id=[1, 2], ra=[10.0, 20.0], dec=[0.0, 1.0],
        umag=pa.array([20.0, 19.5], pa.float32()), my_g=pa.array([19.0, None], pa.float32()),
        plx=pa.array([10.0, -1.0]), metadata=[Column("plx", "", unit="mas", role="parallax")],
    )  # fmt: skip
    return store


def run(store: Store, *arguments: str) -> str:
    done = CliRunner().invoke(command, [*arguments, "--store", str(store.path)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_features_are_listed_with_what_the_others_lack(table: Store) -> None:
    text = run(table, "stars", "--groups", "colours,parallax", "--input", "g=my_g", "--list")
    lines = [line.split() for line in text.splitlines()]
    assert ["colours", "u_minus_g", "mag", "yes", "u", "-", "g"] in lines
    assert ["colours", "g_minus_r", "mag", "lacks", "r", "g", "-", "r"] in lines
    assert ["parallax", "parallax_mas", "mas", "yes", "Parallax"] in lines
    assert ["u", "column", "umag"] in lines and ["g", "column", "my_g"] in lines
    assert "2 features of stars, digest" in text


def test_json_says_the_same(table: Store) -> None:
    found = json.loads(run(table, "stars", "--groups", "colours", "--input", "g=my_g", "--json"))
    assert [item["name"] for item in found["features"]] == ["u_minus_g"]
    assert found["inputs"]["g"]["from"] == "column my_g"
    assert found["missing"]["g_minus_r"] == ["r"] and len(found["digest"]) == 64


def test_features_are_written_and_printed(table: Store, tmp_path: Path) -> None:
    path = tmp_path / "features.parquet"
    assert (
        run(table, "stars", "--groups", "colours,magnitudes", "--input", "g=my_g", "--also", "plx", "-o", str(path))
        == ""
    )
    rows = pq.read_table(path).sort_by("id").drop_columns(["healpix_29"]).to_pylist()
    assert rows == [
        {"id": 1, "plx": 10.0, "u_minus_g": 1.0, "u_mag": 20.0, "g_mag": 19.0},
        {"id": 2, "plx": -1.0, "u_minus_g": None, "u_mag": 19.5, "g_mag": None},
    ]
    assert (
        run(table, "stars", "--groups", "parallax", "--format", "csv").splitlines()[0] == "id,healpix_29,parallax_mas"
    )


def test_what_cannot_be_is_said(table: Store) -> None:
    from skyband.schema.errors import BadOption

    with pytest.raises(BadOption, match="--input 'g' is not of the form NAME=COLUMN"):
        run(table, "stars", "--input", "g")
    with pytest.raises(BadOption, match="no group of features 'color'"):
        run(table, "stars", "--groups", "color")
