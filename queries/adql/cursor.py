"""A cursor over the tokens of a query: what every part of the grammar reads with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlglot import exp

from skyband.queries.adql.errors import Fault
from skyband.queries.adql.lexer import Token, tokens
from skyband.queries.adql.words import RESERVED

MAX_DEPTH = 40
"""How deep parentheses, calls and subqueries may nest."""

_CLAUSE_WORDS = """
all and as between by case cast distinct else end except exists from full group having in inner intersect into is join
left like natural not null offset on or order right select then top union using when where with
"""
_CLAUSES = frozenset(_CLAUSE_WORDS.split())
"""Words that are in the wrong place rather than meant as names."""

_Node = TypeVar("_Node", bound=exp.Expr)


def placed(node: _Node, at: int) -> _Node:
    """The node, with its place in the query."""
    node.meta["at"] = at
    return node


def place(node: exp.Expr) -> int:
    """Offset of a node's first character."""
    return int(node.meta["at"])


class Cursor:
    """Reads tokens one after the other."""

    def __init__(self, query: str) -> None:
        self._tokens = list(tokens(query))
        self._next = 0
        self._depth = 0

    @property
    def at_end(self) -> bool:
        """Whether all is read."""
        return self.ahead.kind == "end"

    @property
    def ahead(self) -> Token:
        """The next token."""
        return self._tokens[self._next]

    def peek(self, count: int = 1) -> Token:
        """A token further on."""
        return self._tokens[min(self._next + count, len(self._tokens) - 1)]

    def take(self) -> Token:
        """The next token, which is read by this."""
        token = self.ahead
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def takes(self, *wanted: str) -> bool:
        """Read these words or signs if they come next."""
        for count, text in enumerate(wanted):
            token = self.peek(count)
            if text != (token.word or (token.text if token.kind == "sign" else "")):
                return False
        for _ in wanted:
            self.take()
        return True

    def needs(self, wanted: str, why: str = "") -> Token:
        """Read a word or sign that must come next.

        Raises:
            Fault: something else does.
        """
        token = self.ahead
        if not self.takes(wanted):
            raise self.unexpected(f"expected {wanted}{why}")
        return token

    def unexpected(self, expected: str, advice: str = "") -> Fault:
        """The fault that the next token is."""
        token = self.ahead
        if not advice and token.kind == "word" and token.text.lower() in RESERVED - _CLAUSES:
            advice = f'as a name, {token.text} must be in double quotes: "{token.text}"'
        return Fault(f"{expected}, found {token.shown}", token.at, advice)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One level further down.

        Raises:
            Fault: that is too deep.
        """
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Fault(f"the query nests more than {MAX_DEPTH} levels deep", self.ahead.at, "use WITH, or flatten it")
        yield
        self._depth -= 1

    def listed(self, read: Callable[[], _Node]) -> list[_Node]:
        """One or more, separated by commas."""
        found = [read()]
        while self.takes(","):
            found.append(read())
        return found

    def name(self, what: str) -> exp.Identifier:
        """A name, delimited or not."""
        if not self.ahead.is_name:
            raise self.unexpected(f"expected {what}")
        token = self.take()
        return placed(exp.Identifier(this=token.text, quoted=token.kind == "delimited"), token.at)
