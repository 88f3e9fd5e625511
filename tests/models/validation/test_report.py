"""A model examined: rows of its training that it had not learnt from, and those of another table."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import healpy
import numpy as np
import pytest
from sklearn import metrics as theirs

from skyband.models.classifier.classifier import Classifier
from skyband.models.classifier.kept import KEPT, OutOfFold, read_kept
from skyband.models.classifier.members.boosting import Boosting
from skyband.models.discovery.labels import Label, put_labels
from skyband.models.features import FeatureOptions
from skyband.models.scoring.score_table import score_table
from skyband.models.scoring.shelf import ModelVersion, find_model
from skyband.models.scoring.train_table import train_on_table
from skyband.models.validation.evidence import Evidence, held_out, out_of_fold
from skyband.models.validation.report import ValidationReport, validate
from skyband.queries import Sky
from skyband.schema.errors import BadFile, BadOption, BadTable
from skyband.schema.store import Store
from tests.conftest import publish_rows

from .skies import CLASSES, GROUPS, objects


@pytest.fixture
def sky(classified: Store) -> Iterator[Sky]:
    with Sky(settings=classified.settings) as opened:
        yield opened


@pytest.fixture
def own_sky(classified: Store, tmp_path: Path) -> Iterator[Sky]:
    """A copy that a test may change."""
    shutil.copytree(classified.path, tmp_path / "own")
    with Sky(settings=replace(classified.settings, store=str(tmp_path / "own"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def model(classified: Store) -> ModelVersion:
    return find_model(classified, "kinds")


@pytest.fixture(scope="module")
def classifier(model: ModelVersion) -> Classifier:
    return Classifier.load(model.folder)


@pytest.fixture(scope="module")
def report(classified: Store, model: ModelVersion, classifier: Classifier) -> ValidationReport:
    with Sky(settings=classified.settings) as opened:
        evidence = out_of_fold(opened, model, classifier, "spectrum")
        done: list[tuple[str, int, int]] = []
        found = validate(
            model, classifier, evidence, with_leak=True, with_depth=True, on_progress=lambda *step: done.append(step)
        )
    for doing in ("importances", "training small models"):
        steps = [step[1:] for step in done if step[0] == doing]
        assert steps == [(number, len(steps) - 1) for number in range(len(steps))]
    return found


def test_the_figures_of_the_training_come_again(report: ValidationReport, classifier: Classifier) -> None:
    told = classifier.manifest["metrics"]
    assert (report.scores.rows, report.scores.confusion) == (900, told["confusion"])
    assert report.scores.accuracy == pytest.approx(told["accuracy"]) == report.accuracy.share
    assert report.scores.ece == pytest.approx(told["ece"], abs=1e-6)
    covered = {name: one.share for name, one in report.coverage.by_class.items()}
    assert covered == pytest.approx(classifier.manifest["conformal"]["covered"])
    assert [one.name for one in report.prevalence] == ["as in the rows", "balanced"]
    assert report.prevalence[0].macro_f1 == pytest.approx(told["macro_f1"], abs=0.005)
    assert report.missing == {"sky prevalence": "how common these classes are on the sky was not said (--prior)"}


def test_every_row_is_in_one_fold_pattern_and_bin(report: ValidationReport, sky: Sky) -> None:
    assert sum(one.figures.accuracy.rows for one in report.folds) == 900
    pixels = [pixel for one in report.folds for pixel in one.pixels]
    assert len(pixels) == len(set(pixels))
    rows = sky.sql("SELECT ra, dec FROM known").to_arrow()
    there = healpy.ang2pix(16, rows["ra"].to_numpy(), rows["dec"].to_numpy(), nest=True, lonlat=True)
    assert set(pixels) == set(there.tolist())
    assert sum(one.figures.accuracy.rows for one in report.by_magnitude) == 900
    [gaia] = [one for one in report.patterns if one.has == ("optical", "mid infrared", "Gaia photometry", "parallax")]
    [(counted,)] = sky.sql("SELECT count(*) FROM known WHERE NOT isnan(parallax) AND NOT isnan(w1mpro)").rows()
    assert gaia.figures.accuracy.rows == counted == sum(gaia.classes.values())


def test_spectra_and_cuts_on_the_rows_that_have_them(report: ValidationReport, sky: Sky) -> None:
    assert report.confirmation is not None
    rows = sky.sql("SELECT spectrum, count(*) FROM known WHERE spectrum IS NOT NULL GROUP BY spectrum").rows()
    assert {one.word: one.found.rows for one in report.confirmation.by_word} == dict(rows)
    cuts = {one.finds: one for one in report.baselines}
    assert set(cuts) == {"quasar", "white dwarf", "star", "galaxy (among galaxies and stars)"}
    [(applies, called, right)] = sky.sql(
        "SELECT count(*), count(*) FILTER (w1mpro - w2mpro >= 0.8), count(*) FILTER (w1mpro - w2mpro >= 0.8 AND "
        "kind = 'quasar') FROM known WHERE w2mpro < 15.05"
    ).rows()
    quasars = cuts["quasar"]
    assert (quasars.rows, quasars.cut.precision.rows, quasars.cut.precision.found) == (applies, called, right)


def test_what_stars_alone_have_gives_them_away(report: ValidationReport) -> None:
    assert report.leak is not None
    assert 0.2 < report.leak.share < 0.9
    assert {"u", "g", "r", "i", "w1", "w2"} <= set(report.leak.common)
    assert not {"parallax", "gaia_g"} & set(report.leak.common)
    views = {one.name: one for one in report.leak.views}
    assert views["mask alone"].all_rows is not None and views["everything"].all_rows is not None
    assert views["mask alone"].all_rows.log_loss > views["everything"].all_rows.log_loss
    itself = views["the model itself"].all_rows
    assert itself is not None and itself.accuracy == pytest.approx(report.scores.accuracy)
    assert report.beyond is not None and report.faintest is not None
    assert report.beyond.from_magnitude == report.faintest.from_magnitude


def test_shap_values_are_of_the_model(report: ValidationReport, classifier: Classifier) -> None:
    assert report.importances is not None
    assert set(report.importances.shap) == set(classifier.features)
    assert all(set(values) == set(CLASSES) for values in report.importances.shap.values())


def test_the_report_is_plain_values(report: ValidationReport) -> None:
    document = json.loads(json.dumps(report.document()))
    assert document["scores"]["accuracy"] == report.scores.accuracy
    assert [one["is_beaten"] for one in document["baselines"]] == [one.is_beaten for one in report.baselines]


def test_a_table_held_out_is_scored_as_score_does(own_sky: Sky, classifier: Classifier) -> None:
    model = find_model(own_sky.store, "kinds")
    evidence = held_out(own_sky, model, classifier, "others", confirm="others.spectrum")
    found = validate(model, classifier, evidence, prior=dict.fromkeys(CLASSES, 1.0))
    score_table(own_sky, "others", model)
    rows = own_sky.sql("SELECT kind, class, p_max, class_set FROM others ORDER BY id").to_arrow().to_pylist()
    kinds, called = [row["kind"] for row in rows], [row["class"] for row in rows]
    assert found.scores.accuracy == pytest.approx(theirs.accuracy_score(kinds, called))
    assert found.scores.macro_f1 == pytest.approx(theirs.f1_score(kinds, called, average="macro"))
    assert evidence.said.probabilities.max(axis=1) == pytest.approx([row["p_max"] for row in rows], abs=1e-5)
    held = Counter(row["kind"] for row in rows if row["kind"] in row["class_set"].split("|"))
    assert {name: one.found for name, one in found.coverage.by_class.items()} == held
    assert (found.is_held_out, found.notes) == (True, ())
    # As common as each other, which is what was given.
    assert found.prevalence[1].by_class == found.prevalence[2].by_class
    assert found.importances is not None and found.importances.by.startswith("the model")
    assert set(found.missing) == {"what missing bands give away"}


def test_rows_that_cannot_be_measured_are_told(own_sky: Sky, classifier: Classifier) -> None:
    model = find_model(own_sky.store, "kinds")
    rows = objects(3, 60)
    kind = np.where(rows["kind"] == "quasar", "QSO", rows["kind"]).astype(object)
    kind[:4] = "nebula"
    kind[kind == "white_dwarf"] = None
    for band in ("phot_bp_mean_mag", "phot_rp_mean_mag", "parallax", "parallax_error"):
        del rows[band]
    publish_rows(own_sky.store, "few", **rows | {"kind": kind.tolist()})
    found = held_out(own_sky, model, classifier, "few")
    assert len(found) == sum(1 for name in kind if name not in (None, "nebula"))
    assert {CLASSES[code] for code in found.said.codes} == {"galaxy", "quasar", "star"}
    said = "\n".join(found.notes)
    assert "no row is of the class white_dwarf" in said
    assert "no class of the model: nebula (4)" in said
    assert "features the table cannot give" in said


def test_the_table_of_the_training_flatters(sky: Sky, model: ModelVersion, classifier: Classifier) -> None:
    assert any("these figures flatter" in text for text in held_out(sky, model, classifier, "known").notes)


def test_features_are_not_at_hand_when_the_table_has_changed(own_sky: Sky, classifier: Classifier) -> None:
    model = find_model(own_sky.store, "kinds")
    score_table(own_sky, "known", model, prefix="k_")
    assert out_of_fold(own_sky, model, classifier).matrix is not None  # a new version, and the same rows
    rows = objects(1, 900)
    rows["g"][7] += 0.01
    publish_rows(own_sky.store, "known", **rows)
    evidence = out_of_fold(own_sky, model, classifier)
    assert evidence.matrix is None and "not those kinds@1 was trained on" in evidence.no_matrix
    found = validate(model, classifier, evidence, with_leak=True)
    assert found.scores.confusion == classifier.manifest["metrics"]["confusion"]
    assert (found.baselines, found.patterns, found.importances, found.leak) == ([], [], None, None)
    assert {"missing bands", "baselines", "importances", "experiments"} <= set(found.missing)
    with pytest.raises(BadOption, match="--confirm"):
        out_of_fold(own_sky, model, classifier, "spectrum")


def test_a_model_that_learnt_from_people_can_be_examined(own_sky: Sky) -> None:
    rows = objects(4, 400)
    kind, other = list(rows["kind"]), rows["kind"][:40].tolist()
    given = [None if number % 2 else "galaxy" for number in range(40)]  # nothing, or what people contradict
    publish_rows(own_sky.store, "half", **rows | {"kind": [*given, *kind[40:]]})
    ids = rows["id"][:40].tolist()
    said = [Label(str(one), None, "ann", word) for one, word in zip(ids, other, strict=True)]
    put_labels(own_sky.store, "half", said, command="")
    options = FeatureOptions(groups=GROUPS)
    trained = train_on_table(
        own_sky, "half", "kind", "taught", options, budget_s=1, learners=(Boosting(),), with_labels=True
    )
    evidence = out_of_fold(own_sky, trained.model, trained.classifier, "spectrum")
    assert (evidence.no_matrix, len(evidence)) == ("", 400)
    assert evidence.matrix is not None and evidence.confirmed is not None
    assert Counter(CLASSES[code] for code in evidence.said.codes) == Counter(kind)
    assert Counter(evidence.confirmed.tolist()) == Counter(word or "" for word in rows["spectrum"])
    put_labels(own_sky.store, "half", [Label(str(ids[1]), None, "ann", "nonsense")], command="")
    assert "not those taught@1 was trained on" in out_of_fold(own_sky, trained.model, trained.classifier).no_matrix


def test_a_model_of_before_keeps_nothing(own_sky: Sky, classifier: Classifier) -> None:
    model = find_model(own_sky.store, "kinds")
    manifest = json.loads((model.folder / "manifest.json").read_text())
    del manifest["files"][KEPT]
    (model.folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BadFile, match="keeps no out-of-fold predictions"):
        out_of_fold(own_sky, model, classifier)


def test_what_is_kept_is_read_as_it_was_written(model: ModelVersion) -> None:
    kept = read_kept(model.folder)
    assert kept is not None and len(kept.rows) == 900
    again = OutOfFold.load(kept.dump())
    for name, value in vars(kept).items():
        assert np.array_equal(getattr(again, name), value, equal_nan=name == "magnitude"), name
    for wrong in (b"", b"PK", kept.dump()[:-40]):
        with pytest.raises(BadFile, match="no out-of-fold predictions"):
            OutOfFold.load(wrong)
    with pytest.raises(BadFile, match="several lengths"):
        OutOfFold.load(replace(kept, fold=kept.fold[1:]).dump())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "nothing"}, "no column 'nothing'"),
        ({"label": "spectrum"}, None),
        ({"label": "u"}, "no label of 'others.u' is a class of kinds@1"),
        ({"confirm": "nothing"}, "no column 'nothing'"),
    ],
)
def test_wrong_questions(
    sky: Sky, model: ModelVersion, classifier: Classifier, options: dict[str, Any], message: str | None
) -> None:
    if message is None:
        # Names of spectra are understood: STAR is the class star, though white dwarfs are stars too.
        evidence: Evidence = held_out(sky, model, classifier, "others", **options)
        assert Counter(evidence.said.codes.tolist()).keys() == {0, 1, 2}
        return
    with pytest.raises((BadOption, BadTable), match=message):
        held_out(sky, model, classifier, "others", **options)
