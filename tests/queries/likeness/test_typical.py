"""The distance of a typical row's neighbours, as numpy has it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from skyband.queries.likeness import LikenessOptions
from skyband.queries.likeness.typical import SAMPLE, typical_distance
from tests.queries.likeness.conftest import PROVENANCE, MakeCollection, rows_of, unit_vectors


def mean_distance(vectors: np.ndarray, k: int) -> float:
    """Of all rows to their k nearest, without themselves."""
    distances = np.linalg.norm(vectors[:, None].astype(float) - vectors[None].astype(float), axis=2)
    np.fill_diagonal(distances, np.inf)
    return float(np.sort(distances, axis=1)[:, :k].mean())


def test_few_rows_are_all_asked(make_collection: MakeCollection) -> None:
    vectors = unit_vectors(SAMPLE - 20)
    collection = make_collection(rows_of(vectors))
    for k in (1, 7):
        assert typical_distance(collection, LikenessOptions(k=k)) == pytest.approx(mean_distance(vectors, k), abs=1e-3)
    chosen = LikenessOptions(k=3, ids=pa.array([f"g{row}" for row in range(30)]))
    assert typical_distance(collection, chosen) == pytest.approx(mean_distance(vectors[:30], 3), abs=1e-3)


def test_many_rows_are_sampled_the_same_way_each_time(make_collection: MakeCollection) -> None:
    vectors = unit_vectors(900)
    collection = make_collection(rows_of(vectors))
    found = typical_distance(collection, LikenessOptions(k=5))
    assert found == pytest.approx(mean_distance(vectors, 5), rel=0.05)
    again = type(collection).open(collection.store, collection.name)
    assert typical_distance(again, LikenessOptions(k=5)) == found


def test_a_new_version_is_looked_at_anew(make_collection: MakeCollection) -> None:
    first = np.eye(16, dtype=np.float32)[:4]
    collection = make_collection(rows_of(first))
    assert typical_distance(collection, LikenessOptions(k=1)) == pytest.approx(np.sqrt(2))
    collection.add(rows_of(first, first=4), PROVENANCE)
    assert typical_distance(collection, LikenessOptions(k=1)) == pytest.approx(0, abs=1e-3)


def test_one_row_or_none_has_no_neighbours(make_collection: MakeCollection) -> None:
    collection = make_collection(rows_of(np.eye(16, dtype=np.float32)[:1]))
    assert typical_distance(collection, LikenessOptions(k=1)) is None
    assert typical_distance(collection, LikenessOptions(k=1, ids=pa.array(["nobody"]))) is None
