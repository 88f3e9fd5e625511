"""The demo's third part: what everything is, learnt in some fields of the sky and checked in others."""

from __future__ import annotations

from pathlib import Path

from skyband.ingest.simulate.labels import label_objects
from skyband.models.classifier.classifier import Classifier
from skyband.models.features import FeatureOptions
from skyband.models.scoring.score_table import score_table
from skyband.models.scoring.shelf import find_model
from skyband.models.scoring.train_table import train_on_table
from skyband.models.validation.evidence import held_out
from skyband.models.validation.report import validate
from skyband.queries.association import AssociationOptions, associate_many
from skyband.queries.association.combine import CombineOptions, combine
from skyband.queries.crossmatch import Join
from skyband.queries.export import export
from skyband.queries.sky import Sky
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store
from skyband.schema.writer import write_table
from skyband.server.console import percent, print_facts
from skyband.server.output import print_result
from skyband.server.validation.page import write_page
from skyband.server.validation.words import facts_of

CATALOGUE, MODEL = "objects", "types"
_SURVEYS = ("sim_astrometry", "sim_optical", "sim_nir", "sim_mir")
_RADIUS_ARCSEC = 3.0
_BUDGET_S = 60.0
_FIELDS = {"known": "field % 3 = 0", "unseen": "field % 3 <> 0"}


def make_catalogue(store: Store) -> None:
    """Match all surveys at once, make one table of them, and tell the classes of some objects in two tables."""
    command = "skyband demo"
    options = AssociationOptions(tables=_SURVEYS, radius_arcsec=_RADIUS_ARCSEC, into="groups", join=Join.FULL)
    associate_many(store, options, command=command)
    report = combine(store, CombineOptions(match="groups", into=CATALOGUE), command=command)
    label_objects(store, CATALOGUE, "classes", command=command)
    print(f"  {CATALOGUE}: {report.info.rows:,} objects seen by one survey or more")
    for name, condition in _FIELDS.items():
        with write_table(store, name) as writer:
            query = fill_sql("skyband.server.demo", "known", is_known=condition)
            writer.connection.execute(f"CREATE TABLE new.main.data AS {query}")
            columns = {column.name: column for column in writer.session.tables["classes"].columns}
            writer.publish(action="label", command=command, columns=columns, description=f"Classes of {name} objects")


def train_classifier(store: Store) -> None:
    """Learn the classes of the fields where they are known."""
    with Sky(settings=store.settings) as sky:
        report = train_on_table(sky, CATALOGUE, "known.class", MODEL, FeatureOptions(), budget_s=_BUDGET_S)
    metrics = report.classifier.manifest["metrics"]
    print(
        f"  {report.model.title}: {report.rows:,} objects, {len(report.classifier.features)} features; "
        f"accuracy {percent(metrics['accuracy'])}, macro F1 {metrics['macro_f1']:.3f} of rows not learnt from"
    )


def score_catalogue(store: Store, folder: Path) -> None:
    """Classify every object, ask for quasars, and write the classified catalogue."""
    with Sky(settings=store.settings) as sky:
        report = score_table(sky, CATALOGUE, find_model(store, MODEL), command="skyband demo")
    print(
        f"  {report.rows:,} objects in {report.seconds:.1f} s: "
        + ", ".join(f"{found:,} {name}" for name, found in report.classes.items())
    )
    with Sky(settings=store.settings) as sky:
        query = fill_sql("skyband.server.demo", "quasars").strip()
        print("\n".join(f"  {line}" for line in query.splitlines()))
        print_result(sky.sql(query), most_rows=5)
    path = folder / "classified.fits"
    print(f"  {path}: {export(store.settings, path, table=CATALOGUE):,} rows")


def validate_classifier(store: Store, folder: Path) -> None:
    """How good it is in the fields that nothing was learnt from."""
    with Sky(settings=store.settings) as sky:
        model = find_model(store, MODEL)
        classifier = Classifier.load(model.folder)
        report = validate(model, classifier, held_out(sky, model, classifier, CATALOGUE, "unseen.class"))
    print_facts({name: text for name, text in facts_of(report).items() if not name.startswith("note")})
    write_page(report, classifier.manifest, folder / "types.html")
    print(f"  {folder / 'types.html'}: plots by class, magnitude, missing bands and place")
