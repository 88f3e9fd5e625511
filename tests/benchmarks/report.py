"""The figures of a run and what they are held against, as JSON and as Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Measurement:
    """One tool at one job; the first of a job is the one the others are compared with."""

    job: str
    tool: str
    seconds: float | None = None  # None where it was not measured
    again_s: float | None = None  # a second time in the same process, where that was measured
    peak_gb: float | None = None  # of the process, or of the largest of several, 1e9 bytes
    result: str = ""  # what it found, or why there is nothing
    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """A figure that must be reached."""

    what: str
    required: str
    measured: str
    met: bool | None  # None where there is no measurement


def check(
    what: str, sign: str, limit: float, measured: float | None, form: str = "{:.2f}", *, missing: str = "not measured"
) -> Check:
    """Hold a figure against its limit; `sign` is one of ``>=``, ``<=`` and ``<``."""
    compare: Mapping[str, Callable[[float, float], bool]] = {
        ">=": float.__ge__,
        "<=": float.__le__,
        "<": float.__lt__,
    }
    required = f"{sign} {form.format(limit)}"
    if measured is None:
        return Check(what, required, missing, None)
    return Check(what, required, form.format(measured), compare[sign](float(measured), float(limit)))


def quotient(measured: Measurement | None, unit: Measurement | None) -> float | None:
    """How many times the time of `unit` one took; None where one of them was not measured."""
    if measured is None or unit is None or measured.seconds is None or unit.seconds is None:
        return None
    return measured.seconds / unit.seconds


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a run found."""

    title: str
    made_at: str  # UTC, ISO 8601
    command: str
    notes: Sequence[str]
    machine: Mapping[str, str]
    measurements: Sequence[Measurement]
    checks: Sequence[Check]

    def write(self, folder: Path) -> None:
        """Write `results.json` and `results.md`."""
        (folder / "results.json").write_text(json.dumps(asdict(self), indent=2) + "\n")
        (folder / "results.md").write_text(self.markdown())

    def markdown(self) -> str:
        """The report as people read it; its tables are aligned for terminals too."""
        return "\n".join([f"# {self.title}", "", *self._facts(), "", *self._jobs(), *self._verdict()]) + "\n"

    def _facts(self) -> Iterator[str]:
        yield f"`{self.command}`, {self.made_at}"
        yield ""
        yield from (f"- {name}: {value}" for name, value in self.machine.items())
        yield ""
        yield from self.notes

    def _jobs(self) -> Iterator[str]:
        for job, group in groupby(self.measurements, key=lambda measurement: measurement.job):
            lines = list(group)
            yield from (f"## {job}", "")
            header = ["", "seconds", "times first", "again, s", "times first", "peak GB", "result"]
            rows = [
                [
                    line.tool,
                    _number(line.seconds),
                    _ratio(line.seconds, lines[0].seconds),
                    _number(line.again_s),
                    _ratio(line.again_s, lines[0].again_s),
                    _number(line.peak_gb),
                    line.result,
                ]
                for line in lines
            ]
            yield from _table(header, rows, right=range(1, 6))
            yield ""

    def _verdict(self) -> Iterator[str]:
        yield from ("## What must be reached", "")
        words = {True: "yes", False: "NO", None: "-"}
        rows = [[line.what, line.required, line.measured, words[line.met]] for line in self.checks]
        yield from _table(["", "required", "measured", "met"], rows, right=(1, 2))


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int]) -> Iterator[str]:
    cells = [[cell.replace("|", "/") for cell in row] for row in (header, *rows)]
    # Columns that say nothing are left out.
    kept = [place for place in range(len(header)) if any(row[place] for row in cells[1:])]
    widths = {place: max(3, *(len(row[place]) for row in cells)) for place in kept}
    for number, row in enumerate(cells):
        pads = [
            f"{row[place]:>{widths[place]}}" if place in right else f"{row[place]:<{widths[place]}}" for place in kept
        ]
        yield f"| {' | '.join(pads)} |"
        if number == 0:
            rules = ["-" * (widths[place] - 1) + ":" if place in right else "-" * widths[place] for place in kept]
            yield f"| {' | '.join(rules)} |"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def _ratio(value: float | None, unit: float | None) -> str:
    return "" if value is None or unit is None else f"{value / unit:.2f}"
