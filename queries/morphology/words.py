"""An analysis of neighbours in plain words: how many, how sure, and when the evidence is thin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skyband.queries.morphology.fractions import Fraction
from skyband.queries.morphology.neighbourhood import Neighbourhood

_SCATTERED, _CLUSTERED = 1.0, 0.5
"""Median separation of pairs, degrees: above the first, neighbours are not one place on the sky."""


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What an analysis says, for people."""

    paragraph: str
    points: tuple[str, ...]  # a sentence each
    cautions: tuple[str, ...]  # a sentence each: what makes the evidence thin


def interpret(found: Neighbourhood) -> Interpretation:
    """Put an analysis into words that claim no more than it shows."""
    points = [
        *_joined(found),
        *(_feature(found, fraction) for fraction in _of(found, "joint") if fraction.fraction is not None),
        *_classes(found),
        *_sky(found),
        *_spreads(found),
        *_likeness(found),
    ]
    cautions = tuple(_cautions(found))
    return Interpretation(_paragraph(found, cautions), tuple(points), cautions)


def _of(found: Neighbourhood, kind: str) -> list[Fraction]:
    return [fraction for fraction in found.fractions if fraction.kind == kind]


def _paragraph(found: Neighbourhood, cautions: tuple[str, ...]) -> str:
    if not found.neighbours:
        return "There are no neighbours, so nothing can be said."
    likeness = found.distances
    assert likeness.median_similarity is not None
    text = (
        f"{found.with_votes:,} of {_count(found.neighbours, 'neighbour')} (median similarity "
        f"{likeness.median_similarity:.2f}) {'has' if found.with_votes == 1 else 'have'} votes in {found.table} "
        f"({found.tree})."
    )
    if not found.with_votes:
        return f"{text} Nothing can be said of what volunteers saw."
    text += f" They are compared with the base: {found.base}."
    told: dict[str, list[str]] = {"more": [], "less": [], "as": [], "unknown": []}
    for fraction in _of(found, "joint"):
        verdict = fraction.verdict(found.options)
        told[verdict].append(
            f"{fraction.feature} ({_percent(fraction.fraction)} of volunteers, {_interval(found, fraction)}, "
            f"n = {fraction.galaxies}; the base {_percent(fraction.collection_fraction)})"
            if verdict in ("more", "less")
            else fraction.feature
        )
    ways = {
        "more": "more often than galaxies drawn from the base at random",
        "less": "less often",
        "as": "without a difference that could be told from chance",
        "unknown": "with nothing to compare",
    }
    parts = [f"{words}: {', '.join(told[verdict])}" for verdict, words in ways.items() if told[verdict]]
    text += f" Volunteers saw, {'; '.join(parts)}."
    if found.options.measure != "votes":
        text += f" Shares are {found.options.measure} ones, as the table has them."
    if cautions:
        text += f" The evidence is thin in {_count(len(cautions), 'respect')}, named below."
    return text


def _joined(found: Neighbourhood) -> Iterator[str]:
    """How votes were found, where that is not plain."""
    if found.joined is not None and found.joined.how != "id":
        yield f"votes: {found.joined.words}."


def _feature(found: Neighbourhood, joint: Fraction) -> str:
    text = (
        f"{joint.feature}: {_percent(joint.fraction)} of the volunteers said so, on "
        f"{_count(joint.galaxies, 'galaxy', 'galaxies')} ({_interval(found, joint)}){_compared(found, joint)}."
    )
    asked = found.fraction(joint.feature)
    # Of the first question, everybody was asked.
    if asked.fraction is None or asked.votes == joint.votes:
        return text
    return (
        f"{text} Of those who were asked, {_percent(asked.fraction)} ({asked.votes:,.0f} votes on "
        f"{_count(asked.galaxies, 'galaxy', 'galaxies')}, {_interval(found, asked)}){_compared(found, asked)}."
    )


def _compared(found: Neighbourhood, fraction: Fraction) -> str:
    """The similarity-weighted mean, and how the fraction compares with the collection."""
    text = ""
    if fraction.weighted is not None and fraction.weighted_error is not None:
        text += f"; weighted by similarity {_percent(fraction.weighted)} ± {_percent(fraction.weighted_error)}"
    if fraction.collection_fraction is None:
        return f"{text}; the base has no votes to compare with"
    text += f"; the base has {_percent(fraction.collection_fraction)}"
    if fraction.lift is not None:
        text += f", a lift of {fraction.lift:.2f} ({fraction.lift_low:.2f} to {fraction.lift_high:.2f})"
    words = {
        "more": "more than random galaxies",
        "less": "less than random galaxies",
        "as": "no clear difference from random galaxies",
        "unknown": "which random galaxies cannot be compared with",
    }
    text += f": {words[fraction.verdict(found.options)]}"
    if fraction.p_value is not None:
        p_value = "p < 0.0001" if fraction.p_value < 1e-4 else f"p = {fraction.p_value:.2g}"
        text += f" (z = {fraction.z:+.1f}, {p_value})"
    return text


