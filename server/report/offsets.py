"""How the right rows of pairs lie from their left rows: the constant displacement, and its map over the sky."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from skyband.schema.healpix import KEY_ORDER, order_of_size
from skyband.schema.names import quote
from skyband.server.report.motion import motion_of, moving_rows
from skyband.server.report.questions import Questions, Unknown, sampled_one_in, sql_of
from skyband.server.report.sky import Field
from skyband.server.report.subject import Subject

_MOST_ARCSEC = 3600.0
"""Separations above are no displacements in a plane."""
_SKY_ORDER = 3
_FIELD_CELLS = 8
_CELL_PAIRS = 50
_FEWEST_PAIRS = 10
_MEDIAN_SIGMA = 1.2533
"""A median of n normal values scatters by so many sigma / sqrt(n)."""


@dataclass(frozen=True, slots=True)
class Offsets:
    """Displacements, right less left, east and north; arcsec."""

    pairs: int  # in the sample
    one_in: int  # so many rows of the match one is in the sample
    median_ra_arcsec: float
    median_dec_arcsec: float
    error_arcsec: float  # 1 sigma of each
    sigma_ra_arcsec: float  # scatter of the pairs
    sigma_dec_arcsec: float
    differs_arcsec: float  # median difference between the separations computed here and those of the match
    order: int  # of the cells of the map, HEALPix NESTED
    cells: list[int]  # those with pairs enough; lists of length n
    cell_pairs: list[int]
    cell_ra: list[float]  # where their pairs lie in the mean, degrees
    cell_dec: list[float]
    cell_ra_arcsec: list[float]  # medians of the displacements
    cell_dec_arcsec: list[float]

    @property
    def map_rms_arcsec(self) -> float | None:
        """Scatter of the cells around the constant, in each coordinate; None for a map of one cell."""
        if len(self.cells) < 2:
            return None
        ra = np.array(self.cell_ra_arcsec) - self.median_ra_arcsec
        dec = np.array(self.cell_dec_arcsec) - self.median_dec_arcsec
        return float(np.sqrt((ra**2 + dec**2).mean() / 2))

    @property
    def map_noise_arcsec(self) -> float | None:
        """What of that scatter the number of pairs in the cells explains."""
        return float(np.sqrt((self.noise_arcsec() ** 2).mean())) if len(self.cells) > 1 else None

    def noise_arcsec(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Error of the median of each cell in each coordinate, 1 sigma, shape (n,)."""
        sigma = math.sqrt((self.sigma_ra_arcsec**2 + self.sigma_dec_arcsec**2) / 2)
        noise: np.ndarray[tuple[int], np.dtype[np.float64]] = _MEDIAN_SIGMA * sigma / np.sqrt(np.array(self.cell_pairs))
        return noise


def offsets(
    questions: Questions, subject: Subject, field: Field, farthest_arcsec: float, sample_rows: int
) -> Offsets | Unknown:
    """The displacements of pairs, from the positions of both tables joined by their ids."""
    if fault := subject.absent(subject.left, subject.right):
        return Unknown(fault)
    if farthest_arcsec > _MOST_ARCSEC:
        return Unknown("separations of degrees are no displacements")
    left, right = subject.left.now, subject.right.now
    assert left is not None and right is not None
    one_in = sampled_one_in(subject.info.rows, sample_rows)
    moved = motion_of(questions, subject, left, right)
    query = sql_of(
        "offsets",
        pairs=_pairs_of(subject, one_in),
        left=moving_rows(left, moved.left),
        right=moving_rows(right, moved.right),
        epoch=moved.epoch,
    )
    questions.keep("Displacement of each pair", query, "pair_offsets")
    found = questions.ask_one("Displacement as a whole", sql_of("offset_figures"))
    if found["pairs"] < _FEWEST_PAIRS:
        return Unknown(f"{found['pairs']} pairs are too few to tell a displacement")
    sigma = math.sqrt((found["sigma_ra_arcsec"] ** 2 + found["sigma_dec_arcsec"] ** 2) / 2)
    error = _MEDIAN_SIGMA * sigma / math.sqrt(found["pairs"])
    return Offsets(one_in=one_in, error_arcsec=error, **found, **_map(questions, field))


def _map(questions: Questions, field: Field) -> dict[str, Any]:
    """The cells of the finest order whose cells have pairs enough, at the median."""
    order = _SKY_ORDER if field.is_sky else order_of_size(2 * max(field.radius_deg, 1e-6) / _FIELD_CELLS)
    while True:
        found = questions.ask("Displacement in cells", sql_of("offset_cells", shift=str(2 * (KEY_ORDER - order))))
        counts = found["pairs"].to_numpy()
        if order == 0 or np.median(counts) >= _CELL_PAIRS:
            break
        order -= 1
    kept = found.filter(counts >= min(_CELL_PAIRS / 2, counts.max()))
    x, y, z = (kept[name].to_numpy() for name in "xyz")
    return {
        "order": order,
        "cells": kept["cell"].to_pylist(),
        "cell_pairs": kept["pairs"].to_pylist(),
        "cell_ra": (np.degrees(np.arctan2(y, x)) % 360).tolist(),
        "cell_dec": np.degrees(np.arctan2(z, np.hypot(x, y))).tolist(),
        "cell_ra_arcsec": kept["d_ra"].to_pylist(),
        "cell_dec_arcsec": kept["d_dec"].to_pylist(),
    }


def _pairs_of(subject: Subject, one_in: int) -> str:
    left_id, right_id = map(quote, subject.id_names)
    rows, taken = subject.pairs, ""
    if one_in > 1:
        rows, taken = subject.rows, f" AND rowid % {one_in} = 0"
    return (
        f"(SELECT {left_id} AS left_id, {right_id} AS right_id, sep_arcsec FROM {rows} "
        f"WHERE sep_arcsec IS NOT NULL{taken})"
    )
