"""Collections of made-up vectors, and what numpy finds among them."""

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

DIMENSIONS = 16
PROVENANCE = Provenance(
    encoder="made-up", weights_sha256="ab" * 32, preprocessing="none", views=8, pca="", dimensions=DIMENSIONS
)
METADATA = pa.schema([("mag", pa.float64()), ("Survey name", pa.utf8()), ("votes", pa.int64())])

MakeCollection = Callable[..., Collection]


def unit_vectors(rows: int, seed: int = 1, dimensions: int = DIMENSIONS) -> np.ndarray[Any, Any]:
    """Vectors in loose clusters."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(max(1, rows // 50), dimensions))[rng.integers(0, max(1, rows // 50), rows)]
    vectors = vectors + 0.4 * rng.normal(size=(rows, dimensions))
    unit: np.ndarray[Any, Any] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float32)


def rows_of(vectors: np.ndarray[Any, Any], first: int = 0, **others: Any) -> pa.Table:
    """Rows `g0`, `g1`, ... as a collection takes them."""
    return pa.table(
        {
            "id": [f"g{row}" for row in range(first, first + len(vectors))],
            "embedding": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1]),
            **others,
        }
    )


def catalogue(rows: int, seed: int = 1) -> pa.Table:
    """Rows with positions everywhere, some without, and metadata with NULLs."""
    rng = np.random.default_rng(seed + 100)
    ra, dec = rng.uniform(0, 360, rows), np.degrees(np.arcsin(rng.uniform(-1, 1, rows)))
    is_unknown = rng.uniform(size=rows) < 0.1
    return rows_of(
        unit_vectors(rows, seed),
        ra=pa.array(ra, mask=is_unknown),
        dec=pa.array(dec, mask=is_unknown),
        mag=pa.array(rng.uniform(10, 20, rows), mask=rng.uniform(size=rows) < 0.2),
        votes=pa.array(rng.integers(0, 50, rows)),
        **{"Survey name": pa.array(rng.choice(["it's", "wise", "gaia_dr3"], rows))},
    )


def matrix(rows: pa.Table) -> np.ndarray[Any, Any]:
    return np.stack(rows["embedding"].to_numpy())


@pytest.fixture
def make_collection(settings: Settings) -> MakeCollection:
    """`make_collection(rows, exact_rows=0)`: a collection `g`; with 0 rows in memory it has an index."""

    def make(rows: pa.Table | None = None, *, name: str = "g", **changes: Any) -> Collection:
        renamed = {f"likeness_{key}": value for key, value in changes.items()}
        collection = Collection.create(Store.create(replace(settings, **renamed)), name, PROVENANCE, METADATA)
        if rows is not None:
            collection.add(rows, PROVENANCE)
        return collection

    return make


def true_neighbours(
    rows: pa.Table, query: np.ndarray[Any, Any], k: int, keep: np.ndarray[Any, Any] | None = None
) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Ids and cosines of the `k` nearest rows that are kept."""
    cosines = matrix(rows).astype(np.float64) @ query
    if keep is not None:
        cosines[~keep] = -np.inf
    order = np.argsort(-cosines, kind="stable")
    order = order[np.isfinite(cosines[order])][:k]
    return [rows["id"][int(place)].as_py() for place in order], cosines[order]
