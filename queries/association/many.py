"""The association of three to six tables, published as a table of groups."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import duckdb

from skyband.queries.association.calibrate import Calibration, Cut, calibrate_any
from skyband.queries.association.doubts import rows_without_epoch
from skyband.queries.association.group import group
from skyband.queries.association.group_product import add_groups, begin_groups, used_rows, write_groups
from skyband.queries.association.judge import fit_share
from skyband.queries.association.measure import drop_candidates, partner_sql
from skyband.queries.association.options import PACKAGE, AssociationOptions
from skyband.queries.association.pairing import pair_up, read_sides
from skyband.queries.association.tune import Tuning
from skyband.queries.crossmatch import check_free, matchable_table, sources
from skyband.queries.crossmatch.astrometry import Astrometry
from skyband.queries.crossmatch.chance import Shifts
from skyband.queries.crossmatch.meeting import arrange
from skyband.queries.crossmatch.options import Find, Join
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.progress import OnProgress
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store
from skyband.schema.writer import write_table


@dataclass(frozen=True, slots=True)
class Partner:
    """What was found of one table beside the leading one."""

    table: str
    rows: int
    candidates: int  # within reach of leading rows
    matched: int  # its rows in a published group
    covered_rows: int  # leading rows in its footprint
    share: float  # of those that have a counterpart in it
    tuning: Tuning


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """The figures of an association of many tables, kept with the table it made."""

    left_rows: int
    left_matched: int
    groups: int  # published
    wrong_share: float  # of them that are not right and whole, by their probabilities
    least_probability: float
    partners: tuple[Partner, ...]
    calibration: Calibration  # of having any counterpart
    moving: tuple[str, ...]  # tables whose proper motions were used
    without_epoch: Mapping[str, float]  # share of the rows, by table, whose epoch is NULL though positions are moved


@dataclass(frozen=True, slots=True)
class GroupReport:
    """What an association of many tables found."""

    info: TableInfo
    counts: GroupCounts
    cut: Cut
    seconds: float


def associate_many(
    store: Store,
    options: AssociationOptions,
    *,
    command: str = "",
    progress: OnProgress = lambda done, total: None,
    batches: int | None = None,
) -> GroupReport:
    """Find the counterparts of the rows of the first table in all others at once, with probabilities.

    A group is a row of the first table and one candidate or none of each other table; all groups compete, also with
    what lies there being one other object (Budavari & Szalay 2008; Salvato et al. 2018). `options.find` is best (the
    most probable group first, each row in one group at most), best1 (the most probable group of each leading row) or
    all. `options.join` is inner (leading rows with a counterpart), left (all of them), or full: rows that no leading
    row took up are led by the second table, and so on, until every row of every table stands in a group or alone.

    Args and errors are those of `associate`.

    Raises:
        BadOption: `find`, `join`, `prior` or `density_by` is not for many tables.
        BadTable: a table has no sky in common with the first.
    """
    began = time.perf_counter()
    _check(options)
    check_free(store, options.into, replace=options.replace)
    with write_table(store, options.into) as writer:
        connection = writer.connection
        tables = [matchable_table(store, writer, name) for name in options.tables]
        sides = list(read_sides(connection, store, options, tables))
        begin_groups(connection, len(tables))
        found = _led_by(connection, store, options, sides, 0, batches, progress)
        calibration = calibrate_any(connection, options, found.shifts, found.covered_rows)
        least = calibration.least_probability(options)
        add_groups(connection, options, tables, 0, least)
        if options.join is Join.FULL:
            # What the first table did not take up is led by the next one, and so on.
            for lead in range(1, len(tables) - 1):
                free = [replace(side, chosen=f"row NOT IN ({used_rows(place)})") for place, side in enumerate(sides)]
                if _led_by(connection, store, options, free, lead, batches, lambda done, total: None).partners:
                    add_groups(connection, options, tables, lead, least)
        written = write_groups(connection, options, tables)
        partners = found.partners
        counts = GroupCounts(
            left_rows=tables[0].rows,
            left_matched=written.matched[0],
            groups=written.groups,
            wrong_share=written.wrong_share,
            least_probability=least,
            partners=tuple(
                replace(partner, matched=matched)
                for partner, matched in zip(partners, written.matched[1:], strict=True)
            ),
            calibration=calibration,
            moving=tuple(side.table.name for side in sides if side.moves),
            without_epoch=rows_without_epoch(connection, sides),
        )
        info = writer.publish(
            action="crossmatch",
            command=command,
            columns={column.name: column for column in written.columns},
            description=f"Association of {', '.join(options.tables)} ({options.find}, {options.join})",
            source=sources(tables),
            epoch=tables[0].epoch,
            details={"options": asdict(options), "groups": asdict(counts)},
        )
    return GroupReport(info, counts, calibration.at(least), time.perf_counter() - began)


def _check(options: AssociationOptions) -> None:
    if options.find not in (Find.ALL, Find.BEST, Find.BEST1):
        raise BadOption(f"--find {options.find} is for two tables; of many, best, best1 and all can be found")
    if options.join not in (Join.INNER, Join.LEFT, Join.FULL):
        raise BadOption(f"--join {options.join} is for two tables; of many, inner, left and full can be listed")
    if options.join is Join.FULL and options.find is Find.ALL:
        raise BadOption("--join full lists each row once: give --find best")
    for option, column in (("--prior", options.prior), ("--density-by", options.density_by)):
        if column is not None:
            raise BadOption(f"{option} is for two tables")


@dataclass(frozen=True, slots=True)
class _Led:
    """What was found beside a leading table."""

    partners: list[Partner]
    covered_rows: int  # leading rows in the footprint of any other table
    shifts: Shifts


def _led_by(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    options: AssociationOptions,
    sides: Sequence[Astrometry],
    lead: int,
    batches: int | None,
    progress: OnProgress,
) -> _Led:
    """Make the temporary table `grouped` (groups.sql) of one table and those behind it; where none of them shares its
    sky, there are no partners and no table."""
    partners, numbers, shifts = [], [], None
    for number, side in enumerate(sides[lead + 1 :], lead + 1):
        partner, shifts = _partner(connection, store, options, (sides[lead], side), number, batches, progress)
        if not partner.covered_rows:
            if not lead:
                names = f"{sides[0].table.name!r} lies in the sky of {side.table.name!r}"
                raise BadTable(f"no row of {names}: they cannot be matched")
            continue
        partners.append(partner)
        numbers.append(number)
    assert shifts is not None
    if partners:
        shares = {number: partner.share for number, partner in zip(numbers, partners, strict=True)}
        group(connection, _rescale(connection, sides[lead], numbers, partners), shares)
    return _Led(partners, max((partner.covered_rows for partner in partners), default=0), shifts)


def _partner(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    options: AssociationOptions,
    sides: tuple[Astrometry, Astrometry],
    number: int,
    batches: int | None,
    progress: OnProgress,
) -> tuple[Partner, Shifts]:
    """Make the temporary table `partner_<number>` (partner.sql) of the second side."""
    lead, side = sides
    meeting = arrange(connection, lead, side, epoch=options.epoch)
    pairing = pair_up(connection, store, options, meeting, batches=batches, progress=progress)
    query = partner_sql(
        pairing.measured,
        kept=pairing.kept,
        within=pairing.within,
        joins=pairing.density.joins("right_density", "m.healpix_29"),
        density=pairing.density.value,
    )
    name = f"partner_{number}"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
    drop_candidates(connection)
    connection.execute(f"CREATE OR REPLACE TEMP VIEW weighed AS FROM {name}")
    share = options.completeness or fit_share(connection, lead.table.rows, pairing.covered)
    [(candidates,)] = connection.execute(f"SELECT count(*) FROM {name} WHERE left_row < {lead.table.rows}").fetchall()
    found = Partner(side.table.name, side.table.rows, candidates, 0, pairing.covered.rows, share, pairing.tuning)
    return found, pairing.shifts


def _rescale(
    connection: duckdb.DuckDBPyConnection, lead: Astrometry, numbers: Sequence[int], partners: Sequence[Partner]
) -> Astrometry:
    """The leading table with errors of one scale, however many it has in its pairs: the smallest, which leaves each
    candidate an error of its own. The temporary tables `partner_<number>` follow."""
    scale = min(partner.tuning.error_scale for partner in partners)
    for number, partner in zip(numbers, partners, strict=True):
        given_up = 1 - (scale / partner.tuning.error_scale) ** 2
        if given_up:
            name = f"partner_{number}"
            query = fill_sql(PACKAGE, "rescaled", partners=name, given_up=repr(given_up))
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
    return replace(lead, error_scale=scale)
