"""A run of the benchmarks: its inputs, its peers, and what was measured so far."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from shutil import rmtree
from typing import Any, NamedTuple

from machine import package_version
from measure import Outcome, TaskFailed, run_process, run_task
from report import Check, Measurement

_HERE = Path(__file__).parent
_SIDES = ("left", "right")

Describe = Callable[[dict[str, Any]], str]


class Rows(NamedTuple):
    """Rows of the two catalogues."""

    left: int
    right: int

    @classmethod
    def parse(cls, text: str) -> Rows:
        """Read `10.8M`, `20k` or `100Mx75M`; the right catalogue has 7/9 of the left one's rows unless given."""
        left, _, right = text.partition("x")
        rows = _count(left)
        return cls(rows, _count(right) if right else rows * 7 // 9)

    def __str__(self) -> str:
        return " x ".join(short(number) for number in self)


def _count(text: str) -> int:
    scale = {"k": 1_000, "M": 1_000_000}.get(text[-1:], 1)
    return round(float(text.rstrip("kM")) * scale)


def short(number: int) -> str:
    """A number of rows in a word: 10.8M, 20k."""
    for unit, scale in (("M", 1_000_000), ("k", 1_000)):
        if number >= scale:
            return f"{number / scale:.4g}{unit}"
    return str(number)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The two catalogues as files."""

    folder: Path
    rows: Rows

    def parquet(self, side: str) -> Path:
        return self.folder / f"{side}.parquet"

    def fits(self, side: str) -> Path:
        return self.folder / f"{side}.fits"


@dataclass
class Bench:
    """What a run was asked for, and what it found."""

    folder: Path
    rows: Rows
    large: Rows | None
    peers: tuple[str, ...]
    peers_python: str  # interpreter that has the peers this one lacks
    repeat: int
    workers: int  # of the peers that have workers
    load_s: float  # how long many clients ask the service
    measurements: list[Measurement] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.work = self.folder / "work"
        self.logs = self.folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.work.mkdir(exist_ok=True)
        # Made once a run, when the first job asks.
        self.inputs = cache(self._inputs)
        self.fits = cache(self._fits)
        self.store = cache(self._store)

    def measure(
        self, job: str, tool: str, task: str, *, describe: Describe, python: str = sys.executable, **arguments: Any
    ) -> Measurement:
        """Run a task `repeat` times and keep the fastest and the largest memory; a failure is a line of the report too.

        Args:
            job: heading of the report the line stands under.
            tool: first word of the line.
            task: file and function, `peers.lsdb_match`.
            describe: the answer of the task in words.
            python: interpreter to run it with.
            **arguments: of the function.
        """
        (line,) = self.take_turns(job, task, {tool: arguments}, describe=describe, rounds=self.repeat, python=python)
        return line

    def take_turns(
        self,
        job: str,
        task: str,
        tools: Mapping[str, Mapping[str, Any]],
        *,
        describe: Describe,
        rounds: int,
        python: str = sys.executable,
    ) -> list[Measurement]:
        """Run a task for each tool by turns, and each as `measure` does: fair where the speed of a machine varies.

        Args:
            job: heading of the report the lines stand under.
            task: file and function.
            tools: the arguments of the function for each tool.
            describe: the answer of the task in words.
            rounds: turns of each tool.
            python: interpreter to run it with.
        """
        runs: dict[str, list[Outcome]] = {tool: [] for tool in tools}
        failures: dict[str, TaskFailed] = {}
        for tool in [*tools] * rounds:
            if tool in failures:
                continue
            say(f"{job}: {tool}")
            try:
                runs[tool].append(self.run(task, python=python, **tools[tool]))
            except TaskFailed as error:
                failures[tool] = error
        return [
            self.keep(
                Measurement(job, tool, result=f"failed: {failures[tool]}")
                if tool in failures
                else _best(job, tool, runs[tool], describe)
            )
            for tool in tools
        ]

    def run(self, task: str, *, python: str = sys.executable, **arguments: Any) -> Outcome:
        """Run a task once.

        Raises:
            TaskFailed: it ended with an error.
        """
        script, _, function = task.partition(".")
        return run_task(python, _HERE / f"{script}.py", function, self.logs / f"{function}.log", **arguments)

    def keep(self, measurement: Measurement) -> Measurement:
        """Put a line into the report."""
        self.measurements.append(measurement)
        seconds = "" if measurement.seconds is None else f"{measurement.seconds:.3g} s, "
        say(f"    {seconds}{measurement.result}")
        return measurement

    def find(self, job: str, tool: str) -> Measurement | None:
        """The line of a tool at a job, if it is there."""
        return next((found for found in self.measurements if (found.job, found.tool) == (job, tool)), None)

    def hats(self, tool: str, python: str, version: str) -> Path:
        """The catalogues in the layout LSDB and ACID want, imported by the tool itself, once for each version of it."""
        folder = self.inputs(self.rows).folder / f"{tool}-{version}"
        if not folder.exists():
            say(f"importing the catalogues for {tool} {version}")
            making = folder.with_name(f"{folder.name}.making")
            rmtree(making, ignore_errors=True)
            for side in _SIDES:
                parquet = self.inputs(self.rows).parquet(side)
                self.run(f"peers.{tool}_import", python=python, parquet=parquet, folder=making / side)
            making.rename(folder)
        return folder

    def python_with(self, package: str) -> tuple[str, str] | None:
        """An interpreter that has a package, and the version; this one before the one of the peers."""
        for python in filter(None, (sys.executable, self.peers_python)):
            if version := package_version(python, package):
                return python, version
        return None

    def _inputs(self, rows: Rows) -> Inputs:
        say(f"catalogues of {rows} rows")
        folder = self.folder / f"skies-{rows.left}-{rows.right}"
        run_process(
            [sys.executable, _HERE / "skies.py", folder, str(rows.left), str(rows.right)], self.logs / "skies.log"
        )
        return Inputs(folder, rows)

    def _fits(self, rows: Rows) -> Inputs:
        inputs = self.inputs(rows)
        self.run("tasks.make_fits", folder=inputs.folder)
        return inputs

    def _store(self, rows: Rows) -> Path:
        """A store with the tables `left_sky` and `right_sky`."""
        inputs, store = self.inputs(rows), self.work / f"store-{rows.left}-{rows.right}"
        say(f"ingesting {rows} rows")
        files = {f"{side}_sky": str(inputs.parquet(side)) for side in _SIDES}
        self.run("tasks.ingest_files", store=store, files=files)
        return store


def _best(job: str, tool: str, runs: Sequence[Outcome], describe: Describe) -> Measurement:
    best = min(runs, key=lambda run: float(run.answer["seconds"]))
    return Measurement(
        job,
        tool,
        seconds=best.answer["seconds"],
        again_s=min((run.answer["again_s"] for run in runs if run.answer.get("again_s")), default=None),
        peak_gb=max(run.peak_gb for run in runs),
        result=describe(best.answer),
        answer=best.answer,
    )


def say(text: str) -> None:
    """Tell people how far the run is, on standard error."""
    print(text, file=sys.stderr, flush=True)
