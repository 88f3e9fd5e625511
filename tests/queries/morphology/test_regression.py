"""Estimates from neighbours, against numpy, and as right as they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from skyband.queries.morphology import MorphologyOptions, Targets, knn_regression, leave_one_out
from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.session import Session
from tests.queries.morphology.conftest import MakeVotes, any_minds, vote_table, walked


def pairs(rows: list[tuple[Any, Any, float]]) -> pa.Table:
    query, id, similarity = zip(*rows, strict=True)
    return pa.table({"query": query, "id": id, "similarity": similarity})


@pytest.fixture
def values(empty_session: Session) -> Targets:
    """Five galaxies with a number, one without."""
    rows = pa.table({"name": list("abcdef"), "angle": [1.0, 2.0, 4.0, 8.0, 16.0, None], "size": [1, 1, 1, 1, 2, 3]})
    empty_session.connection.register("given_rows", rows)
    empty_session.connection.execute("CREATE OR REPLACE TABLE known AS FROM given_rows")
    columns = [Column("name", "VARCHAR"), Column("angle", "DOUBLE"), Column("size", "BIGINT")]
    return Targets.of_columns("known", columns, "name", ["angle", "size"])


def test_estimates_by_hand(empty_session: Session, values: Targets) -> None:
    neighbours = pairs(
        [
            ("x", "a", 0.9), ("x", "b", 0.6), ("x", "f", 0.5), ("x", "d", 0.4),  # f has no angle, d is beyond k
            ("y", "d", 0.5), ("y", "d", 0.7), ("y", "e", -0.5),  # once, and what is unlike not at all
            ("a", "a", 1.0), ("a", "b", 0.5), ("a", "c", 0.5),  # not itself
            ("z", "nowhere", 0.9),
        ]
    )  # fmt: skip
    found = knn_regression(empty_session.connection, neighbours, values, k=3)
    rows = [row for row in found.to_pylist() if row["target"] == "angle"]
    mean = (0.9 * 1 + 0.6 * 2) / 1.5
    n = 1.5**2 / (0.81 + 0.36)
    scatter = (0.9 * (1 - mean) ** 2 + 0.6 * (2 - mean) ** 2) / 1.5 * n / (n - 1)
    assert rows == [
        {"query": "a", "target": "angle", "n": 2, "estimate": pytest.approx(3),
         "standard_error": pytest.approx(1), "prediction_error": pytest.approx(np.sqrt(3))},
        {"query": "x", "target": "angle", "n": 2, "estimate": pytest.approx(mean),
         "standard_error": pytest.approx(np.sqrt(scatter / n)),
         "prediction_error": pytest.approx(np.sqrt(scatter * (1 + 1 / n)))},
        {"query": "y", "target": "angle", "n": 1, "estimate": pytest.approx(8),
         "standard_error": None, "prediction_error": None},
    ]  # fmt: skip
    assert [row["n"] for row in found.to_pylist() if row["target"] == "size"] == [2, 3, 1]


def test_scores_by_hand(empty_session: Session, values: Targets) -> None:
    neighbours = pairs([("a", "b", 0.5), ("a", "c", 0.5), ("b", "a", 0.5), ("c", "b", 0.5), ("c", "d", 0.5)])
    angle, size = leave_one_out(empty_session.connection, neighbours, values, k=2)
    # Estimates 3, 1, 5 of 1, 2, 4.
    errors, truth = np.array([2.0, -1.0, 1.0]), np.array([1.0, 2.0, 4.0])
    assert (angle.target, angle.n) == ("angle", 3)
    assert (angle.r2, angle.rmse, angle.mae, angle.bias) == pytest.approx(
        (1 - 6 / ((truth - truth.mean()) ** 2).sum(), np.sqrt(2), 4 / 3, errors.mean())
    )
    # Two have an interval: 12.7 prediction errors with one degree of freedom.
    assert (angle.coverage, angle.noise_rmse, angle.best_r2) == (1, 0, 1)
    assert (size.r2, size.best_r2, size.rmse) == (None, None, 0)


def test_votes_are_estimated_as_numpy_does(empty_session: Session, make_votes: MakeVotes) -> None:
    rng = np.random.default_rng(1)
    rows = vote_table(rng, 200)
    targets = Targets.of_votes(make_votes(rows), MorphologyOptions())
    query, id = np.repeat(np.arange(1, 201), 20), rng.integers(1, 201, 4000)
    similarity = rng.uniform(0.1, 1, 4000)
    table = pa.table({"query": query, "id": id, "similarity": similarity})
    found = knn_regression(empty_session.connection, table, targets, k=10).to_pylist()
    estimates = {(row["query"], row["target"]): row for row in found}
    spiral, other = (rows[f"t04_spiral_{name}_count"].to_numpy() for name in ("a08_spiral", "a09_no_spiral"))
    asked = spiral + other
    checked = 0
    for one in range(1, 201):
        best: dict[int, float] = {}
        for neighbour, likeness in zip(id[query == one], similarity[query == one], strict=True):
            if neighbour != one:
                best[neighbour] = max(best.get(neighbour, 0), likeness)
        nearest = sorted(best, key=lambda name: -best[name])[:10]
        used = [name for name in nearest if asked[name - 1] >= 10]
        row = estimates.get((str(one), "spiral"))
        if not used:
            assert row is None
            continue
        assert row is not None
        places = np.array(used) - 1
        expected = np.average(spiral[places] / asked[places], weights=[best[name] for name in used])
        assert (row["n"], row["estimate"]) == (len(used), pytest.approx(expected, abs=1e-9))
        checked += 1
    assert checked > 150


@pytest.mark.parametrize("k", [4, 20])
def test_intervals_hold_the_answers_as_often_as_they_say(empty_session: Session, make_votes: MakeVotes, k: int) -> None:
    """Galaxies of 60 kinds; the neighbours of each are others of its kind."""
    rng = np.random.default_rng(2)
    kinds, each = 60, 50
    minds = any_minds(rng, kinds, concentration=3)
    galaxies = {task: np.repeat(shares, each, axis=0) for task, shares in minds.items()}
    counts = walked(rng, galaxies, np.full(kinds * each, 40))
    votes = make_votes(pa.table({"dr7objid": range(kinds * each), **counts}))
    ids = np.arange(kinds * each)
    others = (ids[:, None] // each) * each + (ids[:, None] + np.arange(1, k + 1)) % each
    table = pa.table(
        {"query": np.repeat(ids, k), "id": others.ravel(), "similarity": rng.uniform(0.6, 0.9, others.size)}
    )
    scores = leave_one_out(empty_session.connection, table, Targets.of_votes(votes, MorphologyOptions()), k)
    smooth = next(score for score in scores if score.target == "smooth")
    assert smooth.n == kinds * each
    assert smooth.coverage == pytest.approx(0.95, abs=0.025)
    # Nothing but the finite number of votes makes errors here: those of the galaxy, and those of its neighbours.
    assert smooth.rmse == pytest.approx(smooth.noise_rmse * np.sqrt(1 + 1 / k), rel=0.06)
    truth = galaxies["t01_smooth_or_features"][:, 0]
    noise = (truth * (1 - truth) / 40).mean()
    assert smooth.noise_rmse == pytest.approx(np.sqrt(noise), rel=0.05)
    assert smooth.best_r2 == pytest.approx(truth.var() / (truth.var() + noise), abs=0.02)
    assert smooth.r2 is not None and smooth.best_r2 is not None and 0.7 < smooth.r2 < smooth.best_r2
    assert abs(smooth.bias) < 0.005
    assert smooth.to_json()["target"] == "smooth"


def test_neighbours_at_random_tell_nothing(empty_session: Session, make_votes: MakeVotes) -> None:
    rng = np.random.default_rng(3)
    votes = make_votes(vote_table(rng, 1000))
    query = np.repeat(np.arange(1, 1001), 10)
    table = pa.table({"query": query, "id": rng.integers(1, 1001, 10_000), "similarity": np.full(10_000, 0.9)})
    for score in leave_one_out(
        empty_session.connection, table, Targets.of_votes(votes, MorphologyOptions(), "joint"), 10
    ):
        # The mean of ten others: worse than the mean of all by their scatter.
        assert score.r2 == pytest.approx(-0.1, abs=0.05)


def test_limits_are_students_t(empty_session: Session, values: Targets) -> None:
    neighbours = pairs([("c", "a", 0.5), ("c", "b", 0.5)])
    # Estimate 1.5, prediction error sqrt(0.5 * 1.5): the truth 4 lies 2.887 of them off.
    reached = (4 - 1.5) / np.sqrt(0.75)
    just = 2 * stats.t(1).cdf(reached) - 1
    for confidence, coverage in ((just - 0.001, 0), (just + 0.001, 1)):
        assert leave_one_out(empty_session.connection, neighbours, values, 2, confidence)[0].coverage == coverage


def test_wrong_questions_are_refused(empty_session: Session, values: Targets) -> None:
    good = pairs([("a", "b", 0.5)])
    with pytest.raises(BadOption, match="k must be 1 or more, not 0"):
        knn_regression(empty_session.connection, good, values, 0)
    with pytest.raises(BadOption, match="confidence must lie between 0 and 1, not 95"):
        leave_one_out(empty_session.connection, good, values, 2, 95)
    with pytest.raises(BadTable, match="need a column 'query'; they have id, similarity"):
        knn_regression(empty_session.connection, good.drop_columns("query"), values, 2)
    with pytest.raises(BadTable, match="there is no column 'colour'"):
        Targets.of_columns("known", [Column("name", "VARCHAR")], "name", ["colour"])
