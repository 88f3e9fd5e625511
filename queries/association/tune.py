"""What the pairs of a sample say of the two tables: systematic error and displacement."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow as pa

from skyband.queries.association.fit import Doubles, Sample, fit
from skyband.queries.association.measure import Correction, measured_sql
from skyband.queries.association.options import AssociationOptions, Offsets
from skyband.queries.crossmatch.meeting import Meeting
from skyband.schema.healpix import KEY_ORDER, interpolated

_SAMPLE_ROWS = 100_000
_FIT_PAIRS = 12_000
FEWEST_PAIRS = 30
"""Pairs below which nothing is fitted."""
_FINEST_ORDER = 5
_CELL_PAIRS = 50
_FINER = 3
"""Orders by which the interpolated map is finer than the measured one."""
_DIGITS = 6
"""Of a displacement in arcsec: a microarcsecond."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Systematic error and displacement of two tables."""

    pairs: int  # of the sample
    floor_arcsec: float  # systematic error of a pair in each coordinate, 1 sigma
    floor_fitted: bool
    offset_ra_arcsec: float  # right less left, along the great circle
    offset_dec_arcsec: float
    offset_error_arcsec: float  # 1 sigma of each
    error_scale: float = 1.0  # by which the errors of both tables are multiplied
    error_scale_fitted: bool = False  # 1 where nothing else is significantly better
    pair_error_arcsec: float = 0.0  # of pairs in each coordinate, 1 sigma, all included: nine in ten have a smaller one
    scatter: float | None = None  # mean chi square of pairs that are none of chance, over what it should be
    map_order: int | None = None  # HEALPix order of the measured map of displacements
    map_rms_arcsec: float | None = None  # scatter of its cells around the constant
    map_error_arcsec: float | None = None  # what of the scatter is noise
    map_largest_arcsec: float = 0.0
    map_cells: tuple[tuple[int, float, float], ...] = ()  # of a map that is taken away: cell, arcsec east and north


def tune(
    connection: duckdb.DuckDBPyConnection,
    meeting: Meeting,
    options: AssociationOptions,
    radius_arcsec: float,
    mean_per_arcsec2: float,
) -> tuple[Tuning, Correction]:
    """Measure what stands between the tables, on those of the candidates that belong to a sample of left rows.

    Args:
        connection: where the tables are attached and the temporary table `candidates` is.
        meeting: the tables.
        options: whether the floor is given, and what is done with displacements.
        radius_arcsec: within which pairs are looked at; no wider than the search for candidates.
        mean_per_arcsec2: density of the right table.

    Returns:
        What was found, and the displacement that is to be taken away.
    """
    sample = _sample(connection, meeting, radius_arcsec)
    floor_given, scale_given = options.floor_arcsec, options.error_scale
    if floor_given is not None and scale_given is None:  # a scale would make up for a floor that is meant
        scale_given = 1.0
    pairs = len(sample.key)
    if pairs < FEWEST_PAIRS:
        said = math.hypot(meeting.left.floor_mas, meeting.right.floor_mas) / 1000
        floor, scale = said if floor_given is None else floor_given, 1.0 if scale_given is None else scale_given
        return Tuning(pairs, floor, False, 0.0, 0.0, 0.0, error_scale=scale), Correction()
    found = fit(
        sample.thinned(_FIT_PAIRS), floor_arcsec=floor_given, scale=scale_given, chance_per_arcsec2=mean_per_arcsec2
    )
    ra, dec, errors = found.offset_ra_arcsec, found.offset_dec_arcsec, found.errors
    sample = sample.displaced(ra, dec)
    _, weight = sample.truth(found.share, errors)
    saa, sdd, _ = sample.covariance(errors)
    variance = (saa + sdd) / 2
    error = float(1 / np.sqrt((weight / variance).sum()))
    tuning = Tuning(
        pairs=pairs,
        floor_arcsec=errors.floor_arcsec,
        floor_fitted=floor_given is None,
        offset_ra_arcsec=ra,
        offset_dec_arcsec=dec,
        offset_error_arcsec=error,
        error_scale=errors.scale,
        error_scale_fitted=scale_given is None,
        pair_error_arcsec=math.sqrt(np.quantile(variance, 0.9)),
        scatter=found.scatter,
    )
    tuning = _map(tuning, sample.displaced(-ra, -dec), weight)
    if options.offsets is not Offsets.MAP:
        tuning = replace(tuning, map_cells=())
    return tuning, correction_of(connection, tuning, options.offsets)


