"""UTF-8 columns in other encodings, whole columns at a time."""

from __future__ import annotations

import codecs

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skyband.queries.formats.arrays import Bytes, byte_strings, bytes_of, offsets_of

# Of the first byte of each UTF-8 character; 0 for the bytes that follow it.
_UTF16_BYTES = np.repeat(np.array([2, 0, 2, 4], dtype=np.uint8), [128, 64, 48, 16])
_ESCAPED_BYTES = np.repeat(np.array([4, 1, 4, 0, 4, 6, 10], dtype=np.uint8), [32, 95, 1, 64, 4, 44, 16])


def is_ascii(array: pa.Array) -> bool:
    """Whether all text is ASCII."""
    return not (bytes_of(array)[1] & 0x80).any()


def utf16(array: pa.Array) -> tuple[npt.NDArray[np.int32], Bytes]:
    """Byte offsets and bytes of the text as UTF-16, big-endian (VOTable's unicodeChar)."""
    offsets, data = bytes_of(array)
    if not (data & 0x80).any():
        wide = np.zeros((len(data), 2), dtype=np.uint8)
        wide[:, 1] = data
        return offsets * 2, wide.reshape(-1)
    return _recode(offsets, data, _UTF16_BYTES, codecs.encode(data.tobytes().decode(), "utf-16-be"))


def printable(array: pa.Array) -> tuple[pa.Array, int]:
    r"""The text in the printable ASCII that FITS allows, and how many values had to change.

    Other characters become Python's escapes `\xe9`, `\u03b1`, `\U0001f52d`: nothing is lost.
    """
    strange = pc.match_substring_regex(array, r"[^\x20-\x7e]")
    changed = int(pc.sum(strange).as_py() or 0)
    if not changed:
        return array.cast(pa.binary()), 0
    offsets, data = bytes_of(array)
    text = data.tobytes().decode().translate(_CONTROLS).encode("ascii", "backslashreplace")
    escaped = byte_strings(*_recode(offsets, data, _ESCAPED_BYTES, text))
    return pc.if_else(array.is_valid(), escaped, None), changed


_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127)}


def _recode(
    offsets: npt.NDArray[np.int32], data: Bytes, width: npt.NDArray[np.uint8], encoded: bytes
) -> tuple[npt.NDArray[np.int32], Bytes]:
    """Offsets into `encoded`, all the text in its new encoding, where one character takes `width[its first byte]`."""
    ends = offsets_of(width[data])
    return ends[offsets], np.frombuffer(encoded, dtype=np.uint8)
