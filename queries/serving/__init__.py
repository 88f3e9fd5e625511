"""Query processes: users' SQL runs in them, locked down and under limits, never in the server."""

from skyband.queries.serving.answer import Answer
from skyband.queries.serving.pool import Lane, QueryPool
from skyband.queries.serving.question import Query

__all__ = ["Answer", "Lane", "Query", "QueryPool"]
