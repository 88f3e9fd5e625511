"""The service: a server, and its clients in a second process."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from bench import Bench, Rows, short
from contest import CONE_DEG, Entrant, beside_dachs, cones_of, describe_cones
from matching import TABLES
from report import Check, Measurement, check, quotient
from service import Service, running

CROWD = 64
ROWS = 1_000_000
HEAD_START_S = 1.0


def serve(bench: Bench) -> None:
    """What people wait for at a data centre, beside DuckDB alone and beside DaCHS."""
    rows = min(ROWS, bench.rows.left)
    both = Rows(rows, rows)
    with ExitStack() as stack:
        service = stack.enter_context(running(bench, bench.store(bench.rows)))
        # First: a service that runs is to be measured, and downloads share the cores with what is being started.
        _cones(bench, service)
        _downloads(bench, service)
        _crowd(bench, service)
        # A store has one server.
        same = service if both == bench.rows else stack.enter_context(running(bench, bench.store(both)))
        _match(bench, same, both)
        beside_dachs(bench, service, same, both)


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
    line = bench.measure(
        f"cones of 1 arcmin in {short(bench.rows.left)} rows over HTTP",
        "skyband, 1 client",
        "load.cones",
        describe=describe_cones,
        **cones_of(bench, Entrant(service, service), clients=1),
    )
    bench.checks.append(check("service: cone, median of one client, ms", "<", 6, line.answer.get("median_ms")))


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
