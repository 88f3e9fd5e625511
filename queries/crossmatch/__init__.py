"""The band join and what is made of its pairs."""

from skyband.queries.crossmatch.options import Find, Join, MatchOptions, join_of
from skyband.queries.crossmatch.run import MatchCounts, MatchReport, check_free, crossmatch, matchable_table, sources

__all__ = [
    "Find",
    "Join",
    "MatchCounts",
    "MatchOptions",
    "MatchReport",
    "check_free",
    "crossmatch",
    "join_of",
    "matchable_table",
    "sources",
]
