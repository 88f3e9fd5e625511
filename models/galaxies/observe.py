"""What a survey makes of a galaxy: seeing, stars in front, sky, noise, colours and stretch of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from skyband.models.galaxies.draws import Draws
from skyband.models.galaxies.shapes import blobs, gaussian

STARS = 5
"""Stars and small galaxies by chance in a picture, at most."""


@dataclass(frozen=True)
class Style:
    """What a survey is like: ranges, from which each picture has a value of its own.

    Attributes:
        noise: standard deviation of the sky in a pixel over the faintest isophote that is seen.
        softening: brightness at which the stretch turns from linear to logarithmic, over the same.
        seeing: standard deviation of the point spread function, pixels of a picture of 64.
        saturation: of colours, 1 as they are.
        grey: share of pictures without colours.
        tint: factor of each band.
        pedestal: level of the sky in each band over the faintest isophote.
    """

    noise: tuple[float, float]
    softening: tuple[float, float]
    seeing: tuple[float, float]
    saturation: tuple[float, float]
    grey: float
    tint: tuple[float, float]
    pedestal: tuple[float, float]


ANY_SURVEY = Style(
    noise=(0.06, 0.9), softening=(0.3, 5.0), seeing=(0.35, 2.4), saturation=(0.5, 2.0), grey=0.25,
    tint=(0.75, 1.33), pedestal=(-0.5, 1.0),
)  # fmt: skip
"""All that surveys may be: what an encoder is to be indifferent to."""
ONE_SURVEY = Style(
    noise=(0.1, 0.2), softening=(0.8, 1.2), seeing=(0.6, 0.9), saturation=(0.9, 1.1), grey=0.0,
    tint=(0.97, 1.03), pedestal=(-0.1, 0.1),
)  # fmt: skip
"""A survey whose pictures are all much alike, as of nearby galaxies in SDSS."""


def observe(pictures: Tensor, depth: Tensor, generator: torch.Generator, style: Style = ANY_SURVEY) -> Tensor:
    """What surveys, each one of its own, show of galaxies.

    Args:
        pictures: linear light of peak 1, n x 3 x size x size.
        depth: brightness of the faintest isophote that is seen (`models.galaxies.render.View`), n.
        generator: of random numbers.
        style: of the surveys.

    Returns:
        Pictures of 0 to 1 in steps of 1/255.
    """
    n, _, size, _ = pictures.shape
    device = pictures.device

    draws = Draws(n, generator)
    uniform, log_uniform = draws.uniform, draws.log_uniform
    pictures = pictures + _chance_stars(n, size, generator)
    psf = _gaussian(log_uniform(*style.seeing) * size / 64, size)
    pictures = _smoothed(pictures, psf)
    # Coarse pixels: a cuspy core is brighter than all else, and saturates.
    peak = functional.avg_pool2d(pictures, size // 16).amax(dim=(1, 2, 3), keepdim=True)
    pictures = pictures / peak.clamp_min(1e-6)

    white = torch.randn(pictures.shape, generator=generator, device=device)
    correlated = _smoothed(
        torch.randn(pictures.shape, generator=generator, device=device), _gaussian(uniform(0.6, 1.6) * size / 64, size)
    )
    correlated = correlated / correlated.std(dim=(1, 2, 3), keepdim=True).clamp_min(1e-6)
    is_correlated = (uniform(0, 1, 1, 1, 1) < 0.5).float()
    noise = white + is_correlated * (correlated - white)
    # Shot noise of the galaxy itself beside that of the sky.
    grain = torch.sqrt(1 + uniform(0, 10, 1, 1, 1) * pictures.clamp_min(0))
    depth = depth[:, None, None, None]
    pictures = pictures + depth * log_uniform(*style.noise, 1, 1, 1) * log_uniform(0.7, 1.5, 3, 1, 1) * noise * grain

    ramp = torch.linspace(-1, 1, size, device=device)
    slope = uniform(-1, 1, 1, 1, 1) * ramp[None, None, None, :] + uniform(-1, 1, 1, 1, 1) * ramp[None, None, :, None]
    pictures = pictures + depth * (0.4 * slope + uniform(*style.pedestal, 3, 1, 1))
    return _displayed(pictures, depth * log_uniform(*style.softening, 1, 1, 1), style, draws)


def _displayed(pictures: Tensor, softening: Tensor, style: Style, draws: Draws) -> Tensor:
    """Linear light as a picture: colours, stretch, 8 bits."""
    pictures = pictures * draws.log_uniform(*style.tint, 3, 1, 1)
    mean = pictures.mean(dim=1, keepdim=True)
    is_grey = draws.uniform(0, 1, 1, 1, 1) < style.grey
    saturation = torch.where(
        is_grey, torch.zeros_like(mean[:, :, :1, :1]), draws.log_uniform(*style.saturation, 1, 1, 1)
    )
    pictures = mean + saturation * (pictures - mean)
    peak = torch.arcsinh(1 / softening)
    per_band = torch.arcsinh(pictures / softening) / peak
    mean = pictures.mean(dim=1, keepdim=True).clamp_min(1e-4)
    # One factor for all bands keeps colours (Lupton et al. 2004, PASP 116, 133).
    together = pictures * (torch.arcsinh(mean / softening) / peak / mean)
    stretched = torch.where(draws.uniform(0, 1, 1, 1, 1) < 0.5, per_band, together)
    level = draws.log_uniform(0.6, 1.4, 1, 1, 1)
    return torch.round((stretched * level).clamp(0, 1) * 255) / 255


def _chance_stars(n: int, size: int, generator: torch.Generator) -> Tensor:
    """Stars and small galaxies anywhere in pictures of n galaxies of peak 1."""
    device = generator.device
    draws = Draws(n, generator)
    uniform = draws.uniform
    axes = ((torch.arange(size, device=device) + 0.5) / size * 2 - 1).expand(n, -1)
    there = uniform(0, 1, STARS) < uniform(-0.3, 0.6, 1)
    brightness = draws.log_uniform(0.03, 1.2, STARS) * there
    extended = torch.where(
        uniform(0, 1, STARS) < 0.3, uniform(0.05, 0.12, STARS), torch.full((n, STARS), 0.012, device=device)
    )
    x, y = uniform(-1, 1, STARS), uniform(-1, 1, STARS)
    # None upon the galaxy's centre: that would be another object.
    clear = torch.hypot(x, y) > 0.3
    redness = uniform(-0.4, 0.4, STARS)
    return torch.stack(
        [blobs(axes, axes, x, y, extended, brightness * clear * (1 + redness * side)) for side in (1, 0, -1)], dim=1
    )


def _gaussian(deviation: Tensor, size: int) -> Tensor:
    """Matrices n x size x size that smooth rows by Gaussians of so many pixels."""
    pixel = torch.arange(size, device=deviation.device, dtype=torch.float32)
    apart = pixel[:, None] - pixel[None, :]
    matrix = gaussian(apart / deviation[:, None, None])
    return matrix / matrix.sum(dim=2, keepdim=True)


def _smoothed(pictures: Tensor, psf: Tensor) -> Tensor:
    matrix = psf[:, None]
    return matrix @ pictures @ matrix.transpose(2, 3).contiguous()
