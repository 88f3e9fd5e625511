"""Surface brightness of the parts of a galaxy: spheroids, disks, arms, bars, rings, clumps."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from skyband.models.galaxies.parameters import DISK_THICKNESS, MODES, Galaxies

_LEAST_EXPONENT = -40.0
"""Numbers too small for a normal float32, and products of such, make processors slow."""


def gaussian(sigmas: Tensor) -> Tensor:
    """A Gaussian of peak 1 at so many standard deviations."""
    return torch.exp((-(sigmas**2) / 2).clamp_min(_LEAST_EXPONENT))


def column(values: Tensor) -> Tensor:
    """One number a galaxy, for pictures of shape (n, height, width)."""
    return values[:, None, None]


def sersic(u: Tensor, v: Tensor, galaxies: Galaxies) -> Tensor:
    """Spheroids of total light 1 (Graham & Driver 2005, PASA 22, 118; b_n of Ciotti & Bertin 1999, A&A 352, 447)."""
    n, ratio, size = galaxies.sersic_n, galaxies.bulge_axis_ratio, galaxies.bulge_radius
    b = 2 * n - 1 / 3 + 4 / (405 * n)
    radius = torch.sqrt(ratio[:, None, None] * u**2 + v**2 / column(ratio) + 1e-4) / column(size)
    total = 2 * math.pi * size**2 * n * torch.exp(b + torch.lgamma(2 * n) - 2 * n * torch.log(b))
    return torch.exp((-column(b) * (radius ** column(1 / n) - 1)).clamp_min(_LEAST_EXPONENT)) / column(total)


def face_on(u: Tensor, v: Tensor, galaxies: Galaxies) -> tuple[Tensor, Tensor, Tensor]:
    """Places in the plane of the disk: across, along the minor axis deprojected, radius."""
    cosine = galaxies.cos_inclination
    apparent = torch.sqrt(cosine**2 * (1 - DISK_THICKNESS**2) + DISK_THICKNESS**2)
    y = v / column(apparent)
    return u, y, torch.sqrt(u**2 + y**2 + 1e-4)


def disk(radius: Tensor, galaxies: Galaxies) -> Tensor:
    """Exponential disks whose profile steepens beyond a break, of total light about 1 seen face-on."""
    beyond = torch.relu(radius - column(galaxies.break_radius))
    return torch.exp((-radius - 1.5 * beyond).clamp_min(_LEAST_EXPONENT)) / (2 * math.pi)


def edge_on_disk(u: Tensor, v: Tensor, galaxies: Galaxies) -> Tensor:
    """Disks seen edge-on: exponential along, sech2 across (van der Kruit & Searle 1981, A&A 95, 105)."""
    height = DISK_THICKNESS + 0.5 * column(galaxies.cos_inclination)
    return torch.exp(-torch.abs(u)) / torch.cosh((v / height).clamp(-15, 15)) ** 2 / (4 * height)


def arm_pattern(angle: Tensor, radius: Tensor, galaxies: Galaxies) -> Tensor:
    """How much brighter arms make the disk, about -1 to `arm_contrast`; 0 inside the bar or the innermost disk."""
    spiral = torch.log(radius) / torch.tan(column(galaxies.pitch))
    bent = column(galaxies.wobble) * torch.sin(angle + 2 * torch.log(radius) + column(galaxies.warp_phase))
    place = angle - spiral + bent
    wave = torch.cos(column(galaxies.arms) * place + column(galaxies.phase))
    sharp = column(galaxies.arm_sharpness)
    # Of mean 1 around the circle: exp(k cos x) has the mean I0(k).
    crest = torch.exp(sharp * (wave - 1)) / torch.special.i0e(sharp)
    one_sided = 1 + column(galaxies.lopsidedness) * torch.cos(angle - column(galaxies.warp_phase))
    grand = column(galaxies.arm_contrast) * (crest * one_sided - 0.7) / (1 + 0.3 * sharp)
    short = torch.zeros_like(radius)
    for mode in range(MODES):
        turn = spiral * (0.7 + 0.2 * mode) + 2.5 * radius * (1.5 - mode)
        short = short + torch.sin(
            column(galaxies.mode_numbers[:, mode]) * (angle - turn) + column(galaxies.mode_phases[:, mode])
        )
    patchy = column(galaxies.flocculence) * short / math.sqrt(MODES)
    inner = column(torch.maximum(0.9 * galaxies.bar_length, torch.full_like(galaxies.bar_length, 0.25)))
    begun = torch.sigmoid((radius - inner) * 8)
    pattern: Tensor = (grand * column(galaxies.arms > 0) + patchy) * begun
    return pattern.clamp_min(-0.92)


def bar(x: Tensor, y: Tensor, galaxies: Galaxies) -> Tensor:
    """Bars in the plane of the disk: boxy and flat inside (Athanassoula et al. 1990, MNRAS 245, 130)."""
    cosine, sine = torch.cos(column(galaxies.bar_angle)), torch.sin(column(galaxies.bar_angle))
    along, across = torch.abs(x * cosine + y * sine), torch.abs(y * cosine - x * sine)
    length = column(galaxies.bar_length.clamp_min(1e-3))
    distance = ((along / length) ** 3 + (across / (length * column(galaxies.bar_axis_ratio))) ** 3 + 1e-9) ** (1 / 3)
    there = column((galaxies.bar_length > 0).float())
    return (
        there * column(galaxies.bar_strength) * torch.exp((-(distance**3)).clamp_min(_LEAST_EXPONENT)) / (2 * math.pi)
    )


def ring(radius: Tensor, galaxies: Galaxies) -> Tensor:
    """Rings in the plane of the disk, brighter than it by `ring_strength`."""
    away = (radius - column(galaxies.ring_radius)) / column(galaxies.ring_width)
    level = column(galaxies.ring_strength * torch.exp(-galaxies.ring_radius)) * column(
        (galaxies.ring_radius > 0).float()
    )
    return level * gaussian(away) / (2 * math.pi)


def blobs(x_axis: Tensor, y_axis: Tensor, x: Tensor, y: Tensor, sizes: Tensor, weights: Tensor) -> Tensor:
    """Sums of round Gaussians of central brightness `weights`.

    Args:
        x_axis, y_axis: places of the columns and of the rows, n x size each.
        x, y, sizes, weights: n x k, in the same units.

    Returns:
        Pictures, n x size x size.
    """
    across = gaussian((x_axis[:, None, :] - x[:, :, None]) / sizes[:, :, None])
    along = gaussian((y_axis[:, None, :] - y[:, :, None]) / sizes[:, :, None])
    return torch.bmm((along * weights[:, :, None]).transpose(1, 2), across)
