"""Values of ADQL as DuckDB SQL, with their kinds checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from skyband.queries.adql import geometry
from skyband.queries.adql.casts import cast, cast_column
from skyband.queries.adql.constants import computed, number_of
from skyband.queries.adql.cursor import place
from skyband.queries.adql.errors import Fault, did_you_mean
from skyband.queries.adql.functions import AGGREGATE_FUNCTIONS, FUNCTIONS, MAX_BINS, Overload
from skyband.queries.adql.kinds import NUMBERS, SHAPES, Condition, Kind, Value, as_number, derived
from skyband.queries.adql.meanings import meaning
from skyband.queries.adql.relations import Field
from skyband.queries.adql.scope import Scope, described
from skyband.queries.adql.values_grammar import AGGREGATES
from skyband.schema.errors import BadTable
from skyband.schema.names import quote_text
from skyband.schema.units import is_vounit, scale_between, to_vounit

Subquery = Callable[[exp.Expr, Scope], tuple[str, tuple[Field, ...]]]
"""Translates a subquery: its SQL and its columns."""

_SPECIAL = ("CAST", "COALESCE", "NULLIF", "IN_UNIT", "CONTAINS", "INTERSECTS", "DISTANCE", "IVO_GEOM_TRANSFORM")
_SHAPE_MAKERS = ("POINT", "CIRCLE", "BOX", "POLYGON")
_MEASURES = ("AREA", "CENTROID", "COORD1", "COORD2", "COORDSYS")
_KNOWN_FUNCTIONS = {*FUNCTIONS, *AGGREGATE_FUNCTIONS, *AGGREGATES, *_SPECIAL, *_SHAPE_MAKERS, *_MEASURES, "REGION"}

_ACCEPTS: Mapping[str, frozenset[Kind]] = {
    "number": frozenset({"integer", "real", "boolean"}),
    "integer": frozenset({"integer", "boolean"}),
    "text": frozenset({"text"}),
    "timestamp": frozenset({"timestamp", "text"}),
    "point": frozenset({"point"}),
}


class Expressions:
    """Translates the values of one SELECT; `conditions` adds conditions."""

    def __init__(self, scope: Scope, subquery: Subquery) -> None:
        self.scope = scope
        self._subquery = subquery

    def condition(self, node: exp.Expr) -> Condition:
        """A condition; defined by the class that knows them."""
        raise NotImplementedError

    def relation(self, node: exp.Expr) -> Condition:
        """CONTAINS or INTERSECTS as a condition; defined there too."""
        raise NotImplementedError

    def value(self, node: exp.Expr) -> Value:
        """The SQL of a value.

        Raises:
            Fault: a name or function is unknown, or a kind does not fit.
        """
        for kind, translate in self._translators.items():
            if isinstance(node, kind):
                found = translate(self, node)
                return replace(found, free=frozenset()) if found.free and found.sql in self.scope.keys else found
        raise Fault("expected a value", place(node))

    def _paren(self, node: exp.Expr) -> Value:
        inner = self.value(node.this)
        if "column" in node.this.meta:
            node.meta["column"] = node.this.meta["column"]
        return inner if inner.kind in SHAPES else replace(inner, sql=f"({inner.sql})", field=None, chain="")

    def _literal(self, node: exp.Expr) -> Value:
        text = node.name
        if node.args["is_string"]:
            return Value(quote_text(text), "text")
        return number_of(text, place(node))

    def _null(self, node: exp.Expr) -> Value:
        return Value("NULL", "null")

    def _column(self, node: exp.Expr) -> Value:
        assert isinstance(node, exp.Column)
        return self.scope.value(node)

    def _scalar(self, node: exp.Expr) -> Value:
        sql, fields = self._subquery(node.this, self.scope)
        if len(fields) != 1:
            raise Fault(f"a subquery used as a value has one column, not {len(fields)}", place(node))
        node.meta["column"] = fields[0].column
        return Value(f"({sql})", fields[0].kind)

    def _negative(self, node: exp.Expr) -> Value:
        (inner,) = self._numbers("-", [node.this])
        # In parentheses: a minus before a minus would begin a comment.
        return derived(f"(-{inner})", inner.kind, [inner], None if inner.constant is None else -inner.constant)

    def _arithmetic(self, node: exp.Expr) -> Value:
        sign = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}[type(node)]  # type: ignore[index]
        left, right = self._numbers(sign, [node.this, node.expression])
        whole = left.kind == right.kind == "integer"
        constant = computed(sign, left.constant, right.constant, whole=whole)
        kind: Kind = "integer" if whole else "real"
        chain = "sum" if sign in "+-" else "product"
        before, after = left.within(chain), str(right)
        if sign == "/":
            sign, after = "//" if whole else "/", after if right.constant else f"nullif({right.sql}, 0)"
        return derived(f"{before} {sign} {after}", kind, [left, right], constant, chain=chain)

    def _numbers(self, sign: str, nodes: Sequence[exp.Expr]) -> list[Value]:
        values = [self.value(node) for node in nodes]
        for node, value in zip(nodes, values, strict=True):
            if value.kind not in NUMBERS | {"any", "null", "boolean"}:
                advice = "texts are joined by ||" if value.kind == "text" and sign == "+" else ""
                raise Fault(f"{sign} takes numbers, not a {value.kind}", place(node), advice)
        return [as_number(value) for value in values]

    def _joined_texts(self, node: exp.Expr) -> Value:
        values = []
        for part in (node.this, node.expression):
            values.append(self.value(part))
            if values[-1].kind not in ("text", "any", "null"):
                advice = "" if values[-1].kind in SHAPES else "write CAST(... AS VARCHAR)"
                raise Fault(f"|| joins texts, not a {values[-1].kind}", place(part), advice)
        return derived(f"{values[0].within('text')} || {values[1]}", "text", values, chain="text")

    def _case(self, node: exp.Expr) -> Value:
        subject, parts, results = node.this, ["CASE"], []
        used: list[Value] = []
        if subject is not None:
            used.append(self.value(subject))
            parts.append(used[0].sql)
        for branch in node.args["ifs"]:
            if subject is not None:
                test: Value | Condition = self.value(branch.this)
                used.append(test)  # type: ignore[arg-type]
            else:
                test = self.condition(branch.this)
                used.extend(test.values)
            results.append(self.value(branch.args["true"]))
            parts.append(f"WHEN {test.sql} THEN {results[-1]}")
        default = node.args.get("default")
        if default is not None:
            results.append(self.value(default))
            parts.append(f"ELSE {results[-1]}")
        kind = self.common(results, place(node), "CASE")
        return derived(f"({' '.join([*parts, 'END'])})", kind, [*used, *results])

    def common(self, values: Sequence[Value], at: int, what: str) -> Kind:
        """The one kind several values have.

        Raises:
            Fault: they differ.
        """
        kinds: set[Kind] = {value.kind for value in values} - {"null"}
        if kinds & SHAPES:
            geometry.check_frames(values, at)
        if len(kinds) <= 1:
            return kinds.pop() if kinds else "null"
        if kinds <= NUMBERS:
            return "real"
        if "any" in kinds:
            return "any"
        raise Fault(f"the values of {what} are of different kinds: {', '.join(sorted(kinds))}", at)

    # Functions

    def _call(self, node: exp.Expr) -> Value:
        name, at = node.name, place(node)
        if name not in _KNOWN_FUNCTIONS:
            advice = did_you_mean(name, [known.lower() for known in _KNOWN_FUNCTIONS])
            raise Fault(f"unknown function {name}", at, advice)
        if name in AGGREGATES:
            return self._aggregate(node)
        if name in ("CONTAINS", "INTERSECTS"):
            test = self.relation(node)
            return derived(f"adql_flag({test.sql})", "integer", test.values)
        arguments = [self.value(argument) for argument in node.expressions]
        found = self._special(name, node, arguments)
        if found is None:
            aggregate = AGGREGATE_FUNCTIONS.get(name)
            if aggregate is not None:
                self._check_not_nested(node, arguments)
            found = _plain(name, aggregate or FUNCTIONS[name], arguments, node)
            if name == "IVO_HISTOGRAM":
                found = _of_fixed_length(found, arguments[3].constant, at)
            if aggregate is not None:
                found = replace(found, free=frozenset(), aggregate=True)
        column = meaning(name, found, arguments)
        if column is not None:
            node.meta["column"] = column
        return found

    def _special(self, name: str, node: exp.Expr, arguments: Sequence[Value]) -> Value | None:
        at = place(node)
        if name in _SHAPE_MAKERS:
            return geometry.shape(name, arguments, at)
        if name in _MEASURES:
            return geometry.measured(name, arguments, at)
        if name == "REGION":
            if len(arguments) != 1 or not node.expressions[0].is_string:
                raise Fault("REGION takes one text, written out", at)
            return geometry.region(node.expressions[0].name, place(node.expressions[0]))
        if name == "DISTANCE":
            return geometry.distance(*geometry.distance_points(arguments, at))
        if name == "IVO_GEOM_TRANSFORM":
            return geometry.transformed(arguments, at)
        if name == "CAST":
            found = cast(arguments[0], node.expressions[1].name, node.args.get("length"), node)
            column = described(node.expressions[0], arguments[0].kind)
            node.meta["column"] = cast_column(column, arguments[0].kind, found.kind)
            return found
        if name in ("COALESCE", "NULLIF"):
            if not arguments or (name == "NULLIF" and len(arguments) != 2):
                raise Fault(f"{name} takes {'two' if name == 'NULLIF' else 'one or more'} values", at)
            listed = ", ".join(argument.sql for argument in arguments)
            return derived(f"{name}({listed})", self.common(arguments, at, name), arguments)
        return self._in_unit(node, arguments) if name == "IN_UNIT" else None

    def _in_unit(self, node: exp.Expr, arguments: Sequence[Value]) -> Value:
        if len(arguments) != 2 or not node.expressions[1].is_string:
            raise Fault("IN_UNIT takes a value and a unit, which is a text written out", place(node))
        value, target = arguments[0], node.expressions[1].name
        self._numbers("IN_UNIT", [node.expressions[0]])
        column = described(node.expressions[0], value.kind)
        at = place(node.expressions[1])
        if not target or not is_vounit(to_vounit(target)):
            raise Fault(f"{target!r} is not a unit", at, "write it as VOUnits does: mas.yr**-1")
        if not column.unit:
            raise Fault("IN_UNIT needs a value whose unit is known", place(node.expressions[0]))
        try:
            factor = scale_between(column.unit, target)
        except BadTable:
            raise Fault(f"values in {column.unit} cannot be given in {target}", at) from None
        node.meta["column"] = replace(column, name="", role="", utype="", unit=to_vounit(target))
        constant = computed("*", value.constant, factor, whole=False)
        return derived(f"({value} * {factor!r}::DOUBLE)", "real", [value], constant)

    def _aggregate(self, node: exp.Expr) -> Value:
        name, inner = node.name, node.expressions[0]
        if isinstance(inner, exp.Star):
            return Value("count(*)", "integer", aggregate=True)
        distinct = isinstance(inner, exp.Distinct)
        value = self.value(inner.expressions[0] if distinct else inner)
        self._check_not_nested(node, [value])
        if value.kind in SHAPES and name != "COUNT":
            raise Fault(f"{name} cannot be taken of a {value.kind}", place(node))
        if name in ("SUM", "AVG") and value.kind not in NUMBERS | {"any", "boolean"}:
            raise Fault(f"{name} takes numbers, not a {value.kind}", place(node))
        value = as_number(value) if name in ("SUM", "AVG") else value
        sql = f"{name.lower()}({'DISTINCT ' if distinct else ''}{value})"
        kind: Kind = "integer" if name == "COUNT" else "real" if name == "AVG" else value.kind
        if name == "SUM":
            sql = f"({sql}::BIGINT)" if value.kind == "integer" else f"({sql}::DOUBLE)"
        return replace(derived(sql, kind, [value]), free=frozenset(), aggregate=True)

    def _check_not_nested(self, node: exp.Expr, arguments: Sequence[Value]) -> None:
        if any(argument.aggregate for argument in arguments):
            raise Fault(f"{node.name} of an aggregate", place(node), "use a subquery for the inner one")

    _translators: Mapping[type[exp.Expr], Callable[[Expressions, exp.Expr], Value]] = {
        exp.Column: _column,
        exp.Literal: _literal,
        exp.Anonymous: _call,
        exp.Paren: _paren,
        exp.Neg: _negative,
        exp.Add: _arithmetic,
        exp.Sub: _arithmetic,
        exp.Mul: _arithmetic,
        exp.Div: _arithmetic,
        exp.DPipe: _joined_texts,
        exp.Case: _case,
        exp.Subquery: _scalar,
        exp.Null: _null,
    }


def _of_fixed_length(histogram: Value, bins: float | None, at: int) -> Value:
    """A histogram as an array of known length: only that is one in a VOTable."""
    if bins is None or not 1 <= bins <= MAX_BINS:
        raise Fault(f"the number of bins must be written out, 1 to {MAX_BINS:,}", at)
    return replace(histogram, sql=f"({histogram}::INTEGER[{int(bins) + 2}])")


def _plain(name: str, overloads: Sequence[Overload], arguments: Sequence[Value], node: exp.Expr) -> Value:
    """The call of a function that needs no more than a pattern."""
    for overload in overloads:
        if len(overload.parameters) == len(arguments) and all(
            value.kind in ("any", "null") or value.kind in _ACCEPTS[parameter]
            for parameter, value in zip(overload.parameters, arguments, strict=True)
        ):
            arguments = [as_number(value) for value in arguments]  # no parameter takes a boolean as such
            kind = arguments[0].kind if overload.returns == "same" else overload.returns
            return derived(overload.sql.format(*arguments), kind, arguments)  # type: ignore[arg-type]
    forms = " or ".join(f"({', '.join(overload.parameters)})" for overload in overloads)
    given = ", ".join(argument.kind for argument in arguments)
    raise Fault(f"{name} takes {forms}, not ({given})", place(node))
