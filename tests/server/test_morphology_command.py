"""`skyband morphology`, as people type it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skyband.queries.likeness import Collection, Provenance
from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.server.conftest import Run


@pytest.fixture
def galaxies(store: Store) -> None:
    """Sixty images on a quarter of a circle, votes on all but every fifth: smooth at one end, spiral at the other."""
    angle = np.linspace(0, np.pi / 2, 60)
    names = [f"g{row:02}" for row in range(60)]
    vectors = np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
    origin = Provenance("drawn", "", "", 1, "", 2)
    rows = {"id": names, "ra": np.arange(60.0), "dec": np.zeros(60)}
    Collection.create(store, "gals", origin).add(pa.table({**rows, "embedding": list(vectors)}), origin)
    smooth = np.round(40 * np.cos(angle) ** 2).astype(int)
    seen = np.arange(60) % 5 > 0
    counts: dict[str, Any] = {
        "t01_smooth_or_features_a01_smooth_count": smooth[seen],
        "t01_smooth_or_features_a02_features_or_disk_count": 40 - smooth[seen],
        "t01_smooth_or_features_a03_star_or_artifact_count": np.zeros(48, int),
    }
    own = [name for name, one in zip(names, seen, strict=True) if one]
    publish_rows(store, "seen", id=own, ra=np.arange(60.0)[seen].tolist(), dec=[0.0] * 48, **counts)


def test_a_row_an_image_and_how_right_they_are(run: Run, galaxies: None) -> None:
    code, out, errors = run("morphology", "gals", "--votes", "seen", "-k", "4")
    assert (code, errors) == (0, "")
    assert "smooth_error" in out and "12 rows" in out
    assert "48 of 60 images of gals have votes; how 48 of them are estimated without their own:" in out
    assert out.splitlines()[-1].split()[:2] == ["smooth", "48"]
    answer = json.loads(run("morphology", "gals", "--votes", "seen", "-k", "4", "--json")[1])
    assert (answer["images"], answer["with_votes"], answer["compared"], answer["cautions"]) == (60, 48, 48, [])
    [score] = answer["scores"]
    assert (score["target"], score["n"]) == ("smooth", 48)
    assert score["r2"] > 0.97
    rows = answer["estimates"]
    assert [row["id"] for row in rows] == [f"g{row:02}" for row in range(0, 60, 5)]
    for row in rows:
        truth = np.cos(np.pi / 2 * row["ra"] / 59) ** 2
        assert abs(row["smooth"] - truth) < max(0.08, 3 * row["smooth_error"])
        assert row["smooth_n"] == 4


def test_rows_go_to_files(run: Run, galaxies: None, tmp_path: Path) -> None:
    code, out, errors = run("morphology", "gals", "--votes", "seen", "--all", "-o", str(tmp_path / "all.csv"))
    assert code == 0
    assert errors.splitlines()[0] == f"60 rows written to {tmp_path / 'all.csv'}"
    assert errors.splitlines()[1].startswith("note: only 48 images have votes: 20 neighbours of each")
    with (tmp_path / "all.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["has_votes"] for row in rows] == ["false", "true", "true", "true", "true"] * 12
    assert out.splitlines()[-1].split()[0] == "smooth"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gals", "--votes", "none"), "no table 'none'"),
        (("none", "--votes", "seen"), "no collection 'none'"),
        (("gals", "--votes", "seen", "--measure", "debiased"), "cannot be counted by 'debiased'"),
        (("gals", "--votes", "seen", "--through", "seen"), "write seen:IMAGE_COLUMN:VOTES_COLUMN"),
        (("gals", "--votes", "seen", "--least-votes", "41"), "0 of 60 images of 'gals' have 41 votes or more"),
    ],
)
def test_wrong_questions(run: Run, galaxies: None, arguments: tuple[str, ...], message: str) -> None:
    code, out, errors = run("morphology", *arguments)
    assert (code, out) == (2, "")
    assert message in errors
