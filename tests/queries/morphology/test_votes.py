"""Which tree a table follows, and how its answers are counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skyband.queries.morphology import MorphologyOptions, Votes, load_tree
from skyband.queries.morphology.asking import answers_sql, ask
from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.session import Session
from tests.queries.morphology.conftest import QUESTIONS, MakeVotes, vote_table


def counted(rows: pa.Table, task: str) -> dict[str, Any]:
    return {answer: rows[f"{task}_{answer}_count"].to_numpy().astype(float) for answer in QUESTIONS[task]}


def shares(rows: pa.Table, task: str, answer: str) -> tuple[Any, Any]:
    """Votes on a question and the share of an answer, in numpy."""
    votes = counted(rows, task)
    asked = sum(votes.values())
    return asked, np.divide(votes[answer], asked, out=np.zeros(len(asked)), where=asked > 0)


def answers(session: Session, votes: Votes, options: MorphologyOptions) -> dict[tuple[str, str], dict[int, Any]]:
    sql = answers_sql(votes, options, f"(FROM {votes.relation})", "dr7objid AS id")
    found: dict[tuple[str, str], dict[int, Any]] = {}
    for row in ask(session.connection, sql).to_pylist():
        found.setdefault((row["feature"], row["kind"]), {})[row["id"]] = (row["votes"], row["share"])
    return found


def test_shares_are_those_of_numpy_down_the_tree(empty_session: Session, make_votes: MakeVotes) -> None:
    rows = vote_table(np.random.default_rng(1), 300)
    found = answers(empty_session, make_votes(rows), MorphologyOptions(least_votes=10))
    everybody, smooth = shares(rows, "t01_smooth_or_features", "a01_smooth")
    _, features = shares(rows, "t01_smooth_or_features", "a02_features_or_disk")
    _, artifact = shares(rows, "t01_smooth_or_features", "a03_star_or_artifact")
    edge_asked, edge_on = shares(rows, "t02_edgeon", "a04_yes")
    _, face_on = shares(rows, "t02_edgeon", "a05_no")
    bar_asked, bar = shares(rows, "t03_bar", "a06_bar")
    spiral_asked, spiral = shares(rows, "t04_spiral", "a08_spiral")
    _, odd = shares(rows, "t06_odd", "a14_yes")
    merger_asked, merger = shares(rows, "t08_odd_feature", "a24_merger")
    expected = {
        ("smooth", "conditional"): (everybody, smooth),
        ("smooth", "joint"): (everybody, smooth),
        ("edge-on", "conditional"): (edge_asked, edge_on),
        ("edge-on", "joint"): (everybody, features * edge_on),
        ("spiral", "conditional"): (spiral_asked, spiral),
        ("spiral", "joint"): (everybody, features * face_on * spiral),
        ("bar", "conditional"): (bar_asked, bar),
        ("bar", "joint"): (everybody, features * face_on * bar),
        ("merger", "conditional"): (merger_asked, merger),
        # Whoever did not call it an artifact is asked whether anything is odd.
        ("merger", "joint"): (everybody, (1 - artifact) * odd * merger),
    }
    assert found.keys() == expected.keys()
    for key, (asked, share) in expected.items():
        places = np.flatnonzero(asked >= 10)
        assert found[key] == {
            int(place) + 1: (asked[place], pytest.approx(share[place], abs=1e-12)) for place in places
        }, key
    assert all(50 < len(found[feature, "conditional"]) < 250 for feature in ("edge-on", "spiral", "merger"))


def test_joint_shares_of_plain_votes_are_votes_of_all_volunteers(empty_session: Session, make_votes: MakeVotes) -> None:
    """Nobody leaves on the way here, so the product of the shares is the share of those who started."""
    rows = vote_table(np.random.default_rng(2), 100)
    found = answers(empty_session, make_votes(rows), MorphologyOptions())
    spiral = rows["t04_spiral_a08_spiral_count"].to_numpy()
    for place, (votes, share) in found["spiral", "joint"].items():
        assert share * votes == pytest.approx(spiral[place - 1], abs=1e-9)


def test_nulls_are_no_votes(empty_session: Session, make_votes: MakeVotes) -> None:
    rows = vote_table(np.random.default_rng(3), 2)
    name = "t02_edgeon_a04_yes_count"
    rows = rows.set_column(rows.column_names.index(name), name, pa.array([None, 30], pa.int64()))
    rows = rows.set_column(
        rows.column_names.index("t02_edgeon_a05_no_count"), "t02_edgeon_a05_no_count", pa.array([12, 10])
    )
    found = answers(empty_session, make_votes(rows), MorphologyOptions())
    assert found["edge-on", "conditional"] == {1: (12.0, 0.0), 2: (40.0, 0.75)}


def test_debiased_shares_are_taken_as_the_table_has_them(empty_session: Session, make_votes: MakeVotes) -> None:
    rng = np.random.default_rng(4)
    debiased = {
        f"{task}_{answer}_debiased": rng.uniform(0, 0.5, 50) for task, found in QUESTIONS.items() for answer in found
    }
    rows = vote_table(rng, 50, **debiased)
    votes = make_votes(rows)
    assert [votes.has_measure(measure) for measure in ("votes", "debiased", "weighted")] == [True, True, False]
    found = answers(empty_session, votes, MorphologyOptions(measure="debiased"))
    product = (
        debiased["t01_smooth_or_features_a02_features_or_disk_debiased"]
        * debiased["t02_edgeon_a05_no_debiased"]
        * debiased["t04_spiral_a08_spiral_debiased"]
    )
    asked = sum(counted(rows, "t02_edgeon").values())
    face_on = sum(counted(rows, "t04_spiral").values())
    for place, (_, share) in found["spiral", "joint"].items():
        if asked[place - 1] and face_on[place - 1]:
            assert share == pytest.approx(product[place - 1], abs=1e-12)
        else:
            assert share == 0
    with pytest.raises(BadOption, match="cannot be counted by 'weighted': take votes or debiased"):
        answers(empty_session, votes, MorphologyOptions(measure="weighted"))


def columns_of(tree: str, upper: bool = False) -> list[Column]:
    found = load_tree(tree)
    names = [found.column("count", task.name, answer.name) for task in found.tasks for answer in task.answers]
    return [Column("id", "VARCHAR"), *(Column(name.upper() if upper else name, "BIGINT") for name in names)]


@pytest.mark.parametrize("tree", ["gz2", "gz_decals", "simulated"])
@pytest.mark.parametrize("upper", [False, True])
def test_columns_tell_the_tree(tree: str, upper: bool) -> None:
    votes = Votes.of_columns("v", "v", columns_of(tree, upper), "ID")
    assert votes.tree == load_tree(tree)
    assert votes.tasks == votes.tree.asked_in_turn
    assert [feature.name for feature in votes.features] == ["smooth", "edge-on", "spiral", "bar", "merger"]


def test_features_whose_question_is_missing_are_left_out() -> None:
    columns = [column for column in columns_of("gz2") if not column.name.startswith(("t06", "t03"))]
    votes = Votes.of_columns("v", "v", columns, "id")
    # Without the bar, which comes before the arms, nobody knows who got there.
    assert [feature.name for feature in votes.features] == ["smooth", "edge-on"]
    assert [task.name for task in votes.tasks] == [
        "t01_smooth_or_features", "t02_edgeon", "t07_rounded", "t09_bulge_shape",
    ]  # fmt: skip


def test_tables_without_votes_are_refused() -> None:
    with pytest.raises(BadTable, match=r"v holds no votes of a known decision tree .*gz2: t01_smooth_or_features_a01"):
        Votes.of_columns("v", "v", [Column("id", "BIGINT"), Column("ra", "DOUBLE")], "id")
    with pytest.raises(BadTable, match="v has no column 'name'"):
        Votes.of_columns("v", "v", columns_of("gz2"), "name")


def test_classes_follow_the_most_voted_answers(empty_session: Session, make_votes: MakeVotes) -> None:
    rows = vote_table(np.random.default_rng(5), 400)
    votes = make_votes(rows)
    found = empty_session.connection.execute(f"SELECT {votes.class_by_votes()} FROM votes ORDER BY dr7objid").fetchall()

    def walk(place: int) -> str | None:
        def first(task: str) -> str:
            votes = {answer: values[place] for answer, values in counted(rows, task).items()}
            return max(votes, key=lambda answer: votes[answer]) if any(votes.values()) else ""

        def tied(task: str) -> bool:
            best = sorted(values[place] for values in counted(rows, task).values())
            return bool(best[-1] == best[-2])

        if any(tied(task) for task in ("t01_smooth_or_features", "t02_edgeon", "t03_bar", "t04_spiral")):
            return None
        if first("t01_smooth_or_features") != "a02_features_or_disk":
            return {"a01_smooth": "smooth", "a03_star_or_artifact": "artifact"}[first("t01_smooth_or_features")]
        if first("t02_edgeon") == "a04_yes":
            return "edge-on disk"
        barred = "barred " if first("t03_bar") == "a06_bar" else ""
        return barred + ("spiral" if first("t04_spiral") == "a08_spiral" else "disk")

    expected = [walk(place) for place in range(400)]
    assert sum(name is not None for name in expected) > 200
    assert [(a[0], b) for a, b in zip(found, expected, strict=True) if b is not None and a[0] != b] == []
    assert {name for name in expected if name} == {group.name for group in votes.tree.classes}


def test_totals_are_counted_where_the_table_has_none(empty_session: Session, make_votes: MakeVotes) -> None:
    rows = vote_table(np.random.default_rng(6), 20)
    votes = make_votes(rows)
    query = f"SELECT {votes.total('total_votes')}, {votes.total('total_classifications')} FROM votes ORDER BY dr7objid"
    found = empty_session.connection.execute(query).fetchall()
    counts = [rows[name].to_numpy() for name in rows.column_names if name.endswith("_count")]
    first = sum(counted(rows, "t01_smooth_or_features").values())
    assert found == list(zip(sum(counts).tolist(), first.tolist(), strict=True))
    own = make_votes(rows.append_column("total_votes", pa.array(range(20))), name="own")
    assert own.total("total_votes") == '"total_votes"::DOUBLE'


def test_redshift_and_size_are_known_by_ucd_then_by_name() -> None:
    def votes(*more: Column) -> Votes:
        return Votes.of_columns("v", "v", [*columns_of("gz2"), *more], "id")

    assert votes().redshift() is votes().size() is None
    named = votes(Column("REDSHIFT", "FLOAT"), Column("petroR50_r", "DOUBLE"))
    assert (named.redshift(), named.size()) == (Column("REDSHIFT", "FLOAT"), Column("petroR50_r", "DOUBLE"))
    by_ucd = votes(
        Column("redshift", "DOUBLE"),
        Column("z_err", "DOUBLE", ucd="stat.error;src.redshift"),
        Column("zz", "DOUBLE", ucd="src.redshift.phot"),
        Column("a", "DOUBLE", ucd="phys.angSize.smajAxis"),
    )
    assert (by_ucd.redshift(), by_ucd.size()) == (by_ucd.columns[-2], by_ucd.columns[-1])
    assert votes(Column("redshift", "VARCHAR")).redshift() is None
