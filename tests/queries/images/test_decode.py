"""Files of every kind become the picture Pillow and numpy say they hold; hostile and broken ones are refused."""

from __future__ import annotations

import gzip
import struct
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from skyband.queries.images import Limits, decode, read_image
from skyband.schema.errors import BadImage
from tests.pictures import fits_file, fluxes, jpeg, noise, png, saved, zip_file

RGB = noise(1)


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (saved(RGB, "PNG"), "png"),
        (saved(RGB, "WEBP", lossless=True), "webp"),
        (saved(Image.fromarray(RGB).convert("RGBA"), "WEBP", lossless=True, exact=True), "webp"),
    ],
)
def test_pictures_without_loss_come_back_as_they_were(data: bytes, format: str) -> None:
    image = read_image(data)
    assert (image.format, image.width, image.height) == (format, 40, 30)
    assert (image.ra, image.dec, image.pixel_scale) == (None, None, None)
    assert image.picture.dtype == np.uint8
    assert (image.picture == RGB).all()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 100, "subsampling": 0}, {"optimize": True}])
def test_jpeg_is_what_pillow_says(options: dict[str, object]) -> None:
    data = saved(RGB, "JPEG", comment=b"\xff\xd9 a comment", **options)
    with Image.open(BytesIO(data)) as opened:
        assert (decode(data) == np.asarray(opened)).all()


@pytest.mark.parametrize(("width", "height"), [(1, 1), (16383, 1), (3, 5)])
def test_lossy_webp_has_its_size(width: int, height: int) -> None:
    image = read_image(saved(noise(2, width, height), "WEBP"))
    assert (image.width, image.height) == (width, height)


def grey_levels() -> np.ndarray[tuple[int, int], np.dtype[np.uint16]]:
    return np.arange(0, 65536, 64, dtype=np.uint16).reshape(32, 32)


def test_sixteen_bits_are_scaled_not_cut() -> None:
    levels = grey_levels()
    picture = decode(saved(levels, "PNG"))
    expected = np.rint(levels / 257).astype(np.uint8)
    assert (picture == expected[:, :, None]).all()


def test_grey_is_the_same_in_all_colours() -> None:
    grey = RGB[:, :, 0]
    assert (decode(saved(grey, "PNG")) == grey[:, :, None]).all()


def test_a_palette_is_looked_up() -> None:
    image = Image.fromarray(RGB).quantize(16)
    assert (decode(saved(image, "PNG")) == np.asarray(image.convert("RGB"))).all()


def test_one_bit_is_black_and_white() -> None:
    image = Image.fromarray(RGB[:, :, 0] > 127)
    assert (decode(saved(image, "PNG")) == np.where(RGB[:, :, :1] > 127, 255, 0)).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_lies_on_black(mode: str) -> None:
    alpha = np.where(np.arange(40) < 20, 255, 0).astype(np.uint8)[None].repeat(30, 0)
    image = Image.fromarray(np.dstack([RGB, alpha]))
    if mode == "P":
        data = saved(Image.fromarray(RGB).quantize(16), "PNG", transparency=bytes([0] * 16))
        assert (decode(data) == 0).all()
        return
    picture = decode(saved(image.convert(mode), "PNG"))
    shown = np.asarray(Image.fromarray(RGB).convert("L").convert("RGB")) if mode == "LA" else RGB
    assert (picture[:, :20] == shown[:, :20]).all()
    assert (picture[:, 20:] == 0).all()


def test_cmyk_is_what_pillow_says() -> None:
    image = Image.fromarray(RGB).convert("CMYK")
    data = saved(image, "JPEG", quality=95)
    with Image.open(BytesIO(data)) as opened:
        assert opened.mode == "CMYK"
        assert (decode(data) == np.asarray(opened.convert("RGB"))).all()


def test_many_threads_decode_at_once() -> None:
    files = [jpeg(seed) for seed in range(4)] + [fits_file(_hdu(seed)) for seed in range(4)]
    expected = [decode(data) for data in files]
    barrier = threading.Barrier(8)

    def work(data: bytes) -> object:
        barrier.wait()
        return [decode(data) for _ in range(5)][-1]

    with ThreadPoolExecutor(8) as pool:
        for found, wanted in zip(pool.map(work, files), expected, strict=True):
            assert np.array_equal(np.asarray(found), wanted)


