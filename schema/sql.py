"""SQL text from the `.sql` files that lie beside the code."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_FEW_ROWS = 50_000
"""Rows up to which DuckDB should know a limit when it plans."""


@cache
def load_sql(package: str, name: str) -> str:
    """The text of `<name>.sql` in a package, `skyband.queries.crossmatch` for instance, without its comment lines.

    Comments are for the readers of the file; a part of several lines filled into one would break out of it.
    """
    text = files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("--"))


def fill_sql(package: str, name: str, **parts: str) -> str:
    """The text of `<name>.sql` with each `{part}` replaced; parts are quoted identifiers or trusted SQL."""
    # In one pass: a column may be called "{id}".
    return re.sub(r"\{(\w+)\}", lambda place: parts.get(place[1], place[0]), load_sql(package, name))


def limit_rows(rows: int) -> str:
    """A LIMIT clause whose first rows come at once.

    Of a LIMIT that it can read and that is less than a tenth of a table, DuckDB 2.0 makes a join of row numbers with
    that table: a million rows begin after 0.1 s instead of 4 ms, and take 4 times the work. Of rows in order it should
    see how few are wanted: it sorts no others then.
    """
    return f"LIMIT {rows}" if rows <= _FEW_ROWS else f"LIMIT (SELECT {rows})"
