"""FITS images: planes, bands, positions and stretches, against astropy and the formulae written out."""

from __future__ import annotations

import gzip
import math
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from skyband.queries.images import Limits, decode, read_image
from skyband.queries.images.stretch import BLACK_PERCENT, SOFTENING, WHITE_PERCENT, stretch
from skyband.schema.errors import BadImage
from tests.pictures import fits_file, fluxes, wcs_header


def written_out(bands: Any) -> Any:
    """The formulae of Lupton et al. 2004, pixel after pixel."""
    values = np.asarray(bands, float)
    height, width = values.shape[1:]
    black = [np.percentile(band, BLACK_PERCENT) for band in values]
    above = [
        [[band[y][x] - level for x in range(width)] for y in range(height)]
        for band, level in zip(values, black, strict=True)
    ]
    mean = [[sum(band[y][x] for band in above) / len(above) for x in range(width)] for y in range(height)]
    white = np.percentile(np.ravel(mean), WHITE_PERCENT)
    picture = np.zeros((height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            i = max(mean[y][x], 0) / white
            factor = (
                math.asinh(SOFTENING * i) / (i * math.asinh(SOFTENING))
                if i > 1e-6
                else SOFTENING / math.asinh(SOFTENING)
            )
            colours = [max(band[y][x] / white * factor, 0) for band in above]
            most = max(1, *colours) if len(colours) > 1 else max(1, colours[0])
            picture[y, x] = (
                [round(255 * c / most) for c in colours] if len(colours) == 3 else round(255 * colours[0] / most)
            )
    return picture


@pytest.mark.parametrize("bands", [1, 3])
def test_the_stretch_is_the_formula(bands: int) -> None:
    values = fluxes(4, bands, 24, 20)
    values *= np.linspace(1, 2, bands, dtype=np.float32)[:, None, None]
    assert np.abs(stretch(values).astype(int) - written_out(values).astype(int)).max() <= 1


@given(factor=st.floats(1e-20, 1e20), offset=st.floats(-1000, 1000))
def test_units_and_sky_level_do_not_matter(factor: float, offset: float) -> None:
    values = fluxes(5, 1, 16, 16)
    other = ((values.astype(float) + offset) * factor).astype(np.float32)
    assert np.abs(stretch(other).astype(int) - stretch(values).astype(int)).max() <= 2


def test_brighter_is_never_darker_and_white_is_white() -> None:
    values = np.linspace(0, 100, 400, dtype=np.float32).reshape(1, 20, 20)
    picture = stretch(values)[:, :, 0].ravel()
    assert (np.diff(picture.astype(int)) >= 0).all()
    assert (picture[0], picture[-1]) == (0, 255)


def test_pixels_that_are_no_numbers_are_black() -> None:
    values = fluxes(6, 1, 16, 16)
    values[0, 8, 8] = np.nan
    values[0, 0, 0] = np.inf
    picture = stretch(values)
    assert picture[8, 8].tolist() == picture[0, 0].tolist() == [0, 0, 0]
    assert picture[8, 9, 0] > 200


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f4", "f8"])
def test_one_band_of_any_type_is_grey_and_north_is_up(dtype: str) -> None:
    values = fluxes(7, 30, 40)
    values[25:, :5] += 1000
    data = fits_file(fits.PrimaryHDU(np.clip(values, 0, 255).astype(dtype) if dtype == "u1" else values.astype(dtype)))
    picture = decode(data)
    assert picture.shape == (30, 40, 3)
    assert (picture[:, :, 0] == picture[:, :, 1]).all() and (picture[:, :, 0] == picture[:, :, 2]).all()
    assert picture[:5, :5].min() > 200  # FITS counts rows from below
    assert (decode(gzip.compress(data)) == picture).all()


def hdus(kind: str) -> list[Any]:
    blue, green, red = (fluxes(seed, 20, 24) * scale for seed, scale in ((1, 1.0), (2, 2.0), (3, 4.0)))
    if kind == "cube":
        return [fits.PrimaryHDU(np.stack([blue, green, red]))]
    if kind == "compressed cube":
        return [
            fits.PrimaryHDU(),
            fits.CompImageHDU(np.stack([blue, green, red]), compression_type="GZIP_1", quantize_level=0),
        ]
    if kind == "four axes":
        return [fits.PrimaryHDU(np.stack([blue, green, red])[None])]
    if kind == "three HDUs":
        return [fits.PrimaryHDU(blue), fits.ImageHDU(green), fits.ImageHDU(red)]
    if kind == "empty primary":
        return [fits.PrimaryHDU(), *(fits.ImageHDU(band) for band in (blue, green, red))]
    assert kind == "masks too"
    masks = [fits.ImageHDU(np.ones((20, 24)), name=name) for name in ("ERR", "DQ")]
    return [fits.PrimaryHDU(np.stack([blue, green, red])), *masks]


@pytest.mark.parametrize("kind", ["cube", "compressed cube", "four axes", "three HDUs", "empty primary", "masks too"])
def test_three_bands_are_blue_first_unless_they_have_names(kind: str) -> None:
    bands = np.stack([fluxes(3, 20, 24) * 4, fluxes(2, 20, 24) * 2, fluxes(1, 20, 24)])
    picture = decode(fits_file(*hdus(kind)))
    assert (picture == stretch(bands.astype(np.float32))[::-1]).all()


@pytest.mark.parametrize("named", ["BANDS", "BAND0", "FILTER"])
def test_bands_with_names_are_put_in_order(named: str) -> None:
    g, r, z = (fluxes(seed, 20, 24) for seed in (1, 2, 3))
    header = fits.Header()
    if named == "FILTER":
        units = [
            kind(band, fits.Header({"FILTER": name}))
            for kind, band, name in ((fits.PrimaryHDU, z, "z"), (fits.ImageHDU, g, "g"), (fits.ImageHDU, r, "r"))
        ]
        data = fits_file(*units)
    else:
        header.update({"BANDS": "zgr"} if named == "BANDS" else {"BAND0": "z", "BAND1": "g", "BAND2": "r"})
        data = fits_file(fits.PrimaryHDU(np.stack([z, g, r]), header))
    weighted = np.stack([z * np.float32(2.2), r * np.float32(3.4), g * np.float32(6.0)])
    assert (decode(data) == stretch(weighted)[::-1]).all()


@pytest.mark.parametrize(("ra", "dec"), [(150.1, 2.2), (0.0, 0.0), (359.99999, -45.0), (10.0, 89.9), (200.0, -89.99)])
@pytest.mark.parametrize("shape", [(30, 40), (3, 31, 31)])
def test_the_position_is_that_of_the_centre(ra: float, dec: float, shape: tuple[int, ...]) -> None:
    header = wcs_header(ra, dec, 0.262, shape[-1], shape[-2])
    image = read_image(fits_file(fits.PrimaryHDU(fluxes(1, *shape), header)))
    assert image.ra is not None and image.dec is not None and 0 <= image.ra < 360
    found = SkyCoord(image.ra, image.dec, unit="deg")
    assert found.separation(SkyCoord(ra, dec, unit="deg")) < 1e-5 * u.arcsec
    assert image.pixel_scale == pytest.approx(0.262, rel=1e-6)


def test_galactic_and_older_frames_become_icrs() -> None:
    header = wcs_header(120.0, 30.0, 1.0, 20, 20)
    header["CTYPE1"], header["CTYPE2"] = "GLON-TAN", "GLAT-TAN"
    image = read_image(fits_file(fits.PrimaryHDU(fluxes(1, 20, 20), header)))
    expected = SkyCoord(120.0, 30.0, unit="deg", frame="galactic").icrs
    assert (image.ra, image.dec) == pytest.approx((expected.ra.deg, expected.dec.deg), abs=1e-9)


@pytest.mark.parametrize(
    "cards",
    [
        {},
        {"CTYPE1": "RA---TAN"},
        {"CTYPE1": "WAVE", "CTYPE2": "RA---TAN"},
        {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CDELT1": 0.0, "CDELT2": 0.0},
        {"CTYPE1": "RA---XYZ", "CTYPE2": "DEC--XYZ"},
    ],
)
def test_a_header_without_a_position_gives_none(cards: dict[str, Any]) -> None:
    header = fits.Header(cards)
    image = read_image(fits_file(fits.PrimaryHDU(fluxes(1, 20, 20), header)))
    assert (image.ra, image.dec, image.pixel_scale) == (None, None, None)


def table_only() -> bytes:
    return fits_file(fits.PrimaryHDU(), fits.BinTableHDU.from_columns([fits.Column("a", "J", array=[1])]))


def of_tiles(compression: str) -> bytes:
    """An image of integers compressed by tiles."""
    values = np.arange(100, dtype=np.int16).reshape(10, 10)
    unit = fits.CompImageHDU(values, compression_type=compression, tile_shape=(10, 10))
    return fits_file(fits.PrimaryHDU(), unit)


def tile_bomb(**cards: Any) -> bytes:
    """A FITS file of 100 pixels whose only tile unpacks to 30 MB."""
    with fits.open(BytesIO(of_tiles("GZIP_1")), disable_image_compression=True) as units:
        packed = np.frombuffer(gzip.compress(bytes(30_000_000)), np.uint8)
        column = fits.Column("COMPRESSED_DATA", "PB()", array=np.array([packed], dtype=object))
        table = fits.BinTableHDU.from_columns([column])
        table.header.update({key: value for key, value in units[1].header.items() if key.startswith("Z")} | cards)
        return fits_file(fits.PrimaryHDU(), table)


@pytest.mark.parametrize("compression", ["RICE_1", "GZIP_1", "GZIP_2", "NOCOMPRESS"])
def test_compressed_tiles_are_unpacked(compression: str) -> None:
    assert (decode(of_tiles(compression)) == decode(fits_file(fits.PrimaryHDU(np.arange(100.0).reshape(10, 10))))).all()


def test_a_compressed_tile_unpacks_to_its_pixels_and_no_more() -> None:
    with pytest.raises(BadImage, match="too many bytes: a tile of 100 pixels unpacks to more than 801"):
        decode(tile_bomb())
    with pytest.raises(BadImage, match="too many pixels: a tile of 2000000000 x 10"):
        decode(tile_bomb(ZTILE1=2_000_000_000))
    with pytest.raises(BadImage, match="compressed by HCOMPRESS_1"):
        decode(of_tiles("HCOMPRESS_1"))


PLAIN = fits_file(fits.PrimaryHDU(fluxes(1, 60, 60)))


@pytest.mark.parametrize(
    ("data", "reason", "words"),
    [
        (fits_file(fits.PrimaryHDU()), "no image in it", "no HDU"),
        (table_only(), "no image in it", "no HDU"),
        (fits_file(fits.PrimaryHDU(np.ones(10))), "dimensions", "an image of 10 values"),
        (fits_file(fits.PrimaryHDU(np.ones((2, 3, 4, 5)))), "dimensions", "2 x 3 x 4 x 5"),
        (fits_file(fits.PrimaryHDU(np.ones((5, 10, 10)))), "bands", "5 planes"),
        (fits_file(fits.PrimaryHDU(np.ones((9, 9))), fits.ImageHDU(np.ones((9, 9)))), "bands", "2 image HDUs"),
        (fits_file(fits.PrimaryHDU(np.full((9, 9), 7.5))), "nothing in it", "all pixels are 7.5"),
        (fits_file(fits.PrimaryHDU(np.full((9, 9), np.nan))), "nothing in it", "no pixel is a finite number"),
        (PLAIN + fits.ImageHDU().header.tostring().encode() * 201, "damaged", "more than 200 HDUs"),
        (PLAIN[:5000], "truncated", "should have"),
        (PLAIN[:300], "damaged", "FITS"),
        (gzip.compress(PLAIN)[:3000], "truncated", "stops early"),
        (gzip.compress(PLAIN) + b"PK\x03\x04 more", "more than an image", "follow the gzip stream"),
        (PLAIN + b"x" * 3000, "more than an image", "follow the last HDU"),
        (
            PLAIN.replace(b"NAXIS1  =                   60", b"NAXIS1  =            900000000"),
            "truncated",
            "should have",
        ),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, reason: str, words: str) -> None:
    with pytest.raises(BadImage) as refused:
        decode(data)
    assert refused.value.reason == reason
    assert words in refused.value.detail


def test_pixels_count_in_all_bands() -> None:
    data = fits_file(fits.PrimaryHDU(fluxes(1, 3, 10, 10)))
    assert decode(data, Limits(max_pixels=300)).shape == (10, 10, 3)
    with pytest.raises(BadImage, match="too many pixels: 10 x 10 x 3"):
        decode(data, Limits(max_pixels=299))
