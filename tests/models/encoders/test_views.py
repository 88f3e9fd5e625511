"""Views: all orientations of the same picture."""

from __future__ import annotations

import numpy as np
import torch
from scipy import ndimage

from skyband.models.encoders.network import canonical
from skyband.models.encoders.views import turned


def test_one_view_is_the_middle() -> None:
    pictures = torch.rand(2, 3, 96, 96)
    [view] = turned(pictures, 64, 1)
    assert torch.equal(view, pictures[:, :, 16:80, 16:80])


def test_eight_views_are_all_right_angles_and_mirror_images() -> None:
    picture = np.random.default_rng(1).random((1, 3, 10, 10), dtype=np.float32)
    views = {view.numpy().tobytes() for view in turned(torch.from_numpy(picture), 10, 8)}
    expected = {
        np.ascontiguousarray(np.rot90(flipped, quarter, (2, 3))).tobytes()
        for flipped in (picture, picture[..., ::-1])
        for quarter in range(4)
    }
    assert views == expected
    assert len(views) == 8


def test_the_views_of_a_turned_picture_are_those_of_the_picture() -> None:
    pictures = torch.rand(1, 3, 96, 96)
    for change in (lambda one: torch.rot90(one, 1, (2, 3)), lambda one: one.flip(2)):
        views = torch.stack(list(turned(pictures, 64, 16)))
        others = torch.stack(list(turned(change(pictures), 64, 16)))
        apart = (views[:, None] - others[None]).abs().amax(dim=(2, 3, 4, 5))
        assert sorted(apart.argmin(dim=1).tolist()) == list(range(16))
        assert apart.amin(dim=1).max() < 1e-3


def test_views_by_45_degrees_are_turned_by_so_much() -> None:
    rows, columns = np.mgrid[:96, :96]
    picture = (0.5 + 0.5 * np.sin(rows / 5) * np.cos(columns / 9)).astype(np.float32)
    views = list(turned(torch.from_numpy(picture).expand(1, 3, 96, 96), 64, 16))
    expected = {sign: ndimage.rotate(picture, sign * 45, reshape=False, order=3)[16:80, 16:80] for sign in (1, -1)}
    apart = min(np.abs(views[8][0, 0].numpy() - one)[4:-4, 4:-4].max() for one in expected.values())
    assert apart < 0.02


def test_what_is_done_first_could_as_well_be_done_to_every_view() -> None:
    pictures = torch.rand(3, 3, 96, 96, generator=torch.Generator().manual_seed(2))
    once = torch.stack(list(turned(pictures, 64, 16, canonical)))
    each = torch.stack([canonical(view) for view in turned(pictures, 64, 16)])
    assert torch.equal(once, each)
