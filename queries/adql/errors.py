"""`AdqlError`: what is wrong with a query, where, and what its author may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from skyband.schema.errors import QueryError

_LONGEST = 250
"""Characters of a problem, or of advice, that an error shows."""


class AdqlError(QueryError):
    """ADQL that is not, with the place of the fault.

    Attributes:
        line, column: the place, counted from 1.
        suggestion: what to write instead, "" where nothing is close.
    """

    def __init__(self, problem: str, query: str, offset: int, suggestion: str = "") -> None:
        before = query[:offset]
        self.line = before.count("\n") + 1
        self.column = offset - (before.rfind("\n") + 1) + 1
        self.suggestion = suggestion
        advice = f" ({suggestion})" if suggestion else ""
        super().__init__(f"ADQL, line {self.line}, column {self.column}: {_one_line(problem)}{_one_line(advice)}")


def _one_line(text: str) -> str:
    """What users and tables wrote can be quoted: without line breaks, and not without end."""
    shown = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


class Fault(Exception):
    """A problem at an offset; `located` makes an `AdqlError` of it once the text is at hand."""

    def __init__(self, problem: str, offset: int, suggestion: str = "") -> None:
        super().__init__(problem)
        self.problem, self.offset, self.suggestion = problem, offset, suggestion

    def located(self, query: str) -> AdqlError:
        """The error as the user sees it."""
        return AdqlError(self.problem, query, self.offset, self.suggestion)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Advice with the closest of the `known` names, "" where none is close."""
    folded = {candidate.lower(): candidate for candidate in known}
    close = get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    return f"did you mean {folded[close[0]]}?" if close else ""
