"""Chooses an index and how hard to look in it, by measuring both against exact search."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from math import isqrt, sqrt
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np

from skyband.queries.likeness.directory import Directory, fetch_vectors
from skyband.queries.likeness.index_reader import IndexReader
from skyband.queries.likeness.index_report import Effort, IndexReport
from skyband.queries.likeness.lance import lance_faults
from skyband.queries.likeness.rows import EMBEDDING, Vectors
from skyband.queries.likeness.tiers import FlatTier, Nearest
from skyband.schema.errors import ResourceLimit
from skyband.schema.healpix import Doubles, Integers
from skyband.schema.progress import Note

INDEX_NAME = "embedding_idx"
NEIGHBOURS = 10
"""The recall that is asked for is that of so many."""

_LADDER = (NEIGHBOURS, 30, 100, 1_000)
"""Numbers of neighbours the effort is measured for."""

_QUERIES = 500
_SEED = 29
_TIMED = 40
_FINENESS = 2
"""Partitions for each of the square root of the rows. With one, Lance must look into four times the rows for the same
recall where vectors lie in clusters: its partitions follow them less well than those of faiss do."""

_SENSIBLE = 2.0
"""Times what a look into one partition takes, most of which is the call; with more, a graph may be cheaper."""

_GRAPH = {"m": 20, "ef_construction": 150}
_SAME = 1e-6
"""Cosines that differ by less are equal: float32 sums differ in their order."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Rows that are looked for, and their nearest others."""

    queries: Vectors  # shape (m, dimensions)
    row_ids: Integers  # of the queries themselves, shape (m,)
    similarity: Vectors  # of the nearest others, most similar first, shape (m, longest of the ladder)

    def recalls(self, reader: IndexReader, neighbours: int, effort: Effort) -> Doubles:
        """Share of the true neighbours of each query that the index finds; any row as similar as the last is one.

        0, where it finds fewer rows than are wanted: the disk would be asked.
        """
        number, row_ids, cosine = reader.nearest(self.queries, neighbours + 1, effort)
        if np.bincount(number, minlength=len(self.queries)).min() <= neighbours:
            return np.zeros(len(self.queries))
        least = self.similarity[:, neighbours - 1]
        good = (row_ids != self.row_ids[number]) & (cosine >= least[number] - _SAME)
        found = np.bincount(number[good], minlength=len(self.queries))
        return np.minimum(found, neighbours) / neighbours


def tune_index(
    folder: Path, table: Any, directory: Directory, dimensions: int, target: float, note: Note
) -> IndexReport:
    """Build the cheapest index that reaches a recall.

    Args:
        folder: of Lance datasets.
        table: of Lance, at its latest version; its lock is held.
        directory: of that version.
        dimensions: of its vectors.
        target: recall of `NEIGHBOURS` neighbours.
        note: told what is being done.

    Raises:
        ResourceLimit: no index reaches it.
    """
    note(f"exact neighbours of {min(_QUERIES, len(directory))} rows among {len(directory):,}")
    truth = truth_of(table, directory, dimensions)
    note("building IVF_FLAT")
    lists = ivf_flat(folder, table, directory, truth, target)
    if lists.efforts:
        least = Effort(lists.neighbours, 1, 0, 0, 0.0)
        if lists.ms_per_query <= _SENSIBLE * _ms_per_query(
            IndexReader(folder, table.name, table.version), truth, least
        ):
            return lists
    note(f"which takes {lists.ms_per_query:.1f} ms a query; building IVF_HNSW_SQ, which takes long")
    graph = hnsw_sq(folder, table, directory, truth, target)
    if graph.efforts and (not lists.efforts or graph.ms_per_query < lists.ms_per_query):
        return replace(graph, rejected=_why(lists))
    if not lists.efforts:
        raise ResourceLimit(f"no index reaches a recall of {target:g}; ask for less with --recall")
    note("which is not better; building IVF_FLAT again")
    return replace(ivf_flat(folder, table, directory, truth, target), rejected=_why(graph))


