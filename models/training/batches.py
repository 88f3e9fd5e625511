"""Batches to learn from: simulated galaxies seen twice, and two views of real pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from skyband.models.encoders.network import SIDE
from skyband.models.galaxies.draws import Draws
from skyband.models.galaxies.observe import observe
from skyband.models.galaxies.parameters import draw_galaxies
from skyband.models.galaxies.render import draw_view, render
from skyband.models.training.labels import Labels, label

_STEPS_AT_ONCE = 8
"""Galaxies of so many steps are simulated together: small tensors waste time."""


@dataclass(frozen=True)
class Batch:
    """Pictures 2 n x 3 x 64 x 64 of 0 to 1, row n + i showing the galaxy of row i once more, and what they show."""

    pictures: Tensor
    labels: Labels


def simulated_batches(galaxies: int, generator: torch.Generator) -> Iterator[Batch]:
    """Batches of simulated galaxies without end."""
    many = galaxies * _STEPS_AT_ONCE
    while True:
        drawn = draw_galaxies(many, generator).twice()
        view = draw_view(drawn, generator)
        pictures = observe(render(drawn, view, SIDE), view.depth, generator)
        labels = label(drawn)
        for first in range(0, many, galaxies):
            rows = torch.arange(first, first + galaxies, device=generator.device)
            rows = torch.cat([rows, rows + many])
            yield Batch(pictures[rows], labels.rows(rows))


def real_batches(surveys: Sequence[NDArray[np.uint8]], pictures: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Two views of real pictures, 2 n x 3 x 64 x 64, without end; each batch is of one survey.

    So the survey tells nothing about which views belong together, and is not learnt.

    Args:
        surveys: cut-outs of each survey, n x 96 x 96 x 3 (`models.encoders.crop`).
        pictures: of a batch.
        generator: of random numbers.
    """
    device = generator.device
    stacks = [torch.from_numpy(survey).permute(0, 3, 1, 2) for survey in surveys]
    weights = torch.tensor([float(len(stack)) for stack in stacks], device=device)
    while True:
        which = int(torch.multinomial(weights, 1, generator=generator))
        stack = stacks[which]
        rows = torch.randint(len(stack), (pictures,), generator=generator, device=device).cpu()
        chosen = stack[rows].to(device).float() / 255
        yield torch.cat([_another_view(chosen, generator), _another_view(chosen, generator)])


def _another_view(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures turned, mirrored, zoomed, moved, coloured, blurred and made noisy at random."""
    n, wide = len(pictures), pictures.shape[-1]
    device = generator.device
    draws = Draws(n, generator)
    uniform = draws.uniform
    angle, scale = uniform(0, 2 * math.pi), SIDE / wide * torch.exp(uniform(-0.2, 0.15))
    mirror = draws.sign()
    matrix = torch.zeros(n, 2, 3, device=device)
    matrix[:, 0, 0], matrix[:, 0, 1] = scale * torch.cos(angle) * mirror, -scale * torch.sin(angle)
    matrix[:, 1, 0], matrix[:, 1, 1] = scale * torch.sin(angle) * mirror, scale * torch.cos(angle)
    matrix[:, :, 2] = uniform(-0.05, 0.05, 2)
    grid = functional.affine_grid(matrix, [n, 3, SIDE, SIDE], align_corners=False)
    view = functional.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
    blurred = functional.avg_pool2d(view, 3, stride=1, padding=1, count_include_pad=False)
    view = view + uniform(0, 1, 1, 1, 1) * (blurred - view)
    mean = view.mean(dim=1, keepdim=True)
    view = mean + torch.exp(uniform(-0.7, 0.4, 1, 1, 1)) * (view - mean)
    view = view * torch.exp(uniform(-0.25, 0.25, 3, 1, 1)) ** uniform(0.7, 1.3, 1, 1, 1)
    return (view + uniform(0, 0.04, 1, 1, 1) * torch.randn(view.shape, generator=generator, device=device)).clamp(0, 1)
