"""All numbers of a report on an association of three tables or more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.names import quote
from skyband.schema.session import session
from skyband.schema.store import Store
from skyband.server.report.questions import SAMPLE_ROWS, Questions, sql_of
from skyband.server.report.report import MatchReport, measure_match
from skyband.server.report.subject import Subject, read_subjects


@dataclass(frozen=True, slots=True)
class GroupsReport:
    """What is known of groups: of the whole, and of the pairs of the leading table with each other."""

    info: TableInfo
    counts: Mapping[str, Any]  # as the table keeps them
    members: list[int]  # leading rows with 0, 1, 2, ... counterparts in their most probable group
    pairs: tuple[MatchReport, ...]
    queries: Mapping[str, str]  # what the store was asked of the whole, by title

    @property
    def options(self) -> Mapping[str, Any]:
        """What was asked of the association."""
        return dict(self.info.details["options"])

    @property
    def lead(self) -> str:
        """The leading table."""
        return self.pairs[0].subject.left.name

    @property
    def made_at(self) -> str:
        """When the report was made: UTC, ISO 8601."""
        return self.pairs[0].made_at

    @property
    def versions(self) -> dict[str, str]:
        """The programs that made the report."""
        return self.pairs[0].versions

    def document(self) -> dict[str, Any]:
        """Everything as JSON has it."""
        document = {
            "table": self.info.name,
            "kind": "groups",
            "rows": self.info.rows,
            "version": asdict(self.info.version),
            "options": self.options,
            "counts": dict(self.counts),
            "members": self.members,
            "queries": dict(self.queries),
            "versions": self.versions,
            "made_at": self.made_at,
        }
        found: dict[str, Any] = json.loads(json.dumps(document, default=str))
        return found | {"pairs": [report.document() for report in self.pairs]}


def report_on_groups(store: Store, name: str, *, sample_rows: int = SAMPLE_ROWS) -> GroupsReport:
    """Measure an association of many tables: as `report_on` does, the pairs of the leading table with each other.

    Raises:
        TableNotFound: it is not there.
        BadTable: it has no groups.
        StorageError: it cannot be read.
    """
    info = store.info(name)
    with session(store.tables_folder, store.settings) as opened:
        info = opened.tables.get(name, info)
        if "groups" not in info.details:
            raise BadTable(f"table {name!r} has no groups: report on it as a match of two tables")
        subjects = read_subjects(opened, info)
        counts, questions = info.details["groups"], Questions(opened.connection)
        reports = tuple(
            measure_match(pairs, _with_pairs(pairs, subject), store, sample_rows)
            for subject, pairs in ((subject, Questions(opened.connection)) for subject in subjects)
        )
        lead = quote(f"{subjects[0].left.name}_id")
        found = questions.ask("Counterparts of leading rows", sql_of("members", groups=quote(name), lead=lead))
        rows = {row["members"]: row["rows"] for row in found.to_pylist()}
        members = [rows.get(number, 0) for number in range(len(subjects) + 1)]
        members[0] = counts["left_rows"] - sum(members[1:])
        return GroupsReport(info, counts, members, reports, questions.asked)


def _with_pairs(questions: Questions, subject: Subject) -> Subject:
    """The subject whose pairs are in their temporary table, and counted."""
    left, right = map(quote, subject.id_names)
    query = sql_of(
        "group_pairs",
        groups=quote(subject.info.name),
        lead=left,
        other=right,
        sep=quote(f"sep_{subject.right.name}_arcsec"),
    )
    questions.keep("Pairs", query, subject.pairs)
    counted = questions.ask_one(
        "Number of pairs",
        f"SELECT count(*) AS pairs, count(DISTINCT {left}) AS left_matched, count(DISTINCT {right}) AS right_matched\n"
        f"FROM {subject.pairs}",
    )
    return replace(subject, counts={**subject.counts, **counted})
