"""A table of votes: which tree it follows, which of its columns hold what, and the SQL of its answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from skyband.queries.morphology.tree import AnswerGroup, Task, VoteTree, load_tree, tree_names
from skyband.schema.columns import Column, TableInfo, find_column
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.names import quote

MEASURES = {"votes": "count", "weighted": "weighted_fraction", "debiased": "debiased"}
"""How answers are counted -> the columns it takes: plain votes, weighted by consistency, corrected for distance."""

_REDSHIFTS = ("redshift", "z_spec", "zspec", "spec_z", "specz", "z_best", "z_phot", "photo_z", "photoz")
_SIZES = ("petror50_r", "petror90_r", "petrorad_r", "petro_theta", "petro_th50", "r_eff", "shape_r", "radius", "size")
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL")


@dataclass(frozen=True)
class Votes:
    """A table of votes as SQL sees it."""

    name: str
    relation: str  # what stands after FROM
    columns: tuple[Column, ...]
    id: Column
    tree: VoteTree
    tasks: tuple[Task, ...]  # those the table has the votes of, each after all that lead to it

    @classmethod
    def of(cls, info: TableInfo, store: Path | None = None) -> Votes:
        """The votes of a table of a store; the columns say which tree it follows.

        Raises:
            BadTable: the table follows no known tree, or has no identifier.
        """
        found = info.role("id")
        if found is None:
            raise BadTable(f"{info.name} has no column with the role 'id': give --id COLUMN when it is ingested")
        return cls.of_columns(info.name, quote(info.name), info.columns, found.name, store)

    @classmethod
    def of_columns(
        cls, name: str, relation: str, columns: Sequence[Column], id: str, store: Path | None = None
    ) -> Votes:
        """The votes of any relation.

        Args:
            name: what people call it.
            relation: what stands after FROM, as trusted SQL.
            columns: its columns.
            id: the name of the one that identifies galaxies.
            store: folder of a store that may have trees of its own.

        Raises:
            BadTable: the columns follow no known tree, or `id` is none of them.
        """
        found = find_column(columns, id)
        if found is None:
            raise BadTable(f"{name} has no column {id!r}")
        tree, tasks = _followed(name, columns, [load_tree(tree, store) for tree in tree_names(store)])
        return cls(name, relation, tuple(columns), found, tree, tasks)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return {column.name.lower(): column.name for column in self.columns}

    def column(self, measure: str, task: str, answer: str) -> str:
        """SQL of a measure (a field of `Patterns`) of an answer, "" where the table has none."""
        name = self._names.get(self.tree.column(measure, task, answer).lower(), "")
        return f"coalesce({quote(name)}, 0)" if name else ""

    def has_measure(self, measure: str) -> bool:
        """Whether the table has the columns of a key of `MEASURES`, for all answers it has votes of."""
        return all(self.column(MEASURES[measure], task.name, a.name) for task in self.tasks for a in task.answers)

    def measure(self, wanted: str) -> str:
        """How answers are counted: as wanted; where that is "", debiased if the table has it, else by votes.

        Raises:
            BadOption: no such measure, or the table lacks its columns.
        """
        measure = wanted or ("debiased" if self.has_measure("debiased") else "votes")
        there = [name for name in MEASURES if self.has_measure(name)]
        if measure not in there:
            raise BadOption(f"answers of {self.name} cannot be counted by {measure!r}: take {' or '.join(there)}")
        return measure

    def votes(self, task: str, answers: Iterable[str] = ()) -> str:
        """SQL of the votes on a question, or on some of its answers."""
        names = tuple(answers) or tuple(answer.name for answer in self.tree.by_name[task].answers)
        return f"({' + '.join(self.column('count', task, name) for name in names)})::DOUBLE"

    def share(self, measure: str, task: str, answers: Iterable[str]) -> str:
        """SQL of the share of answers among those to their question: 0 to 1, or NULL where nobody was asked."""
        names = tuple(answers)
        if measure == "votes":
            return f"{self.votes(task, names)} / nullif({self.votes(task)}, 0)"
        found = " + ".join(self.column(MEASURES[measure], task, name) for name in names)
        return f"CASE WHEN {self.votes(task)} > 0 THEN least(({found})::DOUBLE, 1) END"

    def reached(self, measure: str) -> Iterator[tuple[str, str]]:
        """For each task its name and SQL of the share of the volunteers that its galaxy's answers lead there.

        Each expression uses the ones before it, under their names (see `reach_name`).
        """
        for task in self.tasks:
            ways = []
            for earlier, answers in self.tree.leading_to(task.name):
                share = ""
                # Whoever got to a question all of whose answers lead on gets on, whether anybody answered or not.
                if len(answers) < len(earlier.answers):
                    names = (answer.name for answer in answers)
                    share = f" * coalesce({self.share(measure, earlier.name, names)}, 0)"
                ways.append(f"{reach_name(earlier.name)}{share}")
            yield task.name, f"least({' + '.join(ways)}, 1::DOUBLE)" if ways else "1::DOUBLE"

    @property
    def features(self) -> tuple[AnswerGroup, ...]:
        """The features of the tree whose task the table has the votes of."""
        known = {task.name for task in self.tasks}
        return tuple(feature for feature in self.tree.features if feature.task in known)

    @property
    def class_column(self) -> str:
        """SQL of the project's own class strings, "" where the table has none."""
        names = (self._names.get(name.lower()) for name in self.tree.class_columns)
        return next((quote(name) for name in names if name), "")

    def class_by_votes(self) -> str:
        """SQL of the class by the most voted answer of each question; NULL where nobody was asked."""
        known = {task.name for task in self.tasks}
        cases = []
        for group in self.tree.classes:
            pairs = [answer.split(".") for answer in group.answers]
            if all(task in known for task, _ in pairs):
                conditions = " AND ".join(self._has_most(task, name) for task, name in pairs)
                cases.append(f"WHEN {conditions} THEN '{group.name}'")
        return f"CASE {' '.join(cases)} END"

    def _has_most(self, task: str, answer: str) -> str:
        own = self.column("count", task, answer)
        others = ", ".join(self.column("count", task, other.name) for other in self.tree.by_name[task].answers)
        return f"({own} > 0 AND {own} = greatest({others}))"

    def total(self, which: str) -> str:
        """SQL of `total_votes` or `total_classifications`: the table's column, else counted from the answers."""
        name = self._names.get(str(getattr(self.tree, which)).lower())
        if name:
            return f"{quote(name)}::DOUBLE"
        asked = self.tasks if which == "total_votes" else self.tasks[:1]
        return " + ".join(self.votes(task.name) for task in asked)

    def position(self, role: str) -> str:
        """SQL of `ra` or `dec`, degrees, by its role or its name; "" where there is none."""
        found = next((c for c in self.columns if c.role == role), None) or find_column(self.columns, role)
        return f"{quote(found.name)}::DOUBLE" if found and _is_number(found) else ""

    def redshift(self) -> Column | None:
        """The column of redshifts, by its UCD or its name."""
        return self._known("src.redshift", _REDSHIFTS)

    def size(self) -> Column | None:
        """The column of angular sizes, by its UCD or its name."""
        return self._known("phys.angsize", _SIZES)

    def _known(self, ucd: str, names: Sequence[str]) -> Column | None:
        numbers = [column for column in self.columns if _is_number(column)]
        by_ucd = (column for column in numbers if column.ucd.lower().startswith(ucd))
        by_name = (found for name in names if (found := find_column(numbers, name)))
        return next(chain(by_ucd, by_name), None)


