"""The type of a text column, from a sample of its values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

NULLS = ("", "null", "NULL", "Null", "--", r"\N")
"""What stands for "no value" in CSV: of databases, of pandas, of astropy's masked columns."""

_INTEGER = re.compile(r"[+-]?(?:0|[1-9]\d{0,37})")
_PADDED = re.compile(r"[+-]?0\d+")
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf(?:inity)?", re.IGNORECASE)
_NAN = re.compile(r"[+-]?nan", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z?)?")
_FAMILIES = (("integer", "padded", "float"), ("date", "timestamp"), ("boolean",))
"""Kinds of text that one type can hold."""

_BIGINT, _UBIGINT = 1 << 63, 1 << 64


@dataclass(frozen=True, slots=True)
class Guess:
    """A type and what speaks against it."""

    type: str  # DuckDB type, "" where every value is NULL
    misfits: tuple[str, ...] = ()  # a few sampled values that are not of the type
    numbers: int = 0  # sampled values that are numbers, where most are and the column is text all the same


def guess_type(values: Iterable[str], *, is_id: bool = False) -> Guess:
    """The type that the values, NULLs aside, have.

    The type takes in all numbers of the column, or all its dates and times. One value in a hundred (or two, in a small
    sample) may be of another kind without making the column text: the rows of such values are rejected when they are
    read. Integers stay BIGINT up to 19 digits, and text where any has a leading zero (`007` is an id).

    Args:
        values: a sample of the column.
        is_id: whether they are ids, which are text if any of them is no integer.
    """
    counts = Counter(text for value in values if (text := value.strip(" \t")) not in NULLS)
    kind_of = {text: _kind(text) for text in counts}
    kinds = Counter[str]()
    for text, count in counts.items():
        kinds[kind_of[text]] += count
    nan = kinds.pop("nan", 0)
    total = kinds.total()
    if not total:
        return Guess("DOUBLE" if nan else "")
    allowed = 0 if is_id else min(max(2, total // 100), total // 3)
    family = next((kinds_of for kinds_of in _FAMILIES if total - sum(kinds[k] for k in kinds_of) <= allowed), None)
    if family is None:
        numbers = sum(kinds[kind] for kind in _FAMILIES[0])
        return Guess("VARCHAR", numbers=numbers if 2 * numbers > total else 0)
    misfits = tuple(text for text, kind in kind_of.items() if kind not in {*family, "nan"})[:3]
    match family[0]:
        case "boolean":
            type = "BOOLEAN"
        case "date":
            type = "TIMESTAMP" if kinds["timestamp"] else "DATE"
        case _:
            type = _number_type(kinds, [int(text) for text, kind in kind_of.items() if kind == "integer"], is_id=is_id)
    return Guess(type, misfits if type != "VARCHAR" else ())


def integer_type(low: int, high: int) -> str:
    """The type for integers between these."""
    if low >= -_BIGINT and high < _BIGINT:
        return "BIGINT"
    return "UBIGINT" if low >= 0 and high < _UBIGINT else "VARCHAR"


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


def _number_type(kinds: Mapping[str, int], integers: list[int], *, is_id: bool) -> str:
    if not kinds["float"]:
        return "VARCHAR" if kinds["padded"] else integer_type(min(integers), max(integers))
    rounded = kinds["integer"] > kinds["float"] and any(int(float(number)) != number for number in integers)
    return "VARCHAR" if rounded or (is_id and integers) else "DOUBLE"


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
