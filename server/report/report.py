"""All numbers of a report on a match."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import duckdb

from skyband.schema.errors import BadTable
from skyband.schema.session import session
from skyband.schema.store import Store
from skyband.server.report.again import pairs_sql
from skyband.server.report.chance import ChanceLevel, chance_level
from skyband.server.report.errors import measure_errors
from skyband.server.report.expected import Expected, expect
from skyband.server.report.footprint import Footprint, measure_footprint
from skyband.server.report.offsets import Offsets, offsets
from skyband.server.report.questions import SAMPLE_ROWS, Questions, Unknown
from skyband.server.report.separations import (
    Extent,
    Histogram,
    extent_of,
    probabilities,
    separations,
    sigmas,
)
from skyband.server.report.shares import Shares, by_latitude, by_magnitude
from skyband.server.report.sky import Field, PairDensity, field_of, pair_density
from skyband.server.report.subject import Subject, read_subjects


@dataclass(frozen=True, slots=True)
class MatchReport:
    """What is known of a match; what is not says why."""

    subject: Subject
    made_at: str  # UTC, ISO 8601
    expected: Expected
    footprint: Footprint | Unknown
    chance: ChanceLevel | Unknown
    extent: Extent | Unknown
    separations: Histogram | Unknown
    sigmas: Histogram | Unknown
    probabilities: Histogram | Unknown
    magnitudes: Shares | Unknown
    latitudes: Shares | Unknown
    field: Field | Unknown
    density: PairDensity | Unknown
    offsets: Offsets | Unknown
    pairs_sql: str | Unknown  # that gives the pairs again
    queries: Mapping[str, str]  # what the store was asked, by title

    @property
    def versions(self) -> dict[str, str]:
        """The programs that made the report."""
        return {"skyband": version("skyband"), "DuckDB": duckdb.__version__}

    def document(self) -> dict[str, Any]:
        """Everything as JSON has it."""
        subject, info = self.subject, self.subject.info
        figures = {
            name: asdict(getattr(self, name))
            for name in (
                "expected", "footprint", "chance", "extent", "separations", "sigmas", "probabilities", "magnitudes",
                "latitudes", "field", "density", "offsets",
            )
        }  # fmt: skip
        if isinstance(self.offsets, Offsets):
            figures["offsets"]["map_rms_arcsec"] = self.offsets.map_rms_arcsec
            figures["offsets"]["map_noise_arcsec"] = self.offsets.map_noise_arcsec
        document = {
            "table": info.name,
            "kind": "association" if subject.is_association else "match",
            "rows": info.rows,
            "version": asdict(info.version),
            "sources": [
                {"name": s.name, "version_id": s.version_id, "version": s.version, "fault": s.fault}
                for s in (subject.left, subject.right)
            ],
            "options": dict(subject.options),
            "counts": dict(subject.counts),
            **figures,
            "pairs_sql": asdict(self.pairs_sql) if isinstance(self.pairs_sql, Unknown) else self.pairs_sql,
            "queries": dict(self.queries),
            "versions": self.versions,
            "made_at": self.made_at,
        }
        found: dict[str, Any] = json.loads(json.dumps(document, default=str))
        return found


def report_on(store: Store, name: str, *, sample_rows: int = SAMPLE_ROWS) -> MatchReport:
    """Measure a match.

    Everything is counted in DuckDB, and what must be joined or sorted is counted on a sample, so that a report takes
    seconds and flat memory whatever the match.

    Args:
        store: where the tables are.
        name: the table of a match, plain or with probabilities.
        sample_rows: rows at most that are joined or sorted.

    Raises:
        TableNotFound: it is not there.
        BadTable: it is no match of two tables.
        StorageError: it cannot be read.
    """
    info = store.info(name)
    with session(store.tables_folder, store.settings) as opened:
        # Seen as the session has it: a table published in between would mix two versions.
        subjects = read_subjects(opened, opened.tables.get(name, info))
        if len(subjects) > 1:
            raise BadTable(f"table {name!r} is a match of {len(subjects) + 1} tables, not of two")
        return measure_match(Questions(opened.connection), subjects[0], store, sample_rows)


def measure_match(questions: Questions, subject: Subject, store: Store, sample_rows: int) -> MatchReport:
    """Measure the pairs of two tables, as `report_on` does."""
    footprint = measure_footprint(questions, subject)
    chance = chance_level(subject, footprint)
    measured = _of_pairs(questions, subject, chance, store, sample_rows)
    return MatchReport(
        subject=subject,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        expected=expect(subject, chance),
        footprint=footprint,
        chance=chance,
        latitudes=by_latitude(questions, subject, footprint, sample_rows),
        # May measure another footprint: after all that needs that of the right table.
        magnitudes=by_magnitude(questions, subject, footprint, store.path, sample_rows),
        pairs_sql=pairs_sql(questions, subject),
        queries=questions.asked,
        **measured,
    )


def _of_pairs(
    questions: Questions, subject: Subject, chance: ChanceLevel | Unknown, store: Store, sample_rows: int
) -> dict[str, Any]:
    """What is measured on the pairs themselves."""
    if subject.without_pairs:
        names = ("extent", "separations", "sigmas", "probabilities", "field", "density", "offsets")
        return dict.fromkeys(names, Unknown(subject.without_pairs))
    extent = extent_of(questions, subject, sample_rows)
    field = field_of(questions, subject)
    errors = measure_errors(questions, subject, store, sample_rows)
    return {
        "extent": extent,
        "separations": separations(questions, subject, extent, chance, errors),
        "sigmas": sigmas(questions, subject, extent, chance, errors),
        "probabilities": probabilities(questions, subject),
        "field": field,
        "density": pair_density(questions, subject, field),
        "offsets": offsets(questions, subject, field, extent.farthest_arcsec, sample_rows),
    }
