"""The gate: users' SQL is judged by its syntax tree, before the database binds it.

DuckDB's own parser makes the tree (`json_serialize_sql`). Every kind of node must be known here: what a later DuckDB
adds is refused until somebody looked at it.
"""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from skyband.queries.serving.sizes import check_size
from skyband.schema.errors import QueryError
from skyband.schema.faults import duckdb_faults

if TYPE_CHECKING:
    import duckdb

LARGEST_BYTES = 64 << 10
"""Length of a query, bytes."""

DEEPEST = 200
"""Brackets in brackets: the parser tries what it cannot close in very many ways."""

_QUERIES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_SOURCES = {"BASE_TABLE", "JOIN", "SUBQUERY", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "PIVOT", "SHOW_REF"}
_MODIFIERS = {"ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER"}
_ORDERS = {"ORDER_DEFAULT", "ASCENDING", "DESCENDING"}
_PLAIN = _QUERIES | _SOURCES | _MODIFIERS | _ORDERS
_EXPRESSIONS = {
    "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "LAMBDA",
    "LAMBDA_REF", "OPERATOR", "PARAMETER", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "TYPE", "WINDOW",
}  # fmt: skip
_TABLE_ARGUMENTS = {"cone": 1, "xmatch": 2}
_SHOWN = {"DESCRIBE", "SUMMARY"}
_INNER = ("duckdb_", "pragma_", "pg_", "sqlite_", "information_schema")

_NUMBER = re.compile(rb"[0-9._]+(?:[eE][+-]?[0-9]+)?")

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a query may name, in lower case."""

    tables: frozenset[str]  # "gaia", "main.gaia", "keys.gaia", "tap_schema.tables", ...
    functions: frozenset[str]
    searched: frozenset[str] = frozenset()  # what cone() and xmatch() may be given: tables of positions, plain names
    table_functions: frozenset[str] = frozenset()


@cache
def known_functions(kind: str = "") -> frozenset[str]:
    """The functions of DuckDB users may call; with `kind`, those of one list of functions.toml."""
    lists = tomllib.loads(files(__package__).joinpath("functions.toml").read_text(encoding="utf-8"))
    if kind:
        return frozenset(lists[kind].split())
    return frozenset(name for group, names in lists.items() if group != "tables" for name in names.split())


def check_length(text: str) -> None:
    """Refuse what would cost more to read than it can be worth, in any language.

    Raises:
        QueryError: it is too long, no Unicode, or has too many brackets inside each other.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise QueryError("the query holds half a character (a surrogate); send it as UTF-8") from None
    if size > LARGEST_BYTES:
        raise QueryError(f"the query is longer than {LARGEST_BYTES:,} bytes; upload long lists as a table")
    if "\0" in text:
        raise QueryError("the query holds a NUL character; take it out")
    if _depth(text) > DEEPEST:
        raise QueryError(f"the query has more than {DEEPEST} brackets inside each other; take it apart with WITH")


def check_sql(cursor: duckdb.DuckDBPyConnection, text: str, allowed: Allowed) -> None:
    """Let one harmless SELECT pass.

    Args:
        cursor: of any database; only its parser is used.
        text: the query; `check_length` has let it pass.
        allowed: what it may name.

    Raises:
        QueryError: it is not one SELECT, or names a table or function that is not allowed.
    """
    tree = _tree(cursor, text)
    try:
        _check(tree, allowed)
    except RecursionError:
        raise QueryError("the query is nested too deeply; take it apart with WITH") from None


def one_select(cursor: duckdb.DuckDBPyConnection, text: str) -> duckdb.Statement:
    """The one SELECT that SQL is, read once more where it is about to run: whoever wrote it, nothing else may.

    Raises:
        QueryError: it is something else.
    """
    statements = cursor.extract_statements(text)
    kinds = [_kind(statement) for statement in statements]
    if kinds != ["SELECT"]:
        raise QueryError(f"this would run {', '.join(kinds) or 'nothing'} and not one SELECT; please report the query")
    return statements[0]


def without_semicolon(text: str) -> str:
    """The one statement in `text`, to stand in parentheses: `;` and what follows it is cut.

    Args:
        text: SQL that `check_sql` has let pass.
    """
    import duckdb

    if ";" not in text:
        return text
    written = text.encode()  # places are those of bytes
    parts: list[tuple[int, bool]] = [(0, False)]  # where each begins, and whether more than a comment is in it
    for start, kind in duckdb.tokenize(text):
        if kind == duckdb.token_type.operator and written[start : start + 1] == b";":
            parts.append((start + 1, False))
        elif kind != duckdb.token_type.comment:
            parts[-1] = (parts[-1][0], True)
    ends = [start - 1 for start, _ in parts[1:]] + [len(written)]
    (statement,) = (written[part[0] : end] for part, end in zip(parts, ends, strict=True) if part[1])
    return statement.decode()


def without_numbers(text: str) -> str | None:
    """SQL with 0 for every number: the gate judges alike what differs in numbers alone.

    Args:
        text: SQL.

    Returns:
        None where numbers matter: one of the functions `sized` may be in it.
    """
    import duckdb

    folded = text.lower()
    if any(name in folded for name in known_functions("sized")):
        return None
    written = text.encode()  # places are those of bytes
    parts, done = [], 0
    for start, kind in duckdb.tokenize(text):
        if kind == duckdb.token_type.numeric_const:
            parts.append(written[done:start])
            done = start + len(_NUMBER.match(written, start)[0])  # type: ignore[index]
    return b"0".join([*parts, written[done:]]).decode()


