"""Pooled vote fractions with intervals that are honest: galaxies are the independent unit, not votes.

Votes on one galaxy agree more than votes on several do. Of `n` galaxies with `m` votes each, of which `y` say yes:

- the correlation of votes within a galaxy is the analysis-of-variance estimate for clustered yes-or-no data (Fleiss
  1981; Ridout, Demetrio & Firth 1999, Biometrics 55, 137),
- the votes count as `sum(m) / (1 + (sum(m^2) / sum(m) - 1) correlation)` independent ones (Kish's design effect),
- the interval is Wilson's (1927, JASA 22, 209) for that many.

The correlation in a few neighbours is badly known, and 0 where they agree. So the larger one of the neighbours' and the
collection's is taken: near the right coverage where neighbours are like the collection, wider than needed where they
are all alike, and never a false certainty because the one odd galaxy in twenty was not among them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

FEWEST_GALAXIES = 30
"""Of a collection, for its correlation to be taken; from fewer, each galaxy counts as one vote."""


@dataclass(frozen=True, slots=True)
class Sums:
    """A row of `sums.sql`."""

    n: int = 0
    m: float = 0.0
    mm: float = 0.0
    mmm: float = 0.0
    y: float = 0.0
    ym: float = 0.0
    ymm: float = 0.0
    yy: float = 0.0
    yym: float = 0.0
    yyy: float = 0.0
    yf: float = 0.0
    w: float = 0.0
    ww: float = 0.0
    wf: float = 0.0
    wwf: float = 0.0
    wwff: float = 0.0

    @classmethod
    def of(cls, row: Mapping[str, float]) -> Sums:
        """The sums of a row of the answer."""
        return cls(int(row["n"]), *(float(row[item.name]) for item in fields(cls) if item.name != "n"))

    @property
    def fraction(self) -> float | None:
        """Yes among all votes; None without votes."""
        return min(max(self.y / self.m, 0.0), 1.0) if self.m > 0 else None

    @property
    def correlation(self) -> float | None:
        """Of votes within a galaxy, 0 to 1; None where the votes cannot tell (one galaxy, or all agree)."""
        if self.n < 2 or self.m <= self.n:
            return None
        between = (self.yf - self.y**2 / self.m) / (self.n - 1)
        within = (self.y - self.yf) / (self.m - self.n)
        votes = (self.m - self.mm / self.m) / (self.n - 1)
        whole = between + (votes - 1) * within
        # Rounding leaves some 1e-16 of the votes where all agree.
        if whole <= 1e-12 * votes:
            return None
        return min(max((between - within) / whole, 0.0), 1.0)

    def independent(self, correlation: float) -> float:
        """How many independent votes these count as, for a correlation within galaxies."""
        return self.m / (1 + max(self.mm / self.m - 1, 0.0) * correlation) if self.m > 0 else 0.0

    @property
    def weighted(self) -> float | None:
        """The mean of the galaxies' shares by their weights; None where these are all 0."""
        return self.wf / self.w if self.w > 0 else None

    @property
    def weighted_error(self) -> float | None:
        """Its standard error, from the scatter of the galaxies; None for fewer than two."""
        mean = self.weighted
        if mean is None or self.n < 2:
            return None
        squares = max(self.wwff - 2 * mean * self.wwf + mean**2 * self.ww, 0.0)
        return math.sqrt(squares * self.n / (self.n - 1)) / self.w


def wilson(fraction: float, independent: float, z: float) -> tuple[float, float]:
    """Wilson's interval of a fraction of `independent` trials, at `z` standard deviations."""
    share = z**2 / independent
    centre = (fraction + share / 2) / (1 + share)
    half = z * math.sqrt(fraction * (1 - fraction) / independent + share / (4 * independent)) / (1 + share)
    # The ends are 0 and 1 there; rounding leaves them beside.
    low = 0.0 if fraction == 0 else max(centre - half, 0.0)
    return low, 1.0 if fraction == 1 else min(centre + half, 1.0)


def pooled_interval(sums: Sums, collection: Sums | None, z: float) -> tuple[float, float] | None:
    """The interval of the pooled fraction; None without votes.

    Args:
        sums: of the neighbours.
        collection: of all galaxies they are among, if known.
        z: how many standard deviations wide to each side.
    """
    fraction = sums.fraction
    if fraction is None:
        return None
    return wilson(fraction, sums.independent(shared_correlation(sums, collection)), z)


def shared_correlation(sums: Sums, collection: Sums | None) -> float:
    """The larger correlation of the two; 1, each galaxy one vote, where the collection is too small to tell."""
    known = None if collection is None or collection.n < FEWEST_GALAXIES else collection.correlation
    return 1.0 if known is None else max(known, sums.correlation or 0.0)


def z_of(confidence: float) -> float:
    """How many standard deviations hold a probability, two-sided."""
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2))


@dataclass(frozen=True, slots=True)
class Draw:
    """How a pooled fraction compares with as many galaxies drawn from the collection at random."""

    z: float  # standard deviations of such draws above the collection's fraction
    p_value: float  # how often such draws are as far from it, two-sided


def against_random(sums: Sums, collection: Sums) -> Draw | None:
    """Compare with galaxies drawn at random without replacement.

    The ratio is linearised; the draws are taken to follow Pearson's type III with their mean, variance and skewness,
    as is usual for permutations (Berry & Mielke 1983, Comm. Stat. Theory 12, 1749): rare features are far from normal.

    Returns:
        None where all galaxies agree, there are no votes, or the collection has no other galaxies.
    """
    fraction, whole = sums.fraction, collection.fraction
    if fraction is None or whole is None or sums.n >= collection.n:
        return None
    n, among = sums.n, collection.n
    second = (collection.yy - 2 * whole * collection.ym + whole**2 * collection.mm) / among
    votes = collection.m / among
    if second <= 1e-12 * votes**2:
        return None
    third = (
        collection.yyy - 3 * whole * collection.yym + 3 * whole**2 * collection.ymm - whole**3 * collection.mmm
    ) / among
    error = math.sqrt(second / n * (among - n) / (among - 1)) / votes
    drawn = n / among
    skewness = third / second**1.5 / math.sqrt(n) * (1 - 2 * drawn) / math.sqrt(1 - drawn)
    z = (fraction - whole) / error
    above = pearson_above(z, skewness)
    return Draw(z, min(1.0, 2 * min(above, 1 - above)))


def pearson_above(z: float, skewness: float) -> float:
    """How probable a value above `z` is in Pearson's type III distribution of mean 0, variance 1 and a skewness."""
    from scipy.special import gammainc, gammaincc, ndtr

    if abs(skewness) < 1e-4:
        return float(ndtr(-z))
    shape = 4 / skewness**2
    place = shape + math.copysign(1.0, skewness) * z * math.sqrt(shape)
    if place <= 0:
        return 1.0 if skewness > 0 else 0.0
    return float(gammaincc(shape, place) if skewness > 0 else gammainc(shape, place))
