"""Nearest vectors by skyband: one function a measured task, run as `python likeness_tasks.py TASK JSON`."""

from __future__ import annotations

import os

# Before the libraries: one thread each.
os.environ |= {"LANCE_CPU_THREADS": "1", "RAYON_NUM_THREADS": "1"}

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from skyband.queries.likeness import Collection, LikenessOptions, Provenance, Targets
from skyband.schema.settings import Settings
from skyband.schema.store import Store

# Sets the threads of numpy.
from likeness_peers import chosen, many_at_once, one_by_one, recall_of

Answer = dict[str, Any]
_CHUNK_ROWS = 50_000
_NAME = "galaxies"


def nearest(store: str, vectors: str, queries: int, neighbours: int, exact: str, exact_rows: int) -> Answer:
    """Rows are written and indexed, unless another task did; the search is through the library's door."""
    collection = _collection(store, vectors, exact_rows)
    wanted, truth = chosen(np.load(vectors, mmap_mode="r"), queries), np.load(exact)
    options = LikenessOptions(k=neighbours)
    answer = collection.similar_batch(Targets(wanted), options)
    found = np.asarray(answer.table["id"].to_pylist(), np.int64).reshape(queries, neighbours)
    return {
        "seconds": one_by_one(lambda query: collection.similar(Targets(query), options), wanted),
        "batch_s": many_at_once(lambda: collection.similar_batch(Targets(wanted), options)) / queries,
        "recall": recall_of(found, truth),
        "how": f", {answer.searched}",
    }


def build_and_search(store: str, vectors: str, queries: int, neighbours: int) -> Answer:
    """Everything from the first row to the last answer."""
    began = time.perf_counter()
    collection = _collection(store, vectors, exact_rows=10**9)
    written = time.perf_counter()
    report = collection.build_index()
    built = time.perf_counter()
    collection = _collection(store, vectors, exact_rows=0)
    wanted = chosen(np.load(vectors, mmap_mode="r"), queries)
    options = LikenessOptions(k=neighbours)
    query_s = one_by_one(lambda query: collection.similar(Targets(query), options), wanted)
    batch_s = many_at_once(lambda: collection.similar_batch(Targets(wanted), options))
    return {
        "seconds": built - began,
        "write_s": written - began,
        "index_s": built - written,
        "kind": report.kind,
        "recall": report.recall,
        "query_ms": query_s * 1000,
        "batch_ms": batch_s / queries * 1000,
    }


def _collection(store: str, vectors: str, exact_rows: int) -> Collection:
    """The collection of a store; rows are written if it is not there."""
    opened = Store.create(Settings(store=store, likeness_exact_rows=exact_rows))
    if _NAME in Collection.names(opened):
        return Collection.open(opened, _NAME)
    rows = np.load(vectors, mmap_mode="r")
    provenance = Provenance("simulated", "", "", 1, "", rows.shape[1])
    collection = Collection.create(opened, _NAME, provenance)
    collection.add(_tables(rows), provenance)
    return collection


def _tables(rows: np.ndarray[Any, Any]) -> Iterator[pa.Table]:
    random = np.random.default_rng(3)
    for first in range(0, len(rows), _CHUNK_ROWS):
        chunk = np.asarray(rows[first : first + _CHUNK_ROWS])
        yield pa.table(
            {
                "id": [str(row) for row in range(first, first + len(chunk))],
                "ra": random.uniform(0, 360, len(chunk)),
                "dec": np.degrees(np.arcsin(random.uniform(-1, 1, len(chunk)))),
                "embedding": pa.FixedSizeListArray.from_arrays(pa.array(chunk.ravel()), rows.shape[1]),
            }
        )


TASKS: dict[str, Callable[..., Answer]] = {task.__name__: task for task in (nearest, build_and_search)}

if __name__ == "__main__":
    print("\n" + json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
