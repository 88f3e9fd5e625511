"""`similar('id', k)` in the text of a query: a table of neighbours, wherever tables stand.

Options follow by name: `similar('id', 50, 'galaxies', exclude_arcsec => 0, where => 'pixel_scale < 0.5')`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from skyband.schema.errors import QueryError

if TYPE_CHECKING:
    from sqlglot import Token

NAME = "similar"
DEFAULT_K = 20
"""Neighbours, unless told."""
_USAGE = (
    f"write {NAME}('<id>', <how many>, '<collection>', exclude_arcsec => <number>, radius_arcsec => "
    "<number>, where => '<condition>'), "
    'of which only the id must be there, or a list of ids as \'["<id>", "<id>"]\' in its place'
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call in a text.

    Attributes:
        target: what is looked for; see `Neighbours`.
        k: how many.
        collection: its name, "" for the only one.
        exclude_arcsec: neighbours this near to the target on the sky are left out; None for the usual.
        radius_arcsec: how far from a position its image may be; None for the usual.
        where: a condition on the images that may be found, in SQL over the collection's table; "" for none.
        start, end: of its characters.
        has_alias: whether a name for the table follows.
    """

    target: str
    k: int = DEFAULT_K
    collection: str = ""
    exclude_arcsec: float | None = None
    radius_arcsec: float | None = None
    where: str = ""
    start: int = 0
    end: int = 0
    has_alias: bool = False


def replace_calls(text: str, table_of: Callable[[Call], str]) -> str:
    """A query with a table in the place of each call.

    Args:
        text: SQL or ADQL; what cannot be read is left to those who will say so.
        table_of: makes a table of neighbours and gives its name as it stands in queries.

    Raises:
        QueryError: a call has other arguments than an id, a number and the name of a collection.
    """
    if NAME not in text.lower():
        return text
    for call in reversed(find_calls(text)):
        name = table_of(call)
        # DuckDB keeps the bare word for SIMILAR TO.
        alias = "" if call.has_alias else f' AS "{NAME}"'
        text = f"{text[: call.start]}{name}{alias}{text[call.end :]}"
    return text


def find_calls(text: str) -> list[Call]:
    """The calls in a text, in their order.

    Raises:
        QueryError: as `replace_calls`.
    """
    from sqlglot import TokenType
    from sqlglot.dialects import DuckDB
    from sqlglot.errors import SqlglotError

    try:
        tokens = DuckDB().tokenize(text)
    except SqlglotError:
        return []
    before = {TokenType.FROM, TokenType.JOIN, TokenType.COMMA, TokenType.L_PAREN}
    names = {TokenType.ALIAS, TokenType.VAR, TokenType.IDENTIFIER}
    calls = []
    for place, token in enumerate(tokens):
        follows = tokens[place + 1 : place + 2]
        if token.text.lower() != NAME or token.token_type != TokenType.VAR or not follows:
            continue
        if follows[0].token_type != TokenType.L_PAREN or not place or tokens[place - 1].token_type not in before:
            continue
        end = place + 2
        while end < len(tokens) and tokens[end].token_type != TokenType.R_PAREN:
            end += 1
        if end == len(tokens):
            raise QueryError(f"{NAME}( is not closed; {_USAGE}")
        alias = tokens[end + 1].token_type in names if end + 1 < len(tokens) else False
        call = _call(tokens[place + 2 : end])
        calls.append(replace(call, start=token.start, end=tokens[end].end + 1, has_alias=alias))
    return calls


def _call(tokens: Sequence[Token]) -> Call:
    from sqlglot import TokenType

    positional: list[Token] = []
    named: dict[str, Token] = {}
    for argument in _arguments(tokens):
        if len(argument) == 1 and not named:
            positional += argument
        elif len(argument) == 3 and argument[1].token_type == TokenType.FARROW:
            name = argument[0].text.lower()
            if name in named:
                raise QueryError(f"{NAME} has {name} twice; {_USAGE}")
            named[name] = argument[2]
        else:
            raise QueryError(f"{NAME} takes constants alone; {_USAGE}")
    kinds = [token.token_type for token in positional]
    if not positional or kinds != [TokenType.STRING, TokenType.NUMBER, TokenType.STRING][: len(kinds)]:
        raise QueryError(f"{NAME} takes constants alone; {_USAGE}")
    if len(positional) > 1 and not positional[1].text.isdigit():
        raise QueryError(f"{positional[1].text} neighbours cannot be looked for; {_USAGE}")
    exclude, radius, where = (named.pop(name, None) for name in ("exclude_arcsec", "radius_arcsec", "where"))
    if named:
        raise QueryError(f"{NAME} knows no {next(iter(named))}; {_USAGE}")
    if any(number and number.token_type != TokenType.NUMBER for number in (exclude, radius)):
        raise QueryError(f"{NAME} takes numbers as exclude_arcsec and radius_arcsec; {_USAGE}")
    if where and where.token_type != TokenType.STRING:
        raise QueryError(f"{NAME} takes a text as where; {_USAGE}")
    return Call(
        positional[0].text,
        int(positional[1].text) if len(positional) > 1 else DEFAULT_K,
        positional[2].text if len(positional) > 2 else "",
        float(exclude.text) if exclude else None,
        float(radius.text) if radius else None,
        where.text if where else "",
    )


def _arguments(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """What stands between commas; nothing where nothing is."""
    from sqlglot import TokenType

    argument: list[Token] = []
    for token in tokens:
        if token.token_type == TokenType.COMMA:
            yield argument
            argument = []
        else:
            argument.append(token)
    yield argument
