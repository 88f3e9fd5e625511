"""`make bench`: skyband beside its peers, in one run on one machine.

Every measurement is a process of its own. The figures go to standard output and, with everything behind them, to
`results.md` and `results.json` in the folder; the catalogues stay there for the next run.

    python tests/benchmarks/run.py --rows 1M --only match --peers astropy,stilts
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from bench import Bench, Rows
from jobs import JOBS
from machine import cores, describe_machine
from matching import MATCH_PEERS
from measure import TaskFailed
from report import Measurement, Report

HEADLINE, LARGE = "10.8Mx8.4M", "100Mx75M"
LEAST_ROWS = 1_000


def main() -> int:
    options = _parse()
    machine = describe_machine()
    bench = Bench(
        folder=options.folder.resolve(),
        rows=options.rows,
        large=options.large,
        peers=options.peers,
        peers_python=os.environ.get("SKYBAND_BENCH_PEERS", ""),
        repeat=options.repeat,
        workers=cores(),
        load_s=options.load_s,
    )
    try:
        for name in options.only or JOBS:
            _do(bench, name)
    finally:
        shutil.rmtree(bench.work, ignore_errors=True)
    report = Report(
        title="skyband beside its peers",
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        command=shlex.join(["python", "tests/benchmarks/run.py", *sys.argv[1:]]),
        notes=_notes(options.rows, options.repeat),
        machine=machine,
        measurements=bench.measurements,
        checks=bench.checks,
    )
    report.write(bench.folder)
    print(report.markdown())
    return 0 if _is_sound(bench) else 1


def _do(bench: Bench, name: str) -> None:
    """Do a job; what cannot be made ready for it is a line of the report."""
    try:
        JOBS[name](bench)
    except TaskFailed as error:
        bench.keep(Measurement(name, "skyband", result=f"could not be prepared: {error} (more in {bench.logs})"))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--rows", type=_rows, default=HEADLINE, help="rows of the catalogues: 20k, 1M, 10.8Mx8.4M (default)"
    )
    parser.add_argument(
        "--large",
        type=_rows,
        nargs="?",
        const=Rows.parse(LARGE),
        help=f"match far larger catalogues too ({LARGE} unless given; needs 50 GB of disk)",
    )
    parser.add_argument("--only", type=_words(JOBS), metavar="JOBS", help=f"some of {','.join(JOBS)}")
    parser.add_argument(
        "--peers", type=_words(MATCH_PEERS), default=tuple(MATCH_PEERS), help=f"some of {','.join(MATCH_PEERS)}"
    )
    parser.add_argument("--folder", type=Path, default=Path("bench"), help="where catalogues and results go")
    parser.add_argument("--repeat", type=int, default=1, help="times each task is run; the fastest counts")
    parser.add_argument("--load-s", type=float, default=60.0, help="seconds many clients ask the service")
    options = parser.parse_args()
    if options.repeat < 1:
        parser.error(f"argument --repeat: {options.repeat} times is not once at least")
    return options


def _rows(text: str) -> Rows:
    """A type of arguments: rows of two catalogues."""
    try:
        rows = Rows.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rows; 20k, 1M and 10.8Mx8.4M are") from None
    if min(rows) < LEAST_ROWS:
        raise argparse.ArgumentTypeError(f"{rows} rows are too few to measure; give {LEAST_ROWS} or more")
    return rows


def _words(known: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    """A type of arguments: known words with commas between them."""

    def words(text: str) -> tuple[str, ...]:
        given = tuple(text.split(","))
        for word in given:
            if word not in known:
                raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(known)}")
        return given

    return words


def _notes(rows: Rows, repeat: int) -> list[str]:
    """What must be known to read the figures."""
    notes = [
        "Times are of the operation alone: no start of interpreters and workers, no loading of catalogues for tools "
        "that work in memory, no import for tools with a layout of their own. Skyband's include opening the store and "
        "publishing the result on disk. Files are in the page cache.",
        f"Each task ran {repeat} times and the fastest counts." if repeat > 1 else "Each task ran once.",
        '"again" is a second run in the same process. Peak memory is that of the largest process of a task.',
    ]
    if rows != Rows.parse(HEADLINE):
        notes.append(f"What must be reached is meant for {Rows.parse(HEADLINE)} rows, not for the {rows} of this run.")
    return notes


def _is_sound(bench: Bench) -> bool:
    """Skyband did all its jobs, and everybody found the same pairs; how fast is for people to judge."""
    ours = [line for line in bench.measurements if line.tool.startswith("skyband")]
    agreed = [check for check in bench.checks if check.required == "equal"]
    return all(line.seconds is not None for line in ours) and all(check.met for check in agreed)


if __name__ == "__main__":
    sys.exit(main())
