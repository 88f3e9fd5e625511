"""Rows that are no table are classified as those of a table are."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skyband.models.classifier.members.boosting import Boosting
from skyband.models.features import FeatureOptions, feature_table
from skyband.models.scoring.classify_rows import RowClassifier
from skyband.models.scoring.given_rows import GIVEN, SkyOfRows
from skyband.models.scoring.score_table import score_table
from skyband.models.scoring.scores import score_columns
from skyband.models.scoring.train_table import TrainingReport, train_on_table
from skyband.queries import Sky
from skyband.schema.errors import BadFile, BadOption, BadTable
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.conftest import publish_rows

from .conftest import BANDS, sources

COLOURS = FeatureOptions(groups=("colours", "magnitudes"))
SCORES = ("class", "p_galaxy", "p_quasar", "p_star", "p_max", "entropy", "disagreement", "class_set", "safety")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainingReport:
    """A model of boosted trees in a store of its own, with a table that it scored, `others`."""
    store = Store.create(Settings(store=str(tmp_path_factory.mktemp("rows") / "sky"), threads=2))
    publish_rows(store, "known", **sources(1, 500))
    publish_rows(store, "others", **sources(2, 200))
    with Sky(store.path) as sky:
        report = train_on_table(sky, "known", "kind", "kinds", COLOURS, budget_s=1, learners=(Boosting(),))
        score_table(sky, "others", report.model)
    return report


@pytest.fixture
def sky(trained: TrainingReport) -> Iterator[SkyOfRows]:
    with SkyOfRows(Settings(store=str(trained.model.folder.parents[2]), threads=2)) as opened:
        yield opened


def asked(sky: SkyOfRows, trained: TrainingReport, **options: Any) -> RowClassifier:
    return RowClassifier(sky, trained.model, trained.classifier, **options)


def batch_of(table: pa.Table) -> pa.RecordBatch:
    [batch] = table.combine_chunks().to_batches()
    return batch


def test_rows_are_what_they_are_in_a_table(sky: SkyOfRows, trained: TrainingReport) -> None:
    rows = sky.sql("SELECT * FROM others ORDER BY hash(id)").to_arrow()
    given = rows.select(["z", "id", *BANDS[:4]])
    one = asked(sky, trained)
    parts = [batch_of(given.slice(*part)) for part in ((0, 1), (1, 120), (121, 79))]
    found = pa.Table.from_batches([one.classify(part) for part in parts])
    assert found.column_names == ["id", *SCORES, "model_version"]
    assert found.to_pylist() == rows.select(found.column_names).to_pylist()
    assert (one.rows, one.missing) == (200, ())
    assert [column.type for column in one.answer[:3]] == ["BIGINT", "VARCHAR", "FLOAT"]
    # Nothing of it stays in the store.
    assert sorted(sky.tables) == ["known", "others"]


def test_a_few_bands_are_known_by_the_table_they_are_like(sky: SkyOfRows, trained: TrainingReport) -> None:
    rows = sky.sql("SELECT id, g, r, NULL::DOUBLE AS u, NULL::DOUBLE AS i, NULL::DOUBLE AS z FROM others").to_arrow()
    whole, part = asked(sky, trained), asked(sky, trained)
    expected = whole.classify(batch_of(rows))
    assert part.classify(batch_of(rows.select(["id", "g", "r"]))).equals(expected)
    assert whole.missing == ()
    assert {"u_minus_g", "i_mag"} < set(part.missing)
    assert not {"g_minus_r", "g_mag", "r_mag"} & set(part.missing)


def test_columns_of_other_names_are_named(sky: SkyOfRows, trained: TrainingReport) -> None:
    rows = sky.sql("SELECT id, u, g, r, i, z FROM others").to_arrow()
    mine = rows.rename_columns(["name", *(f"my_{band}" for band in BANDS)])
    with pytest.raises(BadTable, match="none of the 21 features of kinds@1: their columns are name, my_u"):
        asked(sky, trained).classify(batch_of(mine))
    inputs = FeatureOptions(inputs={band: f"my_{band}" for band in BANDS})
    found = asked(sky, trained, inputs=inputs, id="NAME").classify(batch_of(mine))
    assert found.rename_columns({"name": "id"}).equals(asked(sky, trained).classify(batch_of(rows)))
    with pytest.raises(BadOption, match="--input u=no: the rows have no such column of numbers; they have name, my_u"):
        asked(sky, trained, inputs=FeatureOptions(inputs={"u": "no"})).classify(batch_of(mine))
    with pytest.raises(BadOption, match="--id no: the rows have no such column"):
        asked(sky, trained, id="no").classify(batch_of(rows))
    texts = mine.set_column(1, "my_u", pa.array(["19"] * 200))
    with pytest.raises(BadOption, match="--input u=my_u: the rows have no such column of numbers"):
        asked(sky, trained, inputs=inputs).classify(batch_of(texts))


def test_objects_need_not_have_the_same_columns(sky: SkyOfRows, trained: TrainingReport) -> None:
    inputs = FeatureOptions(inputs={"u": "my_u"})
    one = asked(sky, trained, inputs=inputs)
    one.classify(pa.RecordBatch.from_pylist([{"my_u": 19.0, "g": 18.0, "r": 17.5}]))
    second = one.classify(pa.RecordBatch.from_pylist([{"g": 18.0, "r": 17.5}, {"g": 18.1, "r": None}]))
    assert second["row"].to_pylist() == [2, 3]
    alone = asked(sky, trained).classify(pa.RecordBatch.from_pylist([{"g": 18.0, "r": 17.5}]))
    assert second.slice(0, 1).to_pylist() == [alone.to_pylist()[0] | {"row": 2}]
    [third] = one.classify(pa.RecordBatch.from_pylist([{"name": "x"}])).to_pylist()
    assert (third["row"], third["safety"]) == (4, "unsafe")


def test_later_rows_need_no_ids_of_light_curves(store: Store) -> None:
    rows = sources(1, 400)
    points: dict[str, Any] = {"object_id": rows["id"], "mjd": rows["u"], "mag": rows["g"], "mag_error": rows["r"] / 100}
    publish_rows(store, "known", **rows)
    publish_rows(store, "curves", id=rows["id"], ra=rows["ra"], dec=rows["dec"], **points)
    with SkyOfRows(store.settings) as sky:
        report = train_on_table(sky, "known", "kind", "kinds", COLOURS, budget_s=1, learners=(Boosting(),))
        one = asked(sky, report, inputs=FeatureOptions(light_curves="curves", curves_of="objid"))
        with pytest.raises(BadOption, match="--curves-of objid: the rows have no such column; they have g, r"):
            one.classify(pa.RecordBatch.from_pylist([{"g": 18.0, "r": 17.5}]))
        first = one.classify(pa.RecordBatch.from_pylist([{"g": 18.0, "r": 17.5, "objid": 1000}]))
        later = one.classify(pa.RecordBatch.from_pylist([{"g": 18.0, "r": 17.5}]))
    assert first.drop_columns("row").equals(later.drop_columns("row"))


def test_rows_go_on_when_the_table_around_them_is_published_anew(sky: SkyOfRows, trained: TrainingReport) -> None:
    one, rows = asked(sky, trained), pa.RecordBatch.from_pylist([{"id": 1, "g": 18.0, "r": 17.5}])
    before = one.classify(rows)
    publish_rows(sky.store, "known", **sources(1, 500))
    assert one.classify(rows).equals(before)


def test_groups_of_features_may_be_missing_as_a_whole(sky: SkyOfRows, trained: TrainingReport) -> None:
    one = asked(sky, trained)
    [found] = one.classify(pa.RecordBatch.from_pylist([{"g": 18.0}])).to_pylist()
    nothing = dict.fromkeys(("u", "r", "i", "z"))
    [expected] = asked(sky, trained).classify(pa.RecordBatch.from_pylist([{"g": 18.0} | nothing])).to_pylist()
    assert found == expected
    assert set(trained.classifier.features) - set(one.missing) == {"g_mag"}


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf, None, -9999.0])
def test_what_is_no_number_is_missing(sky: SkyOfRows, trained: TrainingReport, nothing: float | None) -> None:
    row = {"id": 7, "u": nothing, "g": 18.0, "r": 17.5, "i": 17.3, "z": 17.2, "healpix_29": "x", "rowid": "y"}
    found = asked(sky, trained).classify(pa.RecordBatch.from_pylist([row]))
    expected = asked(sky, trained).classify(pa.RecordBatch.from_pylist([row | {"u": None}]))
    assert found.equals(expected)


@pytest.mark.parametrize("ids", [[5000, 5001], ["b", "c"]])
def test_rows_have_light_curves_by_the_ids_they_are_told_to_have(store: Store, ids: list[Any]) -> None:
    others = [0, 1] if isinstance(ids[0], int) else ["0", "1"]
    points: dict[str, Any] = {
        "object_id": [*others, *ids, ids[1]],
        "mjd": [1.0] * 5,
        "mag": [18.0] * 5,
        "mag_error": [0.1] * 5,
    }
    place: dict[str, Any] = {"id": list(range(5)), "ra": [0.0] * 5, "dec": [0.0] * 5}
    publish_rows(store, "curves", **place, **points)
    publish_rows(store, "of_surveys", **place, **points, survey=["known"] * 5)
    publish_rows(store, "known", id=[1], ra=[0.0], dec=[0.0], g=[18.0])
    rows = pa.RecordBatch.from_pydict({"objid": ids, "g": [18.0, 18.0]})
    with SkyOfRows(store.settings) as sky:
        for curves in ("curves", "of_surveys"):
            options = FeatureOptions(features=("lc_points",), light_curves=curves)
            like = replace(sky.table("known"), survey="known")
            sky.give(rows, like=like, curves_of="objid")
            with pytest.raises(
                BadOption, match="the given rows are numbered, which says nothing of light curves: name"
            ):
                feature_table(sky, GIVEN, options)
            found = feature_table(sky, GIVEN, replace(options, curves_of="objid")).rows().rows()
            assert sorted((row[0], row[2]) for row in found) == [(0, 1.0), (1, 2.0)]


def test_rows_without_any_value_are_as_common_classes_are(sky: SkyOfRows, trained: TrainingReport) -> None:
    empty = pa.RecordBatch.from_pylist([dict.fromkeys(BANDS, np.nan)] * 2)
    [found, _] = asked(sky, trained, prior="uniform").classify(empty).to_pylist()
    assert [found[f"p_{name}"] for name in trained.classifier.classes] == pytest.approx([1 / 3] * 3)
    assert found["safety"] == "unsafe"


def test_what_cannot_be_asked(sky: SkyOfRows, trained: TrainingReport) -> None:
    with pytest.raises(BadFile, match="no rows to classify"):
        asked(sky, trained).stream([])
    with pytest.raises(BadOption, match="the prior names quark"):
        asked(sky, trained, prior={"quark": 1, "galaxy": 1, "quasar": 1, "star": 1})
    with pytest.raises(BadTable, match="none of the 21 features of kinds@1: their columns are rowid; say"):
        asked(sky, trained).classify(pa.RecordBatch.from_arrays([pa.array([1])], names=["rowid"]))
    with pytest.raises(BadTable, match="a column twice"):
        asked(sky, trained).classify(pa.RecordBatch.from_arrays([pa.array([1.0])] * 3, names=["g", "r", "G"]))
    with pytest.raises(BadOption, match="the id of the rows is called 'class'"):
        rows = pa.RecordBatch.from_pylist([{"class": "a", "g": 1.0, "r": 2.0}])
        asked(sky, trained, id="class").classify(rows)
    one = asked(sky, trained)
    one.classify(pa.RecordBatch.from_pylist([{"id": 1, "g": 18.0, "r": 17.0}]))
    with pytest.raises(BadTable, match="ids in 'id' are of several kinds"):
        one.classify(pa.RecordBatch.from_pylist([{"id": "one", "g": 18.0, "r": 17.0}]))


def test_texts_may_be_long(sky: SkyOfRows, trained: TrainingReport) -> None:
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 20, pa.int32()), pa.array(["x" * 10_000_000]))
    numbers = {"g": pa.array([18.0] * 20), "r": pa.array([17.0] * 20)}
    expected = asked(sky, trained).classify(pa.RecordBatch.from_pydict(numbers))
    # One that the table has, too, and one that means nothing.
    for name in ("kind", "remarks"):
        assert asked(sky, trained).classify(pa.RecordBatch.from_pydict(numbers | {name: long})).equals(expected)
    with pytest.raises(BadTable, match="an id in 'id' is longer than 10,000 bytes"):
        asked(sky, trained).classify(pa.RecordBatch.from_pydict(numbers | {"id": long}))


def test_names_cannot_be_sql(sky: SkyOfRows, trained: TrainingReport) -> None:
    evil = 'g" FROM x; DROP TABLE y; --'
    rows = pa.RecordBatch.from_pylist([{evil: 18.0, "r": 17.0, "g": 17.5}])
    found = asked(sky, trained, inputs=FeatureOptions(inputs={"u": evil})).classify(rows)
    plain = pa.RecordBatch.from_pylist([{"u": 18.0, "r": 17.0, "g": 17.5}])
    assert found.equals(asked(sky, trained).classify(plain))


def test_rows_of_a_combined_catalogue(simulated: Store, tmp_path: Path) -> None:
    """Bands, astrometry and match of the objects of four surveys, in the columns of the catalogue."""
    shutil.copytree(simulated.path, tmp_path / "sky")
    store = Store.open(replace(simulated.settings, store=str(tmp_path / "sky")))
    plain = FeatureOptions(groups=("colours", "magnitudes", "shape", "parallax", "motion", "astrometry", "match"))
    with SkyOfRows(store.settings) as sky:
        some = "WHERE class IN ('galaxy', 'quasar', 'star') AND object_id % 8 = 0"
        few = sky.sql(f"SELECT object_id, ra, dec, class FROM labels {some}").to_arrow()
        id, ra, dec, kind = (few[name].to_pylist() for name in few.column_names)
        publish_rows(store, "few", id=id, ra=ra, dec=dec, kind=kind)
        report = train_on_table(sky, "objects", "few.kind", "kinds", plain, budget_s=1, learners=(Boosting(),))
        score_table(sky, "objects", report.model)
        scores = {column.name for column in score_columns(report.classifier.classes)}
        rows = sky.sql("SELECT * FROM objects ORDER BY hash(object_id)").to_arrow()
        own = rows.drop_columns(list(scores))
        one = asked(sky, report)
        found = one.classify(batch_of(own))
        assert found.to_pylist() == rows.select(found.schema.names).to_pylist()
        assert one.missing == ()
        # Without the ids of their members, those that have anything of a survey have a row of it.
        members = [name for name in own.column_names if name.startswith("sim_") and name.endswith("_id")]
        assert len(members) == 4
        without = asked(sky, report).classify(batch_of(own.drop_columns(members)))
        assert without.to_pylist() == found.to_pylist()

        # What is around given rows is what is around the same rows of the table.
        around = replace(plain, groups=("environment",))
        expected = feature_table(sky, "objects", around).rows().to_arrow().sort_by("object_id")
        sky.give(batch_of(rows.sort_by("object_id").select(own.column_names)), like=sky.table("objects"))
        given = feature_table(sky, GIVEN, replace(around, neighbours="objects")).rows().to_arrow().sort_by("@row")
        names = expected.column_names[1:]
        same = [
            one == other for one, other in zip(*(t.select(names).to_pylist() for t in (expected, given)), strict=True)
        ]
        assert max(expected["galaxies_5arcmin"].to_pylist()) > 5
        # Galaxies within an arcsec of another count as that one.
        assert np.mean(same) > 0.99