def ivf_flat(folder: Path, table: Any, directory: Directory, truth: Truth, target: float) -> IndexReport:
    """Build lists of similar rows, and find how many to look into; without efforts if no number reaches the target."""
    from lancedb.index import IvfFlat

    # The size is said, not the number: when rows are added, Lance otherwise rebuilds with its own, of 8192 rows.
    partitions = max(1, _FINENESS * isqrt(len(directory)))
    config = IvfFlat(distance_type="cosine", target_partition_size=max(1, len(directory) // partitions))
    build_s = _create(table, config)
    steps = [Effort(0, probes, 0, 0, 0.0) for probes in _probes(partitions)]
    return _tuned("IVF_FLAT", partitions, folder, table, directory, truth, target, steps, build_s)


def hnsw_sq(folder: Path, table: Any, directory: Directory, truth: Truth, target: float) -> IndexReport:
    """Build one graph of quantised vectors, and find how far to walk in it; without efforts if that is too far."""
    from lancedb.index import HnswSq

    # One graph: several, of which one is entered, lose neighbours.
    build_s = _create(table, HnswSq(distance_type="cosine", num_partitions=1, **_GRAPH))
    steps = [Effort(0, 1, ef, 2, 0.0) for ef in (50, 100, 200, 400, 800, 1600)]
    return _tuned("IVF_HNSW_SQ", 1, folder, table, directory, truth, target, steps, build_s)


def _create(table: Any, config: Any) -> float:
    began = time.perf_counter()
    with lance_faults("cannot build the index"):
        table.create_index(EMBEDDING, config=config, name=INDEX_NAME, replace=True)
    return time.perf_counter() - began


def _tuned(
    kind: str,
    partitions: int,
    folder: Path,
    table: Any,
    directory: Directory,
    truth: Truth,
    target: float,
    steps: list[Effort],
    build_s: float,
) -> IndexReport:
    """Efforts that reach the target, by number of neighbours, as far as any does."""
    reader = IndexReader(folder, table.name, table.version)
    efforts: list[Effort] = []
    for neighbours in _ladder(len(directory)):
        # More neighbours never take less.
        steps = [step for step in steps if not efforts or step.nprobes >= efforts[-1].nprobes]
        steps = [step for step in steps if not efforts or step.ef >= efforts[-1].ef]
        effort = next(_reaching(reader, truth, neighbours, steps, target, partitions), None)
        if effort is None:
            break
        efforts.append(effort)
    return IndexReport(
        kind=kind,
        partitions=partitions,
        target=target,
        recall=efforts[0].recall if efforts else 0.0,
        neighbours=_ladder(len(directory))[0],
        efforts=tuple(efforts),
        rows=len(directory),
        queries=len(truth.queries),
        seed=_SEED,
        ms_per_query=_ms_per_query(reader, truth, efforts[0]) if efforts else float("inf"),
        build_s=build_s,
        built=datetime.now(UTC).isoformat(timespec="seconds"),
        lance_version=installed_version("lancedb"),
    )


def _reaching(
    reader: IndexReader, truth: Truth, neighbours: int, steps: list[Effort], target: float, partitions: int
) -> Iterator[Effort]:
    """Those of some efforts, least first, that reach the target."""
    for step in steps:
        recalls = truth.recalls(reader, neighbours, step)
        recall = float(recalls.mean())
        # The first of many that passes on a sample is luckier than most: it must pass by two standard errors.
        doubt = 2 * float(recalls.std()) / sqrt(len(recalls))
        if recall - doubt >= target or (recall >= target and not step.ef and step.nprobes == partitions):
            yield replace(step, neighbours=neighbours, recall=recall)


def _ms_per_query(reader: IndexReader, truth: Truth, effort: Effort) -> float:
    """The lower quartile, which knows least of what else the machine does."""
    times = []
    for query in truth.queries[:_TIMED]:
        began = time.perf_counter()
        reader.nearest(query[None, :], effort.neighbours, effort)
        times.append(time.perf_counter() - began)
    return 1000 * quantiles(times, n=4)[0]


def truth_of(table: Any, directory: Directory, dimensions: int) -> Truth:
    """Rows chosen at random, and what exact search finds for them."""
    chosen = held_out(len(directory))
    row_ids = directory.row_ids[chosen]
    queries = fetch_vectors(table, row_ids, dimensions)
    longest = _ladder(len(directory))[-1]
    found = FlatTier(table, directory, dimensions).nearest(queries, longest + 1, None)
    return Truth(queries, row_ids, _others(found, chosen))


def held_out(rows: int) -> Integers:
    """Numbers of the rows an index of so many is tuned with."""
    return np.sort(np.random.default_rng(_SEED).choice(rows, min(_QUERIES, rows), replace=False))


def _others(found: Nearest, own: Integers) -> Vectors:
    """Similarities without that of the row itself, or without the last where it is not even among them."""
    is_own = found.rows == own[:, None]
    is_own[~is_own.any(axis=1), -1] = True
    others: Vectors = found.similarity[~is_own].reshape(len(own), -1)
    return others


def _ladder(rows: int) -> list[int]:
    """Numbers of neighbours to measure: no more than a tenth of the rows, ten if there are so many."""
    return [min(_LADDER[0], rows - 1), *(step for step in _LADDER[1:] if step <= rows // 10)]


def _probes(partitions: int) -> list[int]:
    """Numbers of partitions to try, each a third to a half more than the one before."""
    steps = sorted({(4 + part) * 2**power // 4 for power in range(20) for part in (0, 2)} | {1})
    return [*(step for step in steps if step < partitions), partitions]


def _why(report: IndexReport) -> str:
    if not report.efforts:
        return f"{report.kind}: recall {report.target:g} is out of its reach"
    return f"{report.kind}: {report.ms_per_query:.2f} ms a query"
