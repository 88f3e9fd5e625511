"""The fraction of votes for a feature, with its interval, beside the collection's."""

from __future__ import annotations

from dataclasses import dataclass

from skyband.queries.morphology.intervals import Sums, against_random, pooled_interval, shared_correlation, z_of
from skyband.queries.morphology.options import MorphologyOptions


@dataclass(frozen=True, slots=True)
class Fraction:
    """One feature among neighbours. What cannot be told is None."""

    feature: str
    kind: str  # "conditional": among those who were asked; "joint": among all volunteers, down the tree
    galaxies: int  # that were asked often enough, n
    votes: float  # on the question
    fraction: float | None  # of all their votes together
    low: float | None  # interval for clustered votes, see intervals.py
    high: float | None
    independent_votes: float  # what the votes count as
    correlation: float  # of votes within a galaxy, as taken for the interval
    weighted: float | None  # mean of the galaxies' fractions, weighted by similarity
    weighted_error: float | None  # its standard error
    collection_galaxies: int
    collection_fraction: float | None
    lift: float | None  # fraction / collection_fraction
    lift_low: float | None  # the interval of the fraction, divided likewise: the collection counts as known
    lift_high: float | None
    z: float | None  # against as many galaxies drawn from the collection at random
    p_value: float | None  # two-sided

    def verdict(self, options: MorphologyOptions) -> str:
        """ "more", "less" or "as" the collection has; "unknown" where there is nothing to compare.

        More or less takes two witnesses: random draws rarely are as far off, and the interval excludes the collection.
        """
        if self.fraction is None or self.collection_fraction is None or self.p_value is None:
            return "unknown"
        assert self.low is not None and self.high is not None
        if self.p_value < options.significance and not self.low <= self.collection_fraction <= self.high:
            return "more" if self.fraction > self.collection_fraction else "less"
        return "as"


def fraction_of(feature: str, kind: str, sums: Sums, collection: Sums, options: MorphologyOptions) -> Fraction:
    """A feature among neighbours beside the collection they are from."""
    whole, correlation = collection.fraction, shared_correlation(sums, collection)
    low, high = pooled_interval(sums, collection, z_of(options.confidence)) or (None, None)
    draw = against_random(sums, collection)

    def lift(value: float | None) -> float | None:
        return value / whole if value is not None and whole else None

    return Fraction(
        feature=feature,
        kind=kind,
        galaxies=sums.n,
        votes=sums.m,
        fraction=sums.fraction,
        low=low,
        high=high,
        independent_votes=sums.independent(correlation),
        correlation=correlation,
        weighted=sums.weighted,
        weighted_error=sums.weighted_error,
        collection_galaxies=collection.n,
        collection_fraction=whole,
        lift=lift(sums.fraction),
        lift_low=lift(low),
        lift_high=lift(high),
        z=draw.z if draw else None,
        p_value=draw.p_value if draw else None,
    )
