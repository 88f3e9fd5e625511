"""SQL that gives the pairs of a match again."""

from __future__ import annotations

from skyband.schema.columns import TableInfo
from skyband.schema.names import quote, quote_text
from skyband.schema.sql import fill_sql
from skyband.server.report.motion import motion_of, moving_rows
from skyband.server.report.questions import Questions, Unknown, sql_of
from skyband.server.report.subject import Subject


def pairs_sql(questions: Questions, subject: Subject) -> str | Unknown:
    """All pairs within the radius of a plain match, from which it chose; the pairs of an association as they are
    stored, for no SQL is shorter than what found them."""
    if subject.is_association:
        left_id, right_id = map(quote, subject.id_names)
        return f"SELECT {left_id}, {right_id}, p_match\nFROM {subject.pairs}\nWHERE p_match IS NOT NULL"
    if subject.counts.get("epoch") is None:
        left, right = quote_text(subject.left.name), quote_text(subject.right.name)
        return f"SELECT * FROM xmatch({left}, {right}, {subject.radius_arcsec!r})"
    if fault := subject.absent(subject.left, subject.right):
        return Unknown(fault)
    assert subject.left.now is not None and subject.right.now is not None
    return _moved_match(questions, subject, subject.left.now, subject.right.now)


def _moved_match(questions: Questions, subject: Subject, left: TableInfo, right: TableInfo) -> str:
    """The band join of rows that are moved to one epoch; `xmatch` leaves them where their tables have them."""
    motion = motion_of(questions, subject, left, right)
    lefts, rights = (
        sql_of("moved", rows=moving_rows(table, moves), epoch=motion.epoch)
        for table, moves in ((left, motion.left), (right, motion.right))
    )
    radius = repr(subject.radius_arcsec)
    join = fill_sql(
        "skyband.schema", "band_join", left="lefts", right="rights", radius_arcsec=radius, band_arcsec=radius
    )
    return (
        f"WITH lefts AS (\n{lefts.strip()}\n),\nrights AS (\n{rights.strip()}\n)\n"
        f"SELECT left_id, right_id, chord2_arcsec(chord2) AS sep_arcsec FROM (\n{join.strip()}\n)"
    )
