"""The cut-out that shows a galaxy alone: centred, and as large as it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Picture = NDArray[np.uint8]
"""Height x width x 3 (red, green, blue)."""

MARGIN = 1.35
"""Half side of the cut-out over the isophotal radius of the galaxy."""
_SMOOTHING = 1 / 170
"""Standard deviation over the side of the picture: less than any galaxy, more than the noise."""
_CENTRE = 0.08
"""How far from the middle the galaxy may lie, a standard deviation over the side."""
_LEAST_SIDE, _MOST_SIDE = 1 / 16, 0.62
"""Bounds of the half side over the side of the picture."""
_WORKING_SIDE = 256
"""Pixels to which larger pictures are reduced before anything is measured."""


def crop_galaxy(picture: Picture, size: int, wide: int | None = None) -> Picture:
    """Cut out the galaxy in the middle of a picture and bring it to a size.

    What is brighter than the sky by 4 of its deviations and by 4 % of the peak, in one piece with the peak nearest the
    middle, is the galaxy; the half side of the cut-out is 1.35 times the radius that holds 97 % of its pixels. Without
    such a piece the middle two thirds are taken.

    Args:
        picture: height x width x 3.
        size: side of the cut-out, pixels.
        wide: side of the result, if it is to hold more around the cut-out, at the same scale.

    Returns:
        wide x wide x 3.
    """
    wide = wide or size
    image = Image.fromarray(picture)
    if max(image.size) > _WORKING_SIDE:
        shrink = _WORKING_SIDE / max(image.size)
        wanted = (max(1, round(image.width * shrink)), max(1, round(image.height * shrink)))
        image = image.resize(wanted, Image.Resampling.LANCZOS)
    pixels = np.asarray(image)
    row, column, half = _extent(pixels.mean(axis=2, dtype=np.float32))
    return _cut(pixels, row, column, half * wide / size, wide)


def _extent(light: NDArray[np.float32]) -> tuple[float, float, float]:
    """Row and column of the galaxy's centre and the half side that shows it, pixels."""
    height, width = light.shape
    side = min(height, width)
    smooth = ndimage.gaussian_filter(light, max(0.5, side * _SMOOTHING))
    sky = np.median(smooth)
    deviation = 1.4826 * np.median(np.abs(smooth - sky))
    rows, columns = np.ogrid[:height, :width]
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    away = (rows - middle_row) ** 2 + (columns - middle_column) ** 2
    nearness = np.exp(-away / (2 * (_CENTRE * side) ** 2))
    peak_at = np.unravel_index(np.argmax((smooth - sky) * nearness), smooth.shape)
    peak = smooth[peak_at] - sky
    fallback = middle_row, middle_column, side / 3
    threshold = max(4 * deviation, 0.04 * peak)
    if not peak > threshold:
        return fallback
    pieces, _ = ndimage.label(smooth - sky > threshold)
    piece = pieces == pieces[peak_at]
    weight = np.where(piece, smooth - sky, 0)
    total = weight.sum()
    if np.count_nonzero(piece) < 9 or not total > 0:
        return fallback
    row, column = float((weight * rows).sum() / total), float((weight * columns).sum() / total)
    radii = np.sqrt(((rows - row) ** 2 + (columns - column) ** 2)[piece])
    half = MARGIN * float(np.percentile(radii, 97))
    return row, column, float(np.clip(half, side * _LEAST_SIDE, side * _MOST_SIDE))


def _cut(pixels: NDArray[np.uint8], row: float, column: float, half: float, size: int) -> Picture:
    """Cut a square out; beyond the edges the picture is mirrored."""
    pad = (
        int(np.ceil(max(0.0, half - row, half - column, row + half - pixels.shape[0], column + half - pixels.shape[1])))
        + 2
    )
    widths: Any = ((pad, pad), (pad, pad), (0, 0))
    padded = Image.fromarray(np.pad(pixels, widths, mode="symmetric"))
    left, top = column + 0.5 - half + pad, row + 0.5 - half + pad
    box = (left, top, left + 2 * half, top + 2 * half)
    return np.asarray(padded.resize((size, size), Image.Resampling.BICUBIC, box=box, reducing_gap=None))
