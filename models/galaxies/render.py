"""Pictures of simulated galaxies without atmosphere and noise: linear light in three bands."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from skyband.models.galaxies.draws import Draws
from skyband.models.galaxies.parameters import KINDS, Galaxies
from skyband.models.galaxies.shapes import (
    arm_pattern,
    bar,
    blobs,
    column,
    disk,
    edge_on_disk,
    face_on,
    gaussian,
    ring,
    sersic,
)

OLD = (1.0, 0.78, 0.52)
"""Light of old stars in the red, green and blue band."""
YOUNG = (0.72, 0.88, 1.05)
DUST = (0.5, 0.75, 1.0)
"""Optical depth of dust in the three bands over that in the blue (Cardelli et al. 1989, ApJ 345, 245)."""


MARGIN = 1.35
"""Half side of a picture over the isophotal radius of its galaxy, as `models.encoders.crop` cuts real ones."""
DEPTH = (0.008, 0.12)
"""Brightness of the faintest isophote that is seen, over that of the peak."""
_WIDE = 9.0
"""Half side of the small pictures in which galaxies are measured, scale lengths."""
_SMALL = 36
"""Their side, pixels."""


@dataclass(frozen=True)
class View:
    """How galaxies lie in their pictures, each a tensor of n rows.

    Attributes:
        angle: radians, of the major axis.
        mirrored: +1 or -1.
        half_side: half the side of the picture, in scale lengths (of ellipticals half-light radii, nearly).
        offset: n x 2, of the centre, in half sides.
        depth: brightness of the faintest isophote over that of the peak.
    """

    angle: Tensor
    mirrored: Tensor
    half_side: Tensor
    offset: Tensor
    depth: Tensor


def draw_view(galaxies: Galaxies, generator: torch.Generator, *, jitter: float = 0.04) -> View:
    """Draw orientations, depths and small offsets; what is brighter than the depth fills the picture."""
    device, n = generator.device, len(galaxies)
    draws = Draws(n, generator)
    zero = torch.zeros(n, device=device)
    depth = draws.log_uniform(*DEPTH)
    wide = View(zero, zero + 1, zero + _WIDE, torch.zeros(n, 2, device=device), depth)
    small = render(galaxies, wide, _SMALL).mean(dim=1)
    axis = ((torch.arange(_SMALL, device=device) + 0.5) / _SMALL * 2 - 1) * _WIDE
    radius = torch.hypot(axis[:, None], axis[None, :])
    seen = small > depth[:, None, None] * small.amax(dim=(1, 2), keepdim=True)
    isophote = torch.where(seen, radius, torch.zeros_like(radius)).amax(dim=(1, 2)).clamp(0.5, _WIDE)
    return View(
        angle=draws.uniform(0, 2 * math.pi),
        mirrored=draws.sign(),
        half_side=MARGIN * isophote * torch.exp(draws.uniform(-0.25, 0.2)),
        offset=draws.normal(0, jitter, 2).clamp(-3 * jitter, 3 * jitter),
        depth=depth,
    )


def render(galaxies: Galaxies, view: View, size: int) -> Tensor:
    """Pictures of galaxies as n x 3 x size x size (red, green, blue), each of peak about 1."""
    device = galaxies.kind.device
    axis = (torch.arange(size, device=device) + 0.5) / size * 2 - 1
    down, right = torch.meshgrid(axis, axis, indexing="ij")
    x = (right - column(view.offset[:, 0])) * column(view.half_side * view.mirrored)
    y = (down - column(view.offset[:, 1])) * column(view.half_side)
    x, y = _warped(x, y, galaxies)
    cosine, sine = torch.cos(column(view.angle)), torch.sin(column(view.angle))
    u, v = x * cosine + y * sine, y * cosine - x * sine
    old, young = _light(u, v, galaxies)
    old, young = _with_partners(old, young, galaxies, view)
    young = young + _tidal_arcs(u, v, galaxies)
    young = young + _clumps(axis, galaxies, view)
    blueness = column(1 - galaxies.age)
    picture = torch.stack(
        [old * OLD[band] + young * (OLD[band] + blueness * (YOUNG[band] - OLD[band])) for band in range(3)], dim=1
    )
    lane = column(galaxies.dust) * gaussian((v - 0.03) / 0.09) * gaussian(u / 2.2)
    picture = picture * torch.exp(-torch.stack([lane * share for share in DUST], dim=1))
    return picture / picture.amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-9)


def _light(u: Tensor, v: Tensor, galaxies: Galaxies) -> tuple[Tensor, Tensor]:
    """Light of old and of young stars."""
    x, y, radius = face_on(u, v, galaxies)
    angle = torch.atan2(y, x)
    plain = disk(radius, galaxies)
    pattern = arm_pattern(angle, radius, galaxies)
    is_edge_on = column(galaxies.kind == KINDS.index("edge_on"))
    plain = torch.where(is_edge_on, edge_on_disk(u, v, galaxies), plain)
    pattern = torch.where(is_edge_on, torch.zeros_like(pattern), pattern)
    in_disk = column(1 - galaxies.bulge_to_total)
    old = column(galaxies.bulge_to_total) * sersic(u, v, galaxies)
    # Arms stand out in old stars too, less than in young ones.
    old = old + in_disk * (plain * (1 + 0.35 * pattern) * 0.6 + bar(x, y, galaxies))
    young = in_disk * (plain * (1 + pattern) * 0.4 + ring(radius, galaxies))
    return old, young


def _warped(x: Tensor, y: Tensor, galaxies: Galaxies) -> tuple[Tensor, Tensor]:
    strength, phase = column(galaxies.warp), column(galaxies.warp_phase)
    return (
        x + strength * torch.sin(1.3 * y + phase),
        y + strength * torch.sin(1.1 * x + 2.1 * phase),
    )


def _with_partners(old: Tensor, young: Tensor, galaxies: Galaxies, view: View) -> tuple[Tensor, Tensor]:
    """Add to each merging galaxy the picture of its partner, moved and scaled."""
    merging = (galaxies.partner != torch.arange(len(galaxies), device=old.device)).nonzero()[:, 0]
    if len(merging) == 0:
        return old, young
    scale = galaxies.partner_scale[merging]
    affine = torch.zeros(len(merging), 2, 3, device=old.device)
    affine[:, 0, 0] = affine[:, 1, 1] = 1 / scale
    affine[:, :, 2] = -galaxies.partner_offset[merging] / scale[:, None]
    grid = functional.affine_grid(affine, [len(merging), 2, *old.shape[1:]], align_corners=False)
    theirs = torch.stack([old, young], dim=1)[galaxies.partner[merging]]
    added = functional.grid_sample(theirs, grid, align_corners=False)
    # Their own share of light, whatever half side their own picture has.
    ours = (old + young)[merging].sum(dim=(1, 2))
    factor = (ours / added.sum(dim=(1, 2, 3)).clamp_min(1e-9)).clamp_max(3) * scale
    added = added * factor[:, None, None, None]
    old, young = old.clone(), young.clone()
    old[merging] += added[:, 0]
    young[merging] += added[:, 1]
    return old, young


def _tidal_arcs(u: Tensor, v: Tensor, galaxies: Galaxies) -> Tensor:
    """Two faint arcs on opposite sides, as tails of mergers have."""
    radius, angle = torch.sqrt(u**2 + v**2 + 1e-4), torch.atan2(v, u)
    turned = angle - column(galaxies.tidal_angle) - 0.6 * radius
    along = torch.exp(2.5 * (torch.cos(turned) - 1)) + 0.5 * torch.exp(4 * (torch.cos(turned + math.pi) - 1))
    across = gaussian((radius - 2.4 - 0.4 * torch.sin(turned)) / 0.3)
    return column(galaxies.tidal) * along * across / (2 * math.pi)


def _clumps(axis: Tensor, galaxies: Galaxies, view: View) -> Tensor:
    """Star-forming clumps in the plane of the disk."""
    cosine = galaxies.cos_inclination[:, None].clamp_min(0.1)
    u = galaxies.clump_radii * torch.cos(galaxies.clump_angles)
    v = galaxies.clump_radii * torch.sin(galaxies.clump_angles) * cosine
    turn, along = torch.sin(view.angle)[:, None], torch.cos(view.angle)[:, None]
    half = view.half_side[:, None]
    x = (u * along - v * turn) / (half * view.mirrored[:, None]) + view.offset[:, :1]
    y = (u * turn + v * along) / half + view.offset[:, 1:]
    brightness = (
        galaxies.clumpiness[:, None] * galaxies.clump_weights * torch.exp(-galaxies.clump_radii / 1.6) / (2 * math.pi)
    )
    axes = axis.expand(len(galaxies), -1)
    return blobs(axes, axes, x, y, galaxies.clump_sizes / half, brightness * (1 - galaxies.bulge_to_total[:, None]))
