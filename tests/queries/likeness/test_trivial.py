"""Neighbours that are the target itself, or each other, are dropped, counted, and others take their places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skyband.queries.likeness import Collection, Dropped, LikenessOptions, Targets
from tests.queries.likeness.conftest import MakeCollection, matrix, rows_of, true_neighbours, unit_vectors

ROWS, COPIES = 1_200, 60


@pytest.fixture(params=[10**6, 0], ids=["exact", "indexed"])
def filled(request: pytest.FixtureRequest, make_collection: MakeCollection) -> tuple[Collection, pa.Table]:
    """The first rows are one object at RA 0, seen many times within 30 arcsec; the last hundred have no position."""
    rng = np.random.default_rng(8)
    vectors = unit_vectors(ROWS)
    vectors[:COPIES] = vectors[0] + 0.01 * rng.normal(size=(COPIES, vectors.shape[1]))
    vectors[:COPIES] /= np.linalg.norm(vectors[:COPIES], axis=1, keepdims=True)
    ra, dec = rng.uniform(0, 360, ROWS), rng.uniform(-80, 80, ROWS)
    ra[:COPIES], dec[:COPIES] = rng.uniform(-15, 15, COPIES) / 3600 % 360, rng.uniform(-15, 15, COPIES) / 3600
    # Some objects were seen by two surveys.
    ra[200:300], dec[200:300] = ra[300:400], dec[300:400]
    vectors[200:300] = vectors[300:400]
    is_unknown = np.arange(ROWS) >= ROWS - 100
    rows = rows_of(vectors, ra=pa.array(ra, mask=is_unknown), dec=pa.array(dec, mask=is_unknown))
    return make_collection(rows, exact_rows=request.param, recall=1.0), rows


def numbers(rows: pa.Table) -> list[int]:
    return [int(one[1:]) for one in rows["id"].to_pylist()]


def test_those_at_the_targets_position_are_replaced(filled: tuple[Collection, pa.Table]) -> None:
    collection, rows = filled
    answer = collection.similar(collection.targets(["g5"]), LikenessOptions(k=10))
    keep = np.arange(ROWS) >= COPIES
    ids, cosines = true_neighbours(rows, matrix(rows)[5], 10, keep)
    assert answer.table["id"].to_pylist() == ids
    np.testing.assert_allclose(answer.table["similarity"], cosines, atol=1e-6)
    assert answer.dropped == Dropped(itself=1, same_position=COPIES - 1)
    assert answer.dropped_of == (answer.dropped,)


def test_with_nothing_excluded_only_itself_is(filled: tuple[Collection, pa.Table]) -> None:
    collection, rows = filled
    answer = collection.similar(collection.targets(["g5"]), LikenessOptions(k=10, exclude_arcsec=0))
    assert set(numbers(answer.table)) < set(range(COPIES)) - {5}
    assert answer.dropped == Dropped(itself=1)
    elsewhere = collection.similar(Targets(matrix(rows)[5]), LikenessOptions(k=10))
    assert numbers(elsewhere.table)[0] == 5
    assert elsewhere.dropped == Dropped()


def test_a_position_from_elsewhere_excludes_too(filled: tuple[Collection, pa.Table]) -> None:
    collection, rows = filled
    answer = collection.similar(Targets(matrix(rows)[5], ra=np.array([360.0]), dec=np.zeros(1)), LikenessOptions(k=10))
    assert min(numbers(answer.table)) >= COPIES
    assert answer.dropped == Dropped(same_position=COPIES)


def test_all_that_remains_is_given(filled: tuple[Collection, pa.Table]) -> None:
    collection, _ = filled
    ids = pa.array([f"g{row}" for row in range(COPIES + 3)])
    answer = collection.similar(collection.targets(["g5"]), LikenessOptions(k=10, ids=ids))
    assert sorted(numbers(answer.table)) == [COPIES, COPIES + 1, COPIES + 2]
    assert answer.dropped == Dropped(itself=1, same_position=COPIES - 1)


def test_objects_seen_twice_count_once(filled: tuple[Collection, pa.Table]) -> None:
    collection, rows = filled
    options = LikenessOptions(k=30, distinct_arcsec=100)
    answer = collection.similar(collection.targets(["g250"]), options)
    found = numbers(answer.table)
    objects = [row + 100 if 200 <= row < 300 else row for row in found]
    assert len(set(objects)) == 30 == len(found)
    # 350 is at the position of 250 itself.
    assert answer.dropped == Dropped(itself=1, same_position=1, repeated=answer.dropped.repeated)
    cosines = matrix(rows).astype(float) @ matrix(rows)[250]
    cosines[[250, 350]] = -1
    best: dict[Any, float] = {}
    for row in np.argsort(-cosines, kind="stable"):
        key = "seen often" if row < COPIES else int(row) + 100 if 200 <= row < 300 else int(row)
        best.setdefault(key, float(cosines[row]))
    np.testing.assert_allclose(answer.table["similarity"], sorted(best.values())[::-1][:30], atol=1e-6)


def test_unknown_positions_are_never_the_same(filled: tuple[Collection, pa.Table]) -> None:
    collection, _ = filled
    ids = pa.array([f"g{row}" for row in range(ROWS - 100, ROWS)])
    options = LikenessOptions(k=100, ids=ids, exclude_arcsec=648_000, distinct_arcsec=648_000)
    answer = collection.similar(collection.targets([f"g{ROWS - 1}"]), options)
    assert answer.table.num_rows == 99
    assert answer.table["sep_arcsec"].null_count == 99
    assert answer.dropped == Dropped(itself=1)


def test_each_target_is_told_apart(filled: tuple[Collection, pa.Table]) -> None:
    collection, _ = filled
    answer = collection.similar_batch(collection.targets(["g5", f"g{ROWS - 1}", "g250"]), LikenessOptions(k=4))
    assert answer.dropped_of == (
        Dropped(itself=1, same_position=COPIES - 1),
        Dropped(itself=1),
        Dropped(itself=1, same_position=1),
    )
    assert answer.dropped == Dropped(itself=3, same_position=COPIES)
    assert answer.table["query_index"].to_pylist() == [0] * 4 + [1] * 4 + [2] * 4
