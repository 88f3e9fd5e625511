"""What all commands share: options, output for people and for programs, progress."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any, TextIO, TypeVar

import rich_click as click

from skyband.schema.progress import OnProgress
from skyband.schema.settings import Settings

SEED = click.IntRange(0, 2**31 - 1)
"""What libraries take as a seed."""
_UNLIMITED = 100_000
Command = TypeVar("Command", bound=Callable[..., Any])


def store_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--store` and hand the command its `settings`."""

    @click.option("--store", metavar="FOLDER", help="Folder of the store (default: $SKYBAND_STORE or ./sky).")
    @wraps(command)
    def with_settings(*args: Any, store: str | None, **kwargs: Any) -> None:
        settings = Settings.from_environment()
        command(*args, settings=replace(settings, store=store) if store else settings, **kwargs)

    return with_settings


def json_option(command: Command) -> Command:
    """Add `--json`, which the command takes as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def command_line() -> str:
    """The command as typed, to be kept as provenance."""
    import shlex

    return shlex.join(["skyband", *sys.argv[1:]])


def print_json(document: object) -> None:
    """Print a document as JSON on standard output."""
    print(json.dumps(document, indent=2, default=str))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> None:
    """Print rows in aligned columns; `right` are the places of columns set to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for place, title in enumerate(header):
        table.add_column(Text(title), justify="right" if place in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    # A terminal shows what fits; a file or a pipe gets everything.
    Console(width=None if sys.stdout.isatty() else _UNLIMITED).print(table)


def print_facts(facts: Mapping[str, object]) -> None:
    """Print one `name  value` line a fact, values aligned."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        print(f"{name:<{width}}  {value}")


def as_paragraphs(first: str, points: Iterable[str], *, indent: str = "", file: TextIO | None = None) -> str:
    """A paragraph and points below it, in lines a terminal has room for; a file or a pipe gets them whole.

    Args:
        first: the paragraph.
        points: sentences, each of which gets a dash.
        indent: before every line.
        file: where it will go; None for standard output.
    """
    width = shutil.get_terminal_size().columns if (file or sys.stdout).isatty() else _UNLIMITED
    return "\n".join(
        textwrap.fill(text, width, initial_indent=indent + mark, subsequent_indent=indent + " " * len(mark))
        for mark, text in (("", first), *(("- ", point) for point in points))
    )


def percent(fraction: float) -> str:
    """A fraction as percent with two significant digits, or three near 100."""
    return f"{fraction * 100:.{2 if fraction < 0.1 else 3}g}%"


def note(text: str) -> None:
    """Tell people something on standard error, away from the output of the command."""
    print(text, file=sys.stderr)


@contextmanager
def progress_bar(doing: str, unit: str = "rows") -> Iterator[OnProgress]:
    """A progress bar with rows/s on standard error, on terminals only; the body calls it with rows done and in all.

    Args:
        doing: what is done.
        unit: what is counted, if not rows.
    """
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[speed]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=None, speed="")
        began = time.monotonic()

        def advance(done: int, total: int | None) -> None:
            rate = done / max(time.monotonic() - began, 1e-3)
            progress.update(task, completed=done, total=total, speed=f"{done:,} {unit}, {rate:,.0f} {unit}/s")

        yield advance
