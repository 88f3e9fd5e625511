"""Galaxy Zoo statistics: how many votes smooth and spiral galaxies got, and why.

A volunteer who sees spiral arms is asked more questions than one who sees a smooth galaxy: the votes for each volunteer
tell the depth of the decision tree, not how much volunteers doubted. (Of one sample of Galaxy Zoo 2 the means 144.06
votes by 44.28 volunteers, 3.25 each, were published for smooth galaxies, and 211.48 by 42.09, 5.02 each, for spirals.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from skyband.queries.morphology.asking import sql_of
from skyband.queries.morphology.votes import Votes
from skyband.schema.errors import BadOption, BadTable


@dataclass(frozen=True, slots=True)
class Cuts:
    """Who counts as smooth and who as spiral: least shares of answers (Willett et al. 2013, table 3)."""

    smooth: float = 0.469
    features: float = 0.430
    not_edge_on: float = 0.715
    spiral: float = 0.619
    least_votes: int = 20  # for the answer that decides
    measure: str = ""  # a key of votes.MEASURES; "" is "debiased" where the table has it, else "votes"

    def __post_init__(self) -> None:
        """See that the shares are possible.

        Raises:
            BadOption: one is not.
        """
        for name in ("smooth", "features", "not_edge_on", "spiral"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadOption(f"{name} must be a share from 0 to 1, not {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Statistics:
    """The table, and what it means."""

    table: str
    tree: str
    citation: str
    cuts: Cuts  # with the measure that was taken
    rows: tuple[Mapping[str, Any], ...]  # of morphology_stats.sql
    votes_per_classification: Mapping[str, float]  # by class: mean votes / mean classifications
    questions: Mapping[str, tuple[int, int]]  # by class: asked at least and at most of who gives its answer
    explanation: tuple[str, ...]  # a sentence each

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON's objects, lists and numbers."""
        return asdict(self)


def statistics_sql(votes: Votes, cuts: Cuts) -> tuple[str, Cuts]:
    """The one SQL statement, and the cuts with the measure that is taken.

    Raises:
        BadOption: the table lacks the columns of the measure.
        BadTable: it lacks a question that decides.
    """
    measure = votes.measure(cuts.measure)
    marks = votes.tree.landmarks
    known = {task.name for task in votes.tasks}
    for answer in (marks.smooth, marks.features, marks.not_edge_on, marks.spiral):
        if answer.partition(".")[0] not in known:
            raise BadTable(f"{votes.name} has no votes on {answer.partition('.')[0]!r}, which decides who is a spiral")

    def at_least(answer: str, share: float) -> str:
        task, _, name = answer.partition(".")
        return f"{votes.share(measure, task, [name])} >= {share!r}"

    def voted(answer: str) -> str:
        task, _, name = answer.partition(".")
        return f"{votes.votes(task, [name])} >= {cuts.least_votes}"

    sql = sql_of(
        "morphology_stats",
        table=votes.relation,
        total_votes=votes.total("total_votes"),
        total_classifications=votes.total("total_classifications"),
        smooth=f"{at_least(marks.smooth, cuts.smooth)} AND {voted(marks.smooth)}",
        spiral=f"{at_least(marks.features, cuts.features)} AND {at_least(marks.not_edge_on, cuts.not_edge_on)}\n"
        f"        AND {at_least(marks.spiral, cuts.spiral)} AND {voted(marks.spiral)}",
    )
    return sql, Cuts(cuts.smooth, cuts.features, cuts.not_edge_on, cuts.spiral, cuts.least_votes, measure)


def explain(votes: Votes, cuts: Cuts, rows: Sequence[Mapping[str, Any]]) -> Statistics:
    """Say what the rows of the statement mean.

    Args:
        votes: the table.
        cuts: as `statistics_sql` gave them back.
        rows: its answer.
    """
    means = {(row["class"], row["quantity"]): row["mean"] for row in rows if row["count"]}
    marks = votes.tree.landmarks
    questions = {"smooth": votes.tree.questions(marks.smooth), "spiral": votes.tree.questions(marks.spiral)}
    ratios = {
        name: means[name, "total_votes"] / means[name, "total_classifications"]
        for name in questions
        if means.get((name, "total_classifications"))
    }
    return Statistics(
        table=votes.name,
        tree=votes.tree.title,
        citation=votes.tree.citation,
        cuts=cuts,
        rows=tuple(rows),
        votes_per_classification=ratios,
        questions=questions,
        explanation=tuple(_sentences(ratios, questions)),
    )


def _sentences(ratios: Mapping[str, float], questions: Mapping[str, tuple[int, int]]) -> list[str]:
    told = [
        f"{name.capitalize()} galaxies have {ratio:.2f} votes per classification (mean votes / mean classifications)."
        for name, ratio in ratios.items()
    ]
    if not told:
        return ["No galaxy passes the cuts."]
    (least_smooth, most_smooth), (least_spiral, most_spiral) = questions["smooth"], questions["spiral"]
    told.append(
        "That is the depth of the decision tree: total_votes adds up the answers to all questions, and a volunteer who "
        f"says smooth is asked {_range(least_smooth, most_smooth)} questions, one who sees spiral arms "
        f"{_range(least_spiral, most_spiral)}."
    )
    told.append("Means lie beside that as far as volunteers took other branches; they do not measure doubt.")
    return told


def _range(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"
