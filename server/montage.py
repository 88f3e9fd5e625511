"""Pictures of images: their thumbnails in rows, with a few words each."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
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
"""Images shown at most."""

Cell = tuple[str, str]
"""Id of an image, and what is written below it."""


def thumbnails_png(
    store: Store, collection: str, cells: Sequence[Cell | None], title: str, *, across: int = _ACROSS
) -> bytes:
    """Thumbnails of images as PNG, each with its id and words.

    Args:
        store: that has them.
        collection: they are of.
        cells: line by line; None leaves a place empty.
        title: of the picture.
        across: images in a line.
    """
    pictures = Thumbnails(store, collection).read([cell[0] for cell in cells if cell is not None])
    lines = max(1, math.ceil(len(cells) / across))
    with style():
        figure = new_figure(across * _SIDE_IN, lines * (_SIDE_IN + 0.4))
        for place, cell in enumerate(cells):
            axes = figure.add_subplot(lines, across, place + 1)
            axes.set_axis_off()
            if cell is None:
                continue
            name, words = cell
            if name in pictures:
                axes.imshow(np.asarray(Image.open(io.BytesIO(pictures[name]))))
            axes.set_title(f"{name}\n{words}", fontsize=7, parse_math=False)
        figure.suptitle(title, fontsize=9, parse_math=False)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def montage_png(store: Store, collection: str, target: Target, found: Likeness) -> bytes:
    """Neighbours with their similarity, the most similar first; before them the target, if it is in the store."""
    rows = found.table.slice(0, _MOST).select(["id", "similarity"]).to_pylist()
    own = [(one, "the target") for one in target.targets.ids if one is not None]
    cells = [*own, *((row["id"], f"{row['similarity']:.3f}") for row in rows)]
    return thumbnails_png(store, collection, cells, f"Most like {target.words}")


def write_montage(store: Store, collection: str, target: Target, found: Likeness, path: Path) -> None:
    """Write the montage of neighbours to a file.

    Raises:
        StorageError: it cannot be written.
    """
    write_png(path, montage_png(store, collection, target, found))


def write_png(path: Path, picture: bytes) -> None:
    """Write a picture to a file.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise storage_error(f"cannot write {path}", error) from error
