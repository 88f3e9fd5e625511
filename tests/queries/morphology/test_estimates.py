"""Votes of images that nobody has seen, from those that look like them: what numpy makes of the same neighbours."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from skyband.queries.likeness import Collection, LikenessOptions, Provenance
from skyband.queries.morphology import MorphologyOptions, Votes, estimate_votes, estimates
from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.session import Session
from skyband.schema.settings import Settings
from skyband.schema.store import Store

IMAGES, VOTED = 240, 180
ANGLES = np.sort(np.random.default_rng(7).uniform(0, np.pi, IMAGES))
ANSWERS = ("a01_smooth", "a02_features_or_disk", "a03_star_or_artifact")
PREFIX = "t01_smooth_or_features"


@pytest.fixture
def galaxies(settings: Settings) -> Collection:
    """Unit vectors on a half circle, each two images at one place in the sky."""
    vectors = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]).astype(np.float32)
    place = np.arange(IMAGES) // 2 * 0.5
    origin = Provenance("drawn", "", "", 1, "", 2)
    collection = Collection.create(Store.create(settings), "gals", origin)
    rows = {"id": [f"g{row:03}" for row in range(IMAGES)], "ra": place, "dec": np.zeros(IMAGES)}
    collection.add(pa.table({**rows, "embedding": list(vectors)}), origin)
    return collection


def votes_of(session: Session, smooth: dict[int, float], volunteers: int = 40) -> Votes:
    """A table of the first question alone, named as the images are."""
    counts = np.round(volunteers * np.array(list(smooth.values()))).astype(int)
    rows = pa.table(
        {
            "id": [f"g{row:03}" for row in smooth],
            f"{PREFIX}_{ANSWERS[0]}_count": counts,
            f"{PREFIX}_{ANSWERS[1]}_count": volunteers - counts,
            f"{PREFIX}_{ANSWERS[2]}_count": np.zeros(len(counts), np.int64),
        }
    )
    session.connection.register("given_rows", rows)
    session.connection.execute("CREATE OR REPLACE TABLE seen AS FROM given_rows")
    described = session.connection.execute("DESCRIBE seen").fetchall()
    return Votes.of_columns("seen", "seen", [Column(column[0], column[1]) for column in described], "id")


def smooth_of(row: int) -> float:
    return float(np.round(20 + 19 * np.cos(2 * ANGLES[row])) / 40)


def expected(row: int, voted: list[int], k: int) -> tuple[float, float, int]:
    """Estimate and error by definition, with whom is at the same place left out."""
    others = [one for one in voted if one // 2 != row // 2]
    likeness = {one: np.cos(ANGLES[one] - ANGLES[row]) for one in others}
    nearest = sorted(likeness, key=lambda one: (-likeness[one], one))[:k]
    weight = np.array([likeness[one] for one in nearest])
    value = np.array([smooth_of(one) for one in nearest])
    mean = np.average(value, weights=weight)
    number = weight.sum() ** 2 / (weight**2).sum()
    scatter = np.average((value - mean) ** 2, weights=weight) * number / (number - 1)
    return float(mean), float(np.sqrt(scatter * (1 + 1 / number))), len(nearest)


@pytest.mark.parametrize("together", [4096, 17])
def test_estimates_are_those_of_numpy(
    empty_session: Session, galaxies: Collection, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimates, "_TOGETHER", together)
    rng = np.random.default_rng(1)
    voted = sorted(int(row) for row in rng.choice(IMAGES, VOTED, replace=False))
    votes = votes_of(empty_session, {row: smooth_of(row) for row in voted})
    told: list[tuple[int, int | None]] = []
    found = estimate_votes(
        empty_session.connection,
        galaxies,
        votes,
        likeness=LikenessOptions(k=7),
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (IMAGES, IMAGES)
    assert (found.images, found.with_votes, found.compared) == (IMAGES, VOTED, VOTED)
    rows = {int(row["id"][1:]): row for row in found.table.to_pylist()}
    assert sorted(rows) == sorted(set(range(IMAGES)) - set(voted))
    for number, row in rows.items():
        mean, error, n = expected(number, voted, 7)
        assert row["smooth"] == pytest.approx(mean, abs=2e-6)
        assert row["smooth_error"] == pytest.approx(error, abs=1e-5)
        assert (row["smooth_n"], row["neighbours"], row["has_votes"]) == (n, n, False)
        assert (row["ra"], row["dec"]) == (number // 2 * 0.5, 0)
    assert [column.name for column in found.columns] == found.table.column_names
    smooth = next(score for score in found.scores if score.target == "smooth")
    errors = np.array([expected(row, voted, 7)[0] - smooth_of(row) for row in voted])
    truth = np.array([smooth_of(row) for row in voted])
    assert smooth.n == VOTED
    assert smooth.rmse == pytest.approx(np.sqrt((errors**2).mean()), abs=1e-6)
    assert smooth.r2 == pytest.approx(1 - (errors**2).sum() / ((truth - truth.mean()) ** 2).sum(), abs=1e-6)
    assert found.facts()["scores"][0] == found.scores[0].to_json()
    assert found.cautions == ()


def test_all_are_estimated_without_their_own_votes(empty_session: Session, galaxies: Collection) -> None:
    votes = votes_of(empty_session, {row: smooth_of(row) for row in range(0, IMAGES, 3)})
    found = estimate_votes(
        empty_session.connection, galaxies, votes, likeness=LikenessOptions(k=5), kind="joint", every=True
    )
    assert found.table.num_rows == IMAGES
    rows = found.table.to_pylist()
    assert [row["has_votes"] for row in rows] == [number % 3 == 0 for number in range(IMAGES)]
    for number in (0, 60, 61, 150):
        assert rows[number]["smooth"] == pytest.approx(expected(number, list(range(0, IMAGES, 3)), 5)[0], abs=2e-6)


def test_little_evidence_is_called_so(empty_session: Session, galaxies: Collection) -> None:
    rng = np.random.default_rng(2)
    chosen = [int(row) for row in rng.choice(IMAGES, 20, replace=False)]
    votes = votes_of(empty_session, {row: float(rng.uniform()) for row in chosen})
    options = MorphologyOptions(least_galaxies=30)
    found = estimate_votes(empty_session.connection, galaxies, votes, likeness=LikenessOptions(k=10), options=options)
    few, unsure = found.cautions
    assert few == "only 20 images have votes: 10 neighbours of each are many of all, and not all are like it"
    assert unsure.startswith("too few images to know the error of smooth (20): fewer than 30")
    options = MorphologyOptions(least_galaxies=5)
    cautions = estimate_votes(
        empty_session.connection, galaxies, votes, likeness=LikenessOptions(k=10), options=options
    ).cautions
    assert any(one.startswith("neighbours tell nothing of smooth: no better") for one in cautions)


def test_images_that_nobody_is_like_have_no_estimate(empty_session: Session, galaxies: Collection) -> None:
    votes = votes_of(empty_session, {0: 0.5, 1: 0.6, 2: 0.7})
    found = estimate_votes(empty_session.connection, galaxies, votes, likeness=LikenessOptions(k=3))
    rows = found.table.to_pylist()
    alone = [row for row in rows if row["neighbours"] == 0]
    # At right angles and beyond, galaxies are not alike at all.
    like = [[one for one in range(3) if one // 2 != row // 2] for row in range(IMAGES)]
    nearest = [np.abs(ANGLES[others] - ANGLES[row]).min() for row, others in enumerate(like)]
    assert [row["id"] for row in alone] == [f"g{row:03}" for row in range(IMAGES) if nearest[row] >= np.pi / 2]
    assert all(row["smooth"] is None and row["smooth_error"] is None for row in alone)
    assert f"{len(alone)} images have no neighbour with votes, and no estimate" in found.cautions


def test_wrong_questions_are_refused(empty_session: Session, galaxies: Collection) -> None:
    votes = votes_of(empty_session, {0: 0.5, 500: 0.5})
    with pytest.raises(BadTable, match=r"1 of 240 images of 'gals' have 10 votes or more in 'seen'.*\(here 'g000'"):
        estimate_votes(empty_session.connection, galaxies, votes, likeness=LikenessOptions(k=3))
    votes = votes_of(empty_session, dict.fromkeys(range(IMAGES), 0.5))
    with pytest.raises(BadOption, match="cannot be counted by 'debiased'"):
        estimate_votes(
            empty_session.connection,
            galaxies,
            votes,
            likeness=LikenessOptions(k=3),
            options=MorphologyOptions(measure="debiased"),
        )