def correction_of(
    connection: duckdb.DuckDBPyConnection, tuning: Tuning, offsets: Offsets, *, name: str = "offsets"
) -> Correction:
    """The displacement that is to be taken away.

    Args:
        connection: where the temporary table `name` (cell, ra, dec) of a map is made.
        tuning: what was found.
        offsets: what is done with it.
        name: of the table.
    """
    if offsets is Offsets.KEEP:
        return Correction()
    if tuning.map_order is None or not tuning.map_cells:
        return Correction(f"{tuning.offset_ra_arcsec!r}::DOUBLE", f"{tuning.offset_dec_arcsec!r}::DOUBLE")
    connection.register("offset_cells", _interpolated(tuning, tuning.map_order))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM offset_cells")
    connection.unregister("offset_cells")
    shift = 2 * (KEY_ORDER - tuning.map_order - _FINER)
    return Correction(f"{name}.ra", f"{name}.dec", f"JOIN {name} ON {name}.cell = l.healpix_29 >> {shift}")


def sampled_one_in(left_rows: int) -> int:
    """Of how many left rows one is enough for `tune`."""
    return max(1, -(-left_rows // _SAMPLE_ROWS))


def _sample(connection: duckdb.DuckDBPyConnection, meeting: Meeting, radius_arcsec: float) -> Sample:
    rows = meeting.left.table.rows
    one_in = sampled_one_in(rows)
    # What is left of the covariances when errors are none comes of motions and epochs.
    whole, extra = (
        measured_sql(meeting.scaled(scale), where=f"left_row % {one_in} = 0 AND left_row < {rows}")
        for scale in (1.0, 0.0)
    )
    found = connection.sql(
        "SELECT w.healpix_29 AS key, w.d_ra, w.d_dec, w.saa - e.saa AS saa, w.sdd - e.sdd AS sdd, "
        "w.sad - e.sad AS sad, e.saa AS eaa, e.sdd AS edd, e.sad AS ead "
        f"FROM ({whole}) w JOIN ({extra}) e USING (left_row, right_row) "
        f"WHERE w.sep_arcsec <= {radius_arcsec!r} QUALIFY count(*) OVER (PARTITION BY left_row) = 1 "
        "ORDER BY left_row"  # what is fitted may not hang on the order in which pairs were found
    ).to_arrow_table()
    arrays = {name: found[name].to_numpy() for name in found.column_names}
    return Sample(**arrays, radius_arcsec=radius_arcsec)


def _map(tuning: Tuning, sample: Sample, weight: Doubles) -> Tuning:
    """The same with the displacement in cells of the finest order that has pairs enough; cells with too few are left
    out."""
    safe = weight > 0.5
    key, ra, dec = sample.key[safe], sample.d_ra[safe], sample.d_dec[safe]
    constant = np.array([tuning.offset_ra_arcsec, tuning.offset_dec_arcsec])
    for order in range(_FINEST_ORDER, -1, -1):
        cells, place, counts = np.unique(key >> 2 * (KEY_ORDER - order), return_inverse=True, return_counts=True)
        if len(cells) and np.median(counts) >= _CELL_PAIRS:
            break
    else:
        return tuning
    parts = np.split(np.argsort(place, kind="stable"), np.cumsum(counts)[:-1])
    medians = np.array([(np.median(ra[part]), np.median(dec[part])) for part in parts])
    used = counts >= _CELL_PAIRS / 2
    # A median of n normal values scatters by 1.2533 sigma / sqrt(n).
    sigma = 1.2533 * tuning.offset_error_arcsec * math.sqrt(weight.sum())
    return replace(
        tuning,
        map_order=order,
        map_rms_arcsec=float(np.sqrt(((medians[used] - constant) ** 2).mean())),
        map_error_arcsec=float(sigma * np.sqrt((1 / counts[used]).mean())),
        map_largest_arcsec=float(np.abs(medians[used]).max()),
        map_cells=tuple(
            (cell, round(east, _DIGITS), round(north, _DIGITS))
            for cell, (east, north) in zip(cells[used].tolist(), medians[used].tolist(), strict=True)
        ),
    )


def _interpolated(tuning: Tuning, order: int) -> pa.Table:
    """The displacement between the cells of the map, (cell, ra, dec) of pixels `_FINER` orders finer; cells that it
    leaves out have the constant one."""
    whole = np.tile([tuning.offset_ra_arcsec, tuning.offset_dec_arcsec], (12 << 2 * order, 1))
    cells, *values = zip(*tuning.map_cells, strict=True)
    whole[list(cells)] = np.column_stack(values)
    ra, dec = (interpolated(order, whole[:, axis], order + _FINER) for axis in (0, 1))
    return pa.table({"cell": np.arange(len(ra)), "ra": ra, "dec": dec})
