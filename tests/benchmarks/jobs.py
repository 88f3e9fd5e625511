"""All jobs, each with the figures it must reach."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from scoring import scoring

from association import association
from bench import Bench, say, short
from features import features
from likeness import likeness
from matching import TABLES, large, match, modes, wide
from measure import run_process
from report import Measurement, check, quotient
from serving import serve

CONE_DEG = 1 / 60
CONES = 100
VOTABLE_ROWS = 1_000_000


def ingest(bench: Bench) -> None:
    """Files to tables, beside DuckDB's own sorted table of the same file."""
    job = f"ingest of {short(bench.rows.left)} rows"
    inputs, store = bench.fits(bench.rows), bench.work / "ingest"
    files = {"Parquet": inputs.parquet("left"), "FITS": inputs.fits("left")}
    parquet, fits = (
        bench.measure(
            job,
            f"skyband, {form}",
            "tasks.ingest_files",
            describe=lambda answer: f"{answer['rows']:,} rows",
            store=store,
            files={"ingested": str(path)},
        )
        for form, path in files.items()
    )
    plain = bench.measure(
        job,
        "DuckDB, CREATE TABLE ... ORDER BY ra from Parquet",
        "peers.duckdb_sort",
        describe=lambda answer: f"{answer['rows']:,} rows",
        parquet=files["Parquet"],
        database=bench.work / "plain.duckdb",
    )
    bench.checks.append(check("ingest: time of Parquet / time of DuckDB's own", "<=", 2, quotient(parquet, plain)))
    bench.checks.append(check("ingest: time of FITS / time of Parquet", "<=", 2, quotient(fits, parquet)))


def cone(bench: Bench) -> None:
    """Cones in an open store."""
    job = f"cone of 1 arcmin in {short(bench.rows.left)} rows"
    ours = bench.measure(
        job,
        f"skyband, {CONES} cones, store open",
        "tasks.cones",
        describe=lambda answer: (
            f"median {answer['median_ms']:.1f} ms, 95 % under {answer['percentile_95_ms']:.1f} ms, "
            f"all under {answer['largest_ms']:.1f} ms; {answer['rows']:.1f} rows"
        ),
        store=bench.store(bench.rows),
        table=TABLES["left"],
        number=CONES,
        radius_deg=CONE_DEG,
    )
    bench.checks.append(check("cone: median, ms", "<", 10, ours.answer.get("median_ms")))


def votable(bench: Bench) -> None:
    """Tables to VOTable files, beside astropy's writer, which has the table in memory already."""
    rows = min(VOTABLE_ROWS, bench.rows.left)
    for name, format, serialization in (
        ("BINARY2", "votable", "binary2"),
        ("TABLEDATA", "votable-tabledata", "tabledata"),
    ):
        job = f"VOTable of {short(rows)} rows, {name}"
        ours = bench.measure(
            job,
            "skyband export",
            "tasks.export_rows",
            describe=_bytes,
            store=bench.store(bench.rows),
            table=TABLES["left"],
            rows=rows,
            path=bench.work / "skyband.vot",
            format=format,
        )
        peer = bench.measure(
            job,
            f"astropy {version('astropy')} writer",
            "peers.astropy_votable",
            describe=_bytes,
            parquet=bench.inputs(bench.rows).parquet("left"),
            rows=rows,
            path=bench.work / "astropy.vot",
            serialization=serialization,
        )
        bench.checks.append(
            check(f"VOTable, {name}: time of astropy / time of skyband", ">=", 20, quotient(peer, ours))
        )


def command(bench: Bench) -> None:
    """The start of the command line."""
    job, runs = "start of the command line", 5
    say(job)
    program = [str(Path(sys.executable).with_name("skyband")), "--help"]
    outcomes = [run_process(program, bench.logs / "help.log") for _ in range(runs)]
    wall_s = median(outcome.wall_s for outcome in outcomes)
    peak_gb = max(outcome.peak_gb for outcome in outcomes)
    ours = bench.keep(Measurement(job, "skyband --help", wall_s, peak_gb=peak_gb, result=f"median of {runs}"))
    bench.checks.append(check("skyband --help, s", "<", 0.4, ours.seconds))


def _bytes(answer: dict[str, Any]) -> str:
    return f"{answer['rows']:,} rows, {answer['bytes'] / 1e6:.0f} MB"


JOBS: dict[str, Callable[[Bench], None]] = {
    job.__name__: job
    for job in (
        match,
        wide,
        modes,
        association,
        ingest,
        cone,
        votable,
        command,
        serve,
        likeness,
        features,
        scoring,
        large,
    )
}
