"""What an index says of itself is true, and it stays so when rows come."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from skyband.queries.likeness import Collection, LikenessOptions, Targets, tuning
from skyband.queries.likeness.directory import Directory
from skyband.queries.likeness.index_reader import IndexReader
from skyband.queries.likeness.index_report import IndexReport
from skyband.queries.likeness.indexed import IndexedTier
from skyband.queries.likeness.lance import connect
from skyband.queries.likeness.tiers import FlatTier
from skyband.queries.likeness.tuning import held_out, hnsw_sq, truth_of
from skyband.schema.errors import BadOption, StorageError
from tests.queries.likeness.conftest import (
    DIMENSIONS,
    PROVENANCE,
    MakeCollection,
    catalogue,
    matrix,
    rows_of,
    unit_vectors,
)

ROWS = 4_000
Array = np.ndarray[Any, Any]


def recall_of(collection: Collection, vectors: Array, queries: Array, k: int, kind: str = "IVF_FLAT") -> float:
    """Share of the true neighbours, by numpy, among those that are found, the row itself left out."""
    answer = collection.similar_batch(
        collection.targets([f"g{row}" for row in queries]), LikenessOptions(k=k, exclude_arcsec=0)
    )
    assert answer.searched == kind
    found = np.array([int(one[1:]) for one in answer.table["id"].to_pylist()]).reshape(len(queries), k)
    cosines = vectors[queries] @ vectors.T
    cosines[np.arange(len(queries)), queries] = -np.inf
    truth = np.argsort(-cosines, axis=1)[:, :k]
    return float(np.mean([len(np.intersect1d(*pair)) / k for pair in zip(found, truth, strict=True)]))


@pytest.mark.parametrize("target", [0.8, 0.99, 1.0])
def test_the_recall_that_is_told_is_the_recall_there_is(make_collection: MakeCollection, target: float) -> None:
    vectors = unit_vectors(ROWS, seed=4)
    collection = make_collection(rows_of(vectors), exact_rows=0, recall=target)
    report = collection.state().index
    assert report is not None
    assert report.recall >= target == report.target
    assert (report.kind, report.rows, report.queries, report.neighbours) == ("IVF_FLAT", ROWS, 500, 10)
    for effort in report.efforts:
        # Cosines that are equal but for rounding count as one.
        assert recall_of(collection, vectors, held_out(ROWS), effort.neighbours) == pytest.approx(
            effort.recall, abs=1e-3
        )
    others = np.setdiff1d(np.arange(ROWS), held_out(ROWS))[::4]
    assert recall_of(collection, vectors, others, 10) == pytest.approx(report.recall, abs=0.02)
    assert collection.similar(collection.targets(["g1"])).recall == report.recall
    assert report.efforts[0].nprobes < report.partitions / 2


def test_rows_after_the_index_are_found(make_collection: MakeCollection) -> None:
    collection = make_collection(catalogue(1_000), exact_rows=0)
    built = collection.state().index
    fresh = unit_vectors(60, seed=77)
    collection.add(rows_of(fresh, first=1_000), PROVENANCE)
    state = collection.state()
    assert (state.index, state.unindexed_rows) == (built, 60)
    answer = collection.similar_batch(Targets(fresh), LikenessOptions(k=1))
    assert answer.searched == "IVF_FLAT"
    assert answer.table["id"].to_pylist() == [f"g{row}" for row in range(1_000, 1_060)]
    np.testing.assert_allclose(answer.table["similarity"], 1, atol=1e-6)


def test_rows_that_changed_are_found_where_they_are_now(make_collection: MakeCollection) -> None:
    collection = make_collection(catalogue(1_000), exact_rows=0)
    fresh = unit_vectors(30, seed=78)
    collection.add(rows_of(fresh), PROVENANCE)
    answer = collection.similar_batch(Targets(fresh), LikenessOptions(k=3)).table
    assert answer["id"].to_pylist()[::3] == [f"g{row}" for row in range(30)]
    assert collection.state().rows == 1_000


def test_more_than_a_tenth_of_later_rows_builds_it_anew(make_collection: MakeCollection) -> None:
    collection = make_collection(catalogue(1_000), exact_rows=0, recall=0.9)
    collection.build_index(0.95)
    collection.add(catalogue(1_000)[:100], PROVENANCE)
    assert collection.state().unindexed_rows == 100
    collection.add(rows_of(unit_vectors(20, seed=5), first=1_000), PROVENANCE)
    state = collection.state()
    assert state.index is not None
    # What was asked for last is asked for again.
    assert (state.unindexed_rows, state.index.rows, state.index.target) == (0, 1_020, 0.95)


def test_optimizing_keeps_the_recall_and_open_readers(make_collection: MakeCollection) -> None:
    vectors = unit_vectors(2_000, seed=6)
    collection = make_collection(rows_of(vectors[:1_900]), exact_rows=0, batch_rows=200)
    reader = Collection.open(collection.store, "g")
    reader.similar(reader.targets(["g1"]))
    collection.add(rows_of(vectors[1_900:], first=1_900), PROVENANCE)
    before, after = collection.optimize(keep_s=0)
    assert (before.fragments, before.unindexed_rows) == (11, 100)
    # Lance joins no rows of the index with later ones; its last step is a version too.
    assert (after.fragments, after.unindexed_rows, after.versions, after.rows) == (2, 0, 2, 2_000)
    assert after.index is not None
    for searcher in (reader, collection):
        assert recall_of(searcher, vectors, np.arange(2_000), 10) >= after.index.recall - 0.02
    # Lance would otherwise have made one of so few rows: its own partitions have 8192.
    table = connect(collection.store.path / "vectors").open_table("g")
    search = table.search(vectors[0]).distance_type("cosine").nprobes(1).select(["_distance"]).limit(1)
    assert int(re.findall(r"partitions_ranked=(\d+)", search.analyze_plan())[0]) > after.index.partitions / 2


def test_versions_are_kept_for_those_who_read(make_collection: MakeCollection) -> None:
    collection = make_collection(catalogue(100), batch_rows=10)
    before, after = collection.optimize()
    assert after.versions > before.versions
    assert (after.fragments, after.rows) == (1, 100)


def test_deleting_the_version_a_search_reads_is_survived(make_collection: MakeCollection) -> None:
    rows = catalogue(1_000)
    collection = make_collection(rows, exact_rows=0, batch_rows=100)
    reader = Collection.open(collection.store, "g")
    old = reader.snapshot()
    collection.add(rows_of(unit_vectors(20, seed=5)), PROVENANCE)
    collection.optimize(keep_s=0)
    assert reader.similar(Targets(matrix(rows)[50]), LikenessOptions(k=1, where="votes >= 0")).rows == 1_000
    assert reader.snapshot() is not old


def test_a_graph_is_as_good_as_it_says(make_collection: MakeCollection) -> None:
    rows = catalogue(2_000)
    collection = make_collection(rows)
    folder = collection.store.path / "vectors"
    table = connect(folder).open_table("g")
    directory = Directory(table, DIMENSIONS, with_vectors=False)
    report = hnsw_sq(folder, table, directory, truth_of(table, directory, DIMENSIONS), 0.95)
    assert (report.kind, report.efforts[0].neighbours) == ("IVF_HNSW_SQ", 10)
    assert report.recall >= 0.95
    flat = FlatTier(table, directory, DIMENSIONS)
    tier = IndexedTier(IndexReader(folder, "g", table.version), directory, flat, report)
    chosen = np.arange(0, 2_000, 40)
    vectors = matrix(rows)
    for k in (11, 101, 1_500):
        found = tier.nearest(vectors[chosen], k, None, k)
        assert found.rows.shape == (50, k)
        exact = np.sort(vectors[chosen] @ vectors.T, axis=1)[:, ::-1][:, :k]
        assert np.mean(found.similarity >= exact[:, -1:] - 1e-6) >= 0.9
        np.testing.assert_allclose(
            found.similarity, np.einsum("qd,qkd->qk", vectors[chosen], vectors[found.rows]), atol=1e-5
        )


def test_another_index_is_tried_where_one_is_slow(
    make_collection: MakeCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "_SENSIBLE", 0.0)
    vectors = unit_vectors(1_500, seed=6)
    collection = make_collection(rows_of(vectors), exact_rows=0)
    report = collection.state().index
    assert report is not None
    # Which of the two is faster, the machine decides.
    assert {report.kind, report.rejected.split(":")[0]} == {"IVF_FLAT", "IVF_HNSW_SQ"}
    assert recall_of(collection, vectors, held_out(1_500), 10, report.kind) == pytest.approx(report.recall, abs=0.01)


def test_without_an_index_the_disk_is_searched(make_collection: MakeCollection) -> None:
    rows = catalogue(200)
    collection = make_collection(rows, exact_rows=0)
    answer = collection.similar(collection.targets(["g1"]), LikenessOptions(k=7, exclude_arcsec=0))
    assert (answer.searched, answer.recall, collection.state().index) == ("exact", 1.0, None)
    cosines = np.sort(matrix(rows) @ matrix(rows)[1])[::-1][1:8]
    np.testing.assert_allclose(answer.table["similarity"], cosines, atol=1e-6)
    with pytest.raises(BadOption, match="has 200 rows"):
        collection.build_index()
    with pytest.raises(BadOption, match=r"recall 1\.5"):
        collection.build_index(1.5)


def test_reports_survive_their_json(make_collection: MakeCollection) -> None:
    report = make_collection(catalogue(500), exact_rows=0).state().index
    assert report is not None
    assert IndexReport.from_json(report.to_json()) == report
    assert report.effort(report.efforts[-1].neighbours + 1) is None
    assert report.effort(1) == report.efforts[0]
    with pytest.raises(StorageError, match="another version of skyband"):
        IndexReport.from_json(replace(report).to_json().replace("partitions", "lists"))


def test_it_is_asked_from_threads_and_from_event_loops(make_collection: MakeCollection) -> None:
    collection = make_collection(catalogue(1_000), exact_rows=0)
    targets = [collection.targets([f"g{row}"]) for row in range(0, 1_000, 50)]
    expected = [collection.similar(target).table for target in targets]

    async def within() -> list[Any]:
        return [collection.similar(target).table for target in targets]

    assert asyncio.run(within()) == expected
    with ThreadPoolExecutor(4) as threads:
        assert [answer.table for answer in threads.map(collection.similar, targets)] == expected


def test_of_a_small_collection_every_row_is_a_query(make_collection: MakeCollection) -> None:
    notes: list[str] = []
    make_collection(catalogue(300)).build_index(note=notes.append)
    assert notes[0] == "exact neighbours of 300 rows among 300"
