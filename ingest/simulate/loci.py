"""Published colour loci (`loci.toml`) as tables of magnitudes that are looked up, not interpolated, for speed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Indices = NDArray[np.intp]
Bools = NDArray[np.bool_]

BANDS = ("u", "g", "r", "i", "z", "j", "h", "k", "w1", "w2", "w3", "w4", "gaia_g", "bp", "rp")
"""Bands of every magnitude array, in the order of its rows: SDSS (AB), 2MASS, WISE and Gaia (Vega)."""

WAVELENGTH_UM = np.array(
    [0.355, 0.468, 0.617, 0.748, 0.893, 1.24, 1.65, 2.16, 3.35, 4.60, 11.6, 22.1, 0.62, 0.51, 0.78], np.float32
)
"""Effective wavelengths of `BANDS`, micrometres."""

EXTINCTION = np.array(
    [4.239, 3.303, 2.285, 1.698, 1.263, 0.723, 0.460, 0.310, 0.184, 0.113, 0.024, 0.009, 2.740, 3.374, 2.035],
    np.float32,
)
"""A(band) / E(B-V): Schlafly & Finkbeiner (2011, ApJ 737, 103, table 6) for SDSS and 2MASS, Fitzpatrick (1999,
PASP 111, 63) for WISE, Casagrande & VandenBerg (2018, MNRAS 479, L102) for Gaia."""

_STEPS = 64  # table entries between two rows of the file: under 0.02 mag apart, below every intrinsic scatter


def band(name: str) -> int:
    """The row of a band in a magnitude array."""
    return BANDS.index(name)


@dataclass(frozen=True, slots=True)
class Locus:
    """One table of `loci.toml`, resampled to `_STEPS` entries a row."""

    magnitudes: Floats  # (bands, entries), relative to r
    parameters: dict[str, Floats]  # teff, M_r, redshift, k_r against entry
    knots: dict[str, Doubles]  # the same at the rows of the file
    subtypes: tuple[str, ...]  # of the rows of the file, () for none

    @property
    def entries(self) -> int:
        """Length of the resampled tables."""
        return int(self.magnitudes.shape[1])

    def at_row(self, row: Doubles | Floats) -> Indices:
        """Entries at fractional rows of the file."""
        return np.clip(np.rint(row * _STEPS), 0, self.entries - 1).astype(np.intp)

    def at(self, parameter: str, values: Doubles | Floats) -> Indices:
        """Entries where a parameter that rises along the file has the given values."""
        knots = self.knots[parameter]
        return self.at_row(np.interp(values, knots, np.arange(knots.size)))

    def rows(self, entries: Indices) -> Indices:
        """Nearest rows of the file, as indices of `subtypes`."""
        return (entries + _STEPS // 2) // _STEPS


def _locus(table: dict[str, Any], colours: list[str]) -> Locus:
    names = table["parameters"]
    subtypes = tuple(row[0] for row in table["rows"]) if names[0] == "subtype" else ()
    numbers = np.array([row[1:] if subtypes else row for row in table["rows"]], np.float64)
    numeric = names[1:] if subtypes else names
    knots = {name: numbers[:, i] for i, name in enumerate(numeric)}
    differences = dict(zip(colours, numbers[:, len(numeric) :].T, strict=True))
    rows = len(numbers)
    magnitudes = {"r": np.zeros(rows)}
    while len(magnitudes) < len(BANDS):  # each colour gives one band once the other is known
        for colour, difference in differences.items():
            first, second = colour.split(" - ")
            if first in magnitudes and second not in magnitudes:
                magnitudes[second] = magnitudes[first] - difference
            elif second in magnitudes and first not in magnitudes:
                magnitudes[first] = magnitudes[second] + difference
    fine = np.arange((rows - 1) * _STEPS + 1) / _STEPS

    def resample(values: Doubles) -> Floats:
        return np.interp(fine, np.arange(rows), values).astype(np.float32)

    return Locus(
        np.stack([resample(magnitudes[name]) for name in BANDS]),
        {name: resample(values) for name, values in knots.items()},
        knots,
        subtypes,
    )


@cache
def load_loci() -> dict[str, Locus]:
    """Every locus of `loci.toml` by the name of its table."""
    with Path(__file__).with_name("loci.toml").open("rb") as file:
        tables = tomllib.load(file)
    colours = tables.pop("colours")
    return {name: _locus(table, colours) for name, table in tables.items()}
