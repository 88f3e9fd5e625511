"""Classifiers trained on tables and scored into them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skyband.ingest.options import IngestOptions
from skyband.ingest.pipeline import ingest
from skyband.models.classifier.matrix import FeatureMatrix
from skyband.models.classifier.members.boosting import Boosting
from skyband.models.features import FeatureOptions, feature_table
from skyband.models.scoring.shelf import find_model, model_names, model_versions
from skyband.models.scoring.train_table import train_on_table
from skyband.queries import Sky
from skyband.schema.errors import BadName, BadOption, BadTable
from tests.conftest import publish_rows

from .conftest import CLASSES, GROUPS, columns, sources, trained


def test_a_model_of_one_table_scores_another(sky: Sky, score: Callable[..., Any]) -> None:
    report = trained(sky)
    assert (report.model.title, report.rows, report.classifier.classes) == ("kinds@1", 600, CLASSES)
    assert report.classifier.manifest["metrics"]["accuracy"] > 0.95
    done: list[int] = []
    scored = score(sky, "others", on_progress=lambda rows, total: done.append(rows))
    assert (scored.rows, scored.missing, done[-1], len(done)) == (500, (), 500, 5)
    rows = columns(sky, "FROM others ORDER BY id")
    assert (rows["class"] == rows["kind"]).mean() > 0.95

    # What the model says of the same features without any table between.
    table = feature_table(sky, "others", FeatureOptions(features=report.classifier.features))
    found = columns(sky, "SELECT id, u, g, r, i, z FROM others ORDER BY id")
    u, g, r, i, z = (found[band] for band in "ugriz")
    by_hand = {f"{band}_mag": found[band] for band in "ugriz"}
    by_hand |= {f"{one}_minus_{other}": found[one] - found[other] for one in "ugriz" for other in "ugriz"}
    by_hand |= {"bend_ugr": u - 2 * g + r, "bend_gri": g - 2 * r + i, "bend_riz": r - 2 * i + z}
    by_hand |= {
        "locus_s": -0.249 * u + 0.794 * g - 0.555 * r + 0.234,
        "locus_w": -0.227 * g + 0.792 * r - 0.567 * i + 0.050,
        "locus_y": -0.270 * r + 0.800 * i - 0.534 * z + 0.054,
    }
    values = np.column_stack([by_hand[name] for name in report.classifier.features]).astype(np.float32)
    magnitude = found["r"]
    for other in ("i", "g", "z"):
        magnitude = np.where(np.isnan(magnitude), found[other], magnitude)
    said = report.classifier.predict(FeatureMatrix(values, table.names, table.digest, magnitude=magnitude))
    for place, name in enumerate(CLASSES):
        assert rows[f"p_{name}"] == pytest.approx(said.probabilities[:, place], abs=1e-5)
    assert rows["p_max"] == pytest.approx(said.probabilities.max(axis=1), abs=1e-5)
    assert rows["entropy"] == pytest.approx(said.entropy, abs=1e-5)
    assert [name in text.split("|") for text in rows["class_set"] for name in CLASSES] == said.sets.ravel().tolist()
    assert set(rows["model_version"]) == {"kinds@1"}
    info = sky.table("others")
    assert (info.version.version, info.details["scores"]) == (2, {"model": "kinds@1", "prior": "train"})
    assert info.column("p_star").description == "Probability: star"  # type: ignore[union-attr]
    assert sum(scored.classes.values()) == sum(scored.safety.values()) == 500


def test_labels_may_lie_in_a_table_of_their_own(sky: Sky) -> None:
    rows = sources(1, 600)
    publish_rows(
        sky.store, "labels", id=rows["id"][:400], ra=rows["ra"][:400], dec=rows["dec"][:400], what=rows["kind"][:400]
    )
    report = trained(sky, label="labels.what")
    assert report.rows == 400
    assert report.classifier.manifest["data"]["labels"] == "labels.what"


def test_inputs_that_are_not_told_anew_stay_those_of_the_training(sky: Sky, score: Callable[..., Any]) -> None:
    rows = sources(3, 400)
    named = {name: rows[name] for name in ("id", "ra", "dec", "kind")} | {f"my_{band}": rows[band] for band in "gri"}
    publish_rows(sky.store, "named", **named, r_again=rows["r"] + 0.3)
    options = FeatureOptions(groups=("colours", "magnitudes"), inputs={band: f"my_{band}" for band in "gri"})
    report = train_on_table(sky, "named", "kind", "kinds", options, budget_s=1, learners=(Boosting(),))
    assert {"g_minus_r", "r_minus_i", "g_mag", "i_mag"} < set(report.classifier.features)
    again = {**options.inputs, "r": "r_again"}
    for prefix, inputs in (
        ("a_", None),
        ("b_", FeatureOptions(neighbours="others")),
        ("c_", FeatureOptions(inputs={"r": "r_again"})),
        ("d_", FeatureOptions(inputs=again)),
    ):
        assert score(sky, "named", inputs=inputs, prefix=prefix).missing == ()
    found = columns(sky, "SELECT a_p_star, b_p_star, c_p_star, d_p_star FROM named")
    np.testing.assert_array_equal(found["a_p_star"], found["b_p_star"])
    np.testing.assert_array_equal(found["c_p_star"], found["d_p_star"])
    assert (found["a_p_star"] != found["c_p_star"]).any()


def test_only_rows_that_were_not_scored_yet(sky: Sky, score: Callable[..., Any], tmp_path: Path) -> None:
    trained(sky)
    ids = "SELECT id, class, p_galaxy, p_star, entropy, class_set, safety, model_version FROM others"
    assert score(sky, "others", missing_only=True).rows == 500
    before = {row["id"]: row for row in sky.sql(ids).to_arrow().to_pylist()}
    again = score(sky, "others", missing_only=True)
    assert (again.rows, again.info.version.version, sky.table("others").version.version) == (0, 2, 2)

    more = sources(7, 130)
    pq.write_table(pa.table(more), tmp_path / "more.parquet")
    ingest(sky.store, [tmp_path / "more.parquet"], IngestOptions(table="others", mode="append"))
    assert sky.sql("SELECT count(*) FROM others WHERE class IS NULL").rows() == [(130,)]
    done: list[tuple[int, int | None]] = []
    found = score(sky, "others", missing_only=True, on_progress=lambda rows, total: done.append((rows, total)))
    assert (found.rows, sum(found.classes.values()), done[-1], len(done)) == (130, 130, (130, 130), 2)
    after = {row["id"]: row for row in sky.sql(ids).to_arrow().to_pylist()}
    assert len(after) == 630
    assert {id: after[id] for id in before} == before
    # As if all had been scored at once.
    score(sky, "others")
    assert {row["id"]: row for row in sky.sql(ids).to_arrow().to_pylist()} == after

    # Another version of the model, or another prior, has said nothing yet.
    trained(sky, seed=5)
    assert score(sky, "others", missing_only=True).rows == 630
    assert sky.sql("SELECT DISTINCT model_version FROM others").rows() == [("kinds@2",)]
    assert score(sky, "others", missing_only=True, prior="uniform").rows == 630
    assert score(sky, "others", missing_only=True, prior="uniform").rows == 0
    assert score(sky, "others", missing_only=True, prior="uniform", prefix="k_").rows == 630


def test_rarer_classes_where_they_are_rarer(sky: Sky, score: Callable[..., Any]) -> None:
    trained(sky)
    score(sky, "others", prefix="t_")
    score(sky, "others", prior={"galaxy": 0.5, "quasar": 0.001, "star": 0.499})
    rows = columns(sky, "SELECT p_quasar, t_p_quasar, t_class_set, class_set FROM others")
    assert (rows["p_quasar"] <= rows["t_p_quasar"] + 1e-6).all()
    assert (rows["t_class_set"] == rows["class_set"]).all()


def test_features_that_never_change_are_left_out(sky: Sky) -> None:
    rows = sources(3, 300) | {"y": np.full(300, 20.0)}
    rows |= {band: np.where(np.arange(300) < 7, np.nan, rows[band]) for band in ("u", "g", "r", "i", "z")}
    rows["y"][:7] = np.nan
    publish_rows(sky.store, "some", **rows)
    report = train_on_table(sky, "some", "kind", "kinds", GROUPS, budget_s=1, learners=(Boosting(),))
    assert report.useless == ("y_mag",)
    assert (report.rows, report.without_features) == (293, 7)


@pytest.mark.parametrize(
    ("change", "label", "message"),
    [
        ({"kind": np.full(600, "star")}, "kind", "needs two classes"),
        ({"kind": np.array(["star"] * 597 + ["galaxy"] * 3)}, "kind", "galaxy"),
        ({}, "colour", "no column 'colour'"),
        ({}, "known.kind", "no row of 'some' has a label"),
        ({band: np.full(600, np.nan) for band in "ugriz"}, "kind", "no labelled row of 'some' has any feature"),
        ({band: np.full(600, 20.0) for band in "ugriz"}, "kind", "one value in all labelled rows"),
    ],
)
def test_what_cannot_be_learnt_from(sky: Sky, change: dict[str, Any], label: str, message: str) -> None:
    rows = sources(1, 600) | {"id": np.arange(600) + 50_000} | change
    publish_rows(sky.store, "some", **rows)
    with pytest.raises((BadTable, BadOption), match=message):
        train_on_table(sky, "some", label, "kinds", GROUPS, budget_s=1, learners=(Boosting(),))
    assert model_names(sky.store) == []


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("odd name!", "odd  name?", "of 'odd name!' would be the column p_odd_name, as that of 'odd  name?' is"),
        ("QSO", "qso", "of 'qso' would be the column p_qso, as that of 'QSO' is"),
        ("?", "none", "of 'none' would be the column p_none, as that of '?' is"),
        ("max", "min", "of 'max' would be the column p_max, as that of the likeliest class is"),
    ],
)
def test_classes_that_would_share_a_column_are_not_trained(sky: Sky, one: str, other: str, message: str) -> None:
    publish_rows(sky.store, "known", **sources(1, 60) | {"kind": [one, other] * 30})
    with pytest.raises(BadTable, match=re.escape(message)):
        trained(sky)
    assert model_versions(sky.store, "kinds") == []


def test_the_name_of_a_model_is_looked_at_first(sky: Sky) -> None:
    with pytest.raises(BadName, match="'a/b' cannot name a model"):
        train_on_table(sky, "missing", "kind", "a/b", GROUPS)


def test_what_cannot_be_scored(sky: Sky, score: Callable[..., Any]) -> None:
    with pytest.raises(BadOption, match="no model 'kinds'"):
        score(sky, "others")
    trained(sky)
    publish_rows(sky.store, "places", id=[1, 2], ra=[1.0, 2.0], dec=[3.0, 4.0])
    with pytest.raises(BadTable, match="none of the"):
        score(sky, "places")
    publish_rows(sky.store, "classed", **sources(4, 50) | {"class": ["mine"] * 50})
    with pytest.raises(BadTable, match=r"'class' of its own, .* give the new columns a --prefix, or ingest it under"):
        score(sky, "classed")
    for prefix in ('x"; drop', "a b", "7_", "é_", "k-"):
        with pytest.raises(BadOption, match=f"--prefix {re.escape(repr(prefix))}: give letters, digits and _"):
            score(sky, "classed", prefix=prefix)
    assert score(sky, "classed", prefix="k_").rows == 50
    for wrong in ("kinds@7", "kinds@x", "nothing"):
        with pytest.raises(BadOption, match=wrong.partition("@")[0]):
            find_model(sky.store, wrong)
    with pytest.raises(BadOption, match="no share of galaxy"):
        score(sky, "others", prior={"quark": 1.0})


def test_a_table_without_some_features_and_rows_without_any(sky: Sky, score: Callable[..., Any]) -> None:
    report = trained(sky)
    rows = sources(6, 80)
    for band in ("u", "z"):
        del rows[band]
    for band in ("g", "r", "i"):
        rows[band][:5] = np.nan
    publish_rows(sky.store, "few", **rows)
    scored = score(sky, "few")
    assert "u_minus_g" in scored.missing and "g_minus_r" not in scored.missing
    found = columns(sky, "SELECT * FROM few ORDER BY id")
    assert (found["safety"][:5] == "unsafe").all()
    shares = report.classifier.shares
    assert found["p_star"][:5] == pytest.approx(shares[CLASSES.index("star")], abs=1e-5)


def test_a_table_without_a_whole_group_of_features(sky: Sky, score: Callable[..., Any]) -> None:
    trained(sky)
    rows = sources(6, 20)
    publish_rows(sky.store, "one", id=rows["id"], ra=rows["ra"], dec=rows["dec"], gmag=rows["g"])
    scored = score(sky, "one")
    assert (scored.rows, "g_mag" in scored.missing, "g_minus_r" in scored.missing) == (20, False, True)
    assert sky.sql("SELECT DISTINCT safety FROM one").rows() == [("unsafe",)]


def test_the_manifest_says_where_everything_came_from(sky: Sky) -> None:
    report = trained(sky)
    manifest = json.loads(Path(report.model.folder / "manifest.json").read_text())
    info = sky.table("known")
    assert manifest["data"]["table"] == "known"
    assert manifest["data"]["table_version"] == info.version.version_id
    assert json.loads(manifest["data"]["features"])["features"] == list(report.classifier.features)
