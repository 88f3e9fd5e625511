"""The same pictures turned and mirrored: the mean over such views does not depend on how the camera was held."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Views = Literal[1, 8, 16]
"""1: as it is; 8: all rotations by right angles and mirror images; 16: also those turned by 45 degrees."""


def turned(
    pictures: Tensor, side: int, views: Views, first: Callable[[Tensor], Tensor] | None = None
) -> Iterator[Tensor]:
    """The middle of square pictures in every view.

    Args:
        pictures: n x 3 x wide x wide; for 16 views at least 1.42 times `side`, so that the corners are there.
        side: pixels of the result; wide - side is even, so that views at right angles take pixels as they are.
        views: how many.
        first: what is done to all pixels and comes to the same before and after rotation by right angles and
            mirroring, such as a scale by brightness: done once, and not for every view.
    """
    edge = (pictures.shape[-1] - side) // 2
    middle = pictures[..., edge : edge + side, edge : edge + side]
    for plain in (middle,) if views < 16 else (middle, _turned_by_45(pictures, side)):
        ready = plain if first is None else first(plain)
        for quarter in range(1 if views == 1 else 4):
            view = torch.rot90(ready, quarter, (2, 3))
            yield view
            if views > 1:
                yield view.flip(3)


def _turned_by_45(pictures: Tensor, side: int) -> Tensor:
    half = side / pictures.shape[-1] * math.sqrt(0.5)
    matrix = pictures.new_tensor([[half, -half, 0], [half, half, 0]]).expand(len(pictures), 2, 3)
    grid = functional.affine_grid(matrix, [len(pictures), 3, side, side], align_corners=False)
    return functional.grid_sample(pictures, grid, mode="bicubic", align_corners=False).clamp(0, 1)
