"""The words, numbers, texts and signs of an ADQL query, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from skyband.queries.adql.errors import Fault
from skyband.queries.adql.words import RESERVED

Kind = Literal["word", "delimited", "number", "text", "sign", "end"]


class Token(NamedTuple):
    """One token; `text` of delimited names and texts is without quotes."""

    kind: Kind
    text: str
    at: int  # offset of its first character

    @property
    def word(self) -> str:
        """The word in capitals, "" for anything that is none."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def is_name(self) -> bool:
        """Whether it can name a table or a column."""
        return self.kind == "delimited" or (self.kind == "word" and self.text.lower() not in RESERVED)

    @property
    def shown(self) -> str:
        """The token as an error message quotes it."""
        if self.kind == "end":
            return "the end of the query"
        quotes = {"text": "'", "delimited": '"'}.get(self.kind, "")
        return repr(self.text) if not quotes else f"{quotes}{self.text}{quotes}"


_TOKEN = re.compile(
    r"""
    (?P<blank>(?:\s|--[^\n]*)+)
    |(?P<number>0[xX][0-9A-Fa-f]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[A-Za-z][A-Za-z0-9_]*)
    |"(?P<delimited>(?:[^"]|"")+)"
    |'(?P<text>(?:[^']|'')*)'
    |(?P<sign><>|!=|<=|>=|\|\||[-+*/=<>(),.;])
    """,
    re.VERBOSE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_GOES_ON = re.compile(r"\w+")

_ADVICE = {
    "'": ("this text has no end", "close it with '"),
    '"': ("this delimited name is empty or has no end", 'close it with "'),
    "_": ("a name cannot begin with '_'", "put it into double quotes"),
    "[": ("'[' is not part of ADQL", "delimit names with double quotes"),
    "`": ("'`' is not part of ADQL", "delimit names with double quotes"),
    "%": ("'%' is not an operator of ADQL", "use MOD(a, b)"),
    ":": ("':' is not part of ADQL", "use CAST(value AS type)"),
    "@": ("'@' is not part of ADQL", "variables do not exist"),
    "!": ("'!' alone is not an operator", "write != or NOT"),
    "|": ("'|' is not an operator of ADQL", "texts are joined by ||"),
}


def tokens(query: str) -> Iterator[Token]:
    """The tokens of a query, the last one of kind "end".

    Raises:
        Fault: something is no token of ADQL.
    """
    if control := _CONTROL.search(query):
        raise Fault("a control character is not part of ADQL", control.start())
    at = 0
    while at < len(query):
        found = _TOKEN.match(query, at)
        if found is None:
            letter = query[at]
            raise Fault(*_explained(letter, at))
        kind, end = found.lastgroup, found.end()
        if kind == "number" and (rest := _GOES_ON.match(query, end)):
            word = query[at : rest.end()]
            raise Fault(f"{word!r} is neither a number nor a name: a name begins with a letter", at)
        if kind == "word" and not query[end : end + 1].isascii():
            raise Fault(*_explained(query[end], end))
        if kind != "blank":
            text = found[kind or 0]
            if kind in ("delimited", "text"):
                text = text.replace('""', '"') if kind == "delimited" else text.replace("''", "'")
            yield Token(kind, text, at)  # type: ignore[arg-type]
        at = end
    yield Token("end", "", len(query))


def _explained(letter: str, at: int) -> tuple[str, int, str]:
    problem, advice = _ADVICE.get(letter, (f"{letter!r} is not part of ADQL", ""))
    if not letter.isascii():
        advice = "names with other letters than A to Z need double quotes"
    return problem, at, advice