def _hdu(seed: int) -> object:
    from astropy.io import fits

    return fits.PrimaryHDU(fluxes(seed, 20, 20))


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_header(width: int, height: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def bomb() -> bytes:
    """A PNG file of a few hundred bytes that says it has 20,000 x 20,000 pixels."""
    body = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + png_header(20_000, 20_000) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def animation(format: str) -> bytes:
    frames = [Image.fromarray(noise(seed)) for seed in range(3)]
    return saved(frames[0], format, save_all=True, append_images=frames[1:])


def two_headers() -> bytes:
    data = png(1)
    return data[:33] + png_header(10, 10) + data[33:]


def many_scans(count: int) -> bytes:
    """A JPEG file whose scan comes again and again, as one that takes minutes to decode has it."""
    data = jpeg(1)
    at = data.index(b"\xff\xda")
    return data[:at] + data[at:-2] * count + data[-2:]


def many_chunks(count: int) -> bytes:
    data = png(1)
    return data[:33] + chunk(b"tIME", b"") * count + data[33:]


def jpeg_of_size(width: int, height: int) -> bytes:
    """A JPEG file whose header says another size than its data has."""
    data = bytearray(jpeg(1))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


HOSTILE: dict[str, tuple[bytes | Callable[[], bytes], str, str]] = {
    "zero bytes": (b"", "empty", ""),
    "text": (b"Not Found", "no image of a kind skyband takes", "of no kind known here"),
    "SVG": (b"<?xml version='1.0'?>\n<svg onload='x()'/>", "no image of a kind skyband takes", "SVG"),
    "page": (b"\n <!DOCTYPE html><html><body>busy</body></html>", "no image of a kind skyband takes", "web page"),
    "GIF": (lambda: animation("GIF"), "no image of a kind skyband takes", "GIF"),
    "TIFF": (lambda: saved(RGB, "TIFF"), "no image of a kind skyband takes", "TIFF"),
    "ZIP": (zip_file, "no image of a kind skyband takes", "ZIP"),
    "gzipped text": (lambda: gzip.compress(b"x" * 1000), "no image of a kind skyband takes", "gzipped and no FITS"),
    "half a JPEG": (lambda: jpeg(1)[: len(jpeg(1)) // 2], "truncated", "has no end"),
    "JPEG without data": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "truncated", "within its header"),
    "JPEG of nothing": (b"\xff\xd8\xff\xd9" + bytes(20), "damaged", "says no size"),
    "half a PNG": (lambda: png(1)[:-20], "truncated", "chunk"),
    "PNG with holes": (lambda: _damaged(png(1)), "damaged", ""),
    "half a WebP": (lambda: saved(RGB, "WEBP")[:-20], "truncated", "should end"),
    "animated PNG": (lambda: animation("PNG"), "animated", "several frames"),
    "animated WebP": (lambda: animation("WEBP"), "animated", "several frames"),
    "bomb": (bomb, "too many pixels", "20,000 x 20,000"),
    "JPEG that says it is huge": (lambda: jpeg_of_size(65000, 65000), "too many pixels", "65,000 x 65,000"),
    "JPEG of many scans": (lambda: many_scans(101), "damaged", "more than 100 scans"),
    "PNG of many chunks": (lambda: many_chunks(100_001), "damaged", "more than 100,000 parts"),
    "JPEG of many segments": (lambda: b"\xff\xd8" + b"\xff\xfe\0\2" * 100_001, "damaged", "more than 100,000 parts"),
    "many ends of ZIP": (lambda: saved(RGB, "JPEG", comment=b"PK\x05\x06" * 1001), "more than an image", "ZIP"),
    "two headers": (two_headers, "damaged", "2 headers"),
    "JPEG and ZIP": (lambda: jpeg(1) + zip_file(), "more than an image", "follow the end"),
    "ZIP in a comment": (lambda: saved(RGB, "JPEG", comment=zip_file()), "more than an image", "ZIP"),
    "PNG and page": (lambda: png(1) + b"<script>" * 20, "more than an image", "follow the end"),
    "PDF in a comment": (lambda: saved(RGB, "JPEG", comment=b"%PDF-1.4 ..."), "more than an image", "PDF"),
    "WebP and more": (lambda: saved(RGB, "WEBP") + bytes(1000), "more than an image", "1,000 bytes follow"),
    "two JPEG": (lambda: jpeg(1) + jpeg(2), "more than an image", "follow the end"),
}


def _damaged(data: bytes) -> bytes:
    at = data.index(b"IDAT") + 30
    return data[:at] + bytes(100) + data[at + 100 :]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_broken_files_are_refused(name: str) -> None:
    made, reason, words = HOSTILE[name]
    with pytest.raises(BadImage) as refused:
        decode(made if isinstance(made, bytes) else made())
    assert refused.value.reason == reason
    assert words in refused.value.detail


def test_limits_hold_to_the_pixel_and_the_byte() -> None:
    data = png(1, 40, 30)
    assert decode(data, Limits(max_bytes=len(data), max_pixels=1200)).shape == (30, 40, 3)
    with pytest.raises(BadImage, match="too many pixels"):
        decode(data, Limits(max_pixels=1199))
    with pytest.raises(BadImage, match="too many bytes"):
        decode(data, Limits(max_bytes=len(data) - 1))


def test_a_gzipped_bomb_is_not_unpacked() -> None:
    data = gzip.compress(b"SIMPLE  =" + bytes(3_000_000))
    with pytest.raises(BadImage, match="too many bytes"):
        decode(data, Limits(max_bytes=1_000_000))


def test_a_little_padding_is_no_other_file() -> None:
    assert (decode(png(1) + b"\n" * 64) == noise(1)).all()


@given(data=st.data())
def test_damaged_bytes_are_a_picture_or_refused(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(WHOLE))
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    try:
        picture = decode(bytes(broken[:cut] if data.draw(st.booleans()) else broken), Limits(max_pixels=10_000))
    except BadImage as fault:
        assert fault.reason
    else:
        assert picture.ndim == 3 and picture.shape[2] == 3


WHOLE = [jpeg(1, 8, 8), png(1, 8, 8), saved(noise(1, 8, 8), "WEBP"), fits_file(_hdu(1))]
