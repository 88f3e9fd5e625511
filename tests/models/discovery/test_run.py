"""Discovery from vectors to columns of a table: what is found, whatever the order of the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skyband.models.discovery.features import features_of
from skyband.models.discovery.labels import Label, put_labels
from skyband.models.discovery.options import AnomalyOptions, ProjectionOptions, TaxonomyOptions
from skyband.models.discovery.run import ANOMALY_COLUMNS, TAXONOMY_COLUMNS, AnomalyReport, find_anomalies, find_kinds
from skyband.queries import Sky
from skyband.queries.likeness import Collection
from skyband.schema.errors import BadOption, BadTable, TableNotFound
from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.models.discovery.conftest import METADATA, ODD, PROVENANCE, MakeCollection, drawn, rows_of

QUICK = AnomalyOptions(trees=40)
TAXONOMY = TaxonomyOptions(resamples=4, map="pca")


def scores(store: Store, options: AnomalyOptions = QUICK) -> dict[str, dict[str, Any]]:
    found(store, options)
    return columns(store)


def found(store: Store, options: AnomalyOptions = QUICK) -> AnomalyReport:
    with Sky(store.path) as sky:
        return find_anomalies(sky, "gals", options, command="skyband anomalies gals")


def columns(store: Store) -> dict[str, dict[str, Any]]:
    with Sky(store.path) as sky:
        return {row["id"]: row for row in sky.sql("FROM gals").to_arrow().to_pylist()}


def most(rows: dict[str, dict[str, Any]], column: str, count: int) -> set[str]:
    return set(sorted(rows, key=lambda name: -rows[name][column])[:count])


def test_images_like_nothing_else_are_on_top(make_collection: MakeCollection) -> None:
    vectors, kinds = drawn()
    store = make_collection(rows_of(vectors))
    report = found(store)
    rows = columns(store)
    odd = {f"g{row:03}" for row in np.flatnonzero(kinds < 0)}
    for column in ("anomaly_forest", "anomaly_neighbours", "anomaly", "anomaly_reranked"):
        assert most(rows, column, ODD) == odd
        values = [row[column] for row in rows.values()]
        assert min(values) >= 0 and 0.97 < max(values) <= 1
    assert all(row["anomaly"] == row["anomaly_reranked"] and row["label_predicted"] is None for row in rows.values())
    assert (report.images, report.left_out, report.labelled) == (120, 0, 0)
    assert report.explained >= 0.95
    info = store.info("gals")
    assert info.columns[-5:] == ANOMALY_COLUMNS
    assert (info.version.action, info.version.command) == ("anomalies", "skyband anomalies gals")
    assert info.details["anomalies"]["components"] == report.components


@pytest.mark.parametrize("sample_rows", [50_000, 60])
def test_the_order_of_rows_does_not_matter(make_collection: MakeCollection, sample_rows: int) -> None:
    rows = rows_of(drawn()[0])
    options = AnomalyOptions(trees=20, sample_rows=sample_rows)
    store = make_collection(rows)
    one = scores(store, options)
    Collection.drop(store, "gals")
    # Read from disk some at a time, from files in another order.
    shuffled = rows.take(np.random.default_rng(5).permutation(len(rows)))
    two = scores(make_collection(shuffled, batches=3, exact_rows=0), options)
    assert one == two


def test_projection_is_that_of_the_covariance(make_collection: MakeCollection) -> None:
    vectors, _ = drawn()
    store = make_collection(rows_of(vectors))
    with Sky(store.path) as sky:
        whole = features_of(sky, "gals", ProjectionOptions(explained=1.0))
        short = features_of(sky, "gals", ProjectionOptions(explained=0.5))
        capped = features_of(sky, "gals", ProjectionOptions(explained=1.0, most_components=3))
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    singular = np.linalg.svd(centred, compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(whole.values, axis=0), singular, atol=1e-4)
    shares = np.cumsum(singular**2) / (singular**2).sum()
    assert short.values.shape[1] == max(2, np.searchsorted(shares, 0.5) + 1)
    assert short.explained == pytest.approx(shares[short.values.shape[1] - 1])
    np.testing.assert_array_equal(whole.values[:, :3], capped.values)
    # Distances are those of the vectors.
    np.testing.assert_allclose(
        np.linalg.norm(whole.values[0] - whole.values[1]), np.linalg.norm(vectors[0] - vectors[1]), atol=1e-5
    )
    assert whole.ids.to_pylist() == [f"g{row:03}" for row in range(120)]


def test_vectors_of_replaced_files_do_not_count(make_collection: MakeCollection) -> None:
    vectors, _ = drawn()
    store = make_collection(rows_of(vectors))
    names = [f"g{row:03}" for row in range(2, 125)]
    publish_rows(
        store, "gals", id=names, ra=[0.0] * 123, dec=[0.0] * 123,
        checksum=["another file" if name == "g007" else f"sum {int(name[1:])}" for name in names],
    )  # fmt: skip
    report = found(store)
    assert (report.images, report.left_out) == (117, 6)
    rows = columns(store)
    assert {name for name, row in rows.items() if row["anomaly"] is None} == {
        "g007",
        *(f"g{n}" for n in range(120, 125)),
    }


def test_labels_move_what_is_like_the_labelled(make_collection: MakeCollection) -> None:
    vectors, kinds = drawn()
    store = make_collection(rows_of(vectors))
    odd = [f"g{row:03}" for row in np.flatnonzero(kinds < 0)]
    wanted, dull = [f"g{row:03}" for row in range(100, 106)], [f"g{row:03}" for row in range(6)]
    before = scores(store)
    labels = [Label(name, 5, "ann") for name in wanted] + [Label(name, 0, "ann") for name in (*odd, *dull)]
    put_labels(store, "gals", labels, command="")
    report = found(store)
    after = columns(store)
    assert report.labelled == 18
    alike = [f"g{row:03}" for row in range(106, 114)]  # of the kind that was wanted, not labelled themselves
    other = [f"g{row:03}" for row in range(10, 50)]
    assert np.mean([after[name]["label_predicted"] for name in alike]) > 3
    assert np.mean([after[name]["label_predicted"] for name in other]) < 1

    def ratio(names: list[str]) -> float:
        return float(np.mean([after[name]["anomaly_reranked"] / before[name]["anomaly"] for name in names]))

    assert ratio(odd) < 0.3
    assert ratio(alike) > 2 * ratio(other)
    assert all(after[name]["anomaly"] == before[name]["anomaly"] for name in after)


@pytest.mark.parametrize("labels", [[("g003", 0.0)], [("g003", 5.0)], [("g003", 2.0), ("g050", 2.0), ("g119", 2.0)]])
def test_few_or_equal_labels(make_collection: MakeCollection, labels: list[tuple[str, float]]) -> None:
    store = make_collection(rows_of(drawn()[0]))
    put_labels(store, "gals", [Label(name, score, "ann") for name, score in labels], command="")
    rows = scores(store)
    value = labels[0][1]
    assert {row["label_predicted"] for row in rows.values()} == {value}
    for name, _ in labels:
        assert rows[name]["anomaly_reranked"] == pytest.approx((0.1 + 0.17 * value) * rows[name]["anomaly"], rel=1e-5)
    assert all(row["anomaly_reranked"] <= row["anomaly"] for row in rows.values())


def test_images_that_are_all_alike(make_collection: MakeCollection) -> None:
    store = make_collection(rows_of(np.tile(np.eye(12, dtype=np.float32)[:1], (30, 1))))
    rows = scores(store)
    assert {row["anomaly"] for row in rows.values()} == {0.5}
    with Sky(store.path) as sky:
        kinds = find_kinds(sky, "gals", TaxonomyOptions(resamples=2), command="")
    assert set(kinds.clusters.numbers) <= {-1, 0}
    assert np.isfinite(kinds.places).all()


def test_kinds_become_columns(make_collection: MakeCollection) -> None:
    vectors, kinds = drawn()
    store = make_collection(rows_of(vectors))
    with Sky(store.path) as sky:
        report = find_kinds(sky, "gals", TAXONOMY, command="skyband taxonomy gals")
    rows = columns(store)
    info = store.info("gals")
    assert info.columns[-4:] == TAXONOMY_COLUMNS
    assert info.details["taxonomy"]["clusters"] == len(report.clusters) == 3
    numbers = np.array([rows[f"g{row:03}"]["cluster"] for row in range(120)])
    # Numbers are by size, as those of the kinds.
    assert (numbers[kinds >= 0] == kinds[kinds >= 0]).mean() > 0.9
    # Those like nothing else may be counted to a kind, but not firmly.
    odd = [rows[f"g{row:03}"]["cluster_probability"] for row in np.flatnonzero(kinds < 0)]
    usual = [rows[f"g{row:03}"]["cluster_probability"] for row in np.flatnonzero(kinds >= 0)]
    assert np.mean(odd) < 0.7 * np.mean(usual)
    assert all(row["cluster_probability"] == 0 for row in rows.values() if row["cluster"] == -1)
    np.testing.assert_allclose([rows["g003"]["map_x"], rows["g003"]["map_y"]], report.places[3], rtol=1e-6)
    assert report.stability is not None and min(report.stability.clusters) > 0.6


def test_what_cannot_be_judged(make_collection: MakeCollection, store: Store) -> None:
    few = make_collection(rows_of(drawn()[0][:9]))
    with pytest.raises(BadTable, match="9 images of 'gals' have a vector of the file they have now: too few"):
        found(few)
    with Sky(store.path) as sky:
        with pytest.raises(TableNotFound, match="no table 'nothing'"):
            find_anomalies(sky, "nothing", QUICK, command="")
        publish_rows(store, "bare", id=["a"], ra=[0.0], dec=[0.0])
        with pytest.raises(TableNotFound, match="no collection 'bare'"):
            find_anomalies(sky, "bare", QUICK, command="")
        Collection.create(store, "vectors_only", PROVENANCE, METADATA)
        with pytest.raises(TableNotFound, match="no table 'vectors_only'"):
            find_kinds(sky, "vectors_only", TAXONOMY, command="")


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (AnomalyOptions, {"neighbours": 0}),
        (AnomalyOptions, {"alpha": 0}),
        (AnomalyOptions, {"explained": 1.5}),
        (AnomalyOptions, {"seed": -1}),
        (TaxonomyOptions, {"least_images": 1}),
        (TaxonomyOptions, {"resamples": -1}),
        (TaxonomyOptions, {"sample_rows": 1}),
    ],
)
def test_impossible_numbers(kind: type, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        kind(**wrong)
