"""Scoring: a million objects, from their magnitudes to published classes, beside the bare models."""

from __future__ import annotations

from association import scaled
from bench import Bench, short
from report import check, quotient

ROWS = 1_000_000
LEARNT = 30_000
BUDGET_S = 120.0  # what a training has unless told otherwise
_SEEN = 0.915  # objects that a survey sees, about


def scoring(bench: Bench) -> None:
    """Features, ensemble and columns of a matched catalogue; and the same models on a matrix made ready."""
    rows = scaled(bench, ROWS)
    store = bench.work / "scoring"
    bench.run("feature_tasks.make_catalogue", store=store, objects=round(rows / _SEEN))
    learnt = min(LEARNT, rows // 2)
    budget_s = BUDGET_S * learnt / LEARNT
    trained = bench.run("scoring_tasks.train_types", store=store, rows=learnt, budget_s=budget_s)
    job = f"classes of {short(rows)} objects, by models of {learnt:,}"
    ours = bench.measure(
        job,
        "skyband score, table to published table",
        "scoring_tasks.score",
        describe=lambda answer: f"{answer['rows']:,} rows, {answer['rows'] / answer['seconds']:,.0f} rows/s",
        store=store,
    )
    bare = bench.measure(
        job,
        f"bare {', '.join(trained.answer['members'])}, one after the other",
        "scoring_tasks.predict",
        describe=lambda answer: f"{answer['rows']:,} rows, {answer['rows'] / answer['seconds']:,.0f} rows/s",
        store=store,
    )
    seconds = None if ours.seconds is None else ours.seconds * rows / ours.answer["rows"]
    bench.checks += [
        check(f"scoring: {short(rows)} rows, s", "<", 60, seconds),
        check("scoring: rows/s / those of the bare models", ">=", 0.5, quotient(bare, ours)),
    ]
