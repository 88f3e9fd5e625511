"""STILTS, an independent reader in another language, is silent on our files and reads the same values from each."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

Encoded = Callable[..., io.BytesIO]
Stilts = Callable[..., str]
SERIALIZATIONS = ("votable", "votable-tabledata", "votable-binary")


@pytest.mark.parametrize("serialization", SERIALIZATIONS)
@pytest.mark.parametrize("rows", [0, 9])
def test_votlint_is_silent(
    serialization: str,
    rows: int,
    sky: pa.Table,
    metadata: dict[str, Any],
    encoded: Encoded,
    stilts: Stilts,
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.vot"
    result = {"query": 'SELECT "a" <b>\n', "description": "d & d", "epoch": 2016.0}
    path.write_bytes(encoded(sky.slice(1, rows), serialization, metadata, **result).getvalue())
    assert stilts("votlint", path) == ""


@pytest.mark.parametrize("format", [*SERIALIZATIONS, "fits"])
def test_tpipe_reads_the_values(
    format: str, sky: pa.Table, metadata: dict[str, Any], encoded: Encoded, stilts: Stilts, tmp_path: Path
) -> None:
    names = [
        "ra",
        "dec",
        "flux",
        "source_id",
        "i8",
        "u8",
        "i16",
        "u16",
        "i32",
        "u32",
        "u64",
        "variable",
        "name",
        "observed",
    ]
    sky = sky.select(names).slice(1)
    path = tmp_path / "x"
    path.write_bytes(encoded(sky, format, metadata).getvalue())
    text = stilts("tpipe", f"in={path}", f"ifmt={'fits' if format == 'fits' else 'votable'}", "ofmt=csv")
    read = list(csv.DictReader(io.StringIO(text)))

    def plain(name: str, value: Any) -> Any:
        if isinstance(value, float):  # a missing number of astronomy's kind: STILTS shows NaN as NULL
            return None if math.isnan(value) else value
        return None if value == "" else value

    parsers: dict[str, Callable[[str], Any]] = dict.fromkeys(names, int) | {
        "ra": float, "dec": float, "flux": float, "variable": {"true": True, "false": False}.__getitem__,
        "name": str, "observed": str,
    }  # fmt: skip
    values = {name: [None if row[name] == "" else parsers[name](row[name]) for row in read] for name in names}
    values["flux"] = pa.array(values["flux"], pa.float32()).to_pylist()
    wanted = {name: [plain(name, value) for value in sky[name].to_pylist()] for name in names}
    wanted["observed"] = [time and time.isoformat() for time in wanted["observed"]]
    if format == "fits":
        wanted["name"] = [name and name.replace("\t", r"\x09") for name in wanted["name"]]
    assert values == wanted


def test_metadata_in_fits(metadata: dict[str, Any], encoded: Encoded, stilts: Stilts, tmp_path: Path) -> None:
    path = tmp_path / "x.fits"
    path.write_bytes(encoded(pa.table({"ra": [1.0], "dec": [2.0], "flux": [3.0]}), "fits", metadata).getvalue())
    text = stilts("tpipe", f"in={path}", "cmd=meta name units ucd utype description", "ofmt=csv")
    assert list(csv.reader(io.StringIO(text))) == [
        ["Name", "Units", "UCD", "Utype", "Description"],
        ["ra", "deg", "pos.eq.ra;meta.main", "", "Right ascension, <ICRS> & epoch"],
        ["dec", "deg", "pos.eq.dec;meta.main", "stc:AstroCoords.Position", ""],
        ["flux", "mas yr-1", "phot.flux", "", metadata["flux"]["description"].replace("é", r"\xe9")],
    ]


def test_heap_in_fits(encoded: Encoded, stilts: Stilts, tmp_path: Path) -> None:
    path = tmp_path / "x.fits"
    texts = ["short"] * 99 + ["long" * 500]
    table = pa.table({"n": range(100), "text": texts, "list": [[float(i)] * (i % 3) for i in range(100)]})
    path.write_bytes(encoded(table, "fits", batch_rows=30).getvalue())
    rows = csv.DictReader(io.StringIO(stilts("tpipe", f"in={path}", "ofmt=csv")))
    assert [(int(row["n"]), row["text"], row["list"]) for row in rows] == [
        (i, text, {0: "", 1: f"({i}.0)", 2: f"({i}.0, {i}.0)"}[i % 3]) for i, text in enumerate(texts)
    ]
