"""What a query process is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from skyband.queries.formats import Info
from skyband.queries.likeness import GivenVector

Language = Literal["adql", "sql", "cone", "votes"]
"""What a question is asked in; "cone" is a table's name, with the values `ra`, `dec` and `radius_deg` in degrees: its
rows around a position, nearest first, as Simple Cone Search wants them. "votes" is a call of `similar(...)`, with
the fields of `VotesWanted` as values: what volunteers said of those neighbours, as JSON whatever the format."""


@dataclass(frozen=True, slots=True)
class Query:
    """One query and the form its answer takes."""

    text: str
    language: Language
    format: str = "votable"  # a name of `queries.formats.FORMATS`
    max_rows: int | None = None  # rows beyond are cut, and reported; never above the setting query_max_rows
    uploads: Mapping[str, Path] = field(default_factory=dict)  # table in tap_upload -> file as it was sent
    parameters: Mapping[str, float | int | str] = field(default_factory=dict)  # values of $name
    vectors: Mapping[str, GivenVector] = field(default_factory=dict)  # that similar() takes by name
    infos: tuple[Info, ...] = ()  # what a VOTable says beside
    name: str = "result"  # of the table in the answer
    shown: str = ""  # the query as its user wrote it, for the header; "" for `text`

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "uploads": {name: str(path) for name, path in self.uploads.items()},
            "parameters": dict(self.parameters),
            "vectors": {name: asdict(vector) for name, vector in self.vectors.items()},
            "infos": [asdict(info) for info in self.infos],
        }

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Query:
        """The inverse of `to_json`."""
        given = dict(given)
        given["uploads"] = {name: Path(path) for name, path in given["uploads"].items()}
        given["vectors"] = {name: GivenVector(**vector) for name, vector in given["vectors"].items()}
        given["infos"] = tuple(Info(**info) for info in given["infos"])
        return cls(**given)
