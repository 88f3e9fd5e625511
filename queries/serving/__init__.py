"""Query processes: users' SQL runs in them, locked down and under limits, never in the server."""

from skyband.queries.serving.answer import Answer
from skyband.queries.serving.pool import QueryPool
from skyband.queries.serving.question import Query
from skyband.queries.serving.turns import Lane

__all__ = ["Answer", "Lane", "Query", "QueryPool"]
