"""The decision tree volunteers followed: questions, answers, which answer leads to which question.

A tree is a file, `queries/morphology/trees/<name>.toml` or `<store>/trees/<name>.toml`, and its name is that of the
file. The keys are the fields of the dataclasses here; `extends` names another tree whose keys hold where the file has
none of its own. Answers are written `task.answer`. Patterns of column names hold `{task}` and `{answer}`, or
`{task.plain}` and `{answer.plain}`: the names without the number in front (`t04_`, `a08_`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from skyband.schema.definition import build
from skyband.schema.errors import BadFile, BadOption

_PACKAGED = Path(str(resources.files("skyband.queries.morphology.trees")))
_NUMBER = re.compile(r"^[ta]\d+_")


@dataclass(frozen=True, slots=True)
class Answer:
    """One button a volunteer could press."""

    name: str
    text: str
    next: str = ""  # the task that follows, "" where the volunteer is done


@dataclass(frozen=True, slots=True)
class Task:
    """One question."""

    name: str
    question: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Names of the columns of an answer, "" where tables of the project have none."""

    count: str  # votes
    weight: str = ""  # votes weighted by the volunteers' consistency
    fraction: str = ""  # votes / votes on the question
    weighted_fraction: str = ""
    debiased: str = ""  # fraction, corrected for distance
    flag: str = ""  # 1 in the clean sample


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Answers that decide who counts as smooth and who as spiral."""

    smooth: str
    features: str
    not_edge_on: str
    spiral: str


@dataclass(frozen=True, slots=True)
class AnswerGroup:
    """Answers under one name: a feature (any of them, all of one task), or a class (all of them)."""

    name: str
    answers: tuple[str, ...]  # "task.answer"

    @property
    def task(self) -> str:
        """The task of a feature."""
        return self.answers[0].partition(".")[0]


@dataclass(frozen=True)
class VoteTree:
    """A project's questions; the first task is asked of every volunteer."""

    name: str
    title: str
    citation: str
    columns: Patterns
    tasks: tuple[Task, ...]
    features: tuple[AnswerGroup, ...]
    classes: tuple[AnswerGroup, ...]  # a galaxy is of the first whose answers all have the most votes of their tasks
    landmarks: Landmarks
    class_columns: tuple[str, ...] = ()  # names of a column with the project's own class strings
    total_votes: str = ""  # column, answers of all volunteers to all questions
    total_classifications: str = ""  # column, volunteers

    @cached_property
    def by_name(self) -> Mapping[str, Task]:
        """The tasks by name."""
        return {task.name: task for task in self.tasks}

    @property
    def first(self) -> Task:
        """The task everybody is asked."""
        return self.tasks[0]

    def column(self, measure: str, task: str, answer: str) -> str:
        """The column of a measure (a field of `Patterns`) of an answer, "" where the project has none."""
        parts = {"task": task, "answer": answer}
        parts |= {f"{key}.plain": _NUMBER.sub("", name) for key, name in parts.items()}
        pattern: str = getattr(self.columns, measure)
        return re.sub(r"\{([\w.]+)\}", lambda place: parts[place[1]], pattern)

    @cached_property
    def asked_in_turn(self) -> tuple[Task, ...]:
        """The tasks so that each comes after all that lead to it."""
        found: list[Task] = []

        def visit(task: Task) -> None:
            for earlier, _ in self.leading_to(task.name):
                if earlier not in found:
                    visit(earlier)
            found.append(task)

        for task in self.tasks:
            if task not in found:
                visit(task)
        return tuple(found)

    def leading_to(self, name: str) -> Iterator[tuple[Task, tuple[Answer, ...]]]:
        """The tasks whose answers lead to a task, with these answers."""
        for task in self.tasks:
            answers = tuple(answer for answer in task.answers if answer.next == name)
            if answers:
                yield task, answers

    def questions(self, answer: str) -> tuple[int, int]:
        """How many questions at least and at most a volunteer is asked who gives an answer ("task.answer").

        The answers before it are those of the shortest way to its task.
        """
        task, _, name = answer.partition(".")
        [chosen] = [a for a in self.by_name[task].answers if a.name == name]
        least, most = self._after(chosen.next)
        before = self._before(task)
        return before + 1 + least, before + 1 + most

    def _after(self, name: str) -> tuple[int, int]:
        if not name:
            return 0, 0
        further = [self._after(following) for following in {answer.next for answer in self.by_name[name].answers}]
        return 1 + min(least for least, _ in further), 1 + max(most for _, most in further)

    def _before(self, name: str) -> int:
        return min((self._before(task.name) + 1 for task, _ in self.leading_to(name)), default=0)


