"""Pictures that are no galaxies, as surveys have them too: noise, nothing, stars, trails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE = 256
Pixels = NDArray[np.float64]


def draw_oddities(folder: Path, each: int = 2) -> set[str]:
    """Write PNG files `odd_<kind>_<number>.png` into a folder; returns their names without suffix."""
    names = set()
    for kind, draw in _KINDS.items():
        for number in range(each):
            rng = np.random.default_rng([number, *kind.encode()])
            name = f"odd_{kind}_{number}"
            pixels = np.clip(draw(rng), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{name}.png")
            names.add(name)
    return names


def _noise(rng: np.random.Generator) -> Pixels:
    return rng.normal(rng.uniform(40, 120), rng.uniform(20, 50), (_SIDE, _SIDE, 3))


def _blank(rng: np.random.Generator) -> Pixels:
    return np.full((_SIDE, _SIDE, 3), rng.uniform(0, 200))


def _stars(rng: np.random.Generator) -> Pixels:
    """Many point sources of one width, none in the middle."""
    rows, columns = np.mgrid[:_SIDE, :_SIDE]
    light = np.zeros((_SIDE, _SIDE, 3))
    for _ in range(60):
        row, column, flux = *rng.uniform(0, _SIDE, 2), 40 * rng.pareto(1.2) + 30
        spot = flux * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * 2.2**2))
        light += spot[:, :, None] * rng.uniform(0.6, 1, 3)
    return light + rng.normal(12, 4, light.shape)


def _trail(rng: np.random.Generator) -> Pixels:
    """The trail of a satellite."""
    rows, columns = np.mgrid[-1 : 1 : _SIDE * 1j, -1 : 1 : _SIDE * 1j]
    turn = rng.uniform(0, np.pi)
    across = rows * np.cos(turn) - columns * np.sin(turn) - rng.uniform(-0.2, 0.2)
    light = 230 * np.exp(-((across / 0.02) ** 2))
    seen: Pixels = light[:, :, None] + rng.normal(12, 4, (_SIDE, _SIDE, 3))
    return seen


_KINDS: Mapping[str, Callable[[np.random.Generator], Pixels]] = {
    "noise": _noise,
    "blank": _blank,
    "stars": _stars,
    "trail": _trail,
}
