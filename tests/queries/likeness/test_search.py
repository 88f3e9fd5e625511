"""Neighbours against numpy, in memory and through an index."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyband.queries.likeness import Collection, Dropped, GivenVector, LikenessOptions, Targets
from skyband.queries.likeness.sketch import Sketch
from skyband.queries.likeness.targets import find_targets, target_at, target_named
from skyband.queries.likeness.tiers import ExactTier
from skyband.schema.errors import BadOption
from skyband.schema.store import Store
from tests.queries.likeness.conftest import (
    DIMENSIONS,
    PROVENANCE,
    MakeCollection,
    catalogue,
    matrix,
    rows_of,
    true_neighbours,
    unit_vectors,
)


def test_the_answer_is_whole(make_collection: MakeCollection) -> None:
    east = np.eye(DIMENSIONS, dtype=np.float32)
    mixed = (0.6 * east[0] + 0.8 * east[1]).astype(np.float32)
    rows = rows_of(np.stack([east[0], mixed, east[2]]), ra=[10.0, 10.5, None], dec=[0.0, 0.0, None])
    answer = make_collection(rows).similar(Targets(2 * east[0], ra=np.array([10.0]), dec=np.array([1.0])))
    assert answer.table.to_pylist() == [
        {"rank": 1, "id": "g0", "similarity": 1.0, "ra": 10.0, "dec": 0.0, "sep_arcsec": pytest.approx(3600)},
        {
            "rank": 2,
            "id": "g1",
            "similarity": pytest.approx(0.6),
            "ra": 10.5,
            "dec": 0.0,
            # cos(0.5 deg) cos(1 deg), in arcsec
            "sep_arcsec": pytest.approx(np.degrees(np.arccos(np.cos(np.radians(0.5)) * np.cos(np.radians(1)))) * 3600),
        },
        {"rank": 3, "id": "g2", "similarity": 0.0, "ra": None, "dec": None, "sep_arcsec": None},
    ]
    assert (answer.searched, answer.recall, answer.rows, answer.chosen) == ("exact", 1.0, 3, 3)
    assert answer.dropped == Dropped()


def test_the_exact_tier_finds_what_numpy_finds(make_collection: MakeCollection) -> None:
    rows = catalogue(700)
    collection = make_collection(rows)
    targets = collection.targets(["g3", "g600", "g3"])
    for k in (1, 20, 699, 1000):
        answer = collection.similar_batch(targets, LikenessOptions(k=k, exclude_arcsec=0)).table
        for number, own in enumerate((3, 600, 3)):
            ids, cosines = true_neighbours(rows, matrix(rows)[own], k, np.arange(700) != own)
            found = answer.filter(pa.compute.equal(answer["query_index"], number))
            assert found["id"].to_pylist() == ids
            assert found["rank"].to_pylist() == list(range(1, len(ids) + 1))
            np.testing.assert_allclose(found["similarity"], cosines, atol=1e-6)


def test_one_after_the_other_is_as_all_together(make_collection: MakeCollection) -> None:
    for exact_rows in (10**6, 0):
        collection = make_collection(catalogue(2_000), name=f"g{exact_rows}", exact_rows=exact_rows)
        ids = [f"g{row}" for row in range(0, 2_000, 7)]
        together = collection.similar_batch(collection.targets(ids), LikenessOptions(k=5)).table
        for number, one in enumerate(ids[:20]):
            alone = collection.similar(collection.targets([one]), LikenessOptions(k=5)).table
            found = together.filter(pa.compute.equal(together["query_index"], number))
            assert found.drop(["query_index", "similarity"]) == alone.drop("similarity")
            np.testing.assert_allclose(found["similarity"], alone["similarity"], atol=1e-6)


def test_many_targets_are_taken_in_groups(make_collection: MakeCollection) -> None:
    rows = catalogue(300)
    collection = make_collection(rows)
    vectors = unit_vectors(1_100, seed=9)
    answer = collection.similar_batch(Targets(vectors), LikenessOptions(k=3)).table
    assert answer["query_index"].to_pylist() == np.repeat(np.arange(1_100), 3).tolist()
    np.testing.assert_allclose(
        np.asarray(answer["similarity"]).reshape(-1, 3), np.sort(vectors @ matrix(rows).T)[:, :-4:-1], atol=1e-6
    )


@pytest.mark.parametrize("count", [0, 1, 2])
def test_collections_of_hardly_any_rows(make_collection: MakeCollection, count: int) -> None:
    collection = make_collection(catalogue(2)[:count] if count else None)
    query = Targets(unit_vectors(3))
    for options in (LikenessOptions(), LikenessOptions(where="mag < 0"), LikenessOptions(ids=pa.array([], pa.utf8()))):
        answer = collection.similar_batch(query, options)
        expected = count if options == LikenessOptions() else 0
        assert answer.table.num_rows == 3 * expected
        assert answer.chosen == expected
    assert collection.similar_batch(Targets(np.empty((0, DIMENSIONS)))).table.num_rows == 0
    if count:
        itself = collection.targets(["g0"])
        assert collection.similar(itself).table["id"].to_pylist() == ["g1"][: count - 1]


@given(rows=st.integers(200, 400), dimensions=st.integers(4, 24), directions=st.integers(1, 4), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_a_sketch_leaves_nothing_out(rows: int, dimensions: int, directions: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = unit_vectors(rows, seed, dimensions)
    vectors[rng.integers(0, rows, 20)] = vectors[0]
    basis = np.linalg.qr(rng.normal(size=(dimensions, directions)))[0].astype(np.float32)
    sketch = Sketch(vectors, basis)
    queries = np.concatenate([vectors[:2], unit_vectors(2, seed + 1, dimensions)])
    for query, bounds in zip(queries, sketch.bounds(queries), strict=True):
        cosines = vectors @ query
        assert (bounds >= cosines - 1e-6).all()
        found, given = sketch.nearest(query, bounds, 10)
        np.testing.assert_allclose(np.sort(given)[-10:], np.sort(cosines)[-10:], atol=1e-6)
        np.testing.assert_allclose(given, cosines[found], atol=1e-6)


def test_sketched_search_is_exact(make_collection: MakeCollection) -> None:
    rng = np.random.default_rng(3)
    few = rng.normal(size=(6_000, 3)) @ rng.normal(size=(3, DIMENSIONS))
    few += 0.01 * rng.normal(size=few.shape)
    rows = rows_of((few / np.linalg.norm(few, axis=1, keepdims=True)).astype(np.float32), votes=np.arange(6_000))
    collection = make_collection(rows)
    tier = collection.snapshot().tier
    assert isinstance(tier, ExactTier) and tier.is_sketched
    for own in range(0, 6_000, 600):
        keep = (np.arange(6_000) != own) & (np.arange(6_000) >= 2_000)
        options = LikenessOptions(k=12, where="votes >= 2000")
        answer = collection.similar(collection.targets([f"g{own}"]), options).table
        np.testing.assert_allclose(
            answer["similarity"], true_neighbours(rows, matrix(rows)[own], 12, keep)[1], atol=1e-6
        )


@pytest.mark.parametrize(
    ("vectors", "reason"),
    [
        (np.full(DIMENSIONS, np.nan), "no direction"),
        (np.zeros((2, DIMENSIONS)), "2 vectors have no direction"),
        (np.ones(DIMENSIONS + 1), "17 dimensions"),
        (np.ones((2, DIMENSIONS)), "similar_batch"),
        (np.ones((1, 2, DIMENSIONS)), "one a line"),
    ],
)
def test_impossible_targets_are_refused(
    make_collection: MakeCollection, vectors: np.ndarray[tuple[int, ...], np.dtype[np.float64]], reason: str
) -> None:
    collection = make_collection(catalogue(5))
    with pytest.raises(BadOption, match=reason):
        collection.similar(Targets(vectors))


def test_impossible_options_are_refused(make_collection: MakeCollection) -> None:
    collection = make_collection(catalogue(5), max_k=30)
    with pytest.raises(BadOption, match="SKYBAND_LIKENESS_MAX_K"):
        collection.similar(collection.targets(["g1"]), LikenessOptions(k=31))
    with pytest.raises(BadOption, match="1 or more"):
        LikenessOptions(k=0)
    with pytest.raises(BadOption, match="exclude_arcsec"):
        LikenessOptions(exclude_arcsec=-1)
    with pytest.raises(BadOption, match="'nobody'"):
        collection.targets(["g1", "nobody"])
    with pytest.raises(BadOption, match="2 ids"):
        Targets(np.ones((3, DIMENSIONS)), ids=["a", "b"])


def test_the_row_at_a_position(make_collection: MakeCollection) -> None:
    rows = rows_of(unit_vectors(3), ra=[359.9999, 180.0, None], dec=[0.0, 89.9999, None])
    collection = make_collection(rows)
    target = target_at(collection, 0.0001, 0.0)
    assert list(target.ids) == ["g0"] and target.sep_arcsec == pytest.approx([0.72])
    target = target_at(collection, 0.0, 90.0)
    assert list(target.ids) == ["g1"] and target.sep_arcsec == pytest.approx([0.36])
    assert np.isnan(collection.targets(["g0"]).sep_arcsec).all()
    nowhere = make_collection(rows_of(unit_vectors(3)), name="nowhere")
    with pytest.raises(BadOption, match="has a position"):
        target_at(nowhere, 1, 2)


@pytest.mark.parametrize(
    ("what", "radius_arcsec", "message"),
    [
        ("200,-1", 60.0, "no image of collection 'g' is within 60 arcsec of 200,-1: the nearest, g0, is 72 arcsec"),
        ("200,-1", 71.0, "is within 71 arcsec"),
        ("200,-95", 60.0, "dec -95 is not in -90 to 90"),
        ("-400,0", 60.0, "ra -400 is not in -360 to 360"),
        ("200,-1", 0.0, "radius_arcsec is 0"),
        ("200,-1", 1e6, "radius_arcsec is 1e"),
    ],
)
def test_a_position_far_from_all_images_is_refused(
    make_collection: MakeCollection, what: str, radius_arcsec: float, message: str
) -> None:
    collection = make_collection(rows_of(unit_vectors(2), ra=[200.0, 20.0], dec=[-0.98001, 0.0]))
    with pytest.raises(BadOption, match=message):
        target_named(collection, what, radius_arcsec)
    assert target_named(collection, "200,-1", 72.1).ids == ("g0",)
    assert target_named(collection, "-160,-0.98", 1.0).ids == ("g0",)


def test_the_file_of_a_vector_from_elsewhere_may_be_there(store: Store) -> None:
    vectors = unit_vectors(6)
    made = Collection.create(store, "g", PROVENANCE, pa.schema([("checksum", pa.utf8())]))
    rows = rows_of(vectors, ra=[10.0, 10.01, 10.02, 50.0, None, 60.0], dec=[0.0, 0.0, 0.0, 0.0, None, 0.0])
    made.add(rows.append_column("checksum", [[f"{n:064x}" for n in (0, 1, 2, 3, 4, 0)]]), PROVENANCE)
    assert made.ids_of_checksums([f"{n:064x}" for n in (0, 3, 9)]) == {f"{0:064x}": "g0", f"{3:064x}": "g3"}

    def found(given: GivenVector, exclude_arcsec: float) -> tuple[set[str], int, int]:
        target = find_targets(made, ["mine"], {"mine": given})
        answer = made.similar(target, LikenessOptions(k=6, exclude_arcsec=exclude_arcsec))
        return set(answer.table["id"].to_pylist()), answer.dropped.itself, answer.dropped.same_position

    vector = vectors[0].tolist()
    everything = {f"g{n}" for n in range(6)}
    assert found(GivenVector(vector), 100.0) == (everything, 0, 0)
    assert found(GivenVector(vector, 10.0, 0.0), 40.0) == (everything - {"g0", "g1"}, 0, 2)
    # The position is that of the same file in the collection, unless the image has its own.
    assert found(GivenVector(vector, copy="g0"), 40.0) == (everything - {"g0", "g1"}, 1, 1)
    assert found(GivenVector(vector, 50.0, 0.0, "g0"), 40.0) == (everything - {"g0", "g3"}, 1, 1)
    assert found(GivenVector(vector, copy="g4"), 40.0) == (everything - {"g4"}, 1, 0)
    assert found(GivenVector(vector, copy="removed since"), 40.0) == (everything, 0, 0)
    assert found(GivenVector(vector, 10.0, 0.0, "g0"), 0.0) == (everything, 0, 0)


def test_collections_without_checksums_know_no_files(make_collection: MakeCollection) -> None:
    assert make_collection(catalogue(3)).ids_of_checksums(["0" * 64]) == {}
