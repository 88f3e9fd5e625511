"""Real labelled sets joined: how much of a score is the bands that each set brings."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skyband.ingest.options import IngestOptions
from skyband.ingest.pipeline import ingest
from skyband.models.classifier.classifier import Classifier
from skyband.models.classifier.members.boosting import Boosting
from skyband.models.features import FeatureOptions
from skyband.models.scoring.train_table import train_on_table
from skyband.models.validation.evidence import out_of_fold
from skyband.models.validation.report import validate
from skyband.queries import Sky
from skyband.schema.store import Store

pytestmark = [pytest.mark.real, pytest.mark.slow]

QUERY = Path(__file__).with_name("labelled_sets.sql")
ROLES = {"parallax": "parallax", "pmra": "pmra", "pmdec": "pmdec"}


def test_what_the_bands_of_labelled_sets_give_away(real_data: Path, store: Store, tmp_path: Path) -> None:
    relation = duckdb.sql(QUERY.read_text().format(folder=real_data))
    assert relation is not None
    rows = relation.to_arrow_table()
    rows = rows.filter(pa.compute.is_valid(rows["ra"]))
    pq.write_table(rows.append_column("id", pa.array(np.arange(len(rows)))), tmp_path / "sets.parquet")
    ingest(store, [tmp_path / "sets.parquet"], IngestOptions(table="sets", id="id"))
    with Sky(settings=store.settings) as sky:
        options = FeatureOptions(groups=("magnitudes", "colours", "parallax", "motion", "match"))
        model = train_on_table(sky, "sets", "kind", "kinds", options, budget_s=20, learners=(Boosting(),)).model
        classifier = Classifier.load(model.folder)
        report = validate(model, classifier, out_of_fold(sky, model, classifier), with_leak=True)
    found = report.leak
    assert found is not None
    print(dict(zip(classifier.classes, np.sum(report.scores.confusion, axis=1), strict=True)), report.scores.macro_f1)
    print(found.chance, found.share, found.common, found.common_rows, found.left_out, found.seconds, sep="\n")
    for view in found.views:
        print(view)
    views = {one.name: one for one in found.views}
    # Giants have no magnitude that others have, brown dwarfs are infrared: no honest figure is given of them.
    assert set(found.left_out) == {"brown_dwarf", "giant"}
    assert set(found.common) == set("ugriz")
    mask, common, itself = (views[name] for name in ("mask alone", "common bands", "the model itself"))
    assert mask.common_rows and common.common_rows and itself.common_rows
    # Which bands there are tells most of which class it is, but of classes that share ugriz their colours tell as much.
    assert 0.5 < found.share < 0.8
    assert mask.common_rows.macro_f1 < 0.4
    assert 0.89 < common.common_rows.macro_f1 <= itself.common_rows.macro_f1 < common.common_rows.macro_f1 + 0.02
