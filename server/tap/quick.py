"""Which questions are those that clients ask to find their way."""

from __future__ import annotations

from collections.abc import Container

from skyband.queries.adql.errors import Fault
from skyband.queries.adql.lexer import tokens
from skyband.queries.serving.uploads import SCHEMA as UPLOADS

_SCHEMA = "tap_schema"
_OTHERS = {"keys", UPLOADS}
_LONGEST = 10_000
"""Characters of a query that is looked at; longer ones are no such questions."""


def is_quick(query: str, tables: Container[str]) -> bool:
    """Whether an ADQL query reads TAP_SCHEMA alone, so that it need not wait behind long ones.

    It does where it names TAP_SCHEMA, and nothing that may be another table: then what follows FROM, JOIN or a comma
    need not be told from names of columns. Texts and comments name nothing.

    Args:
        query: as its user wrote it.
        tables: names of the tables of the store, in lower case.
    """
    if len(query) > _LONGEST or _SCHEMA not in query.lower():
        return False
    found, before, last = False, "", ""
    try:
        for token in tokens(query):
            name = token.text.lower()
            if token.is_name and not (last == "." and before == _SCHEMA):
                if name in tables or name in _OTHERS:
                    return False
                found |= name == _SCHEMA
            before, last = last, name
    except Fault:
        return False
    return found
