"""Galaxies, quasars and stars of SDSS with spectra: as good as published classifiers of their colours, and honest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skyband.ingest.options import IngestOptions
from skyband.ingest.pipeline import ingest
from skyband.models.features import FeatureOptions
from skyband.models.scoring.score_table import score_table
from skyband.models.scoring.train_table import train_on_table
from skyband.queries import Sky
from skyband.schema.store import Store

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def sky(real_data: Path, store: Store, tmp_path: Path) -> Sky:
    """Both tables as one, `sdss`, with a number as id."""
    columns = ["ra", "dec", *"ugriz", "redshift", "class"]
    tables = [
        pq.read_table(real_data / "labelled_sdss_spectro" / f"{name}.parquet", columns=columns).rename_columns(
            [*columns[:-1], "kind"]
        )
        for name in ("sdss17_10k", "sdss_dr14_10k")
    ]
    both = pa.concat_tables(tables, promote_options="permissive")
    pq.write_table(both.append_column("id", pa.array(np.arange(len(both)))), tmp_path / "sdss.parquet")
    assert ingest(store, [tmp_path / "sdss.parquet"], IngestOptions(table="sdss", id="id")).rows_kept == 11_491
    return Sky(settings=store.settings)


@pytest.mark.parametrize(
    ("groups", "accuracy"),
    [(("magnitudes", "colours"), 0.923), (("magnitudes", "colours", "spectroscopy"), 0.984)],
)
def test_classes_of_sdss_sources(sky: Sky, groups: tuple[str, ...], accuracy: float) -> None:
    report = train_on_table(sky, "sdss", "kind", "kinds", FeatureOptions(groups=groups), budget_s=300, seed=1)
    manifest = report.classifier.manifest
    print(manifest["rounds"], manifest["seconds"], manifest["log_losses"])
    print({name: (one["accuracy"], one["nll"]) for name, one in manifest["member_metrics"].items()})
    print(manifest["metrics"], manifest["conformal"])
    # All of these are of rows that lie elsewhere than what was learnt, calibrated and drawn limits from.
    assert manifest["metrics"]["accuracy"] >= accuracy
    assert manifest["metrics"]["ece"] < 0.02
    assert manifest["conformal"]["covered"] == pytest.approx({"GALAXY": 0.9, "QSO": 0.9, "STAR": 0.9}, abs=0.02)
    scored = score_table(sky, "sdss", report.model)
    assert scored.safety["safe"] > 0.95 * scored.rows
