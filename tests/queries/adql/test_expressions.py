"""Compound expressions against their value in Python: no operand loses its place, no text leaves its quotes."""

# ruff: noqa: E501

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyband.queries.adql import AdqlError, translate
from skyband.queries.adql.functions import AGGREGATE_FUNCTIONS, FUNCTIONS

from .conftest import TABLES, Ask

COMPOUND: list[tuple[str, Any]] = [
    ("2*mod(7,4)", 6), ("mod(3+2,4)", 1), ("mod(7,4)*2", 6), ("mod(7,1+3)", 3), ("10-mod(7,4)", 7), ("-mod(-7,4)", 3),
    ("mod(-7,4)", -3), ("mod(7.5,1+1)", 1.5), ("-mod(7,4)/2", -1), ("round(-7/2)", -3.0), ("round(7/2)", 3.0),
    ("round(7/2, 1-1)", 3.0), ("round(1.26+1, 1)", 2.3), ("truncate(7/2)", 3.0), ("truncate(-7/2.)", -3.0),
    ("truncate(1+1.26, 0+1)", 2.2), ("abs(-7/2)", 3), ("abs(3-5)*2", 4), ("-(-3)", 3), ("- (-(-3))", -3),
    ("7-(3-2)", 6), ("7-(-2)", 9), ("8/(4/2)", 4), ("8*(7/2)", 24), ("7*3/2", 10), ("(1+2)*(3+4)", 21),
    ("2*(3-5)", -4), ("-(1+2)*2", -6), ("coalesce(1+1, 3)*2", 4), ("nullif(1+1, 2)", None), ("nullif(3-1,1)*2", 4),
    ("case when 1=1 then 1+1 else 3 end*2", 4), ("-case when 1=1 then 2 end", -2), ("cast(7/2 as real)*2", 6.0),
    ("cast(1+1 as varchar)||'x'", "2x"), ("cast('a'||'bc' as varchar(2))", "ab"), ("'a'||upper('b'||'c')", "aBC"),
    ("7/(3-3)", None), ("in_unit(coord1(point(90+90,0)),'rad')*2", 2 * math.pi), ("power(1+1, 1+2)", 8.0),
    ("sqrt(7+2)", 3.0), ("coord1(point(100+1, 3-2))", 101.0), ("coord2(point(100+1, 3-2))*2", 2.0),
    ("distance(10-10, 5-5, 0, 2-1)", 1.0), ("ivo_hms_to_degrees('1'||':00:00')*2", 30.0), ("2*ivo_hms_to_degrees('01:00:00')", 30.0),
    ("ivo_nocasematch('a'||'b', 'A'||'%')", 1), ("ivo_hasword('a'||' b', 'b'||'')", 1), ("atan2(1-1, 1+1)", 0.0),
    ("ivo_healpix_index(1-1, 1+0, 1*1)", 4), ("sum(2*3)/count(*)", 6), ("2*max(1+1)", 4), ("-count(*)+count(*)", 0),
    ("area(circle(1+0, 2, 200-20))", 4 * math.pi * (180 / math.pi) ** 2), ("floor(-7/2.)", -4.0), ("ceiling(7/2.)*2", 8.0),
    ("ivo_interval_overlaps(-2-0, 2, 2, 3)", 1), ("log10(10*10)", 2.0), ("exp(1-1)*2", 2.0), ("degrees(pi()/2)", 90.0),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "expected"), COMPOUND)
def test_compound_operands(ask: Ask, expression: str, expected: object) -> None:
    found = ask(f"SELECT TOP 1 {expression} AS v, 'last' AS z FROM gaia")
    assert found == [
        (pytest.approx(expected, rel=1e-12, abs=1e-12) if isinstance(expected, float) else expected, "last")
    ]


def test_no_column_is_lost_and_conditions_count_what_they_say(ask: Ask, rows: Any) -> None:
    ids = rows["gaia"]["source_id"]
    assert ask("SELECT TOP 1 -MOD(-7,4) AS d, 'a' AS b, 1 AS c FROM gaia") == [(3, "a", 1)]
    ((count,),) = ask("SELECT COUNT(*) FROM gaia WHERE MOD(source_id + 1, 7) = 0")
    assert count == int(((ids + 1) % 7 == 0).sum())


@pytest.mark.parametrize("name", [*FUNCTIONS, *AGGREGATE_FUNCTIONS])
def test_every_template_is_closed(name: str) -> None:
    """A call or something in parentheses: an operator around it cannot take a part of it."""
    for overload in {**FUNCTIONS, **AGGREGATE_FUNCTIONS}[name]:
        text = re.sub(r"\{\d(\.\w+)?\}", "x", overload.sql)
        assert re.match(r"\w*\(", text), overload.sql
        depths = [text[: end + 1].count("(") - text[: end + 1].count(")") for end in range(len(text))]
        assert depths[-1] == 0, overload.sql
        assert depths.index(0, text.index("(")) == len(text) - 1, overload.sql


# A random tree: its ADQL with no more parentheses than the grammar needs, and its value.


