"""Features: what a classifier needs of a million objects."""

from __future__ import annotations

from association import scaled
from bench import Bench, short
from report import check

ROWS = 1_000_000
_SEEN = 0.915  # objects that a survey sees, about


def features(bench: Bench) -> None:
    """All features of a matched catalogue of four surveys, as matrices, with the galaxies around and without."""
    rows = scaled(bench, ROWS)
    store = bench.work / "features"
    made = bench.run("feature_tasks.make_catalogue", store=store, objects=round(rows / _SEEN))
    job = f"features of {short(rows)} objects of four surveys"
    lines = [
        bench.measure(
            job,
            tool,
            "feature_tasks.features",
            describe=lambda answer: f"{answer['rows']:,} rows, {answer['features']} features",
            store=store,
            with_environment=with_environment,
        )
        for tool, with_environment in (
            ("skyband, all but the environment", False),
            ("skyband, with galaxies within 5 arcmin", True),
        )
    ]
    for what, line in zip(("", ", environment too"), lines, strict=True):
        seconds = None if line.seconds is None else line.seconds * rows / made.answer["rows"]
        bench.checks.append(check(f"features: {short(rows)} rows{what}, s", "<", 10, seconds))
