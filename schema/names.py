"""Names of tables and columns: the only place that quotes for SQL."""

from __future__ import annotations

import re

from skyband.schema.errors import BadName

_TABLE = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RESERVED = frozenset({"keys", "main", "data", "information_schema", "tap_schema", "tap_upload", "all", "table"})


def check_table_name(name: str, kind: str = "table") -> str:
    """Return `name` if it can name a table: lower-case letters, digits and `_`, 63 at most, a letter first.

    Args:
        name: to be looked at.
        kind: what it is to name, in a word, for the message.

    Raises:
        BadName: for anything else, and for the few words the store itself uses.
    """
    if not _TABLE.fullmatch(name) or name in _RESERVED:
        raise BadName(
            f"{name!r} cannot name a {kind}: use lower-case letters, digits and '_', starting with a letter "
            f"(at most 63 characters, and none of {', '.join(sorted(_RESERVED))})"
        )
    return name


def check_column_name(name: str) -> str:
    """Return `name` if it can name a column: any text without control characters.

    They cannot be typed, break lines of every listing and text file, and mean nothing in an astronomer's table.

    Raises:
        BadName: it holds one, or half a character (a surrogate).
    """
    if not name or re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", name):
        raise BadName(f"{ascii(name)[:80]} cannot name a column: it is empty or holds a control character; rename it")
    return name


def quote(identifier: str) -> str:
    """An SQL identifier in double quotes, whatever it contains."""
    return '"' + identifier.replace('"', '""') + '"'


def quote_text(value: str) -> str:
    """An SQL string literal, for the statements that take no bound values (ATTACH, COPY)."""
    return "'" + value.replace("'", "''") + "'"
