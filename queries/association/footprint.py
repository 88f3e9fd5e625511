"""Where a survey looked: a coverage map that is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from skyband.schema.errors import BadFile
from skyband.schema.healpix import Integers

_FORMATS = {".json": "json", ".txt": "ascii", ".ascii": "ascii"}


def read_moc(path: str) -> Integers:
    """The ranges of the key column in a Multi-Order Coverage map (MOC 2.0): FITS, or JSON or ASCII by its suffix.

    Returns:
        First and last key of each range, sorted, shape (n, 2).

    Raises:
        BadFile: it is not there, or no such map.
    """
    from mocpy import MOC

    form = _FORMATS.get(Path(path).suffix.lower(), "fits")
    if not Path(path).is_file():
        raise BadFile(f"footprint {path} is not there")
    try:
        ranges = MOC.load(path, format=form).to_depth29_ranges
    except Exception as error:  # of mocpy, astropy and their parsers, which raise whatever comes
        raise BadFile(f"footprint {path} is no coverage map (MOC) in {form.upper()}: {error}") from error
    found: Integers = np.asarray(ranges, np.int64) - np.array([0, 1])
    return found
