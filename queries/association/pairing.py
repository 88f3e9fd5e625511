"""Two tables brought together: candidates found, and what stands between the tables measured on them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import duckdb

from skyband.queries.association.density import Density, measure_density
from skyband.queries.association.judge import Covered
from skyband.queries.association.measure import Correction, drop_candidates, measured_sql
from skyband.queries.association.options import AssociationOptions, Offsets
from skyband.queries.association.search import search
from skyband.queries.association.tune import Tuning, sampled_one_in, tune
from skyband.queries.association.within import covered_rows, reached
from skyband.queries.crossmatch.astrometry import Astrometry, look_at, survey_of, variance_arcsec2
from skyband.queries.crossmatch.candidates import batch_count
from skyband.queries.crossmatch.chance import Shifts, plan_shifts
from skyband.queries.crossmatch.meeting import Meeting
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.progress import OnProgress
from skyband.schema.store import Store

_LEAST_SAMPLE_ARCSEC = 1.0
_FLOOR_ROOM = 3.0
"""A sample reaches so many times farther than the systematic error found on it, at the sigmas asked for."""
_MOST_SAMPLES = 6


class Reading(Protocol):
    """What is said of tables in place of what they say themselves."""

    @property
    def error_arcsec(self) -> Mapping[str, float]:
        """By table, in place of its columns."""
        ...

    @property
    def epoch_error_yr(self) -> Mapping[str, float]:
        """By table, of rows that share one epoch."""
        ...

    @property
    def propagate(self) -> bool:
        """Whether proper motions are used."""
        ...


@dataclass(frozen=True, slots=True)
class Pairing:
    """Candidate pairs of two tables, in the temporary table `candidates`, and how to judge them."""

    measured: str  # SQL of measured.sql
    kept: str  # condition on it
    within: str  # expression over it: share of the counterparts of such a left row that lie within reach
    density: Density  # of the right table, also in the temporary table right_density
    tuning: Tuning
    covered: Covered  # left rows in the footprint of the right table
    shifts: Shifts


def read_sides(
    connection: duckdb.DuckDBPyConnection, store: Store, options: Reading, tables: Iterable[TableInfo]
) -> Iterator[Astrometry]:
    """How tables are read: with the errors given, else those of their columns, else those of their surveys; the latter
    tell also how far the epochs of rows are from the one of the table.

    Raises:
        BadTable: an error is zero or negative, or all proper motions are NULL.
    """
    for table in tables:
        given = options.error_arcsec.get(table.name)
        side = look_at(
            connection, table, error_mas=None if given is None else given * 1000, propagate=options.propagate
        )
        survey = survey_of(table, store.path)
        if survey is not None:
            own = survey.position_error_mas if given is None and not side.has_errors else side.error_mas
            side = replace(side, error_mas=own, floor_mas=survey.position_floor_mas)
        if table.role("epoch") is None:
            said = survey.epoch_error_yr if survey is not None and survey.epoch == table.epoch else 0.0
            side = replace(side, epoch_error_yr=options.epoch_error_yr.get(table.name, said))
        yield side


def pair_up(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    options: AssociationOptions,
    meeting: Meeting,
    *,
    batches: int | None,
    progress: OnProgress,
) -> Pairing:
    """Find the candidate pairs of two tables, shifted left rows among them.

    Args:
        connection: where the tables are attached.
        store: whose settings bound memory and sample.
        options: how far to look, and what is done with displacements.
        meeting: the tables.
        batches: into how many zones of declination the search is cut; None as the memory limit asks.
        progress: called with left rows done and in all.

    Raises:
        BadOption: rows would have to look too far.
        BadTable: nothing is known of the errors of either table, and none may be fitted.
    """
    left, right = meeting.left.table, meeting.right.table
    left_knows, right_knows = meeting.left.knows_errors, meeting.right.knows_errors
    if options.floor_arcsec == 0 and not (left_knows or right_knows):
        raise BadTable(
            f"neither {left.name!r} nor {right.name!r} has position errors: give --error TABLE=ARCSEC, or no --floor 0"
        )
    cuts = batches or batch_count(left.rows, right.rows, store.settings)
    density = measure_density(connection, right, area_deg2=options.area_deg2, moc=options.moc(right.name))
    density.register(connection, "right_density")
    mean_per_arcsec2 = density.mean_per_arcsec2
    reach_arcsec = options.radius_arcsec or 0.0
    found = None
    if options.radius_arcsec is None or options.offsets is not Offsets.KEEP:
        # How far to look is known only when errors and displacement are.
        found = _tune_first(connection, meeting, options, mean_per_arcsec2, cuts)
        reach_arcsec += _margin(options, found[0])
        meeting = meeting.scaled(found[0].error_scale)
    # Far enough that nearly all true partners are left behind.
    looked_arcsec = reach_arcsec + _sigmas_arcsec(connection, meeting, options, 0.99)
    shifts = plan_shifts(left, max(reach_arcsec, looked_arcsec / 3), store.settings.chance_sample_rows)
    search(
        connection,
        meeting,
        radius_arcsec=reach_arcsec,
        sigmas=options.n_sigma or 0.0,
        shifts=shifts,
        batches=cuts,
        progress=progress,
    )
    tuning, correction = found or tune(connection, meeting, options, reach_arcsec, mean_per_arcsec2)
    meeting = meeting.scaled(tuning.error_scale)
    if (
        not (tuning.floor_arcsec or left_knows or right_knows)
        and connection.execute("FROM candidates LIMIT 1").fetchall()
    ):
        raise BadTable(
            f"nothing is known of the position errors of {left.name!r} and {right.name!r}, and {tuning.pairs} pairs "
            "are too few to fit them: give --error TABLE=ARCSEC, or --floor ARCSEC"
        )
    if options.radius_arcsec is not None:
        kept = f"sep_arcsec <= {options.radius_arcsec!r}"
    else:
        assert options.n_sigma is not None
        kept = f"chi2 <= {options.n_sigma**2!r}"
    within = reached(connection, meeting, options, tuning.floor_arcsec)
    return Pairing(
        measured=measured_sql(meeting, floor_arcsec=tuning.floor_arcsec, correction=correction, shifts=shifts),
        kept=kept,
        within=within.sql("left_trace"),
        density=density,
        tuning=tuning,
        covered=covered_rows(connection, meeting, density, within),
        shifts=shifts,
    )


def _tune_first(
    connection: duckdb.DuckDBPyConnection,
    meeting: Meeting,
    options: AssociationOptions,
    mean_per_arcsec2: float,
    batches: int,
) -> tuple[Tuning, Correction]:
    """Tune on pairs of a sample of rows, within the radius that is asked for; where sigmas are, within one so wide that
    it cuts off nothing of what is found, unless most rows would have a chance neighbour in it."""
    one_in = sampled_one_in(meeting.left.table.rows)
    radius_arcsec = options.radius_arcsec or _sample_radius(connection, meeting, options)
    most_arcsec = max(radius_arcsec, 1 / math.sqrt(math.pi * max(mean_per_arcsec2, 1e-9)))
    for _ in range(_MOST_SAMPLES):
        search(connection, meeting, radius_arcsec=radius_arcsec, one_in=one_in, batches=batches)
        found = tune(connection, meeting, options, radius_arcsec, mean_per_arcsec2)
        drop_candidates(connection)
        asked = options.radius_arcsec or min(_wider(options, found[0]), most_arcsec)
        if asked <= radius_arcsec:
            break
        radius_arcsec = asked
    return found


def _sample_radius(connection: duckdb.DuckDBPyConnection, meeting: Meeting, options: AssociationOptions) -> float:
    """Within which pairs of the sample are looked at first, arcsec."""
    return max(_LEAST_SAMPLE_ARCSEC, _sigmas_arcsec(connection, meeting, options, 0.5))


def _sigmas_arcsec(
    connection: duckdb.DuckDBPyConnection, meeting: Meeting, options: AssociationOptions, quantile: float
) -> float:
    """How far so many sigma are for a quantile of the rows, without systematic errors; 0 where a radius is given."""
    if options.n_sigma is None:
        return 0.0
    sides = (meeting.left, meeting.right)
    return options.n_sigma * math.sqrt(sum(variance_arcsec2(connection, side, quantile) for side in sides))


def _wider(options: AssociationOptions, tuning: Tuning) -> float:
    """Within which pairs of the sample should have been looked at, arcsec, for what was found."""
    assert options.n_sigma is not None
    # A systematic error that is found by the pairs near by alone may hide a larger one.
    return options.n_sigma * math.sqrt(2) * max(tuning.pair_error_arcsec, _FLOOR_ROOM * tuning.floor_arcsec)


def _margin(options: AssociationOptions, tuning: Tuning) -> float:
    """How much farther than its own reach a row looks: the displacement that is taken away, the systematic error."""
    largest = math.hypot(tuning.offset_ra_arcsec, tuning.offset_dec_arcsec) + math.sqrt(2) * tuning.map_largest_arcsec
    displaced = largest if options.offsets is not Offsets.KEEP else 0.0
    return displaced + (options.n_sigma or 0.0) * math.sqrt(2) * tuning.floor_arcsec
