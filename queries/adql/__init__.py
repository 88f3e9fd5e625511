"""ADQL 2.0 and 2.1 to DuckDB SQL."""

from __future__ import annotations

from skyband.queries.adql.connection import create_functions
from skyband.queries.adql.errors import AdqlError
from skyband.queries.adql.functions import USER_FUNCTIONS, UserFunction
from skyband.queries.adql.relations import Table
from skyband.queries.adql.translation import Translation, check_syntax, translate

__all__ = [
    "USER_FUNCTIONS",
    "AdqlError",
    "Table",
    "Translation",
    "UserFunction",
    "check_syntax",
    "create_functions",
    "translate",
]
