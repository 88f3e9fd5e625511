"""A cone as SQL that the database answers from a few row groups, with the same text for every cone of a table."""

from __future__ import annotations

import math

import numpy as np

from skyband.schema.columns import HEALPIX_COLUMN, TableInfo
from skyband.schema.errors import BadOption
from skyband.schema.healpix import KEY_ORDER, pixels_in_cone
from skyband.schema.names import quote

_RANGES = 4
"""Ranges of the key a cone is cut into; more skip hardly more rows."""


def cone_rows(info: TableInfo) -> str:
    """SQL that can stand after FROM: the rows of a table in the cone of `cone_values`, edge included.

    The same rows as of the macro `cone`, in less time: ranges of the key let DuckDB skip row groups, and the constants
    come as values, so that the text is read and bound alike each time.

    Raises:
        BadOption: the table has no positions.
    """
    ra_column, dec_column = info.role("ra"), info.role("dec")
    if ra_column is None or dec_column is None:
        raise BadOption(f"table {info.name!r} has no positions, so it cannot be searched by position")
    ra, dec = quote(ra_column.name), quote(dec_column.name)
    ranges = " OR ".join(f"{HEALPIX_COLUMN} BETWEEN $first_{n} AND $last_{n}" for n in range(_RANGES))
    return (
        f"(SELECT * FROM {quote(info.name)} WHERE ({ranges}) AND {dec} BETWEEN $dec_min AND $dec_max "
        f"AND pow(unit_x({ra}, {dec}) - $x, 2) + pow(unit_y({ra}, {dec}) - $y, 2) + pow(unit_z({dec}) - $z, 2) "
        "<= $chord2)"
    )


def cone_values(ra: float, dec: float, radius_deg: float) -> dict[str, float | int]:
    """The values `cone_rows` needs; centre and radius in degrees."""
    lon, lat = math.radians(ra), math.radians(dec)
    # Widened by 1 part in 1e9, as the macro chord_limit is, so that rounding keeps a point on the edge inside.
    chord = 2 * math.sin(math.radians(min(radius_deg, 180)) / 2) * (1 + 1e-9) + 1e-15
    values: dict[str, float | int] = {
        "x": math.cos(lat) * math.cos(lon),
        "y": math.cos(lat) * math.sin(lon),
        "z": math.sin(lat),
        "chord2": chord**2,
        "dec_min": dec - radius_deg - 1e-9,
        "dec_max": dec + radius_deg + 1e-9,
    }
    for number, (first, last) in enumerate(_key_ranges(ra, dec, radius_deg)):
        values |= {f"first_{number}": first, f"last_{number}": last}
    return values


def _key_ranges(ra: float, dec: float, radius_deg: float) -> list[tuple[int, int]]:
    """Ranges of the key that hold the cone, `_RANGES` of them; those not needed are empty."""
    # Pixels about as large as the cone: a handful of them cover it.
    order = min(max(math.floor(math.log2(58.6 / max(radius_deg, 1e-6))), 0), KEY_ORDER - 4)
    pixels = pixels_in_cone(order, ra, dec, radius_deg + 1e-9)
    gaps = np.diff(pixels)
    cuts = np.sort(np.argsort(gaps, kind="stable")[::-1][: _RANGES - 1])
    cuts = cuts[gaps[cuts] > 1]
    shift = 2 * (KEY_ORDER - order)
    firsts, lasts = np.append(pixels[:1], pixels[cuts + 1]), np.append(pixels[cuts], pixels[-1:])
    ranges = [(int(a) << shift, ((int(b) + 1) << shift) - 1) for a, b in zip(firsts, lasts, strict=True)]
    return ranges + [(0, -1)] * (_RANGES - len(ranges))
