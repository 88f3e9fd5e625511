"""How an answer leaves the command line: a table for people, a format for programs, or a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from skyband.queries.formats import FORMATS
from skyband.schema.settings import Settings
from skyband.server.console import note, print_table

if TYPE_CHECKING:
    from skyband.queries.result import Result
    from skyband.queries.sky import Sky


@contextmanager
def open_sky(settings: Settings) -> Iterator[Sky]:
    """The store opened for questions; table files that cannot be read are named on standard error."""
    from skyband.queries.sky import Sky

    with Sky(settings=settings) as sky:
        for reason in sky.damaged.values():
            note(f"skyband: left out: {reason}")
        yield sky


_FOLLOWS = "otherwise it follows from the file's suffix."
FORMAT_OPTION = click.option("--format", type=click.Choice(list(FORMATS)), help=f"Format; {_FOLLOWS}")
"""`--format` of what always goes to a file."""


def output_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add `-o FILE` and `--format`, taken as `output` and `format`."""

    @click.option(
        "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write instead of printing."
    )
    @click.option(
        "--format", type=click.Choice(["table", *FORMATS]), help=f"Format (table: aligned, to be printed); {_FOLLOWS}"
    )
    @wraps(command)
    def checked(*args: Any, output: Path | None, format: str | None, **kwargs: Any) -> None:
        if output is not None and format == "table":
            raise click.UsageError("--format table is for printing; give another format, or leave out -o FILE")
        command(*args, output=output, format=format, **kwargs)

    return checked


def deliver(
    result: Result, settings: Settings, output: Path | None, format: str | None, *, hidden: Collection[str] = ()
) -> None:
    """Write the result to `output`, or print it: aligned on request and by default, else in the format.

    Columns that are `hidden` are left out of what is aligned for people.
    """
    from skyband.queries.formats import encode

    if output is not None:
        rows = result.write(output, format)
        note(f"{rows:,} rows written to {output}")
    elif format in (None, "table"):
        print_result(result, settings.print_rows, hidden=hidden)
    else:
        assert format is not None
        for chunk in encode(result.stream(), format):
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()


def print_result(result: Result, most_rows: int, *, hidden: Collection[str] = ()) -> None:
    """Print the first rows with column names and units, but of columns that are hidden, and say how many there are."""
    columns = [(place, column) for place, column in enumerate(result.columns) if column.name not in hidden]
    shown: list[tuple[Any, ...]] = []
    total = 0
    for batch in result.stream().batches:
        total += batch.num_rows
        room = most_rows - len(shown)
        if room > 0:
            part = batch.slice(0, room)
            shown.extend(zip(*(part.column(place).to_pylist() for place, _ in columns), strict=True))
    header = [f"{column.name}\n[{column.unit}]" if column.unit else column.name for _, column in columns]
    numeric = [n for n, (_, column) in enumerate(columns) if column.type not in ("VARCHAR", "BOOLEAN", "DATE")]
    digits = [7 if column.type == "FLOAT" else 12 for _, column in columns]
    print_table(header, [[_text(*item) for item in zip(row, digits, strict=True)] for row in shown], right=numeric)
    more = f", {len(shown)} shown; -o FILE writes all" if total > len(shown) else ""
    print(f"{total:,} {'row' if total == 1 else 'rows'}{more}")


def _text(value: object, digits: int) -> str:
    if value is None:
        return ""
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
