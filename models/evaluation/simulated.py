"""Morphology of simulated galaxies from their neighbours, on galaxies that training has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from skyband.models.encoders.crop import Picture
from skyband.models.encoders.encoder import Encoder, encode
from skyband.models.evaluation.neighbours import variance_explained, vote_of_neighbours
from skyband.models.galaxies.observe import ONE_SURVEY, observe
from skyband.models.galaxies.parameters import Galaxies, draw_galaxies
from skyband.models.galaxies.render import draw_view, render
from skyband.models.galaxies.votes import vote_fractions

_SIDE = 128
"""Pixels of the pictures: cut-outs are made of them as of real ones."""
_SEED = 20_261_121
"""No training has it."""
_BATCH = 64


@dataclass(frozen=True)
class SimulatedFigures:
    """R2 of the mean of the k nearest others.

    Attributes:
        n: galaxies.
        k: neighbours.
        smooth_r2: of the share of "smooth" votes.
        inclination_r2: of the cosine of the inclination of disks.
        bar_r2: of the share of "bar" votes of disks.
        arms_r2: of the number of arms of spirals.
    """

    n: int
    k: int
    smooth_r2: float
    inclination_r2: float
    bar_r2: float
    arms_r2: float


def simulated_pictures(n: int, seed: int = _SEED) -> tuple[Galaxies, list[Picture]]:
    """Galaxies and what a survey shows of them, 128 x 128 x 3, the galaxy filling two thirds."""
    generator = torch.Generator().manual_seed(seed)
    galaxies = draw_galaxies(n, generator)
    view = draw_view(galaxies, generator)
    seen = observe(render(galaxies, view, _SIDE), view.depth, generator, ONE_SURVEY)
    pictures = (seen * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return galaxies, list(pictures)


def simulated_figures(encoder: Encoder, n: int = 5000, k: int = 10) -> SimulatedFigures:
    """Encode n new galaxies and predict each from its neighbours."""
    galaxies, pictures = simulated_pictures(n)
    vectors = torch.cat(
        [torch.from_numpy(encode(encoder, pictures[first : first + _BATCH])) for first in range(0, n, _BATCH)]
    ).numpy()
    fractions = {name: values.numpy() for name, values in vote_fractions(galaxies).items()}
    disks = galaxies.bulge_to_total.numpy() < 1
    spirals = galaxies.arms.numpy() > 0

    def r2(true: NDArray[np.float32], rows: NDArray[np.bool_]) -> float:
        values = true[rows].astype(np.float64)
        return variance_explained(vote_of_neighbours(vectors[rows], values, k), values)

    return SimulatedFigures(
        n=n,
        k=k,
        smooth_r2=r2(fractions["smooth"], np.ones(n, bool)),
        inclination_r2=r2(galaxies.cos_inclination.numpy(), disks),
        bar_r2=r2(fractions["bar"], disks),
        arms_r2=r2(galaxies.arms.numpy(), spirals),
    )
