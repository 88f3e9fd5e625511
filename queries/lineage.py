"""Lineage: the unit, UCD and description of every column of a result."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from skyband.schema.columns import Column

Tables = Callable[[str], Sequence[Column] | None]
Functions = Callable[[str, Sequence[str]], Sequence[Column] | None]

_LOG = logging.getLogger(__name__)
_BARE = Column("", "")


def trace_columns(
    query: str,
    names: Sequence[str],
    types: Sequence[str],
    *,
    tables: Tables,
    functions: Functions = lambda name, arguments: None,
) -> tuple[Column, ...]:
    """What is known of the columns of a query's result.

    Args:
        query: one SELECT in DuckDB's SQL.
        names: names of the result's columns, from the engine.
        types: their DuckDB types, from the engine.
        tables: gives the columns of a table or view, by its name as written (`gaia`, `keys.gaia`), in order and all of
            them; None where it is not known.
        functions: gives the columns of a table function by its name and arguments (texts and names without quotes,
            everything else as SQL). Where it gives None, `cone` and `query_table` have the columns of the table
            their first argument names.

    Returns:
        One column for each name, in order. Where a column's origin is not certain, only name and type are filled in.
        Nothing that DuckDB accepts raises: a query that cannot be followed has bare columns.
    """
    try:
        from skyband.queries.scopes import result_columns

        expected = result_columns(query, tables, functions)
    except Exception:  # the parser is not DuckDB's: a result without metadata is better than none
        _LOG.debug("no lineage for %s", query, exc_info=True)
        expected = (None,)
    found = _reconcile(_align(expected, len(names)), names)
    return tuple(_finish(*item) for item in zip(found, names, types, strict=True))


def _align(expected: Sequence[Column | None], width: int) -> list[Column]:
    """Give each of `width` columns its lineage; a None in `expected` stands for any number of unknown columns."""
    gaps = [place for place, column in enumerate(expected) if column is None]
    first, last = (gaps[0], gaps[-1] + 1) if gaps else (len(expected), len(expected))
    head, tail = expected[:first], expected[last:]
    room = width - len(head) - len(tail)
    if room < 0 or (room and not gaps):
        return [_BARE] * width
    return [column or _BARE for column in (*head, *[None] * room, *tail)]


def _reconcile(found: Sequence[Column], names: Sequence[str]) -> list[Column]:
    """Drop what the engine's names contradict; if they contradict anything, trust only what has the right name."""
    fits = [_fits(column.name, name) for column, name in zip(found, names, strict=True)]
    agree = all(fits)
    return [column if fit and (agree or column.name) else _BARE for column, fit in zip(found, fits, strict=True)]


def _fits(expected: str, name: str) -> bool:
    # Names that occur twice may have been numbered: id, id_1.
    return not expected or re.fullmatch(rf"{re.escape(expected)}([_:]\d+)?", name, re.IGNORECASE) is not None


def _finish(column: Column, name: str, type: str) -> Column:
    text = "VARCHAR" in type or type.startswith("ENUM")
    return replace(column, name=name, type=type, ascii=column.ascii if text else None)
