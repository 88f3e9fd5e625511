"""Spectra by formulas: black bodies, quasars, galaxies, and the gas between them and us."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skyband.models.classifier.matrix import Doubles

Spectrum = Callable[[Doubles], Doubles]
"""Flux per frequency, in any unit, at wavelengths in um in the frame of the source; NaN where it is not known."""

_HC_OVER_K_UM_K = 14_387.768775
_LYMAN_UM = 0.0911753
_LINES_UM = (0.1215670, 0.1025722, 0.0972537, 0.0949743)
_STRENGTHS = (0.0036, 1.7e-3, 1.2e-3, 9.3e-4)


def black_body(temperature_k: float) -> Spectrum:
    """Planck's law."""

    def flux(wavelength_um: Doubles) -> Doubles:
        found: Doubles = wavelength_um**-3.0 / np.expm1(_HC_OVER_K_UM_K / (wavelength_um * temperature_k))
        return found

    return flux


def quasar(slope: float, parameters: dict[str, Any]) -> Spectrum:
    """A power law of frequency with broad emission lines and hot dust.

    Args:
        slope: of flux per frequency against frequency.
        parameters: `quasar` of spectra.toml.
    """
    dust = black_body(float(parameters["dust_k"]))
    reference = np.array([1.53])
    dust_scale = parameters["dust_share"] * reference**-slope / dust(reference)

    def flux(wavelength_um: Doubles) -> Doubles:
        continuum = wavelength_um**-slope
        angstrom = wavelength_um * 1e4
        lines = sum(
            width * np.exp(-0.5 * ((angstrom - centre) / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
            for centre, width, sigma in parameters["lines"]
        )
        # An equivalent width is flux in units of the continuum, per wavelength or frequency alike.
        found: Doubles = continuum * (1 + lines) + dust_scale * dust(wavelength_um)
        return found

    return flux


def broken_line(wavelength_um: Doubles, magnitudes: Doubles) -> Spectrum:
    """AB magnitudes at some wavelengths, linear in the logarithm of wavelength between them, NaN outside."""
    places = np.log(wavelength_um)

    def flux(at_um: Doubles) -> Doubles:
        found: Doubles = 10 ** (-0.4 * np.interp(np.log(at_um), places, magnitudes, left=np.nan, right=np.nan))
        return found

    return flux


def sampled(wavelength_um: Doubles, flux_per_frequency: Doubles) -> Spectrum:
    """A measured spectrum, linear between its points, NaN outside."""

    def flux(at_um: Doubles) -> Doubles:
        found: Doubles = np.interp(at_um, wavelength_um, flux_per_frequency, left=np.nan, right=np.nan)
        return found

    return flux


def transmission(observed_um: Doubles, redshift: float) -> Doubles:
    """Share of the light of a source that the gas between galaxies lets through.

    Lines of the Lyman series and the Lyman continuum by Madau (1995, ApJ 441, 18, equations 12, 15 and footnote 3);
    Lyman alpha at least as thick as Fan et al. (2006, AJ 132, 117, equations 5 and 6) find it.

    Args:
        observed_um: wavelengths in our frame, um.
        redshift: of the source.
    """
    depth = np.zeros_like(observed_um)
    for place, (line, strength) in enumerate(zip(_LINES_UM, _STRENGTHS, strict=True)):
        x = observed_um / line
        of_line = strength * x**3.46
        if place == 0:
            fan = np.where(x < 6.5, 0.85 * (x / 5) ** 4.3, 0.85 * 1.3**4.3 * (x / 6.5) ** 10.9)
            of_line = np.where(x > 5, np.maximum(of_line, fan), of_line)
        depth += np.where(x < 1 + redshift, of_line, 0.0)
    x, here = observed_um / _LYMAN_UM, 1 + redshift
    x = np.clip(x, 1.0, here)
    beyond = (
        0.25 * x**3 * (here**0.46 - x**0.46)
        + 9.4 * x**1.5 * (here**0.18 - x**0.18)
        - 0.7 * x**3 * (x**-1.32 - here**-1.32)
        - 0.023 * (here**1.68 - x**1.68)
    )
    depth += np.where(observed_um < _LYMAN_UM * here, np.maximum(beyond, 0.0), 0.0)
    found: NDArray[np.float64] = np.exp(-depth)
    return found
