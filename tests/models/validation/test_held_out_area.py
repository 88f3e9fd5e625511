"""A simulated sky, some of whose fields are learnt and the others classified: what is promised of classifiers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from skyband.ingest.simulate.into_store import ingest_simulated
from skyband.ingest.simulate.labels import label_objects
from skyband.models.classifier.classifier import Classifier
from skyband.models.features import FeatureOptions
from skyband.models.scoring.train_table import train_on_table
from skyband.models.validation.evidence import held_out
from skyband.models.validation.measures import Share
from skyband.models.validation.report import validate
from skyband.queries import Sky
from skyband.queries.association import AssociationOptions, associate_many
from skyband.queries.association.combine import CombineOptions, combine
from skyband.queries.crossmatch import Join
from skyband.schema.store import Store
from skyband.schema.writer import write_table

pytestmark = pytest.mark.slow

OBJECTS = 1_000_000
SURVEYS = ("sim_astrometry", "sim_optical", "sim_nir", "sim_mir")
AREAS = {"learnt": "healpix_of(healpix_29, 3) % 3 = 0 AND object_id % 3 = 0",
         "unseen": "healpix_of(healpix_29, 3) % 3 <> 0 AND object_id % 4 = 0"}  # fmt: skip


def share(one: Share) -> float:
    """Of at least one row."""
    assert one.share is not None
    return one.share


@pytest.fixture
def sky(store: Store) -> Iterator[Sky]:
    """The matched catalogue, and the true classes of objects drawn in two areas in the mixture of the sky."""
    for _ in ingest_simulated(store, rows=OBJECTS, seed=1):
        pass
    associate_many(store, AssociationOptions(tables=SURVEYS, radius_arcsec=3.0, into="matched", join=Join.FULL))
    combine(store, CombineOptions(match="matched", into="objects"))
    label_objects(store, "objects", "classes")
    for name, condition in AREAS.items():
        with write_table(store, name) as writer:
            writer.connection.execute(f"CREATE TABLE new.main.data AS FROM classes WHERE {condition}")
            columns = {column.name: column for column in writer.session.tables["classes"].columns}
            writer.publish(action="label", command="", columns=columns)
    with Sky(settings=store.settings) as opened:
        yield opened


def test_eight_classes_of_an_area_held_out(sky: Sky) -> None:
    model = train_on_table(sky, "objects", "learnt.class", "types", FeatureOptions(), budget_s=600).model
    classifier = Classifier.load(model.folder)
    report = validate(model, classifier, held_out(sky, model, classifier, "objects", "unseen.class"))
    by_class = {one.name: one for one in report.by_class}
    covered = {name: share(one) for name, one in report.coverage.by_class.items()}
    print(report.evidence, report.accuracy, report.scores, report.star_galaxy_auc, by_class, covered, sep="\n")
    assert len(by_class) == 8
    assert share(report.accuracy) > 0.92
    assert report.scores.macro_f1 >= 0.90
    assert report.star_galaxy_auc is not None and report.star_galaxy_auc >= 0.99
    assert share(by_class["quasar"].precision) >= 0.95 <= share(by_class["quasar"].recall)
    assert share(by_class["white_dwarf"].recall) >= 0.90 <= share(by_class["brown_dwarf"].recall)
    assert report.scores.ece < 0.02
    assert covered == pytest.approx(dict.fromkeys(covered, 0.9), abs=0.02)
