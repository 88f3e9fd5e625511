"""Real labelled sets joined: how much of a score is the bands that each set brings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skyband.ingest.options import IngestOptions
from skyband.ingest.pipeline import ingest
from skyband.models.classifier.classifier import Classifier
from skyband.models.features import FeatureOptions
from skyband.models.scoring.train_table import train_on_table
from skyband.models.validation.evidence import held_out
from skyband.models.validation.leak import HIDDEN, ITSELF
from skyband.models.validation.report import validate
from skyband.queries import Sky
from skyband.schema.healpix import healpix_index
from skyband.schema.store import Store

pytestmark = [pytest.mark.real, pytest.mark.slow]

QUERY = Path(__file__).with_name("labelled_sets.sql")


@pytest.fixture
def sky(real_data: Path, store: Store, tmp_path: Path) -> Iterator[Sky]:
    """The sets as a table, `learnt`, in half of the pixels of the sky, and another, `unseen`, in the others."""
    relation = duckdb.sql(QUERY.read_text().format(folder=real_data))
    assert relation is not None
    rows = relation.to_arrow_table()
    rows = rows.filter(pa.compute.is_valid(rows["ra"]))
    rows = rows.append_column("id", pa.array(np.arange(len(rows))))
    pixel = healpix_index(3, rows["ra"].to_numpy(), rows["dec"].to_numpy())
    for name, parity in (("learnt", 0), ("unseen", 1)):
        pq.write_table(rows.filter(pa.array(pixel % 2 == parity)), tmp_path / f"{name}.parquet")
        ingest(store, [tmp_path / f"{name}.parquet"], IngestOptions(table=name, id="id"))
    with Sky(settings=store.settings) as opened:
        yield opened


def test_what_the_bands_of_labelled_sets_give_away(sky: Sky) -> None:
    options = FeatureOptions(groups=("magnitudes", "colours", "parallax", "motion", "match"))
    model = train_on_table(sky, "learnt", "kind", "kinds", options, budget_s=120).model
    classifier = Classifier.load(model.folder)
    report = validate(model, classifier, held_out(sky, model, classifier, "unseen", "kind"), with_leak=True)
    found = report.leak
    assert found is not None
    print(dict(zip(classifier.classes, np.sum(report.scores.confusion, axis=1), strict=True)), report.scores.macro_f1)
    print(found.chance, found.share, found.common, found.common_rows, found.left_out, found.seconds, sep="\n")
    for view in found.views:
        print(view)
    views = {one.name: one.common_rows for one in found.views}
    # Giants have no magnitude that others have, clusters none, brown dwarfs are infrared: no honest figure is given.
    assert set(found.left_out) == {"brown_dwarf", "cluster", "giant"}
    assert set(found.common) == set("ugi")
    mask, common, itself, hidden = (views[name] for name in ("mask alone", "common bands", ITSELF, HIDDEN))
    assert mask and common and itself and hidden
    # Which bands there are tells most of which class it is.
    assert 0.7 < found.share < 0.85
    # Of the classes that share u, g and i their colours tell more.
    assert mask.macro_f1 < 0.55 < 0.79 < common.macro_f1
    assert itself.macro_f1 > 0.92
    # Not a third of it would be left without band-dropout; what is missing to `common` was learnt from the bands alone.
    assert common.macro_f1 - 0.17 < hidden.macro_f1 < common.macro_f1
