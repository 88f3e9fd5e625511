"""Numbers written out, and the sums and products of them that are known before the query runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from operator import add, mul, sub, truediv

from skyband.queries.adql.errors import Fault
from skyband.queries.adql.kinds import Value

_LONGEST_INTEGER = 19
"""Digits of 2**63 - 1."""


def number_of(text: str, at: int) -> Value:
    """A number as it is written: decimal or, after 0x, hexadecimal; integers beyond 64 bits are real.

    Raises:
        Fault: it is too large for either.
    """
    digits = text.lstrip("0")
    if text[:2].lower() == "0x":
        amount: float = int(text, 16)
    else:
        amount = int(digits or 0) if text.isdigit() and len(digits) <= _LONGEST_INTEGER else float(text)
    if isinstance(amount, int) and amount < 1 << 63:
        return Value(str(amount), "integer", constant=amount)
    try:
        amount = float(amount)
    except OverflowError:
        amount = math.inf
    if math.isinf(amount):
        raise Fault(f"the number {text[:40]} is too large", at)
    shown = repr(amount)
    return Value(shown if "e" in shown else f"{shown}e0", "real", constant=amount)


def computed(sign: str, left: float | None, right: float | None, *, whole: bool) -> float | None:
    """The value of a sum or product of constants, None where the database would not come to a finite one."""
    if left is None or right is None or (sign == "/" and right == 0):
        return None
    if whole:
        exact = _EXACT[sign](int(left), int(right))
        return exact if abs(exact) < 1 << 63 else None
    rounded = _ROUNDED[sign](float(left), float(right))
    return rounded if math.isfinite(rounded) else None


def _quotient(left: int, right: int) -> int:
    """Cut towards zero, as DuckDB's // is."""
    return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


_EXACT: Mapping[str, Callable[[int, int], int]] = {"+": add, "-": sub, "*": mul, "/": _quotient}
_ROUNDED: Mapping[str, Callable[[float, float], float]] = {"+": add, "-": sub, "*": mul, "/": truediv}
