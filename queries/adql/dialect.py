"""ADQL as a dialect of sqlglot: reads the grammar strictly, and nothing else."""

from __future__ import annotations

from typing import Any

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from skyband.queries.adql.errors import AdqlError, Fault
from skyband.queries.adql.grammar import parse_query


class ADQL(Dialect):
    """`sqlglot.parse_one(query, read="adql")`.

    sqlglot's own parser accepts far more than ADQL and forgets how it was written, so the grammar is read by
    `skyband.queries.adql.grammar`; the tree is sqlglot's.
    """

    def parse(self, sql: str, **opts: Any) -> list[exp.Expr | None]:
        """The tree of the one query in `sql`.

        Raises:
            AdqlError: it is not ADQL.
        """
        try:
            return [parse_query(sql)]
        except Fault as fault:
            raise fault.located(sql) from None
        except RecursionError:
            raise AdqlError("the query nests too deep", sql, 0, "use WITH, or flatten it") from None