def tree_names(store: Path | None = None) -> tuple[str, ...]:
    """Names `load_tree` knows: those of the package and those of the store."""
    return tuple(sorted(_files(store)))


def load_tree(name: str, store: Path | None = None) -> VoteTree:
    """The tree of that name, or the one in that `.toml` file; a store's own wins over the package's.

    Raises:
        BadOption: no tree of that name.
        BadFile: the file is missing or its definition is wrong; the message names the key.
    """
    files = _files(store)
    if name not in files and not name.endswith(".toml"):
        raise BadOption(
            f"no decision tree {name!r}: take one of {', '.join(sorted(files))}, or the path of a .toml file"
        )
    path = files.get(name) or Path(name).expanduser()
    return _tree(path, _read(path, files))


def _files(store: Path | None) -> dict[str, Path]:
    folders = [_PACKAGED] if store is None else [_PACKAGED, store / "trees"]
    return {path.stem: path for folder in folders for path in folder.glob("*.toml")}


def _read(path: Path, others: Mapping[str, Path]) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadFile(f"{path}: cannot be read as TOML: {error}") from None
    parent = table.pop("extends", None)
    if parent is None:
        return table
    # A chain ends: nothing in it extends the same name twice. A store's tree may extend the package's of its own name.
    files = {name: file for name, file in ({**others, path.stem: _PACKAGED / path.name}).items() if file != path}
    if not isinstance(parent, str) or parent not in files or not files[parent].is_file():
        raise BadFile(f"{path}: 'extends' must name another tree of {', '.join(sorted(files))}; it says {parent!r}")
    further = {name: file for name, file in files.items() if name != parent}
    return _read(files[parent], further) | table


def _tree(path: Path, table: dict[str, Any]) -> VoteTree:
    for key, kind in (("columns", Patterns), ("landmarks", Landmarks)):
        if key in table:
            table[key] = build(kind, table[key], f"{path}: {key}")
    for key in ("tasks", "features", "classes"):
        items = table.get(key, [])
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise BadFile(f"{path}: {key!r} must be a list of tables")
        build_one = _task if key == "tasks" else _group
        table[key] = [build_one(item, f"{path}: {key} {item.get('name')!r}") for item in items]
    tree = build(VoteTree, {"name": path.stem} | table, str(path))
    for fault in _faults(tree):
        raise BadFile(f"{path}: {fault}")
    return tree


def _task(table: dict[str, Any], where: str) -> Task:
    answers = table.get("answers", [])
    if not isinstance(answers, list):
        raise BadFile(f"{where}: 'answers' must be a list of tables")
    return build(Task, table | {"answers": [build(Answer, answer, f"{where}: answer") for answer in answers]}, where)


def _group(table: dict[str, Any], where: str) -> AnswerGroup:
    return build(AnswerGroup, table, where)


def _faults(tree: VoteTree) -> Iterator[str]:
    """What is wrong with a definition whose keys and types are right."""
    if not tree.tasks:
        yield "it has no tasks"
    names = [task.name for task in tree.tasks]
    yield from (f"the task {name!r} is there twice" for name in names if names.count(name) > 1)
    for task in tree.tasks:
        for answer in task.answers:
            if answer.next and answer.next not in names:
                yield f"{task.name}.{answer.name} leads to {answer.next!r}, which is no task"
        if len(task.answers) < 2 or len({answer.name for answer in task.answers}) < len(task.answers):
            yield f"the task {task.name!r} needs two answers or more, of different names"
    yield from (f"the tasks from {name!r} on lead back to it" for name in names if _comes_back(tree, name))
    known = {f"{task.name}.{answer.name}" for task in tree.tasks for answer in task.answers}
    marks = [getattr(tree.landmarks, mark) for mark in Landmarks.__slots__]
    used = [answer for group in tree.features + tree.classes for answer in group.answers]
    yield from (f"there is no answer {answer!r}" for answer in used + marks if answer not in known)
    for feature in tree.features:
        if len({answer.partition(".")[0] for answer in feature.answers}) != 1:
            yield f"the answers of the feature {feature.name!r} must be of one task"
    for pattern in Patterns.__slots__:
        text = re.sub(r"\{(task|answer)(\.plain)?\}", "", getattr(tree.columns, pattern))
        if "{" in text or "}" in text:
            yield f"columns.{pattern} may hold {{task}}, {{answer}}, {{task.plain}} and {{answer.plain}} only"


def _comes_back(tree: VoteTree, start: str) -> bool:
    ahead, seen = [start], set()
    while ahead:
        for answer in tree.by_name[ahead.pop()].answers:
            if answer.next == start:
                return True
            if answer.next in tree.by_name and answer.next not in seen:
                seen.add(answer.next)
                ahead.append(answer.next)
    return False
