"""Which share of the rows is in a pair, by magnitude and by galactic latitude."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import InputError
from skyband.schema.keys import data_of, key_expressions
from skyband.schema.names import quote
from skyband.schema.survey import load_survey
from skyband.server.report.footprint import Footprint, measure_footprint
from skyband.server.report.questions import Questions, Unknown, sampled_one_in, sql_of
from skyband.server.report.subject import Subject

_MOST_BINS = 40
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL")


@dataclass(frozen=True, slots=True)
class Shares:
    """Rows of a table in bins of a value; lists of length n for n + 1 edges."""

    table: str  # whose rows ask, the left one if that has the value
    value: str  # what the bins are of
    unit: str
    edges: list[float]
    rows: list[int]  # that ask
    matched: list[int]  # of them, in a pair
    claimed: list[float] | None  # how many of them have a counterpart by the probabilities; None for a plain match
    elsewhere: int  # rows whose value lies outside the edges
    one_in: int  # so many rows one asks

    def interval(self, place: int) -> tuple[float, float]:
        """Wilson's interval of 1 sigma of the share in a bin (Wilson 1927)."""
        n = self.rows[place]
        share = self.matched[place] / n
        centre, half = (share + 0.5 / n) / (1 + 1 / n), math.sqrt(share * (1 - share) / n + 0.25 / n**2) / (1 + 1 / n)
        return max(centre - half, 0.0), min(centre + half, 1.0)


def by_magnitude(
    questions: Questions, subject: Subject, footprint: Footprint | Unknown, store: Path, sample_rows: int
) -> Shares | Unknown:
    """The share by a magnitude of the left table; by which, its survey or its UCDs say. Where that has none, the share
    of the right rows in the footprint of the left table, by a magnitude of theirs; the temporary table `right_density`
    is then that of the left table."""
    if isinstance(footprint, Unknown):
        return footprint
    for side in (subject, subject.turned()):
        table = side.left.now
        assert table is not None
        column = magnitude_of(table, store)
        if column is not None:
            asked = footprint if side is subject else measure_footprint(questions, side)
            assert isinstance(asked, Footprint)  # both tables are there
            name = (column.name, column.unit or "mag")
            return _shares(questions, side, asked, f"{quote(column.name)}::DOUBLE", name, sample_rows)
    return Unknown(
        f"neither {subject.left.name} nor {subject.right.name} has a magnitude: no survey with bands, and no column "
        "with the UCD phot.mag"
    )


def by_latitude(
    questions: Questions, subject: Subject, footprint: Footprint | Unknown, sample_rows: int
) -> Shares | Unknown:
    """The share by galactic latitude, degrees."""
    if isinstance(footprint, Unknown):
        return footprint
    return _shares(questions, subject, footprint, "", ("galactic latitude", "deg"), sample_rows)


def magnitude_of(table: TableInfo, store: Path) -> Column | None:
    """The magnitude of the first band of a table's survey, else its first column that says it is a magnitude."""
    if table.survey:
        try:
            bands = load_survey(table.survey, store).bands_of(table.columns)
        except InputError:  # its definition has gone: the columns speak for themselves
            bands = ()
        if bands:
            return table.column(bands[0].magnitude)
    said = (c for c in table.columns if c.ucd.lower().split(";")[0] == "phot.mag" and c.type.startswith(_NUMBERS))
    return next(said, None)


def _shares(
    questions: Questions,
    subject: Subject,
    footprint: Footprint,
    magnitude: str,
    name: tuple[str, str],
    sample_rows: int,
) -> Shares | Unknown:
    if subject.counts["pairs"] and subject.without_pairs:
        return Unknown(subject.without_pairs)
    left = subject.left.now
    assert left is not None
    one_in = sampled_one_in(left.rows, sample_rows)
    rows = footprint.rows_inside(_rows_of(left, magnitude, one_in))
    extremes = questions.ask_one(
        f"Range of {name[0]}",
        f"SELECT count(value) AS rows, quantile_cont(value, [0.001, 0.999]) AS range\nFROM {rows}\n"
        "WHERE isfinite(value)",
    )
    if not extremes["rows"]:
        return Unknown(f"no row of {left.name} in the footprint of {subject.right.name} has a {name[0]}")
    low, step, bins = _bins(*extremes["range"])
    query = sql_of("shares", rows=rows, ids=_matched_ids(subject), low=f"{low!r}::DOUBLE", step=f"{step!r}::DOUBLE")
    found = questions.ask(f"Share in a pair by {name[0]}", query).to_pylist()
    inside = {row["bin"]: row for row in found if 0 <= row["bin"] < bins}
    claimed = [float((inside[b]["claimed"] if b in inside else None) or 0.0) for b in range(bins)]
    return Shares(
        table=left.name,
        value=name[0],
        unit=name[1],
        edges=[low + step * place for place in range(bins + 1)],
        rows=[inside[b]["rows"] if b in inside else 0 for b in range(bins)],
        matched=[inside[b]["matched"] if b in inside else 0 for b in range(bins)],
        claimed=claimed if subject.is_association else None,
        elsewhere=sum(row["rows"] for row in found) - sum(row["rows"] for row in inside.values()),
        one_in=one_in,
    )


def _bins(low: float, high: float) -> tuple[float, float, int]:
    """Low edge, step and number of bins around a range: the finest round step that makes about twenty of them."""
    step = next((step for step in _STEPS if (high - low) / step <= _MOST_BINS / 2), _STEPS[-1])
    first = math.floor(low / step)
    return first * step, step, min(max(math.floor(high / step) - first + 1, 1), _MOST_BINS)


def _rows_of(left: TableInfo, magnitude: str, one_in: int) -> str:
    """SQL of (id, healpix_29, value) of the left rows in the sample: a magnitude, or "" for the galactic latitude."""
    keys = ", ".join(key_expressions(left, ("id", "ra", "dec")))
    taken = f" WHERE rowid % {one_in} = 0" if one_in > 1 else ""
    own, value = (f", {magnitude} AS own", "own") if magnitude else ("", "galactic_lat(ra, dec)")
    return f"(SELECT id, healpix_29, {value} AS value FROM (SELECT {keys}{own} FROM {data_of(left)}{taken}))"


def _matched_ids(subject: Subject) -> str:
    """SQL of (id, p_match): the left id of each pair; of a self-match, both ids."""
    claim = "p_match" if subject.is_association else "NULL AS p_match"
    names = subject.id_names if subject.is_self_match else subject.id_names[:1]
    parts = (f"SELECT {quote(name)} AS id, {claim} FROM {subject.pairs} WHERE sep_arcsec IS NOT NULL" for name in names)
    return f"({' UNION ALL '.join(parts)})"
