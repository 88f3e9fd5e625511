"""The service and GAVO DaCHS at the same work, by turns."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import dachs
from bench import Bench, Describe, Rows, short
from measure import TaskFailed
from report import Check, Measurement, check
from service import Service

CONE_DEG = 1 / 60
CLIENTS = 8
UPLOADED = 10_000
QUICK_ROWS = 100_000
ROUNDS = 3
AT_LEAST = 4

ELSEWHERE = {"cones": 158.0, "ADQL cones": 1 / 0.026, "top": 1 / 0.36, "upload": 1 / 0.5}
"""Answers a second of DaCHS 2.7 over 1M rows on 2 cores of another machine, the best of what was measured there."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """A service, and the skyband that knows positions of the sources in its table."""

    service: Service
    known: Service

    @property
    def sources(self) -> dict[str, str]:
        return {"url": self.known.url, "table": self.known.table}


def beside_dachs(bench: Bench, service: Service, same: Service, rows: Rows) -> None:
    """Skyband over the rows of the run, and skyband and DaCHS over the same ones.

    Where DaCHS cannot be set up, its figures are those of another machine, and the checks say so.

    Args:
        bench: the run.
        service: skyband over the rows of the run.
        same: skyband over the rows that DaCHS gets too.
        rows: these.
    """
    ours = {
        f"skyband, {short(bench.rows.left)} rows": Entrant(service, service),
        f"skyband, {short(rows.left)} rows": Entrant(same, same),
    }
    with ExitStack() as stack:
        absent = dachs.missing()
        theirs: dict[str, Entrant] = {}
        if absent is None:
            try:
                peer = stack.enter_context(dachs.running(bench, bench.inputs(rows).parquet("left")))
                theirs = {f"DaCHS {dachs.version()}, {short(rows.left)} rows": Entrant(peer, same)}
            except TaskFailed as error:
                absent = f"could not be prepared: {error}"
        contest = _Contest(bench, ours, theirs, absent)
        contest.cones()
        contest.adql_cones()
        contest.top(min(QUICK_ROWS, rows.left))
        contest.upload(min(UPLOADED, rows.left))


def cones_of(bench: Bench, entrant: Entrant, clients: int) -> dict[str, Any]:
    """What clients that want cones must be told."""
    return {
        "url": entrant.service.url,
        "path": entrant.service.cones,
        "centres": 1000,
        "around": entrant.sources,
        "radius_deg": CONE_DEG,
        "clients": clients,
        "seconds": bench.load_s / 6,
    }


def describe_cones(answer: dict[str, Any]) -> str:
    """What clients that wanted cones met with."""
    return (
        f"median {answer['median_ms']:.1f} ms, 95 % under {answer['percentile_95_ms']:.1f} ms, "
        f"{answer['requests_a_second']:.0f} requests/s of {answer['bytes'] / 1000:.1f} kB"
    )


@dataclass(frozen=True, slots=True)
class _Contest:
    bench: Bench
    ours: dict[str, Entrant]
    theirs: dict[str, Entrant]  # one, or none
    absent: str | None  # why there is none

    def cones(self) -> None:
        self._hold(
            f"cones of 1 arcmin by {CLIENTS} clients over HTTP",
            f"cones/s of {CLIENTS} clients",
            "load.cones",
            lambda entrant: cones_of(self.bench, entrant, CLIENTS),
            describe=describe_cones,
            elsewhere="cones",
            speed=lambda answer: float(answer["requests_a_second"]),
        )

    def adql_cones(self) -> None:
        self._hold(
            "cones of 1 arcmin in ADQL over HTTP, each a new text",
            "ADQL cones, speed for 1 client",
            "load.cones",
            lambda entrant: {
                **cones_of(self.bench, entrant, 1),
                "path": "/tap/sync",
                "table": entrant.service.table,
            },
            describe=describe_cones,
            elsewhere="ADQL cones",
        )

    def top(self, rows: int) -> None:
        self._hold(
            f"TOP {rows} as VOTable over HTTP",
            f"TOP {rows}, speed",
            "load.ask",
            lambda entrant: {
                "url": entrant.service.url,
                "path": "/tap/sync",
                "parameters": {"LANG": "ADQL", "QUERY": f"SELECT TOP {rows} * FROM {entrant.service.table}"},
                "times": 3,
            },
            describe=lambda answer: f"{answer['bytes'] / 1e6:.1f} MB",
            elsewhere="top",
        )

    def upload(self, rows: int) -> None:
        lines = self._hold(
            f"{rows:,} uploaded positions matched within 1 arcsec over HTTP",
            f"match of {short(rows)} uploaded, speed",
            "load.upload",
            lambda entrant: {
                "url": entrant.service.url,
                "table": entrant.service.table,
                "rows": rows,
                "around": entrant.sources,
                "radius_arcsec": 1.0,
                "times": 3,
            },
            describe=lambda answer: f"{answer['rows']:,} rows",
            elsewhere="upload",
        )
        if self.theirs:
            found = [line.result for line in lines[-2:]]
            what = "service: rows of the upload by skyband and by DaCHS"
            self.bench.checks.append(Check(what, "equal", " / ".join(sorted(set(found))), len(set(found)) == 1))

    def _hold(
        self,
        job: str,
        what: str,
        task: str,
        arguments: Callable[[Entrant], dict[str, Any]],
        *,
        describe: Describe,
        elsewhere: str,
        speed: Callable[[dict[str, Any]], float] = lambda answer: 1 / answer["seconds"],
    ) -> list[Measurement]:
        """Everybody does a task; the lines of ours, then theirs."""
        tools = {tool: arguments(entrant) for tool, entrant in {**self.ours, **self.theirs}.items()}
        lines = self.bench.take_turns(job, task, tools, describe=describe, rounds=ROUNDS)
        whose, missing = "DaCHS elsewhere", "not measured"
        base: float | None = ELSEWHERE[elsewhere]
        if self.theirs:
            whose, missing = lines[-1].tool, lines[-1].result
            base = speed(dict(lines[-1].answer)) if lines[-1].answer else None
        else:
            self.bench.keep(Measurement(job, "DaCHS", result=self.absent or ""))
        for line in lines[: len(self.ours)]:
            ratio = speed(dict(line.answer)) / base if line.answer and base else None
            label = f"service: {what}, {line.tool} / {whose}"
            self.bench.checks.append(check(label, ">=", AT_LEAST, ratio, missing=missing))
        return lines
