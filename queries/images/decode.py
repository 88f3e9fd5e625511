"""Bytes of an image file to a picture, within limits that are checked before anything is decoded."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skyband.queries.images.kinds import ANIMATED, DAMAGED, MORE_THAN_AN_IMAGE, TRUNCATED, WRONG_KIND, Kind, find_kind
from skyband.schema.errors import BadImage
from skyband.schema.settings import ENVIRONMENT_PREFIX, Settings

if TYPE_CHECKING:
    from PIL import Image as PillowImage
    from PIL.ImageFile import ImageFile

Picture = NDArray[np.uint8]
"""Height x width x 3: red, green, blue."""

_DEFAULTS = Settings()
_GZIP = b"\x1f\x8b"
_SIXTEEN_BITS = frozenset({"I", "I;16", "I;16B", "I;16L", "I;16N"})
_DIVIDE_BY = 257
"""65,535 of sixteen bits is 255 of eight."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an image may be."""

    max_bytes: int = _DEFAULTS.image_max_bytes  # of the file, unpacked where it is gzipped
    max_pixels: int = _DEFAULTS.image_max_pixels  # of FITS those of all bands
    pixels_setting: str = "image_max_pixels"  # that said so

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that settings give."""
        return cls(settings.image_max_bytes, settings.image_max_pixels)

    @classmethod
    def of_uploads(cls, settings: Settings) -> Limits:
        """Those of images that are sent to a server."""
        return cls(settings.image_max_bytes, settings.upload_image_max_pixels, "upload_image_max_pixels")


@dataclass(frozen=True, slots=True)
class Image:
    """An image and what its file says of it."""

    picture: Picture
    format: str  # one of `kinds.FORMATS`
    ra: float | None = None  # of the centre, degrees ICRS; FITS with a WCS only
    dec: float | None = None
    pixel_scale: float | None = None  # arcsec

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.picture.shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.picture.shape[0])


def decode(data: bytes, limits: Limits | None = None) -> Picture:
    """The picture in the bytes of a JPEG, PNG, WebP or FITS file (FITS also gzipped); see `read_image`."""
    return read_image(data, limits).picture


def read_image(data: bytes, limits: Limits | None = None) -> Image:
    """The image in the bytes of a file.

    Bytes say what it is, not its name. Grey, palette, 16-bit and CMYK pictures become red, green and blue; what is
    transparent lies on black, as sky does. FITS images of one or three bands are stretched (`stretch`), north as in the
    file up; how a camera was held (EXIF) does not count. It may run in any thread; Pillow decodes beside other threads.

    Args:
        data: the file.
        limits: how large it may be; the defaults of the settings if None.

    Raises:
        BadImage: the file is empty, truncated, damaged, of another kind, animated, more than an image, or too large.
    """
    limits = limits or Limits()
    check_bytes(len(data), limits)
    if data.startswith(_GZIP):
        data = _unpacked(data, limits)
    kind = find_kind(data)
    if kind.format == "fits":
        from skyband.queries.images.fits import read_fits

        return read_fits(data, limits)
    check_pixels(kind.width, kind.height, 1, limits)
    return Image(_decoded(data, kind), kind.format)


def check_bytes(size: int, limits: Limits) -> None:
    """Refuse a file of more bytes than the limit.

    Raises:
        BadImage: it has.
    """
    if size > limits.max_bytes:
        raise BadImage("too many bytes", f"{size:,}, and SKYBAND_IMAGE_MAX_BYTES is {limits.max_bytes:,}")


def check_pixels(width: int, height: int, bands: int, limits: Limits) -> None:
    """Refuse an image without pixels, or with more than the limit.

    Raises:
        BadImage: it is so.
    """
    if width < 1 or height < 1:
        raise BadImage(DAMAGED, f"{width} x {height} pixels are none")
    if width * height * bands > limits.max_pixels:
        raise BadImage(
            "too many pixels",
            f"{width:,} x {height:,}{f' x {bands}' if bands > 1 else ''}, and "
            f"{ENVIRONMENT_PREFIX}{limits.pixels_setting.upper()} is {limits.max_pixels:,}",
        )


def _unpacked(data: bytes, limits: Limits) -> bytes:
    """A gzipped FITS file, unpacked no further than the limit."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        head = unpacker.decompress(data, 80)
        if not head.startswith(b"SIMPLE  ="):
            raise BadImage(WRONG_KIND, "it is gzipped and no FITS file")
        whole = head + unpacker.decompress(unpacker.unconsumed_tail, limits.max_bytes)
    except zlib.error as error:
        raise BadImage(DAMAGED, f"the gzip stream: {error}") from None
    if not unpacker.eof:
        if unpacker.unconsumed_tail:
            check_bytes(limits.max_bytes + 1, limits)
        raise BadImage(TRUNCATED, "the gzip stream stops early")
    if unpacker.unused_data.strip(b"\0"):
        raise BadImage(MORE_THAN_AN_IMAGE, f"{len(unpacker.unused_data):,} bytes follow the gzip stream")
    return whole


def _decoded(data: bytes, kind: Kind) -> Picture:
    """A picture Pillow reads."""
    try:
        with _plugin(kind.format)(BytesIO(data)) as opened:
            if opened.size != (kind.width, kind.height):
                raise BadImage(DAMAGED, f"its size is {(kind.width, kind.height)} and {opened.size}")
            if getattr(opened, "n_frames", 1) > 1:
                raise BadImage(ANIMATED, "the file has several frames; save one of them")
            opened.load()
            return _as_rgb(opened)
    except BadImage:
        raise
    except MemoryError:
        raise BadImage("too many pixels", "there is not enough memory for them") from None
    except Exception as error:
        # Decoders meet broken files with whatever their parts raise: OSError, SyntaxError, ValueError, ...
        text = str(error) or type(error).__name__
        raise BadImage(TRUNCATED if "truncated" in text else DAMAGED, text) from None


def _plugin(format: str) -> type[ImageFile]:
    """The class that opens files of a format; `Image.open` would try others, and has a limit of its own."""
    from PIL import JpegImagePlugin, PngImagePlugin, WebPImagePlugin

    plugins: dict[str, type[ImageFile]] = {
        "jpeg": JpegImagePlugin.JpegImageFile,
        "png": PngImagePlugin.PngImageFile,
        "webp": WebPImagePlugin.WebPImageFile,
    }
    return plugins[format]


def _as_rgb(image: PillowImage.Image) -> Picture:
    if image.mode in _SIXTEEN_BITS:
        grey = np.asarray(image).astype(np.float32) / _DIVIDE_BY
        eight: Any = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
        return np.repeat(eight[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        from PIL import Image as PillowImage

        clear = image.convert("RGBA")
        black = PillowImage.new("RGBA", clear.size, (0, 0, 0, 255))
        image = PillowImage.alpha_composite(black, clear)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))
