"""What an image is by its bytes: its format, its size by its header, and where it ends.

A file that is an image and something else too (a page, a script, an archive) is taken by nobody as what it is for
others, so bytes behind the end of an image, and archives hidden inside one, are refused.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from skyband.schema.errors import BadImage

FORMATS = ("jpeg", "png", "webp", "fits")

TRAILING_BYTES = 64
"""Bytes there may be behind the end of an image: line ends and padding of careless writers."""

_STRANGERS: Mapping[bytes, str] = {
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"PK\x03\x04": "a ZIP archive",
    b"%PDF": "PDF",
    b"\0\0\0\x0cjP": "JPEG 2000",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL": "JPEG XL",
    b"\x89HDF": "HDF5",
    b"PAR1": "Parquet",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
}
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""In the data of a JPEG scan: what is no part of it."""

_FRAME = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
"""Markers of JPEG that head a frame, with its size."""

_MOST_SCANS = 100
"""Scans of a JPEG file: each goes over the whole image, and ten or so is what encoders write."""

_MOST_RECORDS = 1000
"""Times a file may hold the four bytes that begin the last record of a ZIP archive."""

_MOST_PARTS = 100_000
"""Segments or chunks of a file; those of 50 MB in pieces of 4 kB are 12,000."""

TRUNCATED = "truncated"
DAMAGED = "damaged"
ANIMATED = "animated"
WRONG_KIND = "no image of a kind skyband takes"
MORE_THAN_AN_IMAGE = "more than an image"


@dataclass(frozen=True, slots=True)
class Kind:
    """What the head of an image says of it."""

    format: str  # one of FORMATS
    width: int = 0  # pixels; 0 for FITS, whose header says it later
    height: int = 0


def find_kind(data: bytes) -> Kind:
    """The kind of an image file by its bytes; names do not count.

    Raises:
        BadImage: empty, of another kind, truncated, animated, or more than an image.
    """
    if not data:
        raise BadImage("empty", "the file has no bytes")
    if data.startswith(b"SIMPLE  ="):
        return Kind("fits")
    for magic, measure in _MEASURES.items():
        if data.startswith(magic) and (magic != b"RIFF" or data[8:12] == b"WEBP"):
            try:
                kind, end = measure(data)
            except (struct.error, IndexError):
                raise BadImage(TRUNCATED, "it ends within its header") from None
            _check_alone(data, end)
            return kind
    raise BadImage(WRONG_KIND, f"it is {_stranger(data)}; skyband takes JPEG, PNG, WebP and FITS")


def _stranger(data: bytes) -> str:
    head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith((b"<", b"\xff\xfe<")):
        if b"<svg" in head:
            return "SVG"
        return "a web page, perhaps an error message in place of the image" if b"<html" in head else "XML"
    known = (name for magic, name in _STRANGERS.items() if data.startswith(magic))
    return next(known, "of no kind known here")


def _check_alone(data: bytes, end: int) -> None:
    """Refuse a file that holds more than the image that ends at byte `end`."""
    if len(data) - end > TRAILING_BYTES:
        raise BadImage(MORE_THAN_AN_IMAGE, f"{len(data) - end:,} bytes follow the end of the image")
    if b"%PDF-" in data[:1024]:
        raise BadImage(MORE_THAN_AN_IMAGE, "the file is a PDF document too")
    if _is_zip(data):
        raise BadImage(MORE_THAN_AN_IMAGE, "the file is a ZIP archive too")


def _is_zip(data: bytes) -> bool:
    """Whether a ZIP archive ends in the file: its last record, with the directory it speaks of before it."""
    at = data.rfind(b"PK\x05\x06")
    for _ in range(_MOST_RECORDS):
        if at < 0:
            return False
        record = data[at : at + 22]
        if len(record) == 22:
            size = struct.unpack_from("<I", record, 12)[0]
            if size <= at and (data[at - size : at - size + 4] == b"PK\x01\x02" or size == 0):
                return True
        at = data.rfind(b"PK\x05\x06", 0, at)
    return True  # nobody's pixels look so much like one


def _measure_jpeg(data: bytes) -> tuple[Kind, int]:
    """Size of the frame and end of the image (ITU T.81, annex B)."""
    width = height = scans = 0
    at = 2
    for _ in range(_MOST_PARTS):
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        if data[at] != 0xFF:
            raise BadImage(DAMAGED, f"byte {at} of the JPEG file should begin a marker")
        marker = data[at + 1]
        at += 2
        if marker == 0xD9:
            break
        length = struct.unpack_from(">H", data, at)[0]
        if marker in _FRAME:
            if width:
                raise BadImage(DAMAGED, "the JPEG file has two frames")
            height, width = struct.unpack_from(">HH", data, at + 3)
        at += length
        if marker == 0xDA:
            scans += 1
            if scans > _MOST_SCANS:
                raise BadImage(DAMAGED, f"the JPEG file has more than {_MOST_SCANS} scans")
            found = _MARKER.search(data, at)
            if found is None:
                raise BadImage(TRUNCATED, "the JPEG file has no end")
            at = found.start()
    else:
        raise _too_many_parts()
    if not (width and height):
        raise BadImage(DAMAGED, "the JPEG file says no size")
    return Kind("jpeg", width, height), at


def _measure_png(data: bytes) -> tuple[Kind, int]:
    """Size and end of the image (PNG, third edition, section 5)."""
    at, sizes = 8, []
    for _ in range(_MOST_PARTS):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"IHDR":
            sizes.append(struct.unpack_from(">II", data, at + 8))
        if name == b"acTL":
            raise BadImage(ANIMATED, "the PNG file has several frames; save one of them")
        at += 12 + length
        if at > len(data):
            raise BadImage(TRUNCATED, f"chunk {name!r} of the PNG file ends at byte {at:,}, the file at {len(data):,}")
        if name == b"IEND":
            break
    else:
        raise _too_many_parts()
    if len(sizes) != 1:
        raise BadImage(DAMAGED, f"the PNG file has {len(sizes)} headers")
    return Kind("png", *sizes[0]), at


def _too_many_parts() -> BadImage:
    return BadImage(DAMAGED, f"the file is cut into more than {_MOST_PARTS:,} parts")


def _measure_webp(data: bytes) -> tuple[Kind, int]:
    """Size and end of the image (RFC 9649)."""
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise BadImage(TRUNCATED, f"the WebP file should end at byte {end:,}, but has {len(data):,}")
    name, body = data[12:16], data[20:30]
    if name == b"VP8X":
        if body[0] & 0x02:
            raise BadImage(ANIMATED, "the WebP file has several frames; save one of them")
        width, height = (1 + int.from_bytes(body[place : place + 3], "little") for place in (4, 7))
    elif name == b"VP8L":
        bits = struct.unpack_from("<I", body, 1)[0]
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif name == b"VP8 ":
        width, height = (value & 0x3FFF for value in struct.unpack_from("<HH", body, 6))
    else:
        raise BadImage(DAMAGED, f"the WebP file begins with a chunk {name!r}")
    return Kind("webp", width, height), end


_MEASURES: Mapping[bytes, Callable[[bytes], tuple[Kind, int]]] = {
    b"\xff\xd8\xff": _measure_jpeg,
    b"\x89PNG\r\n\x1a\n": _measure_png,
    b"RIFF": _measure_webp,
}