def _classes(found: Neighbourhood) -> Iterator[str]:
    classes = found.classes
    if not classes.shares:
        return
    first = classes.shares[0]
    source = "the most voted answers" if classes.source == "votes" else classes.source
    told = ", ".join(f"{share.name} {share.galaxies}" for share in classes.shares if share.galaxies)
    yield (
        f"classes by {source}: {told}. The most frequent, {first.name}, is {_percent(first.share)} of the neighbours "
        f"({_percent(first.low)} to {_percent(first.high)}) and {_percent(first.collection_share)} of the base; "
        f"entropy {classes.entropy_bits:.2f} bits, the base's {classes.collection_entropy_bits or 0:.2f}."
    )


def _sky(found: Neighbourhood) -> Iterator[str]:
    sky = found.sky
    if sky is None or sky.median_separation_deg is None or sky.direction.resultant is None:
        return
    text = (
        f"sky: {_count(sky.direction.n, 'neighbour')} with a position, half of the pairs within "
        f"{_angle(sky.median_separation_deg)}, resultant length {sky.direction.resultant:.3f}"
    )
    if sky.collection.resultant is not None:
        text += f" (the base, by its footprint alone: {sky.collection.resultant:.3f})"
    if sky.median_separation_deg > _SCATTERED:
        text += "; they are not one group on the sky"
    elif sky.median_separation_deg < _CLUSTERED:
        text += "; they lie together, so a shared image, seeing or cluster may be why they look alike"
    yield f"{text}."
    if sky.in_close_pairs:
        yield (
            f"{_count(sky.in_close_pairs, 'neighbour')} lie within 100 arcsec of another one: parts or images of one "
            "object may count more than once."
        )


def _spreads(found: Neighbourhood) -> Iterator[str]:
    for spread in found.spreads:
        unit = f" {spread.unit}" if spread.unit else ""
        yield (
            f"{spread.quantity} ({spread.column}): median {spread.median:.3g}{unit}, 68% within {spread.low:.3g} to "
            f"{spread.high:.3g} ({_count(spread.n, 'neighbour')}); the base: {spread.collection_median:.3g}, "
            f"{spread.collection_low:.3g} to {spread.collection_high:.3g}."
        )


def _likeness(found: Neighbourhood) -> Iterator[str]:
    likeness = found.distances
    if not likeness.n:
        return
    text = f"likeness: similarities from {likeness.most_similarity:.3f} to {likeness.least_similarity:.3f}"
    if likeness.gap is not None and likeness.n > 1:
        text += f"; the farthest neighbour is {likeness.gap:.2f} times as far as the nearest"
    if likeness.outlier_score is not None:
        text += f"; {likeness.outlier_score:.2f} times as far as neighbours of a typical galaxy"
    yield f"{text}."


def _cautions(found: Neighbourhood) -> Iterator[str]:
    options = found.options
    if not found.neighbours:
        return
    if not found.with_votes:
        yield "No neighbour has votes."
    elif found.with_votes < options.least_galaxies:
        yield f"Only {_count(found.with_votes, 'neighbour')} {'has' if found.with_votes == 1 else 'have'} votes."
    elif found.with_votes < found.neighbours / 2:
        yield f"Only {found.with_votes} of {found.neighbours} neighbours have votes: the others may be different."
    median = found.distances.median_similarity
    if median is not None and median < options.least_similarity:
        yield f"Half of the neighbours have a similarity below {options.least_similarity:g}: they may not look alike."
    for fraction in _of(found, "conditional") if found.with_votes else ():
        yield from _thin(found, fraction)
    shares = found.classes.shares
    if shares and shares[0].collection_share >= 0.5 and shares[0].low <= shares[0].collection_share <= shares[0].high:
        yield (
            f"Most neighbours are {shares[0].name}, but so is most of the base "
            f"({_percent(shares[0].collection_share)}): that is no sign of likeness."
        )
    if found.distances.n and found.distances.gap is None:
        yield "The nearest neighbour is a copy of the query: if it is the same galaxy, its own votes are counted too."
    if found.sky is not None and found.sky.near_query:
        yield f"{_count(found.sky.near_query, 'neighbour')} within 100 arcsec of the query: perhaps the same galaxy."


def _thin(found: Neighbourhood, fraction: Fraction) -> Iterator[str]:
    options, name = found.options, fraction.feature
    if not fraction.galaxies:
        yield f"{name}: on no neighbour did {options.least_votes} volunteers reach the question."
    elif fraction.galaxies < options.least_galaxies:
        yield (
            f"{name}: on only {_count(fraction.galaxies, 'neighbour')} did {options.least_votes} volunteers reach the "
            "question."
        )
    elif fraction.low is not None and fraction.high is not None:
        if fraction.high - fraction.low > options.widest_interval:
            yield f"{name}: the interval is wide ({_interval(found, fraction)})."
        elif fraction.galaxies < found.with_votes / 2:
            yield f"{name}: the question was reached on {fraction.galaxies} of {found.with_votes} neighbours only."


def _interval(found: Neighbourhood, fraction: Fraction) -> str:
    level = _percent(found.options.confidence)
    return f"{level} interval {_percent(fraction.low)} to {_percent(fraction.high)}"


def _percent(value: float | None) -> str:
    if value is None:
        return "an unknown share"
    return f"{value * 100:.1f}%" if 0 < value < 0.1 or 0.99 < value < 1 else f"{value * 100:.0f}%"


def _angle(value_deg: float) -> str:
    return f"{value_deg:.1f}°" if value_deg >= 1 else f"{value_deg * 60:.1f}′"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
