"""Fluxes to a picture: the arcsinh stretch of Lupton et al. 2004 (PASP 116, 133), between percentiles of the image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skyband.schema.errors import BadImage

SOFTENING = 8.0
"""Q of Lupton et al.: how soon the stretch turns from linear to logarithmic."""

BLACK_PERCENT = 25.0
"""Percentile of each band that is black: a little under the sky, most pixels of a cutout being sky."""

WHITE_PERCENT = 99.8
"""Percentile of the intensity that is white: above it the picture is saturated."""

Fluxes = NDArray[np.float32]


def stretch(bands: Fluxes) -> NDArray[np.uint8]:
    """The picture of one band (grey) or three.

    The mean intensity I of the bands goes through asinh(Q x) / asinh(Q), where x is 0 at the black percentile of each
    band and 1 at the white percentile of I; all bands of a pixel are multiplied by the same factor, so that colour does
    not depend on brightness (their formulae 2 and 3). A pixel with a band above 1 is scaled down as a whole. Pixels
    that are not finite are black.

    Args:
        bands: fluxes, 1 or 3 x height x width, red first; any unit, the same for all bands.

    Returns:
        height x width x 3.

    Raises:
        BadImage: no pixel is finite, or all pixels are the same.
    """
    finite = np.isfinite(bands).all(axis=0)
    if not finite.any():
        raise BadImage("nothing in it", "no pixel is a finite number")
    clean = np.where(finite, bands, np.float32(0))
    known = clean[:, finite]
    if (known.min(axis=1) == known.max(axis=1)).all():
        raise BadImage("nothing in it", f"all pixels are {known[0, 0]:g}")
    # In units of the largest value: squares and sums of any flux then stay within what single precision can hold.
    clean /= np.abs(known).max()
    black = np.percentile(clean[:, finite], BLACK_PERCENT, axis=1).astype(np.float32)
    above = clean - black[:, None, None]
    above[:, ~finite] = 0
    intensity = above.mean(axis=0)
    white = _white(intensity[finite])
    x = np.clip(intensity / white, 0, None)
    # asinh(Q x) / x tends to Q.
    factor = np.where(x > 1e-6, np.arcsinh(SOFTENING * x) / np.maximum(x, 1e-6), SOFTENING) / np.arcsinh(SOFTENING)
    colours = np.clip(above / white * factor, 0, None)
    colours /= np.maximum(colours.max(axis=0), 1)
    picture = np.rint(colours * 255).astype(np.uint8)
    return np.moveaxis(np.broadcast_to(picture, (3, *picture.shape[1:])), 0, 2).copy()


def _white(intensity: Fluxes) -> float:
    """The intensity that is white; the largest where nearly all of the image is flat, 1 where nothing rises."""
    white = float(np.percentile(intensity, WHITE_PERCENT))
    if white <= 0:
        white = float(intensity.max())
    return white if white > 0 else 1.0
