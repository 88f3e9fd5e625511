"""`similar('id', k)` in the text of a query: a table of neighbours, wherever tables stand.

Instead of an id, 'RA,DEC' in degrees names the image nearest to a position.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skyband.queries.likeness.collection import Collection
from skyband.queries.likeness.options import LikenessOptions
from skyband.schema.columns import Column
from skyband.schema.errors import QueryError
from skyband.schema.store import Store

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlglot import Token

NAME = "similar"
COLUMNS = (
    Column("rank", "INTEGER", ucd="meta.number", description="Place among the neighbours, from 1"),
    Column("id", "VARCHAR", ucd="meta.id;meta.main", description="Image"),
    Column("similarity", "DOUBLE", description="Cosine of the angle between the two vectors, -1 to 1"),
    Column("ra", "DOUBLE", "deg", "pos.eq.ra", description="Right ascension of the image"),
    Column("dec", "DOUBLE", "deg", "pos.eq.dec", description="Declination of the image"),
    Column("sep_arcsec", "DOUBLE", "arcsec", "pos.angDistance", description="Separation from the target"),
)
DEFAULT_K = 20
"""Neighbours, unless told."""
_USAGE = f"write {NAME}('<id of an image>', <how many>) or {NAME}('<id>', <how many>, '<collection>')"


@dataclass(frozen=True, slots=True)
class Call:
    """A call in a text.

    Attributes:
        start, end: of its characters.
        target: id of the image whose likes are looked for, or a position as "RA,DEC".
        k: how many.
        collection: its name, "" for the only one.
        has_alias: whether a name for the table follows.
    """

    start: int
    end: int
    target: str
    k: int
    collection: str
    has_alias: bool


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
        alias = tokens[end + 1].token_type in (TokenType.ALIAS, TokenType.VAR) if end + 1 < len(tokens) else False
        calls.append(_call(token.start, tokens[end].end + 1, tokens[place + 2 : end], alias))
    return calls


def _call(start: int, end: int, arguments: Sequence[Token], has_alias: bool) -> Call:
    from sqlglot import TokenType

    kinds = [token.token_type for token in arguments]
    string, number, comma = TokenType.STRING, TokenType.NUMBER, TokenType.COMMA
    if kinds not in ([string], [string, comma, number], [string, comma, number, comma, string]):
        raise QueryError(f"{NAME} takes constants alone; {_USAGE}")
    texts = [token.text for token in arguments if token.token_type != comma]
    if len(texts) > 1 and not texts[1].isdigit():
        raise QueryError(f"{texts[1]} neighbours cannot be looked for; {_USAGE}")
    k = int(texts[1]) if len(texts) > 1 else DEFAULT_K
    return Call(start, end, texts[0], k, texts[2] if len(texts) > 2 else "", has_alias)


def neighbours_of(store: Store, call: Call) -> pa.Table:
    """The table of a call (`COLUMNS`).

    Raises:
        QueryError: it is not clear which collection is meant, or it has no such image.
        TableNotFound: there is no such collection.
        BadOption: `k` is out of its range.
    """
    import pyarrow as pa

    if not call.collection and len(Collection.names(store)) > 1:
        raise QueryError(f"{NAME} needs the name of a collection as third argument; {_USAGE}")
    collection = Collection.open(store, call.collection) if call.collection else Collection.only(store)
    found = collection.similar(collection.target_named(call.target), LikenessOptions(k=call.k)).table
    return found.select([column.name for column in COLUMNS]).set_column(0, "rank", found["rank"].cast(pa.int32()))
