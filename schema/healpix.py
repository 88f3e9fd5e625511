"""The one door to HEALPix: NESTED everywhere, order 29 for the key column."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from skyband.schema.errors import BadOption
from skyband.schema.sql import fill_sql, load_sql

if TYPE_CHECKING:
    import duckdb

KEY_ORDER = 29
"""Order of the key column `healpix_29`: pixels of 0.4 mas."""

Doubles = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]


_BASE_PIXEL_DEG = 58.6
"""Side of a pixel of order 0, degrees."""


def order_of_size(size_deg: float) -> int:
    """The finest order whose pixels are `size_deg` or larger; 0 to 29."""
    return min(max(math.floor(math.log2(_BASE_PIXEL_DEG / max(size_deg, 1e-9))), 0), KEY_ORDER)


def healpix_index(order: int, ra: Doubles, dec: Doubles) -> Integers:
    """NESTED indices of directions.

    Args:
        order: 0 to 29.
        ra, dec: degrees, shape (n,).

    Returns:
        Indices, int64, shape (n,).

    Raises:
        BadOption: the order is not 0 to 29, or a declination is outside -90 to 90.
    """
    import healpy

    if not 0 <= order <= KEY_ORDER:
        raise BadOption(f"HEALPix order {order} is not in 0 to {KEY_ORDER}")
    if dec.size and not (np.abs(dec).max() <= 90.0 and np.isfinite(ra).all()):
        raise BadOption("healpix: ra must be finite and dec within -90 to 90 degrees")
    index: Integers = healpy.ang2pix(1 << order, ra, dec, nest=True, lonlat=True)
    return index


KEY_STEPS = frozenset(re.findall(r'"(@\w+)"', load_sql("skyband.schema", "healpix_key")))
"""Names rows cannot have for their columns while `with_key` gives them their key."""


def with_key(rows: str, *, key: str, ra: str, dec: str, placed: str) -> str:
    """SQL of rows with their index of order 29, the same `healpix_index` gives.

    Args:
        rows: a relation to select from.
        key: what to call the index; the last column, NULL in rows that are not placed.
        ra, dec: SQL, degrees.
        placed: SQL, whether a row has a position: `ra` within -180 to 360, `dec` within -90 to 90.
    """
    return fill_sql("skyband.schema", "healpix_key", rows=rows, key=key, ra=ra, dec=dec, placed=placed)


def _disc(nside: int, centre: Doubles, reach: float) -> Integers:
    """Pixels that a disc around a unit vector touches, sorted; `reach` in radians."""
    import healpy

    # healpy loses pixels of discs from about 139 degrees on; more than half the sky is not worth a choice anyway.
    if reach >= np.pi / 2:
        return np.arange(12 * nside * nside)
    found: Integers = np.sort(healpy.query_disc(nside, centre, reach, inclusive=True, nest=True))
    return found


MAX_RANGES = 64
"""At most so many ranges cover a region: each is a test on every row group."""

_FINEST_COVER = 22
"""Pixels of 50 mas. Near order 29 healpy loses pixels, then aborts: it compares cosines, and looks two orders on."""

Range = tuple[int, int]
"""First and last `healpix_29` of a range."""


def ranges_of_cone(ra: float, dec: float, radius_deg: float) -> list[Range]:
    """Ranges of the key column that hold every point within a radius of a position, edge included: a superset.

    Args:
        ra, dec: degrees.
        radius_deg: degrees.

    Returns:
        At most `MAX_RANGES`, sorted, apart from each other.
    """
    lon, lat = math.radians(ra), math.radians(dec)
    centre = np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])
    reach = math.radians(min(radius_deg, 180.0)) * (1 + 1e-8) + 1e-7
    return _ranges(lambda nside: _disc(nside, centre, reach), radius_deg)


def ranges_of_polygon(vertices: Sequence[tuple[float, float]]) -> list[Range]:
    """Ranges of the key column that hold every point of a polygon with great-circle edges: a superset.

    Args:
        vertices: (ra, dec) of three or more, degrees.

    Returns:
        At most `MAX_RANGES`, sorted, apart from each other.
    """
    import healpy
    from scipy.spatial import ConvexHull, QhullError

    points = healpy.ang2vec(*np.array(vertices, float).T, lonlat=True)
    centre = points.sum(axis=0)
    centre /= max(float(np.linalg.norm(centre)), 1e-300)
    heights = points @ centre
    radius = float(np.degrees(np.arccos(np.clip(heights.min(), -1, 1))))
    ra, dec = healpy.vec2ang(centre, lonlat=True)
    if radius > 80:
        return ranges_of_cone(float(ra[0]), float(dec[0]), 180.0)
    # healpy takes convex polygons: great circles are straight in the tangent plane, and so the hull there is one.
    east = np.cross([0, 0, 1] if abs(centre[2]) < 0.9 else [1, 0, 0], centre)
    east /= np.linalg.norm(east)
    plane = np.column_stack([points @ east, points @ np.cross(centre, east)]) / heights[:, None]
    try:
        hull = points[ConvexHull(plane / np.abs(plane).max()).vertices]
    except (QhullError, FloatingPointError):
        return ranges_of_cone(float(ra[0]), float(dec[0]), radius)
    # A hair larger, so that rounding leaves no point of the edge outside.
    hull = centre + (hull / (hull @ centre)[:, None] - centre) * (1 + 1e-8)
    hull /= np.linalg.norm(hull, axis=1)[:, None]

    def pixels(nside: int) -> Integers:
        found: Integers = np.sort(healpy.query_polygon(nside, hull, inclusive=True, nest=True))
        return found

    try:
        return _ranges(pixels, radius / 2)
    except RuntimeError:  # healpy calls it degenerate: very thin
        return ranges_of_cone(float(ra[0]), float(dec[0]), radius)


def _ranges(pixels: Callable[[int], Integers], size_deg: float) -> list[Range]:
    """Ranges of the pixels of the finest order that does not make too many; `size_deg` says where to begin."""
    # Pixels of about the size asked for: their edges are then some tens, and the ranges fewer.
    order = min(order_of_size(size_deg / 2), _FINEST_COVER)
    while True:
        found = pixels(1 << order)
        gaps = np.flatnonzero(found[1:] - found[:-1] > 1)
        first, last = found[np.append(0, gaps + 1)], found[np.append(gaps, len(found) - 1)]
        if len(first) <= MAX_RANGES or order == 0:
            shift = 2 * (KEY_ORDER - order)
            return [(int(a) << shift, ((int(b) + 1) << shift) - 1) for a, b in zip(first, last, strict=True)]
        order -= 1


def fewer_ranges(ranges: Sequence[Range], rows: int, *, near_rows: int, most: int = MAX_RANGES) -> list[Range]:
    """Ranges joined where few rows lie between them: each is read, judged and planned as the few rows are.

    Args:
        ranges: of the key column, sorted, apart from each other.
        rows: of the table, taken to be everywhere alike.
        near_rows: so many rows between two ranges are sooner read than skipped.
        most: ranges to keep; the widest gaps stay.
    """
    least_gap = near_rows / max(rows, 1) * (12 << 2 * KEY_ORDER)
    wide = [(after[0] - before[1], after[0]) for before, after in pairwise(ranges) if after[0] - before[1] > least_gap]
    begins = {begin for _, begin in sorted(wide, reverse=True)[: most - 1]}
    joined = list(ranges[:1])
    for first, last in ranges[1:]:
        if first in begins:
            joined.append((first, last))
        else:
            joined[-1] = joined[-1][0], last
    return joined


def healpix_centers(order: int, index: Integers) -> Doubles:
    """Centres of pixels.

    Args:
        order: 0 to 29.
        index: NESTED, shape (n,); those that no pixel has get NaN.

    Returns:
        ra and dec, degrees, shape (n, 2).
    """
    import healpy

    nside = 1 << order
    exists = (index >= 0) & (index < 12 * nside * nside)
    centers = np.column_stack(healpy.pix2ang(nside, np.where(exists, index, 0), nest=True, lonlat=True))
    centers[~exists] = np.nan
    return centers


def neighbours(order: int, pixels: Integers) -> Integers:
    """The eight pixels around each, shape (n, 8); -1 where a corner of a base pixel has none.

    Args:
        order: of the pixels.
        pixels: NESTED indices, shape (n,).
    """
    import healpy

    found: Integers = healpy.get_all_neighbours(1 << order, pixels, nest=True).T.reshape(len(pixels), 8)
    return found


def interpolated(order: int, values: Doubles, finer_order: int) -> Doubles:
    """A map at the centres of finer pixels, by bilinear interpolation.

    Args:
        order: of the map.
        values: one a pixel, NESTED, shape (12 * 4**order,).
        finer_order: of the answer, shape (12 * 4**finer_order,).
    """
    import healpy

    nside = 1 << finer_order
    theta, phi = healpy.pix2ang(nside, np.arange(12 * nside * nside), nest=True)
    found: Doubles = healpy.get_interp_val(values, theta, phi, nest=True)
    return found


def pixel_area_deg2(order: int) -> float:
    """Area of a pixel, square degrees."""
    return 4 * math.pi * (180 / math.pi) ** 2 / (12 << 2 * order)


def register_healpix(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `healpix(order, ra, dec)` an SQL function of the connection and its cursors; NULL in, NULL out."""
    from duckdb.func import PythonUDFType
    from duckdb.sqltypes import BIGINT, DOUBLE, INTEGER

    connection.create_function("healpix", _healpix_udf, [INTEGER, DOUBLE, DOUBLE], BIGINT, type=PythonUDFType.ARROW)


# DuckDB evaluates the annotations, so they cannot name the lazily imported pyarrow.
def _healpix_udf(order: Any, ra: Any, dec: Any) -> Any:
    import pyarrow as pa

    orders, ras, decs = (column.to_numpy() for column in (order, ra, dec))
    if orders.size == 0 or (orders == orders[0]).all():
        return pa.array(healpix_index(int(orders[0]) if orders.size else 0, ras, decs))
    index = np.empty(orders.size, np.int64)
    for one in np.unique(orders):
        chosen = orders == one
        index[chosen] = healpix_index(int(one), ras[chosen], decs[chosen])
    return pa.array(index)
