"""Rows of one source, by position."""

from __future__ import annotations

import numpy as np

from skyband.models.scoring.duplicates import duplicate_groups

ARCSEC = 1 / 3600


def test_chains_of_near_rows_are_one_source() -> None:
    ra = np.array(
        [10.0, 10 + 1.5 * ARCSEC, 10 + 3.0 * ARCSEC, 10 + 6.0 * ARCSEC, 359.9999, 0.0001, 50.0, 220.0, np.nan]
    )
    dec = np.array([0.0, 0.0, 0.0, 0.0, 89.9999, 89.9999, 20.0, -5.0, 3.0])
    found = duplicate_groups(ra, dec)
    assert found[0] == found[1] == found[2] >= 0
    assert found[4] == found[5] >= 0
    assert found[4] != found[0]
    assert found[[3, 6, 7, 8]].tolist() == [-1] * 4


def test_no_duplicates_and_no_rows() -> None:
    assert duplicate_groups(np.array([1.0, 2.0]), np.array([1.0, 2.0])).tolist() == [-1, -1]
    assert duplicate_groups(np.empty(0), np.empty(0)).shape == (0,)
