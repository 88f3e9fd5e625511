"""How objects vary: magnitudes to add to those of the catalogues, over time."""

from __future__ import annotations

import numpy as np

from skyband.ingest.simulate.loci import Doubles
from skyband.ingest.simulate.objects import SUBTYPES, Objects, kind

VARIABLE_SHARE = 0.02
"""Share of stars and giants that pulsate or are eclipsed."""
_GIANT_PERIOD_FACTOR = 10.0


def variations(rng: np.random.Generator, objects: Objects, days: Doubles) -> Doubles:
    """Magnitudes in r relative to the catalogue, faint positive.

    Args:
        rng: source of random numbers.
        objects: n objects.
        days: (n, visits) of the visits since the epoch of the catalogue, rising along each row.

    Returns:
        (n, visits): 0 for what does not vary.
    """
    change = np.zeros(days.shape)
    stars = np.isin(objects.kind, [kind("star"), kind("giant")]) & (rng.random(len(objects)) < VARIABLE_SHARE)
    factor = np.where(objects.kind[stars] == kind("giant"), _GIANT_PERIOD_FACTOR, 1.0)
    change[stars] = _periodic(rng, days[stars], factor)
    quasars = objects.kind == kind("quasar")
    change[quasars] = _random_walk(rng, days[quasars], objects.redshift[quasars].astype(np.float64))
    for subtype, (rise_days, phase_days) in _OUTBURSTS.items():
        chosen = (objects.kind == kind("transient")) & (objects.subtype == SUBTYPES.index(subtype))
        phase = rng.exponential(phase_days, int(chosen.sum()))[:, None]
        light = _outburst(subtype, rise_days, days[chosen] + phase)
        change[chosen] = light - _outburst(subtype, rise_days, phase)
    return change


def _periodic(rng: np.random.Generator, days: Doubles, factor: Doubles) -> Doubles:
    """A third each: sinusoids, saw teeth as of RR Lyrae stars, eclipses; the catalogue has the mean brightness."""
    n = len(days)
    period = factor * 0.2 * 200.0 ** rng.random(n)
    amplitude = np.minimum(0.2 * np.exp(0.7 * rng.standard_normal(n)), 1.5)
    phase = (days / period[:, None] + rng.random(n)[:, None]) % 1.0
    shapes = np.stack(
        [
            0.5 * np.sin(2.0 * np.pi * phase),
            np.where(phase < 0.85, phase / 0.85, (1.0 - phase) / 0.15) - 0.5,
            np.where(phase < 0.1, 1.0, 0.0) - 0.1,
        ]
    )
    chosen: Doubles = amplitude[:, None] * shapes[rng.integers(0, len(shapes), n), np.arange(n)]
    return chosen


def _random_walk(rng: np.random.Generator, days: Doubles, redshift: Doubles) -> Doubles:
    """Damped random walks of quasars: 0.14 mag rms, 200 days at rest (MacLeod et al. 2010, ApJ 721, 1014)."""
    n, visits = days.shape
    rms = 0.14 * np.exp(0.3 * rng.standard_normal(n))
    damping_days = 200.0 * (1.0 + redshift)
    steps = rng.standard_normal((n, visits))
    walk = np.empty((n, visits))
    walk[:, 0] = steps[:, 0]
    for visit in range(1, visits):
        keep = np.exp(-(days[:, visit] - days[:, visit - 1]) / damping_days)
        walk[:, visit] = keep * walk[:, visit - 1] + np.sqrt(1.0 - keep**2) * steps[:, visit]
    walk *= rms[:, None]
    return walk


_OUTBURSTS = {"SN Ia": (18.0, 10.0), "SN II": (12.0, 30.0), "CV": (1.5, 3.0)}
"""Days from the first light, 5 mag below the maximum, and the mean of those from the maximum to the catalogue."""


def _outburst(subtype: str, rise_days: float, days: Doubles) -> Doubles:
    """Magnitudes below the maximum at days after it: rounded templates.

    Type Ia: 1 mag in 15 days (Phillips 1993, ApJ 413, L105), slower after 30; type II: a plateau of 80 days (Anderson
    et al. 2014, ApJ 786, 67); dwarf novae: some days, then quiet (Patterson 2011, MNRAS 411, 2695).
    """
    after = np.maximum(days, 0.0)
    knots = {
        "SN Ia": ([0.0, 30.0, 130.0], [0.0, 2.0, 3.5]),
        "SN II": ([0.0, 80.0, 100.0, 200.0], [0.0, 0.8, 2.5, 3.5]),
        "CV": ([0.0, 4.0, 16.0], [0.0, 0.6, 4.5]),
    }[subtype]
    before = np.minimum(5.0 * (np.minimum(days, 0.0) / rise_days) ** 2, 8.0)
    light: Doubles = np.interp(after, *knots) + before
    return light
