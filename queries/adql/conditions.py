"""Conditions of ADQL as DuckDB SQL, and what they say about the sky."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product

from sqlglot import exp

from skyband.queries.adql import geometry
from skyband.queries.adql.cursor import place
from skyband.queries.adql.errors import Fault
from skyband.queries.adql.expressions import Expressions
from skyband.queries.adql.kinds import NUMBERS, SHAPES, Condition, Near, Value, Within, as_number
from skyband.queries.adql.regions import union_members
from skyband.queries.adql.sky_limits import united
from skyband.queries.adql.values_grammar import is_condition
from skyband.schema.units import scale_between

_SIGNS = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_TESTS: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class Conditions(Expressions):
    """Translates values and conditions."""

    def condition(self, node: exp.Expr) -> Condition:
        """The SQL of a condition.

        Raises:
            Fault: kinds that cannot be compared, or what a value in it raises.
        """
        for kind, translate in self._tests.items():
            if isinstance(node, kind):
                return translate(self, node)
        raise Fault("expected a condition", place(node))

    def _paren(self, node: exp.Expr) -> Value:
        if is_condition(node):
            raise Fault("expected a value, found a condition", place(node))
        return super()._paren(node)

    def _parenthesised(self, node: exp.Expr) -> Condition:
        inner = self.condition(node.this)
        return Condition(f"({inner.sql})", inner.limits, inner.values)

    def _and(self, node: exp.Expr) -> Condition:
        left, right = self.condition(node.this), self.condition(node.expression)
        return Condition(f"{left.sql} AND {right.sql}", left.limits + right.limits, left.values + right.values)

    def _or(self, node: exp.Expr) -> Condition:
        left, right = self.condition(node.this), self.condition(node.expression)
        limits = united((left.limits, right.limits))
        # AND binds tighter, and the tree of a long chain is balanced: both sides are of OR or AND.
        return Condition(f"{left.sql} OR {right.sql}", limits, left.values + right.values)

    def _not(self, node: exp.Expr) -> Condition:
        inner = self.condition(node.this)
        return Condition(f"NOT ({inner.sql})", (), inner.values)

    def _exists(self, node: exp.Expr) -> Condition:
        sql, _ = self._subquery(node.this.this, self.scope)
        return Condition(f"EXISTS ({sql})")

    def _is_null(self, node: exp.Expr) -> Condition:
        value = self.value(node.this)
        return Condition(f"{value} IS NULL", values=(value,))

    def _like(self, node: exp.Expr) -> Condition:
        values = tuple(self.value(part) for part in (node.this, node.expression))
        word = "LIKE" if isinstance(node, exp.Like) else "ILIKE"
        for part, value in zip((node.this, node.expression), values, strict=True):
            if value.kind not in ("text", "any"):
                raise Fault(f"{word} compares texts, not a {value.kind}", place(part))
        return Condition(f"{values[0]} {word} {values[1]}", values=values)

    def _between(self, node: exp.Expr) -> Condition:
        nodes = (node.this, node.args["low"], node.args["high"])
        values = tuple(self.value(part) for part in nodes)
        for part, value in zip(nodes[1:], values[1:], strict=True):
            self._check_comparable(values[0], value, part)
        values = _alike(values)
        limits = self._limits_of_distance(node.this, values[2].constant)
        return Condition(f"{values[0]} BETWEEN {values[1]} AND {values[2]}", limits, values)

    def _in(self, node: exp.Expr) -> Condition:
        value, query = self.value(node.this), node.args.get("query")
        if query is not None:
            sql, fields = self._subquery(query.this, self.scope)
            if len(fields) != 1:
                raise Fault(f"the subquery of IN has one column, not {len(fields)}", place(query))
            self._check_comparable(value, Value(fields[0].sql, fields[0].kind), query)
            value = as_number(value) if fields[0].kind in NUMBERS else value
            return Condition(f"{value} IN ({sql})", values=(value,))
        listed = [self.value(item) for item in node.expressions]
        for item, one in zip(node.expressions, listed, strict=True):
            self._check_comparable(value, one, item)
        value, *listed = _alike((value, *listed))
        return Condition(f"{value} IN ({', '.join(one.sql for one in listed)})", values=(value, *listed))

    def _comparison(self, node: exp.Expr) -> Condition:
        sign = _SIGNS[type(node)]  # type: ignore[index]
        for one, other, turned in ((node.this, node.expression, sign), (node.expression, node.this, _turn(sign))):
            found = self._geometric(one, turned, other)
            if found is not None:
                return found
        left, right = self.value(node.this), self.value(node.expression)
        self._check_comparable(left, right, node.expression)
        left, right = _alike((left, right))
        limits: tuple[Within | Near, ...] = ()
        if sign in ("<", "<=", "="):
            limits = self._limits_of_distance(node.this, right.constant)
        if sign in (">", ">=", "="):
            limits += self._limits_of_distance(node.expression, left.constant)
        return Condition(f"{left} {sign} {right}", limits, (left, right))

    def _geometric(self, call: exp.Expr, sign: str, other: exp.Expr) -> Condition | None:
        """CONTAINS(...) = 1 and the like, where that is what it is: a condition and no number."""
        call = call.unnest()
        if not isinstance(call, exp.Anonymous) or call.name not in ("CONTAINS", "INTERSECTS"):
            return None
        if isinstance(other.unnest(), exp.Column | exp.Subquery | exp.Anonymous):
            return None
        bound = self.value(other).constant
        if bound is None:
            return None
        test = self.relation(call)
        holds = tuple(_TESTS[sign](flag, bound) for flag in (1, 0))
        if holds == (True, False):
            return Condition(f"({test.sql})", test.limits, test.values)
        if holds == (False, True):
            return Condition(f"NOT ({test.sql})", (), test.values)
        return Condition(f"adql_flag({test.sql}) {sign} {self.value(other)}", (), test.values)

    def relation(self, node: exp.Expr) -> Condition:
        """CONTAINS or INTERSECTS as a condition.

        Raises:
            Fault: the arguments are not two shapes, or a union stands where only a shape can.
        """
        name, at = node.name, place(node)
        options = [self._members(argument) for argument in node.expressions]
        if name == "CONTAINS" and any(len(members) > 1 for members in options[:1]):
            raise Fault("a union cannot be the first argument of CONTAINS", at)
        tests = [self._related(name, pair, len(options[-1]) > 1, at) for pair in product(*options)]
        if len(tests) == 1:
            return tests[0]
        sql = " OR ".join(f"({test.sql})" for test in tests)
        return Condition(sql, united(test.limits for test in tests), tests[0].values)

    def _members(self, node: exp.Expr) -> list[Value]:
        """The shapes of a union, or the one that a value is."""
        if isinstance(node, exp.Anonymous) and node.name == "REGION" and len(node.expressions) == 1:
            text = node.expressions[0]
            if text.is_string and (members := union_members(text.name, place(text))):
                return [geometry.region_value(member) for member in members]
        return [self.value(node)]

    def _related(self, name: str, shapes: Sequence[Value], is_union: bool, at: int) -> Condition:
        first, second = geometry.shapes_of(name, shapes, at)
        if name == "INTERSECTS":
            return geometry.intersects(first, second, at)
        if is_union and first.kind != "point":
            raise Fault("of a union, CONTAINS can only tell whether a point lies in it", at)
        return geometry.contains(first, second, at)

    def _limits_of_distance(self, node: exp.Expr, bound: float | None) -> tuple[Near, ...]:
        """What `node <= bound` says, if `node` is a DISTANCE, perhaps scaled by constants."""
        node = node.unnest()
        if bound is None or math.isnan(bound):
            return ()
        if isinstance(node, exp.Anonymous) and node.name == "DISTANCE":
            arguments = [self.value(argument) for argument in node.expressions]
            return geometry.limit_of_distance(geometry.distance_points(arguments, place(node)), bound)
        if isinstance(node, exp.Anonymous) and node.name == "IN_UNIT" and node.expressions:
            unit = node.meta["column"].unit
            return self._limits_of_distance(node.expressions[0], bound * scale_between(unit, "deg") * (1 + 1e-12))
        if isinstance(node, exp.Mul | exp.Div) and any(
            call.name == "DISTANCE" for call in node.find_all(exp.Anonymous)
        ):
            factor = self.value(node.expression).constant
            if factor is not None and factor > 0:
                scaled = bound / factor if isinstance(node, exp.Mul) else bound * factor
                return self._limits_of_distance(node.this, scaled * (1 + 1e-12))
            factor = self.value(node.this).constant
            if isinstance(node, exp.Mul) and factor is not None and factor > 0:
                return self._limits_of_distance(node.expression, bound / factor * (1 + 1e-12))
        return ()

    def _check_comparable(self, left: Value, right: Value, node: exp.Expr) -> None:
        kinds = {left.kind, right.kind} - {"null"}
        if kinds & SHAPES:
            raise Fault("shapes cannot be compared", place(node), "use CONTAINS, INTERSECTS or DISTANCE")
        alike = (NUMBERS | {"boolean"}, frozenset({"text", "timestamp"}), frozenset({"text", "boolean"}))
        if len(kinds) > 1 and "any" not in kinds and not any(kinds <= group for group in alike):
            raise Fault(f"cannot compare a {left.kind} with a {right.kind}", place(node))

    _tests: Mapping[type[exp.Expr], Callable[[Conditions, exp.Expr], Condition]] = {
        exp.Paren: _parenthesised,
        exp.And: _and,
        exp.Or: _or,
        exp.Not: _not,
        exp.Exists: _exists,
        exp.Is: _is_null,
        exp.Like: _like,
        exp.ILike: _like,
        exp.Between: _between,
        exp.In: _in,
        **dict.fromkeys(_SIGNS, _comparison),
    }

    _translators: Mapping[type[exp.Expr], Callable[[Conditions, exp.Expr], Value]] = {  # type: ignore[assignment]
        **Expressions._translators,
        exp.Paren: _paren,
    }


def _alike(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """Values that are compared: beside numbers, booleans are numbers."""
    return tuple(as_number(value) for value in values) if any(value.kind in NUMBERS for value in values) else values


def _turn(sign: str) -> str:
    return _TURNED.get(sign, sign)