def reach_name(task: str) -> str:
    """The name in SQL of the share of the volunteers who reach a task."""
    return quote(f"reached {task}")


def _is_number(column: Column) -> bool:
    return column.type.upper().startswith(_NUMBERS)


def _followed(name: str, columns: Sequence[Column], trees: Sequence[VoteTree]) -> tuple[VoteTree, tuple[Task, ...]]:
    """The tree most of whose questions the columns have the votes of, the first one among them."""
    there = {column.name.lower() for column in columns if _is_number(column)}

    def has(tree: VoteTree, task: Task) -> bool:
        return all(tree.column("count", task.name, answer.name).lower() in there for answer in task.answers)

    found = []
    for tree in trees:
        known = {task.name for task in tree.tasks if has(tree, task)}
        # A question counts where the way to it is known too.
        tasks: list[Task] = []
        for task in tree.asked_in_turn:
            before = {earlier.name for earlier, _ in tree.leading_to(task.name)}
            if task.name in known and before <= {earlier.name for earlier in tasks}:
                tasks.append(task)
        if tasks and tasks[0] == tree.first:
            found.append((tree, tuple(tasks)))
    if not found:
        first = {tree.name: tree.column("count", tree.first.name, tree.first.answers[0].name) for tree in trees}
        wanted = "; ".join(f"{tree}: {column}, ..." for tree, column in first.items())
        raise BadTable(f"{name} holds no votes of a known decision tree (their first columns are {wanted})")
    return max(found, key=lambda pair: len(pair[1]))
