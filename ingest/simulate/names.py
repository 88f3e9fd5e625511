"""Sexagesimal names of sources, and the register that keeps them unique."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skyband.ingest.simulate.loci import Bools, Doubles

_RA_STEPS = 24 * 3600 * 100  # hundredths of a second of time
_DEC_STEPS = 90 * 3600 * 10 + 1  # tenths of an arcsecond


def name_keys(ra: Doubles, dec: Doubles) -> NDArray[np.int64]:
    """One integer a name: positions (deg) cut, not rounded, to 0.01 s in ra and 0.1 arcsec in dec, as the IAU asks."""
    steps = np.floor(ra * (_RA_STEPS / 360.0)).astype(np.int64)
    tenths = np.floor(np.abs(dec) * 36_000.0).astype(np.int64)
    return (steps * 2 + (dec < 0.0)) * _DEC_STEPS + tenths


def two_mass_names(keys: NDArray[np.int64]) -> pa.StringArray:
    """Names as in 2MASS: `hhmmssss+ddmmsss`."""
    return _spell(keys, "hhmmssss+ddmmsss")


def all_wise_names(keys: NDArray[np.int64]) -> pa.StringArray:
    """Names as in AllWISE: `Jhhmmss.ss+ddmmss.s`."""
    return _spell(keys, "Jhhmmss.ss+ddmmss.s")


def _spell(keys: NDArray[np.int64], pattern: str) -> pa.StringArray:
    """Each key in a pattern of h, m, s, d (digits), + (the sign) and literal characters."""
    ra_and_sign, tenths = np.divmod(keys, _DEC_STEPS)
    ra_digits = _sexagesimal((ra_and_sign >> 1).astype(np.int32), fraction=100)
    dec_digits = _sexagesimal(tenths.astype(np.int32), fraction=10)
    letters = np.empty((keys.size, len(pattern)), np.uint8)
    digits = iter(ra_digits)
    for place, letter in enumerate(pattern):
        if letter == "+":
            letters[:, place] = np.where(ra_and_sign & 1, ord("-"), ord("+"))
            digits = iter(dec_digits)
        elif letter in "hmsd":
            letters[:, place] = next(digits) + ord("0")
        else:
            letters[:, place] = ord(letter)
    offsets = np.arange(keys.size + 1, dtype=np.int32) * len(pattern)
    return pa.StringArray.from_buffers(keys.size, pa.py_buffer(offsets), pa.py_buffer(letters))


def _sexagesimal(steps: NDArray[np.int32], fraction: int) -> list[NDArray[np.int32]]:
    """Decimal digits of units, minutes, seconds and the fraction, the first digit first."""
    seconds, parts = np.divmod(steps, fraction)
    minutes, seconds = np.divmod(seconds, 60)
    units, minutes = np.divmod(minutes, 60)
    digits: list[NDArray[np.int32]] = []
    for value in (units, minutes, seconds):
        digits += np.divmod(value, 10)
    return digits + (list(np.divmod(parts, 10)) if fraction == 100 else [parts])


class NameRegister:
    """The names given so far, by key: sorted runs, each over twice as long as the next."""

    def __init__(self) -> None:
        self._runs: list[NDArray[np.int64]] = []

    def claim(self, keys: NDArray[np.int64]) -> Bools:
        """Register names; False where one was taken before, by an earlier call or earlier in `keys`."""
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        fresh = np.ones(keys.size, np.bool_)
        fresh[1:] = ordered[1:] != ordered[:-1]
        for run in self._runs:
            place = np.minimum(np.searchsorted(run, ordered), run.size - 1)
            fresh &= run[place] != ordered
        self._add(ordered[fresh])
        result = np.empty_like(fresh)
        result[order] = fresh
        return result

    def _add(self, run: NDArray[np.int64]) -> None:
        while self._runs and self._runs[-1].size <= 2 * run.size:
            run = np.concatenate([self._runs.pop(), run])
            run.sort(kind="stable")  # two sorted halves: a merge
        if run.size:
            self._runs.append(run)
