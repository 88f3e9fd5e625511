"""The association of two tables, published as a table."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace

import duckdb

from skyband.queries.association.calibrate import Calibration, Cut, calibrate
from skyband.queries.association.density import Density, measure_density
from skyband.queries.association.judge import fit_share, judge
from skyband.queries.association.measure import drop_candidates, measured_sql
from skyband.queries.association.options import PACKAGE, AssociationOptions, Offsets
from skyband.queries.association.priors import learn_ratio
from skyband.queries.association.product import write_association
from skyband.queries.association.search import search
from skyband.queries.association.select import select_best
from skyband.queries.association.tune import Tuning, sampled_one_in, tune
from skyband.queries.crossmatch import matchable_table
from skyband.queries.crossmatch.astrometry import Astrometry, look_at, survey_error_mas
from skyband.queries.crossmatch.candidates import batch_count
from skyband.queries.crossmatch.chance import plan_shifts
from skyband.queries.crossmatch.meeting import Meeting, arrange
from skyband.schema.columns import TableInfo
from skyband.schema.errors import TableExists
from skyband.schema.keys import data_of
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store
from skyband.schema.writer import write_table

_LEAST_SAMPLE_ARCSEC = 1.0


@dataclass(frozen=True, slots=True)
class AssociationCounts:
    """The figures of an association, kept with the table it made."""

    left_rows: int
    right_rows: int
    candidates: int  # pairs within reach
    pairs: int  # pairs published
    left_matched: int
    right_matched: int
    left_covered: int  # left rows in the footprint of the right table
    least_probability: float
    tuning: Tuning
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class AssociationReport:
    """What an association found."""

    info: TableInfo
    counts: AssociationCounts
    cut: Cut  # what is expected at the chosen probability
    seconds: float


def associate(
    store: Store,
    options: AssociationOptions,
    *,
    command: str = "",
    progress: Callable[[int, int | None], None] = lambda done, total: None,
    batches: int | None = None,
) -> AssociationReport:
    """Find the counterparts of the rows of one table in another, with probabilities, and publish them as a table.

    Args:
        store: where the tables are and the result goes.
        options: what to associate and how.
        command: the command to keep as provenance.
        progress: called with left rows done and in all.
        batches: into how many HEALPix batches the search is cut; by default as the memory limit asks.

    Raises:
        TableNotFound: a table is not there.
        TableExists: `options.into` is there and `options.replace` is not set.
        BadTable: a table has no positions or ids, an epoch is missing, an error is not positive.
        BadOption: no cut gives the purity that is wanted, or rows would have to look too far.
    """
    began = time.perf_counter()
    if store.has(options.into) and not options.replace:
        raise TableExists(f"table {options.into!r} is there; choose another --into, or give --replace")
    with write_table(store, options.into) as writer:
        connection = writer.connection
        left, right = (matchable_table(store, writer, name) for name in options.tables)
        meeting = arrange(connection, *_sides(connection, store, options, (left, right)), epoch=options.epoch)
        cuts = batches or batch_count(left.rows, right.rows, store.settings)
        density = measure_density(connection, right, area_deg2=options.area_deg2)
        density.register(connection, "right_density")
        covered = _covered_rows(connection, left, density)
        sample_arcsec = _sample_radius(connection, meeting, options)
        is_tuned = options.radius_arcsec is None or options.offsets is not Offsets.KEEP
        if is_tuned:  # how far to look is known only then
            one_in = sampled_one_in(left.rows)
            search(connection, meeting, radius_arcsec=sample_arcsec, one_in=one_in, batches=cuts)
            tuning, correction = tune(connection, meeting, options, sample_arcsec)
            drop_candidates(connection)
            margin_arcsec = _margin(options, tuning)
        reach_arcsec = (options.radius_arcsec or 0.0) + (margin_arcsec if is_tuned else 0.0)
        shifts = plan_shifts(left, reach_arcsec, store.settings.chance_sample_rows)
        search(
            connection,
            meeting,
            radius_arcsec=reach_arcsec,
            sigmas=options.n_sigma or 0.0,
            shifts=shifts,
            batches=cuts,
            progress=progress,
        )
        if not is_tuned:
            tuning, correction = tune(connection, meeting, options, sample_arcsec)
        measured = measured_sql(meeting, floor_arcsec=tuning.floor_arcsec, correction=correction, shifts=shifts)
        _weigh(connection, measured, options, density, right)
        drop_candidates(connection)
        share = options.completeness or fit_share(connection, left.rows, covered)
        if options.prior is not None:
            judge(connection, left.rows, share)
            learn_ratio(connection, right, options.prior)
            share = options.completeness or fit_share(connection, left.rows, covered)
        judge(connection, left.rows, share)
        calibration = calibrate(connection, shifts, share, covered)
        least = options.least_probability
        if options.purity is not None:
            least = max(least, calibration.for_purity(options.purity))
        [(candidates,)] = connection.execute("SELECT count(*) FROM judged").fetchall()
        select_best(connection, options.find, least, share)
        # The footprint of the left table tells of right rows alone.
        densities = (measure_density(connection, left) if options.join.has_unmatched_right else density, density)
        written = write_association(connection, options, (left, right), densities)
        counts = AssociationCounts(
            left_rows=left.rows,
            right_rows=right.rows,
            candidates=candidates,
            pairs=written.pairs,
            left_matched=written.left,
            right_matched=written.right,
            left_covered=covered,
            least_probability=least,
            tuning=tuning,
            calibration=calibration,
        )
        info = writer.publish(
            action="crossmatch",
            command=command,
            columns={column.name: column for column in written.columns},
            description=_description(options),
            source=", ".join(f"{table.name} {table.version.version_id}" for table in (left, right)),
            epoch=left.epoch if not options.join.has_unmatched_right else None,
            details={"options": asdict(options), "association": asdict(counts)},
        )
    return AssociationReport(info, counts, calibration.at(least), time.perf_counter() - began)


def _sides(
    connection: duckdb.DuckDBPyConnection, store: Store, options: AssociationOptions, tables: Iterable[TableInfo]
) -> Iterator[Astrometry]:
    """How the tables are read: with the errors given, else those of their columns, else those of their surveys."""
    for table in tables:
        given = options.error_arcsec.get(table.name)
        side = look_at(
            connection, table, error_mas=None if given is None else given * 1000, propagate=options.propagate
        )
        yield (
            side
            if given is not None or side.has_errors
            else replace(side, error_mas=survey_error_mas(table, store.path))
        )


def _sample_radius(connection: duckdb.DuckDBPyConnection, meeting: Meeting, options: AssociationOptions) -> float:
    """Within which pairs of the sample are looked for, arcsec."""
    if options.radius_arcsec is not None:
        return options.radius_arcsec
    variance = 0.0
    for side in (meeting.left, meeting.right):
        [(median,)] = connection.execute(f"SELECT median(vaa + vdd) FROM {side.rows()}").fetchall()
        variance += median or 0.0
    assert options.n_sigma is not None
    return max(_LEAST_SAMPLE_ARCSEC, options.n_sigma * math.sqrt(variance))


def _margin(options: AssociationOptions, tuning: Tuning) -> float:
    """How much farther than its own reach a row looks: the displacement that is taken away, the systematic error."""
    largest = math.hypot(tuning.offset_ra_arcsec, tuning.offset_dec_arcsec) + math.sqrt(2) * tuning.map_largest_arcsec
    displaced = largest if options.offsets is not Offsets.KEEP else 0.0
    return displaced + (options.n_sigma or 0.0) * math.sqrt(2) * tuning.floor_arcsec


def _covered_rows(connection: duckdb.DuckDBPyConnection, left: TableInfo, density: Density) -> int:
    """Left rows in the footprint of the right table."""
    [(rows,)] = connection.execute(
        f"SELECT count(*) FROM {data_of(left)} l "
        f"SEMI JOIN (SELECT cell FROM right_density WHERE covered) d ON d.cell = l.healpix_29 >> {density.shift}"
    ).fetchall()
    return int(rows)


def _weigh(
    connection: duckdb.DuckDBPyConnection,
    measured: str,
    options: AssociationOptions,
    density: Density,
    right: TableInfo,
) -> None:
    """Make the temporary table `weighed` (weighed.sql)."""
    if options.radius_arcsec is not None:
        kept = f"sep_arcsec <= {options.radius_arcsec!r}"
        # Exact for a circle; for an ellipse, that of the circle of the same mean variance.
        within = f"(1 - exp(-{options.radius_arcsec**2!r} / (saa + sdd)))"
    else:
        assert options.n_sigma is not None
        kept, within = f"chi2 <= {options.n_sigma**2!r}", f"{1 - math.exp(-(options.n_sigma**2) / 2)!r}"
    mean = right.rows / max(density.area_deg2 * 3600.0**2, 1.0)
    query = fill_sql(
        PACKAGE,
        "weighed",
        measured=measured,
        kept=kept,
        within=within,
        shift=str(density.shift),
        mean_per_arcsec2=repr(mean),
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE weighed AS {query}")


def _description(options: AssociationOptions) -> str:
    left, right = options.tables
    limit = f"{options.radius_arcsec:g} arcsec" if options.radius_arcsec is not None else f"{options.n_sigma:g} sigma"
    return f"Association of {left} with {right} within {limit} ({options.find}, {options.join})"
