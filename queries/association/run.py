"""The association of two tables, published as a table."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import duckdb

from skyband.queries.association.calibrate import ONE_SIDED, Calibration, Cut, calibrate
from skyband.queries.association.density import Density, measure_density
from skyband.queries.association.doubts import rows_without_epoch
from skyband.queries.association.judge import fit_share, judge
from skyband.queries.association.measure import drop_candidates
from skyband.queries.association.options import PACKAGE, AssociationOptions
from skyband.queries.association.pairing import Pairing, pair_up, read_sides
from skyband.queries.association.priors import learn_ratio, value_of, weigh_by_mixture
from skyband.queries.association.product import write_association
from skyband.queries.association.select import select_best
from skyband.queries.association.tune import Tuning
from skyband.queries.crossmatch import check_free, matchable_table, sources
from skyband.queries.crossmatch.meeting import arrange
from skyband.queries.crossmatch.pieces import SELECTED
from skyband.schema.columns import TableInfo
from skyband.schema.keys import data_of
from skyband.schema.progress import OnProgress
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store
from skyband.schema.writer import write_table

_MOST_SHARE = 0.999


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
    without_epoch: Mapping[str, float]  # share of the rows, by table, whose epoch is NULL though positions are moved


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
    progress: OnProgress = lambda done, total: None,
    batches: int | None = None,
) -> AssociationReport:
    """Find the counterparts of the rows of one table in another, with probabilities, and publish them as a table.

    Args:
        store: where the tables are and the result goes.
        options: what to associate and how.
        command: the command to keep as provenance.
        progress: called with left rows done and in all.
        batches: into how many zones of declination the search is cut; by default as the memory limit asks.

    Raises:
        TableNotFound: a table is not there.
        TableExists: `options.into` is there and `options.replace` is not set.
        BadTable: a table has no positions or ids, an epoch is missing, an error is not positive.
        BadOption: no cut gives the purity that is wanted, or rows would have to look too far.
    """
    began = time.perf_counter()
    check_free(store, options.into, replace=options.replace)
    with write_table(store, options.into) as writer:
        connection = writer.connection
        left, right = (matchable_table(store, writer, name) for name in options.tables)
        prior, density_by = (
            None if text is None else value_of(right, text) for text in (options.prior, options.density_by)
        )
        meeting = arrange(connection, *read_sides(connection, store, options, (left, right)), epoch=options.epoch)
        pairing = pair_up(connection, store, options, meeting, batches=batches, progress=progress)
        covered = pairing.covered
        _weigh(connection, pairing)
        drop_candidates(connection)
        if density_by is not None:
            weigh_by_mixture(connection, right, density_by, pairing.density)
        share = options.completeness or fit_share(connection, left.rows, covered)
        if prior is not None:
            judge(connection, left.rows, right.rows, share)
            learn_ratio(connection, right, prior)
            share = options.completeness or fit_share(connection, left.rows, covered)
        judge(connection, left.rows, right.rows, share)
        [(candidates,)] = connection.execute("SELECT count(*) FROM judged").fetchall()
        select_best(connection, options.find, share)
        of_right, right_share = pairing.density, 0.0
        of_left = of_right
        if options.find not in ONE_SIDED or options.join.has_unmatched_right:
            of_left = measure_density(connection, left, moc=options.moc(left.name))
            right_share = _right_share(connection, right, of_left, share * covered.rows)
        calibration = calibrate(connection, options, pairing.shifts, share, covered, right_share)
        least = calibration.least_probability(options)
        connection.execute(f"DELETE FROM {SELECTED} WHERE p_match < {least!r}")
        written = write_association(connection, options, (left, right), (of_left, of_right))
        counts = AssociationCounts(
            left_rows=left.rows,
            right_rows=right.rows,
            candidates=candidates,
            pairs=written.pairs,
            left_matched=written.left,
            right_matched=written.right,
            left_covered=covered.rows,
            least_probability=least,
            tuning=pairing.tuning,
            calibration=calibration,
            without_epoch=rows_without_epoch(connection, (meeting.left, meeting.right)),
        )
        info = writer.publish(
            action="crossmatch",
            command=command,
            columns={column.name: column for column in written.columns},
            description=_description(options),
            source=sources((left, right)),
            epoch=left.epoch if not options.join.has_unmatched_right else None,
            details={"options": asdict(options), "association": asdict(counts)},
        )
    return AssociationReport(info, counts, calibration.at(least), time.perf_counter() - began)


def _weigh(connection: duckdb.DuckDBPyConnection, pairing: Pairing) -> None:
    """Make the temporary table `weighed` (weighed.sql)."""
    query = fill_sql(
        PACKAGE,
        "weighed",
        measured=pairing.measured,
        kept=pairing.kept,
        within=pairing.within,
        joins=pairing.density.joins("right_density", "m.healpix_29"),
        density=pairing.density.value,
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE weighed AS {query}")


def _right_share(
    connection: duckdb.DuckDBPyConnection, right: TableInfo, of_left: Density, counterparts: float
) -> float:
    """The share of the right rows in the footprint of the left table that are counterparts."""
    of_left.register(connection, "left_density")
    join, is_covered = of_left.footprint("left_density", "r.healpix_29")
    [(rows,)] = connection.execute(f"SELECT count(*) FROM {data_of(right)} r {join} WHERE {is_covered}").fetchall()
    return float(min(counterparts / max(rows, 1), _MOST_SHARE))


def _description(options: AssociationOptions) -> str:
    left, right = options.tables
    limit = f"{options.radius_arcsec:g} arcsec" if options.radius_arcsec is not None else f"{options.n_sigma:g} sigma"
    return f"Association of {left} with {right} within {limit} ({options.find}, {options.join})"