@dataclass(frozen=True)
class Tree:
    text: str
    value: Any
    level: int  # 0: sum, 1: product, 2: with a sign, 3: closed
    real: bool = False

    def at(self, level: int) -> str:
        return self.text if self.level >= level else f"({self.text})"


def whole(value: Any) -> bool:
    return isinstance(value, int)


def divided(a: Any, b: Any) -> Any:
    if b == 0:
        return None
    return int(math.copysign(abs(a) // abs(b), a * b)) if whole(a) and whole(b) else a / b


OPERATORS: dict[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "+": (0, lambda a, b: a + b),
    "-": (0, lambda a, b: a - b),
    "*": (1, lambda a, b: a * b),
    "/": (1, divided),
}


def combined(sign: str, left: Tree, right: Tree) -> Tree:
    level, compute = OPERATORS[sign]
    missing = left.value is None or right.value is None
    value = None if missing else compute(left.value, right.value)
    return Tree(f"{left.at(level)} {sign} {right.at(level + 1)}", value, level, left.real or right.real)


def remainder(a: Any, b: Any) -> Any:
    return None if b == 0 else math.fmod(a, b) if not (whole(a) and whole(b)) else int(math.fmod(a, b))


CALLS: dict[str, Callable[..., Any]] = {
    "ABS": abs,
    "MOD": remainder,
    "FLOOR": lambda a: float(math.floor(a)),
    "CEILING": lambda a: float(math.ceil(a)),
    "TRUNCATE": lambda a: float(math.trunc(a)),
    "SQRT": lambda a: math.sqrt(a) if a >= 0 else None,
    "SIN": math.sin,
    "ATAN2": math.atan2,
    "RADIANS": math.radians,
    "LOG": lambda a: math.log(a) if a > 0 else None,
    "ACOS": lambda a: math.acos(a) if -1 <= a <= 1 else None,
    "ASIN": lambda a: math.asin(a) if -1 <= a <= 1 else None,
}


def called(name: str, arguments: Sequence[Tree]) -> Tree:
    values = [argument.value for argument in arguments]
    value = None if None in values else CALLS[name](*values)
    real = name not in ("ABS", "MOD") or any(argument.real for argument in arguments)
    return Tree(f"{name}({', '.join(argument.text for argument in arguments)})", value, 3, real)


def chosen(left: Tree, sign: str, right: Tree, yes: Tree, no: Tree) -> Tree:
    missing = left.value is None or right.value is None
    holds = not missing and (left.value < right.value if sign == "<" else left.value <= right.value)
    value, real = yes.value if holds else no.value, yes.real or no.real
    value = float(value) if value is not None and real else value
    return Tree(f"CASE WHEN {left.text} {sign} {right.text} THEN {yes.text} ELSE {no.text} END", value, 3, real)


def signed(tree: Tree) -> Tree:
    return Tree(f"-{tree.at(3)}", None if tree.value is None else -tree.value, 2, tree.real)


ARITY = {"MOD": 2, "ATAN2": 2}
LEAVES = st.one_of(
    st.integers(0, 9).map(lambda n: Tree(str(n), n, 3)),
    st.integers(0, 20).map(lambda n: Tree(f"{n / 4}", n / 4, 3, True)),
)


def grown(children: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    one = st.sampled_from([name for name in CALLS if name not in ARITY])
    return st.one_of(
        st.builds(combined, st.sampled_from(list(OPERATORS)), children, children),
        st.builds(signed, children),
        st.builds(lambda name, a: called(name, [a]), one, children),
        st.builds(lambda name, a, b: called(name, [a, b]), st.sampled_from(list(ARITY)), children, children),
        st.builds(chosen, children, st.sampled_from(["<", "<="]), children, children, children),
    )


NUMBERS = st.recursive(LEAVES, grown, max_leaves=12)
HOSTILE = st.lists(
    st.sampled_from(["'", "''", '"', "\n", "--", ";", "/*", "*/", "\\", "$$", "{0}", "{relation}", "%", " ", "x", ")", "(",
                     "select 1", "E", "\u2028", "\r", "\t", "ä", "drop view gaia"]), max_size=8).map("".join)  # fmt: skip


def text_tree(value: str) -> Tree:
    return Tree("'" + value.replace("'", "''") + "'", value, 3)


def joined(left: Tree, right: Tree) -> Tree:
    return Tree(f"{left.at(0)} || {right.at(1)}", left.value + right.value, 0)


TEXTS = st.recursive(
    HOSTILE.map(text_tree),
    lambda children: st.one_of(
        st.builds(joined, children, children),
        children.map(lambda tree: Tree(f"COALESCE({tree.text}, 'no')", tree.value, 3)),
        children.map(lambda tree: Tree(f"CAST({tree.text} AS VARCHAR)", tree.value, 3)),
        children.map(lambda tree: Tree(f"CASE WHEN {tree.text} = '' THEN '' ELSE {tree.text} END", tree.value, 3)),
    ),
    max_leaves=4,
)


def same(found: Any, expected: Any) -> bool:
    if expected is None or found is None or isinstance(expected, str):
        return bool(found == expected)
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9) and isinstance(found, int) == whole(expected)


@given(NUMBERS, TEXTS, NUMBERS, HOSTILE)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_expression_has_its_value_and_changes_nothing_else(
    connection: duckdb.DuckDBPyConnection, first: Tree, second: Tree, third: Tree, name: str
) -> None:
    alias = '"' + (name or "a").replace('"', '""') + '"'
    query = f"SELECT TOP 1 {first.text} AS {alias}, {second.text} AS b, {third.text} AS c, 'last' AS z FROM gaia"
    try:
        translation = translate(query, TABLES)
    except AdqlError as error:
        assert "levels deep" in str(error)
        return
    assert len(connection.extract_statements(translation.sql)) == 1
    try:
        result = connection.execute(translation.sql)
    except duckdb.OutOfRangeException as error:
        assert "Overflow" in str(error)  # of 32 bits
        return
    assert [item[0] for item in result.description] == [column.name for column in translation.columns]
    ((*values, last),) = result.fetchall()
    assert last == "last"
    for found, tree in zip(values, (first, second, third), strict=True):
        assert same(found, tree.value), (tree, found)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("SQRT(ra - 180) > 1", lambda ra: ra > 181),
        ("NOT SQRT(ra - 180) > 1", lambda ra: (ra >= 180) & (ra <= 181)),
        ("ACOS(ra - 10) >= 0", lambda ra: (ra >= 9) & (ra <= 11)),
        ("ASIN(ra - 10) < 9", lambda ra: (ra >= 9) & (ra <= 11)),
        ("POWER(10 - ra, 0.5) > -1", lambda ra: ra <= 10),
        ("POWER(ra - 200, -3) < 0", lambda ra: ra < 200),
        ("LOG(ra - 180) > -99", lambda ra: ra > 180),
        ("LOG10(180 - ra) > -99", lambda ra: ra < 180),
        ("SIN(EXP(1000) + ra) > -2", lambda ra: ra < 0),
        ("MOD(EXP(1000), 2.5) > -9", lambda ra: ra < 0),
        ("COT(0) > -9", lambda ra: ra < 0),
        ("NULLIF(SQRT(ra - 180), 3) IS NULL", lambda ra: (ra < 180) | (ra == 189)),
    ],
)
def test_what_is_no_number_is_null(ask: Ask, rows: Any, condition: str, holds: Callable[[Any], Any]) -> None:
    ((count,),) = ask(f"SELECT COUNT(*) FROM gaia WHERE {condition}")
    assert count == int(holds(rows["gaia"]["ra"]).sum())


