"""Nearest vectors by others: one function a measured task, run as `python likeness_peers.py TASK JSON`.

Needs nothing of skyband. `seconds` is the median time of one query, `batch_s` the time a query takes of many at once.
"""

from __future__ import annotations

import os

# Before numpy: one thread each.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

Answer = dict[str, Any]
Array = np.ndarray[Any, np.dtype[Any]]

CLUSTERS, LATENT = 400, 24
APART = 1.7
"""How far clusters scatter, in their own widths: an index of lists must look into some of them, as with real ones."""
_CHUNK_ROWS = 50_000


def make_vectors(path: str, rows: int, dimensions: int) -> Answer:
    """Clusters in few dimensions, seen in many with some noise; unit vectors."""
    random = np.random.default_rng(1)
    seen = random.normal(size=(LATENT, dimensions)).astype(np.float32) / np.sqrt(LATENT)
    centres = APART * random.normal(size=(CLUSTERS, LATENT)).astype(np.float32)
    making = Path(path).with_suffix(".making.npy")
    out = np.lib.format.open_memmap(making, "w+", np.float32, (rows, dimensions))
    for first in range(0, rows, _CHUNK_ROWS):
        size = min(_CHUNK_ROWS, rows - first)
        latent = centres[random.integers(0, CLUSTERS, size)] + random.normal(size=(size, LATENT)).astype(np.float32)
        chunk = latent @ seen + 0.05 * random.normal(size=(size, dimensions)).astype(np.float32)
        out[first : first + size] = chunk / np.linalg.norm(chunk, axis=1, keepdims=True)
    out.flush()
    making.rename(path)
    return {}


def numpy_nearest(vectors: str, queries: int, neighbours: int, exact: str) -> Answer:
    """All products; what it finds is the truth for the others."""
    rows = np.load(vectors)
    wanted = chosen(rows, queries)

    def nearest(query: Array) -> Array:
        products = rows @ query
        best = np.argpartition(products, -neighbours)[-neighbours:]
        return best[np.argsort(-products[best])]

    np.save(exact, np.stack([nearest(query) for query in wanted]))
    seconds = one_by_one(lambda query: nearest(query[0]), wanted[:50])
    began = time.perf_counter()
    for first in range(0, queries, 64):
        products = wanted[first : first + 64] @ rows.T
        np.argpartition(products, -neighbours, axis=1)
    return {"seconds": seconds, "batch_s": (time.perf_counter() - began) / queries, "recall": 1.0}


def faiss_nearest(vectors: str, queries: int, neighbours: int, exact: str, recall: float) -> Answer:
    """Lists of similar vectors, with as many of them looked into as the recall takes."""
    import faiss

    faiss.omp_set_num_threads(1)
    rows = np.load(vectors)
    wanted, truth = chosen(rows, queries), np.load(exact)
    lists = int(np.sqrt(len(rows)))
    began = time.perf_counter()
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(rows.shape[1]), rows.shape[1], lists, faiss.METRIC_INNER_PRODUCT)
    index.train(rows[: 100 * lists])
    index.add(rows)
    build_s = time.perf_counter() - began
    for probes in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, lists):
        index.nprobe = probes
        reached = recall_of(index.search(wanted, neighbours)[1], truth)
        if reached >= recall:
            break
    seconds = one_by_one(lambda query: index.search(query, neighbours), wanted)
    batch_s = many_at_once(lambda: index.search(wanted, neighbours)) / queries
    how = f", {index.nprobe} of {lists} lists, built in {build_s:.1f} s"
    return {"seconds": seconds, "batch_s": batch_s, "recall": reached, "how": how}


def chosen(rows: Array, queries: int) -> Array:
    """Rows to look for."""
    return np.array(rows[np.random.default_rng(2).choice(len(rows), queries, replace=False)])


def recall_of(found: Array, truth: Array) -> float:
    """Share of the true neighbours that were found."""
    pairs = zip(found, truth, strict=True)
    return sum(len(np.intersect1d(some, true)) for some, true in pairs) / truth.size


def one_by_one(search: Callable[[Array], object], queries: Array) -> float:
    """Median time of a query, s; the first ten warm up."""
    times = []
    for place in range(-10, len(queries)):
        began = time.perf_counter()
        search(queries[max(place, 0)][None, :])
        times.append(time.perf_counter() - began)
    return median(times[10:])


def many_at_once(search: Callable[[], object]) -> float:
    """The shortest of five times, s."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        search()
        times.append(time.perf_counter() - began)
    return min(times)


TASKS: dict[str, Callable[..., Answer]] = {task.__name__: task for task in (make_vectors, numpy_nearest, faiss_nearest)}

if __name__ == "__main__":
    print("\n" + json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
