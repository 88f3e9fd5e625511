"""Cuts of kinds against sources whose spectra are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from skyband.models.candidates.find import CandidateOptions, find_candidates
from skyband.queries import Sky
from skyband.schema.store import Store

from .conftest import publish_scored

pytestmark = pytest.mark.real


def known(path: Path, columns: dict[str, str]) -> list[dict[str, Any]]:
    rows = pq.read_table(path).to_pylist()
    return [{name: row[column] for name, column in columns.items()} for row in rows]


def found_among(store: Store, rows: list[dict[str, Any]], kind: str, name: str) -> set[str]:
    """Ids of the candidates among rows that a model is sure of."""
    bands = "ugrizjhk"
    made = [
        {"id": str(n), "p": {name: 1.0}}
        | {band: row[band] for band in (*bands, "w1", "w2") if 0 < (row.get(band) or 0) < 40}
        for n, row in enumerate(rows)
    ]
    publish_scored(store, kind.replace("-", "_"), made)
    options = CandidateOptions(kinds=(kind,), most=10_000)
    with Sky(settings=store.settings) as sky:
        return set(find_candidates(sky, kind.replace("-", "_"), options).rows["id"].to_pylist())


def test_quasars_near_and_far(store: Store, real_data: Path) -> None:
    far = known(
        real_data / "labelled_quasars" / "perger_agn_z4.parquet",
        {b: f"psfMag_{b}" for b in "ugriz"} | {"red": "redshift"},
    )
    near = known(
        real_data / "labelled_sdss_spectro" / "sdss17_10k.parquet",
        {b: b for b in "ugriz"} | {"red": "redshift", "is": "class"},
    )
    rows = [row for row in far if row["g"] and row["z"]] + [row for row in near if row["is"] == "QSO"]
    found = found_among(store, rows, "high-z-quasar", "quasar")
    redshift = np.array([row["red"] for row in rows])
    candidate = np.array([str(n) in found for n in range(len(rows))])
    assert (redshift > 4).sum() > 1300 and (redshift < 3).sum() > 900
    # As many as the published cuts have: they leave the others to their distance from the stellar locus.
    assert candidate[redshift > 4].mean() > 0.55
    assert candidate[redshift < 3].mean() < 0.03


def test_brown_dwarfs_and_late_m_dwarfs(store: Store, real_data: Path) -> None:
    columns = {
        "i": "SDSS.i",
        "z": "SDSS.z",
        "j": "2MASS.J",
        "k": "2MASS.Ks",
        "w1": "WISE.W1",
        "w2": "WISE.W2",
        "code": "sptype_code",
    }
    rows = known(real_data / "labelled_brown_dwarfs" / "simple_sources.parquet", columns)
    rows = [row for row in rows if row["code"] and row["w1"] and row["w2"]]
    found = found_among(store, rows, "brown-dwarf", "brown_dwarf")
    code = np.array([row["code"] for row in rows])
    candidate = np.array([str(n) in found for n in range(len(rows))])
    assert candidate[(code >= 80) & (code < 90)].mean() > 0.95
    assert candidate[(code >= 75) & (code < 80)].mean() > 0.75
    assert candidate[code < 70].mean() < 0.15
