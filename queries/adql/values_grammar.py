"""The grammar of values and conditions (ADQL 2.1, appendix A), as a descent over tokens that builds sqlglot's tree.

Every node carries the offset of its first character in `meta["at"]`. The tree holds what was written, no more: function
calls are `exp.Anonymous`, whatever their name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp

from skyband.queries.adql.cursor import Cursor, place, placed
from skyband.queries.adql.errors import Fault
from skyband.queries.adql.lexer import Token
from skyband.queries.adql.words import RESERVED

MAX_CHAIN = 100
"""How many terms one sum, product, or set of SELECTs may have; AND, OR and IN have no limit."""

AGGREGATES = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX"})
CAST_TYPES = frozenset(
    {"SMALLINT", "INTEGER", "BIGINT", "REAL", "DOUBLE PRECISION", "CHAR", "VARCHAR", "TIMESTAMP"}
    | {"POINT", "CIRCLE", "POLYGON"}
)

_COMPARISONS: dict[str, type[exp.Expr]] = {
    "=": exp.EQ, "<>": exp.NEQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE,
}  # fmt: skip
_CONDITIONS: tuple[type[exp.Expr], ...] = (
    exp.And, exp.Or, exp.Not, exp.Between, exp.Exists, exp.ILike, exp.In, exp.Is, exp.Like, *_COMPARISONS.values(),
)  # fmt: skip

_FUNCTION_WORDS = """
abs acos area asin atan atan2 avg box ceiling centroid circle coalesce contains coord1 coord2 coordsys cos cot count
degrees distance exp floor in_unit intersects log log10 lower max min mod nullif pi point polygon power radians rand
region round sin sqrt sum tan truncate upper
"""
_CALLABLE = RESERVED & frozenset(_FUNCTION_WORDS.split())


def is_condition(node: exp.Expr) -> bool:
    """Whether a node is true or false rather than a value."""
    return isinstance(node.unnest() if isinstance(node, exp.Paren) else node, _CONDITIONS)


class ValuesGrammar(Cursor):
    """Reads values and conditions; queries in parentheses are read by `subquery`, which the whole grammar adds."""

    subquery: Callable[[], exp.Subquery]

    # Conditions

    def condition(self) -> exp.Expr:
        """A condition.

        Raises:
            Fault: a value stands there.
        """
        at, node = self.ahead.at, self.expression()
        if not is_condition(node):
            advice = "compare it: = 1" if isinstance(node, exp.Anonymous) else "compare it with something"
            raise Fault("expected a condition, found a value", at, advice)
        return node

    def value(self) -> exp.Expr:
        """A value.

        Raises:
            Fault: a condition stands there.
        """
        at, node = self.ahead.at, self.expression()
        if is_condition(node):
            raise Fault("expected a value, found a condition", at)
        return node

    def expression(self) -> exp.Expr:
        """A value or a condition, as far as it goes."""
        return self._connected(("OR",), exp.Or, lambda: self._connected(("AND",), exp.And, self._negated))

    def _connected(self, words: tuple[str], build: type[exp.Expr], read: Callable[[], exp.Expr]) -> exp.Expr:
        at, parts = self.ahead.at, [read()]
        while self.ahead.word in words:
            self._be(parts[-1], at)
            self.take()
            at = self.ahead.at
            parts.append(read())
        if len(parts) > 1:
            self._be(parts[-1], at)
        return _balanced(parts, build)

    def _be(self, node: exp.Expr, at: int) -> None:
        if not is_condition(node):
            raise Fault("AND, OR and NOT join conditions; this is a value", at, "compare it with something")

    def _negated(self) -> exp.Expr:
        at = self.ahead.at
        if not self.takes("NOT"):
            return self._predicate()
        with self.deeper():
            inner = self.ahead.at
            node = self._negated()
        self._be(node, inner)
        return placed(exp.Not(this=node), at)

    def _predicate(self) -> exp.Expr:
        at = self.ahead.at
        if self.takes("EXISTS"):
            return placed(exp.Exists(this=self.subquery()), at)
        left = self._sum()
        token = self.ahead
        if is_condition(left):
            return left
        if token.kind == "sign" and token.text in _COMPARISONS:
            self.take()
            if self.ahead.text == "=" and self.ahead.kind == "sign":
                raise self.unexpected("expected a value", "equality is one =")
            if self.ahead.word in ("ANY", "ALL", "SOME"):
                raise self.unexpected("expected a value", "ADQL has no ANY, ALL or SOME: use EXISTS or IN")
            return placed(_COMPARISONS[token.text](this=left, expression=self._operand()), at)
        if self.takes("IS"):
            negated = self.takes("NOT")
            self.needs("NULL", " after IS")
            test = placed(exp.Is(this=left, expression=exp.Null()), at)
            return placed(exp.Not(this=test), at) if negated else test
        negated = token.word == "NOT"
        if negated:
            self.take()
        node = self._tested(left)
        if node is None:
            if negated:
                raise self.unexpected("expected IN, BETWEEN, LIKE or ILIKE after NOT")
            return left
        return placed(exp.Not(this=placed(node, at)), at) if negated else placed(node, at)

    def _tested(self, left: exp.Expr) -> exp.Expr | None:
        if self.takes("BETWEEN"):
            low = self._operand()
            self.needs("AND", " of BETWEEN")
            return exp.Between(this=left, low=low, high=self._operand())
        if self.takes("LIKE"):
            return exp.Like(this=left, expression=self._operand())
        if self.takes("ILIKE"):
            return exp.ILike(this=left, expression=self._operand())
        if self.takes("IN"):
            if self.ahead.text != "(":
                raise self.unexpected("expected ( after IN")
            if self.peek().word in ("SELECT", "WITH") or self._opens_query():
                return exp.In(this=left, query=self.subquery())
            self.take()
            if self.ahead.text == ")":
                raise self.unexpected("the list of IN is empty: expected a value")
            with self.deeper():
                values = self.listed(self.value)
            self.needs(")")
            return exp.In(this=left, expressions=values)
        return None

    def _opens_query(self) -> bool:
        """Whether the parentheses that come next hold a query, perhaps in more parentheses."""
        count = 0
        while self.peek(count).text == "(" and self.peek(count).kind == "sign":
            count += 1
        return count > 0 and self.peek(count).word == "SELECT"

    def _operand(self) -> exp.Expr:
        at, node = self.ahead.at, self._sum()
        if is_condition(node):
            raise Fault("expected a value, found a condition", at)
        return node

    # Values

    def _sum(self) -> exp.Expr:
        signs = {"+": exp.Add, "-": exp.Sub, "||": exp.DPipe}
        return self._chain(signs, lambda: self._chain({"*": exp.Mul, "/": exp.Div}, self._factor))

    def _chain(self, signs: Mapping[str, type[exp.Expr]], read: Callable[[], exp.Expr]) -> exp.Expr:
        at, node, count = self.ahead.at, read(), 0
        while self.ahead.kind == "sign" and self.ahead.text in signs:
            if is_condition(node):
                raise Fault("expected a value, found a condition", at)
            sign, count = self.take(), count + 1
            if count > MAX_CHAIN:
                raise Fault(f"more than {MAX_CHAIN} operators in a row", sign.at, "use parentheses or IN")
            inner, right = self.ahead.at, read()
            if is_condition(right):
                raise Fault("expected a value, found a condition", inner)
            node = placed(signs[sign.text](this=node, expression=right), at)
        return node

    def _factor(self) -> exp.Expr:
        at = self.ahead.at
        if self.takes("+"):
            return self._unsigned()
        if self.takes("-"):
            return placed(exp.Neg(this=self._unsigned()), at)
        return self._unsigned()

    def _unsigned(self) -> exp.Expr:
        token = self.ahead
        if token.kind == "number":
            return placed(exp.Literal.number(self.take().text), token.at)
        if token.kind == "text":
            parts = []
            while self.ahead.kind == "text":
                parts.append(self.take().text)
            return placed(exp.Literal.string("".join(parts)), token.at)
        if token.text == "(" and token.kind == "sign":
            return self._parenthesised()
        if token.word == "CAST":
            return self._cast()
        if token.word == "CASE":
            return self._case()
        if token.kind == "word" and self.peek().text == "(" and self.peek().kind == "sign":
            return self._call()
        if token.word == "NULL":
            raise self.unexpected("expected a value", "NULL can only be tested: IS NULL")
        return self._column()

    def _parenthesised(self) -> exp.Expr:
        at = self.ahead.at
        if self._opens_query():
            return self.subquery()
        self.take()
        if self.ahead.word == "WITH":
            raise self.unexpected("expected a value", "WITH may only begin the whole query")
        with self.deeper():
            node = self.expression()
        self.needs(")")
        return placed(exp.Paren(this=node), at)

    def _column(self) -> exp.Column:
        at = self.ahead.at
        parts = [self.name("a value")]
        while self.takes("."):
            if self.ahead.text == "*":
                raise self.unexpected("expected a column name", "a.* stands alone in the select list")
            parts.append(self.name("a name after '.'"))
        if len(parts) > 4:
            raise Fault("a column has at most four parts: catalog.schema.table.column", at)
        keys = ("this", "table", "db", "catalog")
        return placed(exp.Column(**dict(zip(keys, reversed(parts), strict=False))), at)

    def _cast(self) -> exp.Expr:
        at = self.take().at
        self.needs("(", " after CAST")
        with self.deeper():
            inner = self._argument()
        self.needs("AS", " and a type in CAST")
        target = self.ahead
        name = target.word
        if self.takes("DOUBLE", "PRECISION"):
            name = "DOUBLE PRECISION"
        elif name in CAST_TYPES:
            self.take()
        else:
            advice = "write DOUBLE PRECISION" if name in ("DOUBLE", "FLOAT") else ""
            advice = advice or f"types are {', '.join(sorted(CAST_TYPES))}"
            raise Fault(f"{target.shown} is not a type of CAST", target.at, advice)
        length = None
        if name in ("CHAR", "VARCHAR", "TIMESTAMP") and self.takes("("):
            length = self.whole_number("the length of the type")
            self.needs(")")
            if name == "TIMESTAMP":
                raise Fault("TIMESTAMP has no length in CAST", target.at)
        self.needs(")")
        return placed(exp.Anonymous(this="CAST", expressions=[inner, exp.Literal.string(name)], length=length), at)

    def _case(self) -> exp.Case:
        at = self.take().at
        with self.deeper():
            subject = None if self.ahead.word == "WHEN" else self.value()
            branches = []
            while self.takes("WHEN"):
                test = self.value() if subject else self.condition()
                self.needs("THEN")
                branches.append(exp.If(this=test, true=self._argument()))
            if not branches:
                raise self.unexpected("expected WHEN")
            default = self._argument() if self.takes("ELSE") else None
        self.needs("END", " of CASE")
        return placed(exp.Case(this=subject, ifs=branches, default=default), at)

    def _call(self) -> exp.Expr:
        token = self.take()
        if token.text.lower() in RESERVED and token.text.lower() not in _CALLABLE:
            raise Fault(f"{token.text} is not a function of ADQL", token.at)
        self.take()
        arguments: Sequence[exp.Expr] = ()
        with self.deeper():
            if token.word in AGGREGATES:
                arguments = [self._aggregated(token)]
            elif self.ahead.text != ")" or self.ahead.kind != "sign":
                arguments = self.listed(self._argument)
        if self.ahead.word == "OVER":
            raise self.unexpected("expected )", "window functions are not part of ADQL")
        self.needs(")", f" of {token.text}(")
        if self.ahead.word == "OVER":
            raise self.unexpected("expected an operator", "window functions are not part of ADQL")
        return placed(exp.Anonymous(this=token.text.upper(), expressions=arguments), token.at)

    def _aggregated(self, function: Token) -> exp.Expr:
        at = self.ahead.at
        if self.takes("*"):
            if function.word != "COUNT":
                raise Fault(f"only COUNT can be given *, not {function.word}", at)
            return placed(exp.Star(), at)
        distinct = self.takes("DISTINCT")
        if not distinct:
            self.takes("ALL")
        inner = self.value()
        return placed(exp.Distinct(expressions=[inner]), at) if distinct else inner

    def _argument(self) -> exp.Expr:
        """A value, or NULL, which functions and CASE may be given."""
        token = self.ahead
        return placed(exp.Null(), token.at) if self.takes("NULL") else self.value()

    def whole_number(self, what: str) -> int:
        """A whole number without a sign.

        Raises:
            Fault: something else stands there.
        """
        token = self.ahead
        if token.kind != "number" or not token.text.isdigit() or len(token.text) > 18:
            raise self.unexpected(f"{what} must be a whole number, 0 or more")
        return int(self.take().text)


def _balanced(parts: Sequence[exp.Expr], build: type[exp.Expr]) -> exp.Expr:
    """Conditions joined as a shallow tree: a thousand of them must not nest a thousand deep."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    left, right = _balanced(parts[:middle], build), _balanced(parts[middle:], build)
    return placed(build(this=left, expression=right), place(left))
