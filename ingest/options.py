"""What an ingest is asked and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadOption

Mode = Literal["create", "append", "replace"]

_FIRST_YEAR, _LAST_YEAR = 1700.0, 2200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """What the user says about files and table; what is left open the survey and the files decide."""

    table: str
    survey: str | None = None  # name of a definition, or path of one
    id: str | None = None  # columns of the files; "@row" numbers the rows
    ra: str | None = None
    dec: str | None = None
    epoch: float | str | None = None  # Julian year of all positions, or the column that has it
    frame: str | None = None  # frame and equinox of the positions: "galactic", "FK5 J1975"
    roles: Mapping[str, str] = field(default_factory=dict)  # further roles: role -> "COLUMN" or "COLUMN:UNIT"
    positions: bool = True  # False: the rows are no places on the sky
    format: str | None = None  # of the files, where it is not to be found out
    mode: Mode = "create"
    description: str = ""
    command: str = ""  # what was typed, kept as provenance

    def __post_init__(self) -> None:
        if self.mode not in ("create", "append", "replace"):
            raise BadOption(f"mode {self.mode!r} is none of create, append, replace")
        if isinstance(self.epoch, int | float) and not _FIRST_YEAR <= self.epoch <= _LAST_YEAR:
            raise BadOption(f"epoch {self.epoch} is no year of a sky survey; give a Julian year, 2016.0 for instance")


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did."""

    info: TableInfo
    rows_read: int
    rows_kept: int
    rejected: Mapping[str, int]  # number of rows by reason
    rejected_file: Path | None  # where they are, None where all rows were kept
    seconds: float
    notes: tuple[str, ...]  # what a person should know
