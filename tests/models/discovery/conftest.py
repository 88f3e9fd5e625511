"""Collections of made-up vectors: three kinds of image, and a few that are like nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skyband.queries.likeness import Collection, Provenance
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.conftest import publish_rows

DIMENSIONS = 12
PROVENANCE = Provenance(
    encoder="made-up", weights_sha256="cd" * 32, preprocessing="none", views=1, pca="", dimensions=DIMENSIONS
)
METADATA = pa.schema([("checksum", pa.utf8())])
KINDS, ODD = 3, 6
MakeCollection = Callable[..., Store]


def drawn(images: int = 120, seed: int = 1) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Unit vectors of three kinds, 45 % of them of kind 0, a third of 1; the last six point anywhere else.

    Returns:
        Vectors, shape (images, 12), and kinds, shape (images,), -1 for the odd ones.
    """
    rng = np.random.default_rng(seed)
    kinds = np.repeat([0, 1, 2], [images * 45 // 100, images // 3, images - images * 45 // 100 - images // 3])
    centres = np.eye(DIMENSIONS)[:KINDS]
    vectors = centres[kinds] + 0.05 * rng.normal(size=(images, DIMENSIONS))
    kinds[-ODD:] = -1
    vectors[-ODD:] = -np.eye(DIMENSIONS)[KINDS : KINDS + ODD] + 0.02 * rng.normal(size=(ODD, DIMENSIONS))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float32), kinds


def rows_of(vectors: np.ndarray[Any, Any]) -> pa.Table:
    """Rows `g000`, `g001`, ... as a collection takes them."""
    return pa.table(
        {
            "id": [f"g{row:03}" for row in range(len(vectors))],
            "checksum": [f"sum {row}" for row in range(len(vectors))],
            "embedding": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1]),
        }
    )


@pytest.fixture
def make_collection(settings: Settings) -> MakeCollection:
    """`make_collection(rows, exact_rows=0)`: a store with table and vectors `gals`."""

    def make(rows: pa.Table, *, batches: int = 1, **changes: Any) -> Store:
        renamed = {f"likeness_{key}": value for key, value in changes.items()}
        store = Store.create(replace(settings, **renamed))
        ids = rows["id"].to_pylist()
        publish_rows(
            store, "gals", id=ids, ra=[int(name[1:]) * 1.0 for name in ids], dec=[0.0] * len(ids),
            checksum=rows["checksum"],
        )  # fmt: skip
        collection = Collection.create(store, "gals", PROVENANCE, METADATA)
        size = -(-len(rows) // batches)
        for first in range(0, len(rows), size):
            collection.add(rows.slice(first, size), PROVENANCE, settle=False)
        return store

    return make