def test_what_is_no_number_comes_last(ask: Ask, rows: Any) -> None:
    found = ask("SELECT SQRT(ra - 180) AS s FROM gaia ORDER BY s DESC")
    numbers = sorted((math.sqrt(ra - 180) for ra in rows["gaia"]["ra"] if ra >= 180), reverse=True)
    assert [s for (s,) in found] == [pytest.approx(s) for s in numbers] + [None] * (len(found) - len(numbers))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("flag + 1", [2, 1, None]),
        ("-flag", [-1, 0, None]),
        ("flag / 2.", [0.5, 0.0, None]),
        ("SQRT(flag)", [1.0, 0.0, None]),
        ("MOD(flag, 2)", [1, 0, None]),
        ("ABS(flag) * 3", [3, 0, None]),
        ("ATAN2(flag, flag + 1)", [math.atan2(1, 2), 0.0, None]),
        ("POINT(flag + 0, 1)", [(1.0, 1.0), (0.0, 1.0), None]),
        ("CASE WHEN flag = 1 THEN 'y' WHEN flag = 0 THEN 'n' END", ["y", "n", None]),
        ("CASE WHEN flag = 2 THEN 'two' ELSE 'other' END", ["other", "other", "other"]),
        ("CASE WHEN flag > 0.5 THEN 'y' ELSE 'n' END", ["y", "n", "n"]),
        ("CASE WHEN flag BETWEEN 0.5 AND 2 THEN 'y' ELSE 'n' END", ["y", "n", "n"]),
        ("CASE WHEN flag IN (2, 1) THEN 'y' ELSE 'n' END", ["y", "n", "n"]),
        ("CASE WHEN 3 IN (flag, 2) THEN 'y' ELSE 'n' END", ["n", "n", "n"]),
        ("CASE WHEN flag IN (SELECT 2 FROM obs) THEN 'y' ELSE 'n' END", ["n", "n", "n"]),
        ("AREA(POLYGON((SELECT 0 FROM obs WHERE flag = 1), 0, 90, 0, 0, 90)) > 0", None),
    ],
)
def test_booleans_are_one_or_zero(ask: Ask, expression: str, expected: list[Any] | None) -> None:
    if expected is None:
        assert ask(f"SELECT COUNT(*) FROM obs WHERE {expression}") == [(3,)]
        return
    names = "CASE name WHEN 'a' THEN 1 WHEN 'Ab' THEN 2 ELSE 3 END"
    assert [v for (v,) in ask(f"SELECT {expression} AS v FROM obs ORDER BY {names}")] == expected
