"""The grammar of queries (ADQL 2.0 and 2.1): SELECT, FROM, joins, set operators, WITH."""

from __future__ import annotations

from sqlglot import exp

from skyband.queries.adql.cursor import place, placed
from skyband.queries.adql.errors import Fault
from skyband.queries.adql.values_grammar import MAX_CHAIN, ValuesGrammar

_AFTER_SELECT = ("INTO", "LIMIT", "WINDOW", "QUALIFY", "FETCH", "FOR")


def parse_query(query: str) -> exp.Query:
    """The tree of one ADQL query.

    Raises:
        Fault: it is not ADQL.
    """
    return Grammar(query).statement()


class Grammar(ValuesGrammar):
    """Reads a whole query."""

    def statement(self) -> exp.Query:
        """The query, to the end of the text."""
        if self.at_end:
            raise Fault("the query is empty", 0, "begin with SELECT")
        clause = self._with() if self.ahead.word == "WITH" else None
        node = self._query()
        if self.takes(";") and not self.at_end:
            raise self.unexpected("expected one query", "send one statement at a time")
        if not self.at_end:
            raise self._left_over()
        if clause is not None:
            node.set("with_", clause)
        return node

    def _left_over(self) -> Fault:
        word = self.ahead.word
        if word == "LIMIT":
            return self.unexpected("expected the end of the query", "write SELECT TOP n")
        if word in ("UNION", "EXCEPT", "INTERSECT"):
            return self.unexpected("expected the end", "put a SELECT with ORDER BY or OFFSET into parentheses")
        if self.ahead.text == ")":
            return self.unexpected("expected the end of the query", "this ) closes nothing")
        return self.unexpected("expected the end of the query")

    def _with(self) -> exp.With:
        at = self.take().at
        if self.ahead.word == "RECURSIVE":
            raise self.unexpected("expected a name", "ADQL has no recursive queries")
        return placed(exp.With(expressions=self.listed(self._cte)), at)

    def _cte(self) -> exp.CTE:
        at, name = self.ahead.at, self.name("a name for the subquery")
        if self.ahead.text == "(":
            raise self.unexpected("expected AS", "name the columns inside the subquery")
        self.needs("AS", " of WITH")
        return placed(exp.CTE(this=self.subquery().this, alias=exp.TableAlias(this=name)), at)

    def subquery(self) -> exp.Subquery:
        """A query in parentheses."""
        at = self.needs("(", " before a subquery").at
        if self.ahead.word == "WITH":
            raise self.unexpected("expected SELECT", "WITH may only begin the whole query")
        with self.deeper():
            node = self._query()
        self.needs(")", " of the subquery")
        return placed(exp.Subquery(this=node), at)

    def _query(self) -> exp.Query:
        """SELECTs joined by set operators, ORDER BY and OFFSET of the whole; INTERSECT binds tighter."""
        node = self._term()
        count = 0
        while self.ahead.word in ("UNION", "EXCEPT"):
            count += 1
            if count > MAX_CHAIN:
                raise Fault(f"more than {MAX_CHAIN} set operators in a row", self.ahead.at)
            build = exp.Union if self.take().word == "UNION" else exp.Except
            everything = self.takes("ALL")
            right = self._term()
            node = placed(build(this=node, expression=right, distinct=not everything), place(node))
        if isinstance(node, exp.Subquery) and self.ahead.word not in ("ORDER", "OFFSET"):
            return node.unnest()  # type: ignore[return-value]
        order, offset = self._order(), self._offset()
        if order or offset:
            if isinstance(node, exp.Subquery):
                raise Fault(
                    "ORDER BY and OFFSET of one query belong into its parentheses", place(order or offset or node)
                )
            node.set("order", order)
            node.set("offset", offset)
        return node

    def _term(self) -> exp.Query:
        node = self._operand_query()
        count = 0
        while self.ahead.word == "INTERSECT":
            count += 1
            if count > MAX_CHAIN:
                raise Fault(f"more than {MAX_CHAIN} set operators in a row", self.ahead.at)
            self.take()
            everything = self.takes("ALL")
            right = self._operand_query()
            node = placed(exp.Intersect(this=node, expression=right, distinct=not everything), place(node))
        return node

    def _operand_query(self) -> exp.Query:
        if self.ahead.text == "(" and self.ahead.kind == "sign":
            return self.subquery()
        return self._select()

    def _select(self) -> exp.Select:
        at = self.ahead.at
        if self.ahead.word != "SELECT":
            raise self.unexpected("expected SELECT", "" if self.at_end else "ADQL only reads: SELECT ...")
        self.take()
        distinct = self.takes("DISTINCT")
        if not distinct:
            self.takes("ALL")
        limit = None
        if self.takes("TOP"):
            limit = exp.Limit(expression=exp.Literal.number(self.whole_number("the number of TOP")))
            if self.ahead.word in ("DISTINCT", "ALL"):
                raise self.unexpected("expected a column", f"write SELECT {self.ahead.word} TOP n")
        if self.ahead.word == "FROM":
            raise self.unexpected("the select list is empty", "write SELECT * FROM ...")
        select = exp.Select(
            expressions=self.listed(self._item), distinct=exp.Distinct() if distinct else None, limit=limit
        )
        if self.ahead.word == "INTO":
            raise self.unexpected("expected FROM", "ADQL cannot write tables")
        if self.ahead.word != "FROM":
            raise self.unexpected("expected a comma or FROM")
        self.take()
        self._from(select)
        if self.takes("WHERE"):
            select.set("where", exp.Where(this=self.condition()))
        if self.takes("GROUP"):
            self.needs("BY")
            select.set("group", exp.Group(expressions=self.listed(self._group)))
        if self.takes("HAVING"):
            select.set("having", exp.Having(this=self.condition()))
        return placed(select, at)

    def _item(self) -> exp.Expr:
        token = self.ahead
        if self.takes("*"):
            return placed(exp.Star(), token.at)
        if self.ahead.word == "FROM":
            raise self.unexpected("expected a column after the comma")
        star = self._qualified_star()
        if star is not None:
            return star
        node = self.value()
        if self.takes("AS") or self.ahead.is_name:
            return placed(exp.Alias(this=node, alias=self.name("a name after AS")), token.at)
        return node

    def _qualified_star(self) -> exp.Column | None:
        """`table.*`, with up to three parts before the star."""
        count = 0
        while self.peek(count).is_name and self.peek(count + 1).text == "." and self.peek(count + 1).kind == "sign":
            count += 2
            star = self.peek(count)
            if star.text == "*" and star.kind == "sign":
                at, parts = self.ahead.at, []
                for _ in range(count // 2):
                    parts.append(self.name("a table"))
                    self.take()
                self.take()
                if len(parts) > 3:
                    raise Fault("a table has at most three parts: catalog.schema.table", at)
                keys = dict(zip(("table", "db", "catalog"), reversed(parts), strict=False))
                return placed(exp.Column(this=exp.Star(), **keys), at)
        return None

    def _from(self, select: exp.Select) -> None:
        first, *others = self.listed(self._joined)
        select.set("from_", exp.From(this=first))
        select.set("joins", [exp.Join(this=other) for other in others])

    def _joined(self) -> exp.Expr:
        """A table with the joins that follow it, in its `joins`."""
        item = self._table()
        while (join := self._join()) is not None:
            item.append("joins", join)
        return item

    def _join(self) -> exp.Join | None:
        start, natural = self.ahead, self.takes("NATURAL")
        side = self.ahead.word if self.ahead.word in ("LEFT", "RIGHT", "FULL") else ""
        if side:
            self.take()
            self.takes("OUTER")
        inner = not side and self.takes("INNER")
        if self.ahead.word == "CROSS":
            raise self.unexpected("expected JOIN", "ADQL has no CROSS JOIN: separate the tables by a comma")
        if not self.takes("JOIN"):
            if natural or side or inner:
                raise self.unexpected("expected JOIN")
            return None
        with self.deeper():
            right = self._table()
            # a JOIN b JOIN c ON ... ON ...: the inner condition comes first
            while not natural and self.ahead.word not in ("ON", "USING") and (nested := self._join()) is not None:
                right.append("joins", nested)
        join = exp.Join(this=right, method="NATURAL" if natural else None, side=side or None, kind="INNER")
        if natural:
            if self.ahead.word in ("ON", "USING"):
                raise self.unexpected("a NATURAL JOIN has no condition")
        elif self.takes("ON"):
            join.set("on", self.condition())
        elif self.takes("USING"):
            self.needs("(", " after USING")
            join.set("using", self.listed(lambda: self.name("a column name")))
            self.needs(")")
        else:
            raise self.unexpected("the JOIN has no condition: expected ON or USING")
        return placed(join, start.at)

    def _table(self) -> exp.Expr:
        token = self.ahead
        if token.text == "(" and token.kind == "sign":
            if self.peek().word == "WITH":
                self.take()
                raise self.unexpected("expected SELECT", "WITH may only begin the whole query")
            if self._opens_query() and self._query_in_parentheses():
                return self._derived()
            self.take()
            with self.deeper():
                inner = self._joined()
            self.needs(")", " of the joined tables")
            if self.ahead.word == "AS" or self.ahead.is_name:
                raise self.unexpected("expected JOIN, a comma or WHERE", "joined tables have no name of their own")
            return placed(exp.Subquery(this=inner), token.at)
        parts = [self.name("a table")]
        while self.takes("."):
            parts.append(self.name("a name after '.'"))
        if len(parts) > 3:
            raise Fault("a table has at most three parts: catalog.schema.table", token.at)
        if self.ahead.text == "(":
            raise Fault("a function cannot stand in FROM", token.at, "FROM takes tables and subqueries")
        node = placed(exp.Table(**dict(zip(("this", "db", "catalog"), reversed(parts), strict=False))), token.at)
        node.set("alias", self._alias())
        return node

    def _query_in_parentheses(self) -> bool:
        """Whether `((SELECT ...` is a query in more parentheses and not a join of subqueries."""
        depth = 0
        for count in range(len(self._tokens) - self._next):
            token = self.peek(count)
            if token.kind != "sign" or token.text not in "()":
                continue
            depth += 1 if token.text == "(" else -1
            if depth == 1 and token.text == ")":  # the first inner pair closes: what follows decides
                following = self.peek(count + 1)
                return following.word in ("UNION", "EXCEPT", "INTERSECT", "ORDER", "OFFSET") or following.text == ")"
            if depth == 1 and self.peek(count + 1).word == "SELECT":
                return True
        return False

    def _derived(self) -> exp.Subquery:
        node = self.subquery()
        alias = self._alias()
        if alias is None:
            raise self.unexpected("a subquery in FROM needs a name", "write (SELECT ...) AS name")
        node.set("alias", alias)
        return node

    def _alias(self) -> exp.TableAlias | None:
        if not (self.takes("AS") or self.ahead.is_name):
            return None
        if self.ahead.word in _AFTER_SELECT:
            raise self._left_over()
        name = self.name("a name after AS")
        if self.ahead.text == "(":
            raise self.unexpected("expected JOIN, a comma or WHERE", "name the columns inside the subquery")
        return exp.TableAlias(this=name)

    def _group(self) -> exp.Expr:
        at, node = self.ahead.at, self.value()
        if isinstance(node.unnest(), exp.Literal):
            raise Fault("GROUP BY takes columns, not numbers or texts", at)
        return node

    def _order(self) -> exp.Order | None:
        at = self.ahead.at
        if not self.takes("ORDER"):
            return None
        self.needs("BY")
        return placed(exp.Order(expressions=self.listed(self._ordered)), at)

    def _ordered(self) -> exp.Ordered:
        at, node = self.ahead.at, self.value()
        if isinstance(node, exp.Literal) and (node.is_string or not node.name.isdigit()):
            raise Fault("ORDER BY takes columns or their numbers", at)
        descending = self.takes("DESC")
        if not descending:
            self.takes("ASC")
        return placed(exp.Ordered(this=node, desc=descending), at)

    def _offset(self) -> exp.Offset | None:
        at = self.ahead.at
        if not self.takes("OFFSET"):
            return None
        return placed(exp.Offset(expression=exp.Literal.number(self.whole_number("the number of OFFSET"))), at)
