"""Pictures for tests, as the bytes of files."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray
from PIL import Image


def noise(seed: int, width: int = 40, height: int = 30) -> NDArray[np.uint8]:
    """A picture no other seed gives."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def saved(picture: Any, format: str, **options: Any) -> bytes:
    """A picture, an array or one of Pillow's, as a file."""
    file = BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(file, format, **options)
    return file.getvalue()


def jpeg(seed: int, width: int = 40, height: int = 30) -> bytes:
    return saved(noise(seed, width, height), "JPEG")


def png(seed: int, width: int = 40, height: int = 30) -> bytes:
    return saved(noise(seed, width, height), "PNG")


def streak_or_blob(rng: np.random.Generator, *, is_streak: bool) -> bytes:
    """A thin streak or a round blob on noise, PNG."""
    rows, columns = np.mgrid[-1:1:96j, -1:1:96j]
    turn = rng.uniform(0, np.pi)
    height, width = (0.004, 0.15) if is_streak else (0.05, 0.05)
    along, across = rows * np.sin(turn) + columns * np.cos(turn), rows * np.cos(turn) - columns * np.sin(turn)
    light = 200 * np.exp(-(across**2 / height + along**2 / width))
    pixels = np.clip(light[:, :, None] + rng.normal(15, 3, (96, 96, 3)), 0, 255).astype(np.uint8)
    return saved(pixels, "PNG")


def zip_file() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("run.sh", "rm -rf /")
    return file.getvalue()


def fluxes(seed: int, *shape: int) -> NDArray[np.float32]:
    """Sky noise with a source in the middle."""
    values = np.random.default_rng(seed).normal(10, 1, shape).astype(np.float32)
    y, x = np.indices(shape[-2:])
    source = 500 * np.exp(-(((x - shape[-1] / 2) / 3) ** 2) - ((y - shape[-2] / 2) / 5) ** 2)
    return np.asarray(values + source, np.float32)


def fits_file(*units: Any) -> bytes:
    file = BytesIO()
    fits.HDUList(list(units)).writeto(file)
    return file.getvalue()


def wcs_header(ra: float, dec: float, scale_arcsec: float, width: int, height: int) -> fits.Header:
    """The header of an image around a position."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [(width + 1) / 2, (height + 1) / 2]
    wcs.wcs.cdelt = [-scale_arcsec / 3600, scale_arcsec / 3600]
    return wcs.to_header()
