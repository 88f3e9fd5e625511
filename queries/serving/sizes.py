"""Functions that make large values from small ones: how large, as far as the text of the query says it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from skyband.schema.errors import QueryError

LARGEST_LIST = 1_000_000
"""Items of a list that range() makes as one value; after FROM it has no limit."""

LARGEST_TEXT = 10_000
"""Letters a text is repeated or padded to."""

_WIDE = re.compile(r"\d{4,}|\*|\{[^{}]*\{")
"""In a format: a width or precision of four digits, or one that is an argument."""


def check_size(name: str, arguments: Sequence[Mapping[str, Any]]) -> None:
    """Judge a call of one of the functions `sized` in functions.toml.

    Raises:
        QueryError: the value is too large, or its size is not a number in the text.
    """
    if name in ("range", "generate_series"):
        limits = [_number(argument) for argument in arguments]
        if None in limits or not 1 <= len(limits) <= 3:
            raise QueryError(f"{name}() outside FROM takes numbers as written; put it after FROM for others")
        numbers = [limit for limit in limits if limit is not None]
        start, stop = (0, numbers[0]) if len(numbers) == 1 else numbers[:2]
        step = numbers[2] if len(numbers) == 3 else 1
        if step and abs(stop - start) / abs(step) > LARGEST_LIST:
            raise QueryError(f"{name}() outside FROM makes at most {LARGEST_LIST:,} items; put it after FROM")
    elif name in ("format", "printf"):
        text = _text(arguments[0]) if arguments else None
        if text is None or _WIDE.search(text):
            raise QueryError(f"{name}() takes its format as written, with widths of at most three digits")
    elif name in ("lpad", "rpad"):
        length = _number(arguments[1]) if len(arguments) > 1 else None
        if length is None or length > LARGEST_TEXT:
            raise QueryError(f"{name}() takes a length as written, at most {LARGEST_TEXT:,}")
    else:
        # What is repeated may be 64 KB long itself.
        what = _text(arguments[0]) if arguments else None
        count = _number(arguments[1]) if len(arguments) > 1 else None
        if what is None or count is None or len(what) * count > LARGEST_TEXT:
            raise QueryError(f"{name}() takes a text and a number as written, for at most {LARGEST_TEXT:,} letters")


def _number(node: Mapping[str, Any]) -> float | None:
    if node.get("function_name") == "-" and len(node["arguments"]) == 1:
        value = _number(node["arguments"][0]["expression"])
        return None if value is None else -value
    literal = node.get("literal", {})
    if literal.get("kind") == "STRING":
        return None
    try:
        return float(literal.get("text", ""))
    except ValueError:
        return None


def _text(node: Mapping[str, Any]) -> str | None:
    literal = node.get("literal", {})
    return literal["text"] if literal.get("kind") == "STRING" else None
