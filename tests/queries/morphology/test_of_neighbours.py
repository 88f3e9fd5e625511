"""What is said of neighbours: the base, how shares are counted, and how far out the target is."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skyband.queries.likeness import Collection, LikenessOptions, Provenance
from skyband.queries.likeness.neighbours import Asked
from skyband.queries.morphology import Neighbourhood, interpret
from skyband.queries.morphology.of_neighbours import VotesWanted, votes_document, votes_of
from skyband.queries.sky import Sky
from skyband.schema.errors import BadOption, TableNotFound
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.conftest import publish_rows

IMAGES, GALAXIES = 30, 100
ORIGIN = Provenance("drawn", "", "", 1, "", 2)
ANGLES = np.linspace(0, np.pi / 2, IMAGES)
SMOOTH = np.where(np.arange(GALAXIES) < IMAGES, 30, 4)
"""Of 40 volunteers: who has an image is smooth."""


@pytest.fixture
def collection(settings: Settings) -> Collection:
    """Thirty images on a quarter of a circle; of galaxies 30 to 99 nobody has one."""
    store = Store.create(settings)
    names, ra, dec = [f"g{n}" for n in range(GALAXIES)], np.arange(GALAXIES) * 1.0, np.zeros(GALAXIES)
    vectors = list(np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]).astype(np.float32))
    found = Collection.create(store, "gals", ORIGIN)
    found.add(pa.table({"id": names[:IMAGES], "ra": ra[:IMAGES], "dec": dec[:IMAGES], "embedding": vectors}), ORIGIN)
    smooth, features, star = (
        f"t01_smooth_or_features_{name}" for name in ("a01_smooth", "a02_features_or_disk", "a03_star_or_artifact")
    )
    debiased: dict[str, Any] = {
        f"{smooth}_debiased": np.full(GALAXIES, 0.25),
        f"{features}_debiased": np.full(GALAXIES, 0.75),
        f"{star}_debiased": np.zeros(GALAXIES),
    }
    counts: dict[str, Any] = {
        f"{smooth}_count": SMOOTH,
        f"{features}_count": 40 - SMOOTH,
        f"{star}_count": np.zeros(GALAXIES, int),
    }
    publish_rows(store, "plain", id=names, ra=ra.tolist(), dec=dec.tolist(), **counts)
    publish_rows(store, "hart", id=names, ra=ra.tolist(), dec=dec.tolist(), **counts, **debiased)
    return found


def said(
    collection: Collection, wanted: VotesWanted, target: str = "g0", ids: list[str] | None = None, k: int = 5
) -> Neighbourhood:
    options = LikenessOptions(k=k, ids=None if ids is None else pa.array(ids))
    targets = collection.targets([target])
    asked = Asked(collection, targets, options, collection.similar(targets, options))
    with Sky(collection.store.path) as sky:
        found = votes_of(sky.connection, sky.tables, wanted, asked)
    document = json.loads(votes_document(asked, found))
    assert document["votes"] == json.loads(json.dumps(found.to_json()))
    return found


def test_the_base_is_the_images_that_have_votes(collection: Collection) -> None:
    found = said(collection, VotesWanted("plain"))
    smooth = found.fraction("smooth")
    assert (smooth.fraction, smooth.collection_galaxies, smooth.collection_fraction, smooth.lift) == (
        0.75, IMAGES, 0.75, 1,
    )  # fmt: skip
    assert (found.collection_galaxies, found.base) == (IMAGES, "the 30 images of gals that have votes in plain")
    assert found.base in interpret(found).paragraph
    assert found.joined is not None
    assert (found.joined.how, found.joined.with_votes) == ("id", IMAGES)


def test_the_whole_table_is_the_base_where_it_is_asked_for(collection: Collection) -> None:
    found = said(collection, VotesWanted("plain", base="all"))
    smooth = found.fraction("smooth")
    whole = SMOOTH.sum() / (40 * GALAXIES)
    assert (smooth.fraction, smooth.collection_galaxies) == (0.75, GALAXIES)
    assert smooth.collection_fraction == pytest.approx(whole)
    assert smooth.lift == pytest.approx(0.75 / whole)
    assert found.base == "all 100 galaxies of plain"
    assert (found.neighbours, found.with_votes) == (5, 5)
    with pytest.raises(BadOption, match="the base is collection or all, not 'half'"):
        VotesWanted("plain", base="half")
    with pytest.raises(TableNotFound, match="no table 'none'"):
        said(collection, VotesWanted("none"))


def test_a_filter_narrows_the_base(collection: Collection) -> None:
    found = said(collection, VotesWanted("plain"), ids=[f"g{n}" for n in range(12)])
    assert (found.neighbours, found.fraction("smooth").collection_galaxies) == (5, 12)
    assert found.base == "the 12 images of gals for which the condition holds and that have votes in plain"


@pytest.mark.parametrize(
    ("table", "measure", "taken", "fraction"),
    [
        ("plain", "", "votes", 0.75),
        ("hart", "", "debiased", 0.25),
        ("hart", "votes", "votes", 0.75),
        ("hart", "debiased", "debiased", 0.25),
    ],
)
def test_debiased_shares_are_taken_where_they_are(
    collection: Collection, table: str, measure: str, taken: str, fraction: float
) -> None:
    found = said(collection, VotesWanted(table, measure=measure))
    assert found.options.measure == taken
    assert found.fraction("smooth").fraction == pytest.approx(fraction)
    assert ("Shares are debiased ones" in interpret(found).paragraph) == (taken == "debiased")


def test_the_outlier_score_is_told(collection: Collection) -> None:
    """At the end of the arc neighbours lie on one side only, so that they are farther than those of others."""
    chords = 2 * np.sin(np.abs(ANGLES[:, None] - ANGLES) / 2)
    np.fill_diagonal(chords, np.inf)
    nearest = np.sort(chords, axis=1)[:, :4].mean(axis=1)
    for target in (0, 15):
        score = said(collection, VotesWanted("plain"), f"g{target}", k=4).distances.outlier_score
        assert score == pytest.approx(nearest[target] / nearest.mean(), rel=1e-3)
