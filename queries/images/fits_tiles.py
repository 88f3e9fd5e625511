"""FITS images compressed by tiles: nothing in them may unpack to more than the pixels they say they have."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from skyband.queries.images.kinds import DAMAGED
from skyband.schema.errors import BadImage

_METHODS = frozenset({"RICE_1", "RICE_ONE", "GZIP_1", "GZIP_2", "NOCOMPRESS"})
"""Methods whose unpacked size is known before: Rice's by the tile, gzip's by trying."""

_GZIP = b"\x1f\x8b"
_BYTES_A_PIXEL = 8
_COLUMNS = ("COMPRESSED_DATA", "GZIP_COMPRESSED_DATA")


def check_tiles(data: bytes, max_pixels: int) -> None:
    """Look at every compressed image in a FITS file before one is unpacked.

    Args:
        data: the file.
        max_pixels: a tile may have at most.

    Raises:
        BadImage: a method nobody needs, a tile that is too large, or one that would unpack to more than its pixels.
    """
    from astropy.io import fits

    with fits.open(BytesIO(data), memmap=False, disable_image_compression=True) as units:
        for unit in units:
            if unit.header.get("ZIMAGE", False):
                _check_unit(unit, max_pixels)


def _check_unit(unit: Any, max_pixels: int) -> None:
    header = unit.header
    method = str(header.get("ZCMPTYPE", "")).strip()
    if method not in _METHODS:
        raise BadImage(
            DAMAGED, f"the FITS image is compressed by {method or 'no known method'}; unpack it with funpack"
        )
    axes = int(header["ZNAXIS"])
    sides = [int(header.get(f"ZTILE{axis}", header["ZNAXIS1"] if axis == 1 else 1)) for axis in range(1, axes + 1)]
    pixels = math.prod(sides)
    if min(sides, default=0) < 1 or pixels > max_pixels:
        raise BadImage("too many pixels", f"a tile of {' x '.join(map(str, sides))}")
    if unit.header["NAXIS2"] > max_pixels:
        raise BadImage(DAMAGED, "the FITS image has more tiles than it may have pixels")
    for blob in _blobs(unit):
        unpacker = zlib.decompressobj(wbits=31)
        size = len(unpacker.decompress(blob, pixels * _BYTES_A_PIXEL + 1))
        if size > pixels * _BYTES_A_PIXEL:
            raise BadImage("too many bytes", f"a tile of {pixels:,} pixels unpacks to more than {size:,} bytes")


def _blobs(unit: Any) -> Iterator[bytes]:
    """The gzipped tiles."""
    for name in _COLUMNS:
        if name in unit.columns.names:
            for cell in unit.data[name]:
                blob = bytes(memoryview(cell).cast("B")) if len(cell) else b""
                if blob.startswith(_GZIP):
                    yield blob
