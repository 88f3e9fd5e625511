"""At which epoch a match compared its rows, and which of them it moved there."""

from __future__ import annotations

from dataclasses import dataclass

from skyband.schema.columns import TableInfo
from skyband.schema.names import quote
from skyband.server.report.questions import Questions
from skyband.server.report.subject import Subject


@dataclass(frozen=True, slots=True)
class Motion:
    """When the rows of a pair were compared."""

    epoch: str = "NULL::DOUBLE"  # SQL over l and r, the rows of moving_rows: Julian year; NULL for each at its own
    left: bool = False  # whether the rows of the left table were moved there
    right: bool = False


def motion_of(questions: Questions, subject: Subject, left: TableInfo, right: TableInfo) -> Motion:
    """What a match did with proper motions: a plain one says its epoch, an association asks for that of the table at
    rest, row by row, or for the mean one of the right table where both move."""
    given = subject.options.get("epoch")
    if not subject.options.get("propagate", False):
        return Motion()
    one, other = _moves(left), _moves(right)
    compared = given if subject.is_association else subject.counts.get("epoch")
    if compared is not None:
        return Motion(f"{compared!r}::DOUBLE", one, other)
    if not subject.is_association or not (one or other):
        return Motion()
    if one and other:
        query = f"SELECT (min(epoch) + max(epoch))::DOUBLE / 2 AS epoch\nFROM {moving_rows(right, True)}"
        return Motion(f"{questions.ask_one('Epoch of the pairs', query)['epoch']!r}::DOUBLE", True, True)
    return Motion("r.epoch" if one else "l.epoch", one, other)


def moving_rows(table: TableInfo, moves: bool) -> str:
    """SQL of (id, ra, dec, healpix_29, epoch, pmra, pmdec), degrees, Julian years and mas/yr: the rows of a table, with
    motions of 0 where they rest or none are known."""
    known = "isfinite(pmra) AND isfinite(pmdec)"
    motions = (f"CASE WHEN {known} THEN {n}::DOUBLE ELSE 0 END AS {n}" if moves else f"0 AS {n}" for n in _MOTIONS)
    has_epoch = table.role("epoch") is not None or table.epoch is not None
    epoch = "epoch::DOUBLE AS epoch" if has_epoch else "NULL::DOUBLE AS epoch"
    return (
        f"(SELECT id, ra::DOUBLE AS ra, dec::DOUBLE AS dec, healpix_29, {epoch}, {', '.join(motions)} "
        f"FROM keys.{quote(table.name)})"
    )


_MOTIONS = ("pmra", "pmdec")


def _moves(table: TableInfo) -> bool:
    return all(table.role(role) is not None for role in _MOTIONS)
