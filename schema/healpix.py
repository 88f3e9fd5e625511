"""The one door to HEALPix: NESTED everywhere, order 29 for the key column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from skyband.schema.errors import BadOption

if TYPE_CHECKING:
    import duckdb

KEY_ORDER = 29
"""Order of the key column `healpix_29`: pixels of 0.4 mas."""

Doubles = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]


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


def pixels_around(order: int, pixels: Integers, radius_deg: float) -> Integers:
    """Pixels that hold every point within `radius_deg` of any point of `pixels`: a superset, sorted.

    Args:
        order: of `pixels` and of the answer.
        pixels: NESTED indices, shape (n,).
        radius_deg: degrees.
    """
    import healpy

    nside = 1 << order
    reach = healpy.max_pixrad(nside) + np.radians(radius_deg)
    if reach >= np.pi:
        return np.arange(12 * nside * nside)
    centres = np.array(healpy.pix2vec(nside, pixels, nest=True)).T
    around = [healpy.query_disc(nside, centre, reach, inclusive=True, nest=True) for centre in centres]
    return np.unique(np.concatenate([pixels, *around]))


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
