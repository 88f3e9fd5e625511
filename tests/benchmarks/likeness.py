"""Nearest vectors: what a search costs beside faiss and numpy, at the same recall, with one thread each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from association import WHOLE_ROWS
from bench import Bench, short
from embedding import embedding
from report import Measurement, check, quotient

DIMENSIONS = 384
QUERIES = 300
NEIGHBOURS = 10
RECALL = 0.99


def likeness(bench: Bench) -> None:
    """Clustered vectors, one query after the other and many at once; more of them, for the memory; pictures."""
    rows = _scaled(bench, 200_000)
    vectors = _vectors(bench, rows)
    job, together = f"{NEIGHBOURS} nearest of {short(rows)} vectors, a query", f"the same, {QUERIES} queries at once"
    exact = str(bench.work / "nearest.npy")
    common: dict[str, Any] = {"vectors": vectors, "queries": QUERIES, "neighbours": NEIGHBOURS, "exact": exact}
    numpy_exact = bench.measure(job, "numpy, exact", "likeness_peers.numpy_nearest", describe=_described, **common)
    index, whole = (
        bench.measure(
            job,
            f"skyband, {name}",
            "likeness_tasks.nearest",
            describe=_described,
            store=bench.work / "likeness",
            exact_rows=exact_rows,
            **common,
        )
        for name, exact_rows in (("index", 0), ("exact tier", 10**9))
    )
    # Ours is tuned to the recall on rows of its own and reaches a little more here: the peer is to reach it too.
    faiss = _faiss(bench, job, recall=max(RECALL, index.answer.get("recall", RECALL)), **common)
    lines = [numpy_exact, index, whole, faiss]
    many = [
        bench.keep(
            Measurement(
                together,
                line.tool,
                seconds=line.answer.get("batch_s"),
                result="" if line.answer else line.result,
                answer=line.answer,
            )
        )
        for line in lines
    ]
    missing = faiss.result
    bench.checks += [
        check("likeness: recall of the index", ">=", RECALL, index.answer.get("recall"), "{:.4f}"),
        check("likeness: recall of the exact tier", ">=", 0.9999, whole.answer.get("recall"), "{:.4f}"),
        check("likeness: time of a query / time of faiss", "<=", 15, quotient(index, faiss), missing=missing),
        check("likeness: time of many / time of faiss", "<=", 1.2, quotient(many[1], many[3]), missing=missing),
        check("likeness: exact tier, ms", "<", 10, None if whole.seconds is None else whole.seconds * 1000),
    ]
    _large(bench)
    embedding(bench)


def _large(bench: Bench) -> None:
    rows = _scaled(bench, 1_000_000)
    job = f"{short(rows)} vectors written, indexed and searched"
    line = bench.measure(
        job,
        "skyband",
        "likeness_tasks.build_and_search",
        describe=lambda answer: (
            f"{answer['write_s']:.0f} s writing, {answer['index_s']:.0f} s indexing ({answer['kind']}), recall "
            f"{answer['recall']:.4f}; {answer['query_ms']:.1f} ms a query, {answer['batch_ms']:.2f} ms of {QUERIES}"
        ),
        store=bench.work / "likeness-large",
        vectors=_vectors(bench, rows),
        queries=QUERIES,
        neighbours=NEIGHBOURS,
    )
    bench.checks.append(check("likeness: peak memory of the largest, GB", "<", 6, line.peak_gb))


def _faiss(bench: Bench, job: str, **common: Any) -> Measurement:
    found = bench.python_with("faiss-cpu")
    if found is None:
        return bench.keep(Measurement(job, "faiss", result="not installed: no faiss-cpu (see SKYBAND_BENCH_PEERS)"))
    python, installed = found
    return bench.measure(
        job,
        f"faiss {installed}, IVFFlat",
        "likeness_peers.faiss_nearest",
        describe=_described,
        python=python,
        **common,
    )


def _described(answer: dict[str, Any]) -> str:
    return f"recall {answer['recall']:.4f}{answer.get('how', '')}"


def _vectors(bench: Bench, rows: int) -> Path:
    """Unit vectors in clusters, as good embeddings of galaxies are; they stay for the next run."""
    path = bench.folder / f"vectors-{rows}.npy"
    if not path.exists():
        bench.run("likeness_peers.make_vectors", path=path, rows=rows, dimensions=DIMENSIONS)
    return path


def _scaled(bench: Bench, rows: int) -> int:
    """Rows of a problem, in proportion to those the run was asked for."""
    return max(2_000, 1_000 * round(rows * min(1.0, bench.rows.left / WHOLE_ROWS) / 1_000))