def _tree(cursor: duckdb.DuckDBPyConnection, text: str) -> Any:
    with duckdb_faults("cannot read the query"):
        statements = cursor.extract_statements(text)
        if len(statements) == 1:
            ((serialised,),) = cursor.execute("SELECT json_serialize_sql(?)", [text]).fetchall()
    if len(statements) != 1:
        raise QueryError(f"the query holds {len(statements)} statements; give exactly one SELECT")
    try:
        tree = json.loads(serialised)
    except RecursionError:
        raise QueryError("the query is nested too deeply; take it apart with WITH") from None
    if tree["error"] or len(tree["statements"]) != 1:
        kind = _kind(statements[0])
        if kind in ("MULTI", "SELECT"):
            raise QueryError("PIVOT needs its list of values here: FROM ... PIVOT (sum(x) FOR y IN (1, 2))")
        raise QueryError(f"{kind} is not answered here; give one SELECT")
    return tree["statements"][0]["node"]


def _kind(statement: duckdb.Statement) -> str:
    try:
        return statement.type.name
    except ValueError:  # the client has no name for some kinds
        return "this statement"


def _depth(text: str) -> int:
    """Brackets open at once, at most; those in quotes count as well."""
    steps = (1 if letter in "([{" else -1 for letter in re.sub(r"[^\[\](){}]", "", text))
    return max(itertools.accumulate(steps), default=0)


def _check(root: Node, allowed: Allowed) -> None:
    """Walk the tree; each node with the names of the CTEs it can see."""
    pending: list[tuple[Any, frozenset[str]]] = [(root, frozenset())]
    while pending:
        node, ctes = pending.pop()
        if isinstance(node, list):
            pending.extend((item, ctes) for item in node)
            continue
        if not isinstance(node, dict):
            continue
        kind, expression = node.get("type"), node.get("class")
        if expression is not None:
            _check_expression(node, expression, allowed)
            if expression == "CONSTANT":
                continue
        elif isinstance(kind, str):
            if kind not in _PLAIN:
                raise QueryError(f"{_words(kind)} is not answered here; give one SELECT")
            if kind in _SOURCES:
                _check_source(node, kind, allowed, ctes)
        if "cte_map" in node:
            if kind == "RECURSIVE_CTE_NODE":
                ctes = ctes | {node["cte_name"].lower()}
            for entry in node["cte_map"]["map"]:
                pending.append((entry["value"], ctes))
                ctes = ctes | {_cte_name(entry["key"])}
        # A table function's name was judged as a source.
        skipped = {"cte_map"} if kind != "TABLE_FUNCTION" else {"cte_map", "function"}
        pending.extend((value, ctes) for key, value in node.items() if key not in skipped)
        if kind == "TABLE_FUNCTION":
            pending.append((node["function"]["arguments"], ctes))


def _cte_name(name: str) -> str:
    folded = name.lower()
    if folded.startswith(_INNER):
        raise QueryError(f"{name!r} cannot name a subquery: it is a name of the database's own")
    return folded


def _check_expression(node: Node, kind: str, allowed: Allowed) -> None:
    if kind not in _EXPRESSIONS:
        raise QueryError(f"{_words(kind)} is not answered here")
    if kind not in ("FUNCTION", "WINDOW"):
        return
    name = node["function_name"].lower()
    if name not in allowed.functions:
        raise QueryError(f"there is no function {name}() for queries here{_similar(name, allowed.functions)}")
    if kind == "FUNCTION" and name in known_functions("sized"):
        check_size(name, [argument["expression"] for argument in node["arguments"]])


def _check_source(node: Node, kind: str, allowed: Allowed, ctes: frozenset[str]) -> None:
    if kind == "BASE_TABLE":
        path = [part.lower() for part in node["qualified_name"]["path"]]
        name = ".".join(path)
        if node["at_clause"] is not None:
            raise QueryError("AT (...) is not answered here: a table has one version, the newest")
        if not (name in allowed.tables and "." not in path[-1]) and not (len(path) == 1 and name in ctes):
            raise QueryError(f"there is no table {name!r}{_similar(name, allowed.tables | ctes)}")
    elif kind == "SHOW_REF":
        if node["show_type"] not in _SHOWN or node["query"] is None:
            raise QueryError("SHOW is not answered here; SELECT * FROM tap_schema.tables lists the tables")
    elif kind == "TABLE_FUNCTION":
        _check_table_function(node["function"], allowed)


def _check_table_function(function: Node, allowed: Allowed) -> None:
    name = function["function_name"].lower()
    if function["schema"].lower() not in ("", "main") or function["catalog"]:
        name = ".".join(function["qualified_name"]["path"])
    if name not in allowed.table_functions:
        raise QueryError(
            f"{name}() cannot stand after FROM here; these can: {', '.join(sorted(allowed.table_functions))}"
        )
    wanted = _TABLE_ARGUMENTS.get(name, 0)
    arguments = function["arguments"]
    for argument in arguments[:wanted]:
        literal = argument["expression"].get("literal", {})
        if argument["name"] or literal.get("kind") != "STRING" or literal["text"].lower() not in allowed.searched:
            raise QueryError(_wanted(name, allowed))
    if len(arguments) < wanted or (
        wanted and any(item["name"].lower() in ("table", "left", "right") for item in arguments)
    ):
        raise QueryError(_wanted(name, allowed))


def _wanted(name: str, allowed: Allowed) -> str:
    return f"{name}() takes the name of a table with positions in quotes first: {', '.join(sorted(allowed.searched))}"


def _similar(name: str, names: frozenset[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, sorted(names), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _words(kind: str) -> str:
    return kind.removesuffix("_QUERY_NODE").removesuffix("_NODE").replace("_", " ")
