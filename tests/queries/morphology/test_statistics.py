"""Votes per classification of smooth and of spiral galaxies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skyband.queries.morphology import Cuts, Statistics, Votes, explain, statistics_sql
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.session import Session
from tests.queries.morphology.conftest import QUESTIONS, MakeVotes, any_minds, walked


def statistics(session: Session, votes: Votes, cuts: Cuts) -> Statistics:
    sql, cuts = statistics_sql(votes, cuts)
    return explain(votes, cuts, session.connection.sql(sql).to_arrow_table().to_pylist())


def votes_of(rng: np.random.Generator, galaxies: int, **others: Any) -> pa.Table:
    counts = walked(rng, any_minds(rng, galaxies), rng.integers(25, 60, galaxies))
    names = [name for name in counts if name.startswith("t01")]
    totals = {"total_votes": sum(counts.values()), "total_classifications": sum(counts[name] for name in names)}
    return pa.table({"dr7objid": range(galaxies), **totals, **counts, **others})


def test_the_table_is_that_of_numpy(empty_session: Session, make_votes: MakeVotes) -> None:
    rows = votes_of(np.random.default_rng(1), 3000)
    found = statistics(empty_session, make_votes(rows), Cuts())
    counts = {name: rows[name].to_numpy().astype(float) for name in rows.column_names}

    def share(task: str, answer: str) -> Any:
        asked = sum(counts[f"{task}_{other}_count"] for other in QUESTIONS[task])
        return np.divide(counts[f"{task}_{answer}_count"], asked, out=np.zeros(3000), where=asked > 0)

    smooth = (share("t01_smooth_or_features", "a01_smooth") >= 0.469) & (
        counts["t01_smooth_or_features_a01_smooth_count"] >= 20
    )
    spiral = (
        (share("t01_smooth_or_features", "a02_features_or_disk") >= 0.430)
        & (share("t02_edgeon", "a05_no") >= 0.715)
        & (share("t04_spiral", "a08_spiral") >= 0.619)
        & (counts["t04_spiral_a08_spiral_count"] >= 20)
    )
    expected = []
    for name, chosen in (("smooth", smooth), ("spiral", spiral)):
        votes, volunteers = counts["total_votes"][chosen], counts["total_classifications"][chosen]
        quantities = {
            "total_votes": votes,
            "total_classifications": volunteers,
            "votes_per_classification": votes / volunteers,
        }
        for quantity, values in quantities.items():
            q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
            row = {"mean": values.mean(), "std": values.std(ddof=1), "min": values.min(), "q1": q1, "median": median}
            told = {
                key: pytest.approx(value, rel=1e-12) for key, value in (row | {"q3": q3, "max": values.max()}).items()
            }
            expected.append({"class": name, "quantity": quantity, "count": len(values)} | told)
        assert found.votes_per_classification[name] == pytest.approx(votes.mean() / volunteers.mean(), rel=1e-12)
    assert list(found.rows) == expected
    assert all(row["count"] > 50 for row in found.rows)
    assert found.cuts == Cuts(measure="votes")
    assert found.questions == {"smooth": (3, 4), "spiral": (8, 9)}


def test_certain_volunteers_are_asked_what_the_tree_asks(empty_session: Session, make_votes: MakeVotes) -> None:
    """Ten smooth galaxies nothing is odd of, and ten spirals: 3 and 8 votes for each volunteer."""
    minds = {task: np.zeros((20, len(answers))) for task, answers in QUESTIONS.items()}
    for shares in minds.values():
        shares[:, 0] = 1
    minds["t01_smooth_or_features"][10:] = [0, 1, 0]
    minds["t02_edgeon"][:] = [0, 1]
    minds["t06_odd"][:] = [0, 1]
    counts = walked(np.random.default_rng(2), minds, np.arange(21, 41))
    found = statistics(empty_session, make_votes(pa.table({"dr7objid": range(20), **counts})), Cuts())
    assert found.votes_per_classification == {"smooth": 3, "spiral": 8}
    assert [row["count"] for row in found.rows] == [10] * 6
    assert (
        "Smooth galaxies have 3.00 votes per classification (mean votes / mean classifications)." in found.explanation
    )
    assert any("depth of the decision tree" in text and "asked 3 to 4 questions" in text for text in found.explanation)


def test_debiased_shares_decide_where_there_are_any(empty_session: Session, make_votes: MakeVotes) -> None:
    names = [f"{task}_{answer}" for task, answers in QUESTIONS.items() for answer in answers]
    rows = votes_of(np.random.default_rng(3), 200, **{f"{name}_debiased": np.zeros(200) for name in names})
    votes = make_votes(rows)
    found = statistics(empty_session, votes, Cuts())
    assert (found.cuts.measure, found.rows, found.votes_per_classification) == ("debiased", (), {})
    assert found.explanation == ("No galaxy passes the cuts.",)
    assert statistics(empty_session, votes, Cuts(measure="votes")).rows


def test_cuts_are_options(empty_session: Session, make_votes: MakeVotes) -> None:
    votes = make_votes(votes_of(np.random.default_rng(4), 100))
    none = Cuts(smooth=0, features=0, not_edge_on=0, spiral=0, least_votes=0)
    counts = {row["class"]: row["count"] for row in statistics(empty_session, votes, none).rows}
    # Nobody was asked about the arms of some.
    assert counts["smooth"] == 100 > counts["spiral"] > 50


def test_the_impossible_is_refused(make_votes: MakeVotes) -> None:
    votes = make_votes(votes_of(np.random.default_rng(5), 5))
    with pytest.raises(BadOption, match="spiral must be a share from 0 to 1, not 62"):
        Cuts(spiral=62)
    with pytest.raises(BadOption, match="cannot be counted by 'debiased': take votes"):
        statistics_sql(votes, Cuts(measure="debiased"))
    few = Votes.of_columns("v", "v", [c for c in votes.columns if not c.name.startswith("t04")], "dr7objid")
    with pytest.raises(BadTable, match="v has no votes on 't04_spiral'"):
        statistics_sql(few, Cuts())
