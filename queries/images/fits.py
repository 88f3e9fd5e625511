"""FITS images: one band or three to a picture, position and pixel scale from the header's WCS."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import numpy as np

from skyband.queries.images.decode import Image, Limits, check_pixels
from skyband.queries.images.fits_tiles import check_tiles
from skyband.queries.images.kinds import DAMAGED, MORE_THAN_AN_IMAGE, TRAILING_BYTES, TRUNCATED
from skyband.queries.images.stretch import Fluxes, stretch
from skyband.schema.errors import BadImage

_AUXILIARY = frozenset(
    {"ERR", "ERROR", "VAR", "VARIANCE", "IVAR", "INVVAR", "WHT", "WEIGHT", "DQ", "MASK", "FLAG", "FLAGS", "BKG", "PSF"}
)
"""Names (EXTNAME) of HDUs that go with an image: errors, weights, masks."""

_BANDS = "uUgBVrRiIzZyYJHKW"
"""Bands by wavelength, blue first, by the first letter of their names."""

_WEIGHTS = {"u": 9.0, "g": 6.0, "r": 3.4, "i": 2.6, "z": 2.2}
"""What fluxes are multiplied by before bands are put together, or galaxies would all be red: for g, r and z what the
viewer of the Legacy Surveys takes; u and i in between."""

_BLOCK_BYTES = 2880
_MOST_HDUS = 200

_LOCK = threading.Lock()
"""Python's filters of warnings are one for all threads."""


def read_fits(data: bytes, limits: Limits) -> Image:
    """The image in a FITS file: the first image HDU (2-D, or three planes), or three image HDUs of one size.

    Planes named in the header (BANDS, BAND0..., FILTER) are put in the order of wavelength; others are taken as given,
    blue first. Red is the longest wavelength. The first row of FITS is the lowest of the picture.

    Args:
        data: the file, not gzipped.
        limits: how many pixels there may be, all bands together.

    Raises:
        BadImage: no image, one of other dimensions, too large, truncated, damaged, or nothing in it.
    """
    from astropy.io import fits

    # Counted before astropy reads a header: thousands would keep all other FITS files waiting.
    if sum(data[at : at + 9] == b"XTENSION=" for at in range(0, len(data), _BLOCK_BYTES)) > _MOST_HDUS:
        raise BadImage(DAMAGED, f"the FITS file has more than {_MOST_HDUS} HDUs")
    try:
        with _quiet(), fits.open(BytesIO(data), mode="readonly", memmap=False, lazy_load_hdus=False) as units:
            _check_end(data, units[-1])
            chosen = _choose([unit for unit in units if _is_image(unit)])
            shape = _shape(chosen[0])
            check_pixels(shape[-1], shape[-2], len(chosen) * (shape[0] if len(shape) == 3 else 1), limits)
            if any(isinstance(unit, fits.CompImageHDU) for unit in chosen):
                check_tiles(data, limits.max_pixels)
            planes = [np.asarray(unit.data, np.float32).reshape(shape) for unit in chosen]
            header = chosen[0].header
            place = _place(header, shape)
            names = _band_names([unit.header for unit in chosen])
    except BadImage:
        raise
    except Exception as error:
        # astropy meets broken headers with whatever its parts raise.
        text = " ".join(str(error).split()) or type(error).__name__
        raise BadImage(TRUNCATED if "truncated" in text.lower() else DAMAGED, f"the FITS file: {text[:200]}") from None
    bands = np.concatenate([plane if plane.ndim == 3 else plane[None] for plane in planes])
    return Image(stretch(_red_first(bands, names))[::-1].copy(), "fits", *place)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without astropy's warnings: what they warn of is an error here, or of no matter."""
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _is_image(unit: Any) -> bool:
    from astropy.io import fits

    is_kind = isinstance(unit, fits.PrimaryHDU | fits.ImageHDU | fits.CompImageHDU)
    return is_kind and bool(unit.shape) and str(unit.name).upper() not in _AUXILIARY


