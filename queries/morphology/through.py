"""A table between images and votes: which of its columns has the ids of which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from skyband.queries.morphology.votes import Votes
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import BadOption
from skyband.schema.store import Store
from skyband.schema.survey import load_survey, survey_names

MAPPING_SURVEY = "gz2_filename_mapping"
"""Tables of this survey are used without being told, where there is one alone."""


@dataclass(frozen=True, slots=True)
class Through:
    """A table that has the ids of images and those of votes."""

    table: str
    image: Column
    voted: Column

    def __str__(self) -> str:
        return f"{self.table} ({self.image.name} of images, {self.voted.name} of votes)"

    @classmethod
    def parse(cls, text: str, tables: Mapping[str, TableInfo], votes: Votes, store: Store) -> Through:
        """What a user wrote: "TABLE", or "TABLE:IMAGE_COLUMN:VOTES_COLUMN".

        Raises:
            BadOption: it is neither, a column is not there, or which is which cannot be told.
            TableNotFound: the table is not there.
        """
        name, *given = text.split(":")
        if len(given) not in (0, 2):
            raise BadOption(f"{text!r} is neither TABLE nor TABLE:IMAGE_COLUMN:VOTES_COLUMN")
        info = tables.get(name)
        if info is None:
            raise store.not_found(name)
        if not given:
            return cls.of(info, votes, store.path)
        missing = [column for column in given if info.column(column) is None]
        if missing:
            raise BadOption(f"{name} has no column {missing[0]!r}; there are: {_listed(info)}")
        image, voted = (column for one in given if (column := info.column(one)) is not None)
        return cls(name, image, voted)

    @classmethod
    def of(cls, info: TableInfo, votes: Votes, store: Path) -> Through:
        """By roles, names, UCDs and the aliases of the survey's definition.

        Raises:
            BadOption: which column is which cannot be told.
        """
        image = info.role("id")
        voted = _voted(info, votes, store)
        if image is None or voted is None or image == voted:
            raise BadOption(
                f"which columns of {info.name} have the ids of images and of {votes.name} cannot be told; write "
                f"{info.name}:IMAGE_COLUMN:VOTES_COLUMN with two of {_listed(info)}"
            )
        return cls(info.name, image, voted)


def _voted(info: TableInfo, votes: Votes, store: Path) -> Column | None:
    others = [column for column in info.columns if column.role != "id"]
    wanted = votes.id.name.lower()
    named = [column for column in others if column.name.lower() == wanted]
    if not named and info.survey in survey_names(store):
        survey = load_survey(info.survey, store)
        called = {column.name.lower() for column in survey.columns if wanted in map(str.lower, column.aliases)}
        named = [column for column in others if column.name.lower() in called]
    found = named or [column for column in others if column.ucd.lower().startswith("meta.id.cross")]
    return found[0] if len(found) == 1 else None


def _listed(info: TableInfo) -> str:
    return ", ".join(column.name for column in info.columns)
