"""The service: a server, and its clients in a second process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from bench import Bench, Rows, short
from matching import TABLES
from measure import TaskFailed
from report import Check, Measurement, check, quotient

CONE_DEG = 1 / 60
CLIENTS = 8
CROWD = 64
ROWS = 1_000_000
UPLOADED = 10_000
QUICK_ROWS = 100_000
HEAD_START_S = 1.0

DACHS = {"requests_a_second": 158.0, "quick_rows_s": 0.36, "upload_s": 0.5}
"""GAVO DaCHS 2.7 on PostgreSQL, 1M rows, 2 cores: the best of what was measured."""


@dataclass(frozen=True, slots=True)
class Service:
    """A server that runs."""

    url: str
    pid: int


@contextmanager
def running(bench: Bench, store: Path) -> Iterator[Service]:
    """A server of its own over a store; nobody is turned away for asking often."""
    limits = {"CLIENT_QUERIES": "1000", "CLIENT_QUERIES_PER_MINUTE": "1000000"}
    environment = os.environ | {f"SKYBAND_{name}": value for name, value in limits.items()}
    command = [sys.executable, "-m", "skyband.server", "serve", "--port", "0", "--store", str(store)]
    with (bench.logs / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    assert process.stdout is not None
    try:
        with process.stdout:
            found = re.search(r"http://\S+(?=/ )", process.stdout.readline())
        if found is None:
            raise TaskFailed(f"the server did not start (more in {bench.logs / 'serve.log'})")
        try:
            with urlopen(f"{found[0]}/health"):
                yield Service(found[0], process.pid)
        except URLError as error:
            raise TaskFailed(f"the server does not answer: {error}") from error
    finally:
        process.terminate()
        process.wait()


def serve(bench: Bench) -> None:
    """What people wait for at a data centre, beside DuckDB alone and beside what DaCHS was measured at."""
    with running(bench, bench.store(bench.rows)) as service:
        _downloads(bench, service)
        _cones(bench, service)
        _top(bench, service)
        _upload(bench, service, bench.rows)
        _crowd(bench, service)
    rows = min(ROWS, bench.rows.left)
    both = Rows(rows, rows)
    with running(bench, bench.store(both)) as service:
        _match(bench, service, both)
        # DaCHS had as many rows.
        matched = _upload(bench, service, both)
    ratio = None if not matched.seconds else DACHS["upload_s"] / matched.seconds
    what = f"service: match of {short(UPLOADED)} uploaded with {short(rows)}, time of DaCHS / time"
    bench.checks.append(check(what, ">=", 4, ratio))


def _downloads(bench: Bench, service: Service) -> None:
    rows = min(ROWS, bench.rows.left)
    job = f"VOTable BINARY2 of {short(rows)} rows over HTTP"
    ours = _download(bench, service, job, rows)
    plain = bench.measure(
        job,
        "DuckDB, the same Arrow batches",
        "tasks.arrow_batches",
        describe=lambda answer: f"{answer['rows']:,} rows, {answer['bytes'] / 1e6:.0f} MB",
        store=bench.store(bench.rows),
        table=TABLES["left"],
        rows=rows,
    )
    over_s = None if ours.seconds is None else max(0.0, ours.seconds - HEAD_START_S)
    ratio = None if over_s is None or not plain.seconds else over_s / plain.seconds
    first_byte_s = ours.answer.get("first_byte_s")
    bench.checks.append(check("service: (time of 1M rows - 1 s) / time of DuckDB", "<=", 2, ratio))
    bench.checks.append(check("service: first byte, s", "<", 0.3, first_byte_s))
    rows = min(10 * ROWS, bench.rows.left)
    large = _download(bench, service, f"large download over HTTP, {short(rows)} rows", rows)
    server_gb = large.answer.get("server_gb")
    bench.checks.append(check("service: memory of the server, GB", "<", 0.4, server_gb))


def _download(bench: Bench, service: Service, job: str, rows: int) -> Measurement:
    return bench.measure(
        job,
        "skyband",
        "load.download",
        describe=lambda answer: (
            f"{answer['bytes'] / 1e6:.0f} MB, first byte after {answer['first_byte_s'] * 1000:.0f} ms; "
            f"server {answer['server_gb'] * 1000:.0f} MB, query process {answer['worker_gb'] * 1000:.0f} MB"
        ),
        url=service.url,
        pid=service.pid,
        path="/tap/sync",
        parameters={"LANG": "ADQL", "QUERY": f"SELECT TOP {rows} * FROM {TABLES['left']}", "MAXREC": str(rows)},
    )


def _cones(bench: Bench, service: Service) -> None:
    job = f"cones of 1 arcmin in {short(bench.rows.left)} rows over HTTP"
    one, many = (
        bench.measure(
            job,
            f"skyband, {clients} client{'s' if clients > 1 else ''}",
            "load.cones",
            describe=lambda answer: (
                f"median {answer['median_ms']:.1f} ms, 95 % under {answer['percentile_95_ms']:.1f} ms, "
                f"{answer['requests_a_second']:.0f} requests/s"
            ),
            url=service.url,
            table=TABLES["left"],
            centres=1000,
            radius_deg=CONE_DEG,
            clients=clients,
            seconds=bench.load_s / 6,
        )
        for clients in (1, CLIENTS)
    )
    bench.checks.append(check("service: cone, median of one client, ms", "<", 6, one.answer.get("median_ms")))
    rate = many.answer.get("requests_a_second")
    ratio = None if rate is None else rate / DACHS["requests_a_second"]
    bench.checks.append(check(f"service: cones/s of {CLIENTS} clients / those of DaCHS", ">=", 4, ratio))


def _top(bench: Bench, service: Service) -> None:
    rows = min(QUICK_ROWS, bench.rows.left)
    quick = bench.measure(
        f"TOP {rows} as VOTable over HTTP",
        "skyband",
        "load.ask",
        describe=lambda answer: f"{answer['bytes'] / 1e6:.1f} MB",
        url=service.url,
        path="/tap/sync",
        parameters={"LANG": "ADQL", "QUERY": f"SELECT TOP {rows} * FROM {TABLES['left']}"},
        times=5,
    )
    ratio = None if not quick.seconds else DACHS["quick_rows_s"] / quick.seconds
    bench.checks.append(check(f"service: TOP {rows}, time of DaCHS / time", ">=", 4, ratio))


def _upload(bench: Bench, service: Service, rows: Rows) -> Measurement:
    uploaded = min(UPLOADED, rows.left)
    return bench.measure(
        f"{uploaded:,} uploaded positions matched with {short(rows.left)} rows within 1 arcsec over HTTP",
        "skyband",
        "load.upload",
        describe=lambda answer: f"{answer['rows']:,} rows",
        url=service.url,
        table=TABLES["left"],
        rows=uploaded,
        radius_arcsec=1.0,
        times=5,
    )


def _crowd(bench: Bench, service: Service) -> None:
    line = bench.measure(
        f"{CROWD} clients with cones, SQL, TAP queries and jobs for {bench.load_s:g} s",
        "skyband",
        "load.mix",
        describe=_describe_crowd,
        url=service.url,
        tables=TABLES,
        clients=CROWD,
        seconds=bench.load_s,
        radius_deg=CONE_DEG,
    )
    faults = None if not line.answer else float(line.answer["faults"] + line.answer["lost"])
    bench.checks.append(check(f"service: faults and lost jobs of {CROWD} clients", "<=", 0, faults, "{:.0f}"))
    for kind in ("TAP_SCHEMA", "job polled"):
        late_ms = line.answer.get("percentile_99_ms", {}).get(kind)
        bench.checks.append(
            check(f"service: {kind} among {CROWD} clients, 99 % under, ms", "<", 200, late_ms, "{:.0f}")
        )


def _describe_crowd(answer: dict[str, Any]) -> str:
    late = ", ".join(
        f"{kind} {answer['counts'][kind]} x under {late_ms:.0f} ms"
        for kind, late_ms in answer["percentile_99_ms"].items()
    )
    told = " ".join(filter(None, (answer["fault"], answer["loss"])))
    return (
        f"{answer['requests']} answers (99 % of each kind: {late}), {answer['refused']} turned away, "
        f"{answer['faults']} faults, {answer['lost']} of {answer['jobs']} jobs lost{': ' if told else ''}{told}"
    )


def _match(bench: Bench, service: Service, rows: Rows) -> None:
    job = f"match over HTTP of {rows} rows within 1 arcsec"
    left, right = TABLES["left"], TABLES["right"]
    on = "DISTANCE(a.ra, a.dec, b.ra, b.dec) < 1/3600."
    questions = {
        "skyband, macro xmatch": ("DUCKDB", f"SELECT count(*) AS n FROM xmatch('{left}', '{right}', 1.0)"),
        "skyband, ADQL": ("ADQL", f"SELECT count(*) AS n FROM {left} AS a JOIN {right} AS b ON {on}"),
    }
    macro, adql = (
        bench.measure(
            job,
            tool,
            "load.ask",
            describe=lambda answer: f"{int(answer['body'].split()[-1]):,} pairs",
            url=service.url,
            path="/tap/sync",
            parameters={"LANG": language, "QUERY": query, "FORMAT": "csv"},
            times=3,
        )
        for tool, (language, query) in questions.items()
    )
    bench.checks.append(check("service: match by ADQL / by macro", "<=", 1.5, quotient(adql, macro)))
    pairs = [line.result for line in (macro, adql)]
    bench.checks.append(
        Check("service: pairs by ADQL and by macro", "equal", " / ".join(sorted(set(pairs))), len(set(pairs)) == 1)
    )
