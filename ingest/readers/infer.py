"""The type of a text column, from a sample of its values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

NULLS = ("", "null", "NULL", "Null", "--", r"\N")
"""What stands for "no value" in CSV: of databases, of pandas, of astropy's masked columns."""

_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d{0,37})")
_PADDED = re.compile(r"[+-]?0\d+")
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?", re.IGNORECASE)
_NAN = re.compile(r"[+-]?nan", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z?)?")
_FITTING = {
    "BIGINT": ("integer",),
    "VARCHAR": ("integer", "padded"),
    "DOUBLE": ("integer", "padded", "float"),
    "BOOLEAN": ("boolean",),
    "DATE": ("date",),
    "TIMESTAMP": ("date", "timestamp"),
}
"""Types in the order they are tried, and the kinds of text each takes."""

_BIGINT, _UBIGINT = 1 << 63, 1 << 64


@dataclass(frozen=True, slots=True)
class Guess:
    """A type and what speaks against it."""

    type: str  # DuckDB type, "" where every value is NULL
    misfits: tuple[str, ...] = ()  # a few sampled values that are not of the type
    numbers: int = 0  # sampled values that are numbers, where most are and the column is text all the same


def guess_type(values: Iterable[str]) -> Guess:
    """The type that the values, NULLs aside, have.

    One value in a hundred (or two, in a small sample) may be of another kind without making the column text: the
    rows of such values are rejected when they are read. Integers stay BIGINT up to 19 digits, and text where any
    has a leading zero (`007` is an id).
    """
    counts = Counter(text for value in values if (text := value.strip(" \t")) not in NULLS)
    kinds = Counter[str]()
    for text, count in counts.items():
        kinds[_kind(text)] += count
    nan = kinds.pop("nan", 0)
    total = kinds.total()
    if not total:
        return Guess("DOUBLE" if nan else "")
    allowed = min(max(2, total // 100), total // 3)
    type = next((t for t, fitting in _FITTING.items() if total - sum(kinds[k] for k in fitting) <= allowed), None)
    if type is None:
        numbers = sum(kinds[kind] for kind in _FITTING["DOUBLE"])
        return Guess("VARCHAR", numbers=numbers if 2 * numbers > total else 0)
    misfits = tuple(text for text in counts if _kind(text) not in {*_FITTING[type], "nan"})[:3]
    if type != "BIGINT":
        return Guess(type, misfits)
    whole = [int(text) for text in counts if _kind(text) == "integer"]
    if min(whole) >= -_BIGINT and max(whole) < _BIGINT:
        return Guess("BIGINT", misfits)
    return Guess("UBIGINT" if min(whole) >= 0 and max(whole) < _UBIGINT else "VARCHAR", misfits)


def merge(guesses: Iterable[Guess]) -> Guess:
    """The type for a column of several files: what one file leaves open another decides, and text takes all in."""
    known = [guess for guess in guesses if guess.type]
    types = {guess.type for guess in known}
    misfits = tuple(dict.fromkeys(value for guess in known for value in guess.misfits))[:3]
    if len(types) <= 1:
        return Guess(types.pop() if types else "", misfits, sum(guess.numbers for guess in known))
    if types <= {"BIGINT", "UBIGINT", "DOUBLE"} and "DOUBLE" in types:
        return Guess("DOUBLE", misfits)
    if types == {"DATE", "TIMESTAMP"}:
        return Guess("TIMESTAMP", misfits)
    return Guess("VARCHAR", numbers=sum(guess.numbers for guess in known))


def _kind(text: str) -> str:
    if _INTEGER.fullmatch(text):
        return "integer"
    if _PADDED.fullmatch(text):
        return "padded"
    if _FLOAT.fullmatch(text):
        return "float"
    if _NAN.fullmatch(text):
        return "nan"
    if text.lower() in {"true", "false"}:
        return "boolean"
    if _TIME.fullmatch(text) and _is_date(text[:10]):
        return "timestamp" if len(text) > 10 else "date"
    return "text"


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        return False
    return True
