"""A picture of neighbours: their thumbnails in rows, the most similar first."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
from PIL import Image

from skyband.queries.images import Thumbnails
from skyband.queries.likeness import Likeness
from skyband.schema.faults import storage_error
from skyband.schema.store import Store
from skyband.server.likeness import Target
from skyband.server.report.figures import new_figure, style

_ACROSS = 5
_SIDE_IN = 1.5
_MOST = 100
"""Neighbours shown at most."""


def montage_png(store: Store, collection: str, target: Target, found: Likeness) -> bytes:
    """Thumbnails of the neighbours as PNG, each with its id and similarity; the target first, if it is in the store."""
    rows = found.table.slice(0, _MOST).select(["id", "similarity"]).to_pylist()
    own = [one for one in target.targets.ids if one is not None]
    pictures = Thumbnails(store, collection).read([*own, *(row["id"] for row in rows)])
    cells = [(one, "the target") for one in own] + [(row["id"], f"{row['similarity']:.3f}") for row in rows]
    lines = max(1, math.ceil(len(cells) / _ACROSS))
    with style():
        figure = new_figure(_ACROSS * _SIDE_IN, lines * (_SIDE_IN + 0.4))
        for place, (name, words) in enumerate(cells):
            axes = figure.add_subplot(lines, _ACROSS, place + 1)
            axes.set_axis_off()
            if name in pictures:
                axes.imshow(np.asarray(Image.open(io.BytesIO(pictures[name]))))
            axes.set_title(f"{name}\n{words}", fontsize=7)
        figure.suptitle(f"Most like {target.words}", fontsize=9)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def write_montage(store: Store, collection: str, target: Target, found: Likeness, path: Path) -> None:
    """Write the montage to a file.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        path.write_bytes(montage_png(store, collection, target, found))
    except OSError as error:
        raise storage_error(f"cannot write {path}", error) from error
