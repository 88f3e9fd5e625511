"""What analyses say in words: how many, how sure, and what is thin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skyband.queries.morphology import (
    Collection,
    Interpretation,
    MorphologyOptions,
    collection_of,
    interpret,
    neighbourhood_of,
)
from skyband.schema.session import Session
from tests.queries.morphology.conftest import QUESTIONS, MakeVotes, any_minds, vote_table, walked

SPIRALS = 200
Interpret = Callable[..., Interpretation]


@pytest.fixture
def collection(empty_session: Session, make_votes: MakeVotes) -> Collection:
    """800 smooth galaxies after 200 spirals, on a strip of sky 20 degrees wide."""
    rng = np.random.default_rng(1)
    minds = any_minds(rng, 1000, concentration=3)
    is_spiral = np.arange(1000) < SPIRALS
    for task, answer in (
        ("t01_smooth_or_features", "a02_features_or_disk"), ("t02_edgeon", "a05_no"), ("t04_spiral", "a08_spiral"),
    ):  # fmt: skip
        place = list(QUESTIONS[task]).index(answer)
        minds[task][:] = 0.05
        minds[task][:, place] = 1 - 0.05 * (len(QUESTIONS[task]) - 1)
    minds["t01_smooth_or_features"][~is_spiral] = [0.9, 0.07, 0.03]
    counts = walked(rng, minds, rng.integers(30, 50, 1000))
    places = {"ra": rng.uniform(100, 120, 1000), "dec": rng.uniform(0, 1, 1000)}
    rows = pa.table({"dr7objid": range(1000), **places, **counts, "redshift": rng.uniform(0, 0.1, 1000)})
    return collection_of(empty_session.connection, make_votes(rows))


@pytest.fixture
def interpreted(empty_session: Session, collection: Collection) -> Interpret:
    """The words for some ids and one similarity."""

    def words(ids: Any, similarity: float = 0.8, **options: Any) -> Interpretation:
        neighbours = pa.table({"id": pa.array(ids, pa.int64()), "similarity": [similarity] * len(ids)})
        return interpret(neighbourhood_of(empty_session.connection, neighbours, collection, **options))

    return words


def test_spirals_among_smooth_galaxies_are_told_with_number_and_doubt(interpreted: Interpret) -> None:
    found = interpreted(range(40))
    assert found.paragraph.startswith(
        "40 of 40 neighbours (median similarity 0.80) have votes in votes (Galaxy Zoo 2). They are compared with the "
        "base: all 1,000 galaxies of votes. Volunteers saw, more often than galaxies drawn from the base at random: "
    )
    more, _, rest = found.paragraph.partition("; less often: ")
    assert "spiral (" in more and "95% interval" in more and "n = 40; the base" in more
    assert rest.startswith("smooth (")
    [spiral] = [point for point in found.points if point.startswith("spiral: ")]
    assert "a lift of" in spiral and "more than random galaxies (z = +" in spiral and "p < 0.0001" in spiral
    assert [point.partition(":")[0] for point in found.points] == [
        "smooth", "edge-on", "spiral", "bar", "merger", "classes by the most voted answers", "sky",
        "redshift (redshift)", "likeness",
    ]  # fmt: skip
    # All galaxies with arms have them with the same certainty: who was asked about arms says nothing new.
    assert spiral.count("no clear difference from random galaxies") == 1


def test_a_majority_is_no_sign_of_likeness(interpreted: Interpret) -> None:
    rng = np.random.default_rng(2)
    found = interpreted(rng.choice(1000, 50, replace=False))
    assert "Most neighbours are smooth, but so is most of the base (80%): that is no sign of likeness." in (
        found.cautions
    )
    assert "more often" not in found.paragraph
    assert (
        "without a difference that could be told from chance: smooth, edge-on, spiral, bar, merger" in found.paragraph
    )
    assert f"The evidence is thin in {len(found.cautions)} respects, named below." in found.paragraph


def test_thin_evidence_is_said(interpreted: Interpret) -> None:
    few = interpreted([0, 1, 2, 5000, 5001], 0.3)
    assert few.cautions[:2] == (
        "Only 3 neighbours have votes.",
        "Half of the neighbours have a similarity below 0.5: they may not look alike.",
    )
    assert "spiral: on only 3 neighbours did 10 volunteers reach the question." in few.cautions
    smooth = interpreted(range(300, 330))
    assert "spiral: on no neighbour did 10 volunteers reach the question." in smooth.cautions
    half = interpreted([*range(20), *range(5000, 5030)])
    assert "Only 20 of 50 neighbours have votes: the others may be different." in half.cautions
    some = interpreted([*range(15), *range(300, 330)])
    assert any(text.startswith("spiral: the question was reached on 15 of 45") for text in some.cautions)


def test_the_measure_is_named(empty_session: Session, make_votes: MakeVotes) -> None:
    rng = np.random.default_rng(3)
    names = [f"{task}_{answer}_debiased" for task, answers in QUESTIONS.items() for answer in answers]
    votes = make_votes(vote_table(rng, 60, **{name: rng.uniform(0, 0.5, 60) for name in names}))
    collection = collection_of(empty_session.connection, votes, MorphologyOptions(measure="debiased"))
    neighbours = pa.table({"id": range(1, 21), "similarity": [0.9] * 20})
    found = interpret(neighbourhood_of(empty_session.connection, neighbours, collection))
    assert "Shares are debiased ones, as the table has them." in found.paragraph


def test_a_copy_among_the_neighbours_is_a_warning(interpreted: Interpret) -> None:
    warning = "The nearest neighbour is a copy of the query: if it is the same galaxy, its own votes are counted too."
    assert warning in interpreted(range(12), 1.0).cautions
    assert warning not in interpreted(range(12), 0.99).cautions


def test_nothing_is_said_of_nothing(interpreted: Interpret) -> None:
    assert interpreted([]) == Interpretation("There are no neighbours, so nothing can be said.", (), ())
    unknown = interpreted([7000, 7001])
    assert unknown.paragraph.endswith("Nothing can be said of what volunteers saw.")
    assert unknown.cautions == ("No neighbour has votes.",)
    assert interpreted([5, 7000]).cautions[0] == "Only 1 neighbour has votes."


def test_one_place_on_the_sky_is_a_warning(
    interpreted: Interpret, empty_session: Session, collection: Collection
) -> None:
    neighbours = pa.table({"id": range(12), "similarity": [0.9] * 12, "ra": [10.0] * 12, "dec": np.arange(12) * 0.01})
    found = interpret(neighbourhood_of(empty_session.connection, neighbours, collection, query=(10.0, 0.0)))
    [sky, close] = [point for point in found.points if "within" in point and ("sky:" in point or "arcsec" in point)]
    assert "they lie together" in sky
    assert close.startswith("12 neighbours lie within 100 arcsec of another one")
    assert "3 neighbours within 100 arcsec of the query: perhaps the same galaxy." in found.cautions
    scattered = interpreted(range(12), typical_distance=0.5)
    assert any("they are not one group on the sky" in point for point in scattered.points)
    assert any("1.26 times as far as neighbours of a typical galaxy" in point for point in scattered.points)
