"""Distances in a flat universe with H0 = 70 km/s/Mpc and Omega_m = 0.3."""

from __future__ import annotations

import numpy as np

from skyband.ingest.simulate.loci import Doubles, Floats

_HUBBLE_DISTANCE_MPC = 299_792.458 / 70.0
_Z = np.linspace(0.0, 8.0, 4001)
_E = 1.0 / np.sqrt(0.3 * (1.0 + _Z) ** 3 + 0.7)
_COMOVING_MPC = _HUBBLE_DISTANCE_MPC * np.concatenate([[0.0], np.cumsum(0.5 * (_E[1:] + _E[:-1]) * np.diff(_Z))])


def distance_modulus(redshift: Floats | Doubles) -> Doubles:
    """5 log10(luminosity distance / 10 pc) (Hogg 1999, astro-ph/9905116, eq. 25)."""
    luminosity_mpc = np.interp(redshift, _Z, _COMOVING_MPC) * (1.0 + redshift.astype(np.float64))
    modulus: Doubles = 5.0 * np.log10(np.maximum(luminosity_mpc, 1e-3)) + 25.0
    return modulus


def arcsec_per_kpc(redshift: Floats | Doubles) -> Doubles:
    """Angle under which a kiloparsec is seen (Hogg 1999, eq. 18)."""
    angular_mpc = np.maximum(np.interp(redshift, _Z, _COMOVING_MPC), 1e-3) / (1.0 + redshift.astype(np.float64))
    angle: Doubles = 206.264806 / angular_mpc
    return angle
