"""The HDUs of a FITS file: their headers and where their data lie (FITS Standard 4.0, sections 3 and 4)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from skyband.schema.errors import BadFile

_BLOCK = 2880
_CARD = 80
_HEADER_LIMIT = 64 << 20


@dataclass(frozen=True, slots=True)
class Unit:
    """One HDU: its header (`astropy.io.fits.Header`) and where its data lie in the decompressed file."""

    number: int
    header: Any
    start: int
    size: int  # without padding
    name: str  # EXTNAME
    kind: str  # XTENSION, "" for the primary HDU
    is_table: bool  # whether it holds rows (a compressed image, stored as a table, does not)
    has_votable: bool  # whether its data are the VOTable text of STIL's "fits-plus" (VOTMETA)

    def __str__(self) -> str:
        return f"{self.number} {self.name}".rstrip()


def read_units(path: Path, stream: BinaryIO) -> Iterator[Unit]:
    """The HDUs of a stream, one after another; `path` is for messages.

    Raises:
        BadFile: it is no FITS file, or a header is cut off or makes no sense.
    """
    from astropy.io import fits

    position = number = 0
    while True:
        stream.seek(position)
        data = _header_bytes(path, stream, number)
        if not data:
            return
        with header_faults(path):
            unit = _unit(number, fits.Header.fromstring(data.decode("latin-1")), position + len(data))
        yield unit
        position = unit.start + math.ceil(unit.size / _BLOCK) * _BLOCK
        number += 1


@contextmanager
def header_faults(path: Path) -> Iterator[None]:
    """Inside, astropy reads bent header cards as well as it can; those it cannot read are a `BadFile`."""
    from astropy.io.fits import VerifyError

    with warnings.catch_warnings(action="ignore"):
        try:
            yield
        except BadFile:
            raise
        except (VerifyError, KeyError, TypeError, ValueError) as error:
            text = str(error).strip("'\"").splitlines()[0]
            raise BadFile(f"{path} is damaged: its header lacks or misstates a card ({text})") from None


def _header_bytes(path: Path, stream: BinaryIO, number: int) -> bytes:
    """The next header, to the end of its last block; nothing at the end of the file."""
    blocks: list[bytes] = []
    while True:
        block = stream.read(_BLOCK)
        if not blocks and not number and not block.startswith(b"SIMPLE"):
            raise BadFile(f"{path} is no FITS file: it does not begin with the card SIMPLE")
        if not blocks and number and not block.startswith(b"XTENSION"):
            return b""  # the end, or what the standard calls special records
        if len(block) < _BLOCK or len(blocks) * _BLOCK > _HEADER_LIMIT:
            raise BadFile(f"{path} is truncated: the header of HDU {number} stops early; fetch it again")
        blocks.append(block)
        if any(block[card : card + _CARD].rstrip() == b"END" for card in range(0, _BLOCK, _CARD)):
            return b"".join(blocks)


def _unit(number: int, header: Any, start: int) -> Unit:
    name, kind = (str(header.get(key, "")).strip() for key in ("EXTNAME", "XTENSION"))
    is_table = kind in {"BINTABLE", "TABLE"} and not header.get("ZIMAGE", False)
    return Unit(number, header, start, _data_size(header), name, kind, is_table, bool(header.get("VOTMETA", False)))


def _data_size(header: Any) -> int:
    """Bytes of the data, by equation 2 of the standard."""
    axes = [int(header[f"NAXIS{axis}"]) for axis in range(1, int(header["NAXIS"]) + 1)]
    if not axes:
        return 0
    if min(axes) < 0:
        raise ValueError("NAXIS")
    per_item = abs(int(header["BITPIX"])) // 8 * int(header.get("GCOUNT", 1))
    return per_item * (int(header.get("PCOUNT", 0)) + math.prod(axes))