def _check_end(data: bytes, last: Any) -> None:
    """Refuse a file that stops before its last HDU does, or goes on after it."""
    from astropy.io import fits

    info = last.fileinfo()
    end = info["datLoc"] + info["datSpan"]
    # The blanks that fill the last block of 2,880 bytes are left out by some writers; of compressed images astropy
    # tells the size of the pixels only.
    least = end - _BLOCK_BYTES + 1 if isinstance(last, fits.CompImageHDU) else info["datLoc"] + last.size
    if len(data) < least:
        raise BadImage(TRUNCATED, f"the FITS file should have {end:,} bytes, but has {len(data):,}")
    if len(data) > end + TRAILING_BYTES:
        raise BadImage(MORE_THAN_AN_IMAGE, f"{len(data) - end:,} bytes follow the last HDU")


def _choose(units: Sequence[Any]) -> Sequence[Any]:
    """The HDUs with the bands."""
    if not units:
        raise BadImage("no image in it", "no HDU of the FITS file holds an image")
    first = units[0]
    alike = [unit for unit in units if _shape(unit) == _shape(first)]
    if len(_shape(first)) == 3 or len(alike) == 1:
        return [first]
    if len(alike) == 3:
        return alike
    raise BadImage("bands", f"{len(alike)} image HDUs of one size are neither one band nor three")


def _shape(unit: Any) -> tuple[int, ...]:
    """Height and width, before them 3 where there are as many planes; axes of length 1 do not count."""
    shape = tuple(int(length) for length in unit.shape)
    planes = [length for length in shape[:-2] if length != 1]
    if len(shape) < 2 or len(planes) > 1:
        raise BadImage(
            "dimensions", f"an image of {' x '.join(map(str, shape))} values; 2, or 3 with three planes, can be"
        )
    if planes and planes != [3]:
        raise BadImage("bands", f"{planes[0]} planes are neither one band nor three")
    return (*planes, *shape[-2:])


def _band_names(headers: Sequence[Any]) -> list[str]:
    """The names of three bands, empty where the header does not say them."""
    if len(headers) == 3:
        found = [str(header.get("FILTER", header.get("BAND", header.get("EXTNAME", "")))) for header in headers]
    else:
        bands = str(headers[0].get("BANDS", "")).strip()
        found = list(bands) if len(bands) == 3 else [str(headers[0].get(f"BAND{number}", "")) for number in range(3)]
    names = [name.strip() for name in found]
    known = all(name and name[0] in _BANDS for name in names) and len({name[:1] for name in names}) == 3
    return names if known else []


def _red_first(bands: Fluxes, names: Sequence[str]) -> Fluxes:
    if len(bands) == 1:
        return bands
    order = sorted(range(3), key=lambda place: _BANDS.index(names[place][0])) if names else [0, 1, 2]
    order.reverse()
    weights = [_WEIGHTS.get(names[place][0], 1.0) if names else 1.0 for place in order]
    return bands[order] * np.array(weights, np.float32)[:, None, None]


def _place(header: Any, shape: Sequence[int]) -> tuple[float | None, float | None, float | None]:
    """Right ascension and declination of the centre, degrees ICRS, and pixel scale, arcsec; None what is not known."""
    from astropy.wcs import WCS
    from astropy.wcs.utils import proj_plane_pixel_area

    try:
        wcs = WCS(header, fix=False).celestial
        if not wcs.has_celestial:
            return None, None, None
        scale = math.sqrt(float(proj_plane_pixel_area(wcs))) * 3600.0
        centre = wcs.pixel_to_world((shape[-1] - 1) / 2, (shape[-2] - 1) / 2).icrs
        ra, dec = float(centre.ra.deg), float(centre.dec.deg)
    except Exception:
        # A broken WCS is no reason to refuse pixels: the position may be known from elsewhere.
        return None, None, None
    if not (math.isfinite(ra) and math.isfinite(dec)):
        return None, None, None
    return ra % 360.0, dec, scale if math.isfinite(scale) and scale > 0 else None
