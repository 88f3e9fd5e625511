"""Real pictures to learn from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skyband.models.encoders.crop import crop_galaxy
from skyband.models.encoders.network import SIDE
from skyband.queries.images import decode
from skyband.schema.errors import BadFile, BadImage

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def cut_outs(folder: Path) -> NDArray[np.uint8]:
    """The galaxies in the middle of all pictures of a folder, n x 96 x 96 x 3.

    Raises:
        BadFile: there are fewer than two, or one cannot be read.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _SUFFIXES:
            try:
                picture = decode(path.read_bytes())
            except (OSError, BadImage) as error:
                raise BadFile(f"{path} is no picture that can be read: {error}") from None
            found.append(crop_galaxy(picture, SIDE, 3 * SIDE // 2))
    if len(found) < 2:
        raise BadFile(f"{folder} has {len(found)} pictures (.jpg, .png, .webp); alikeness needs at least two")
    return np.stack(found)
