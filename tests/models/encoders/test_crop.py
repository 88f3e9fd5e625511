"""Cut-outs of galaxies: where they are and how large."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyband.models.encoders.crop import MARGIN, crop_galaxy


def disk(side: int, row: float, column: float, radius: float, *, noise: float = 0.0, sky: float = 10.0) -> np.ndarray:
    """A picture of a bright round disk."""
    rows, columns = np.ogrid[:side, :side]
    inside = (rows - row) ** 2 + (columns - column) ** 2 <= radius**2
    light = sky + 150.0 * inside + noise * np.random.default_rng(1).standard_normal((side, side))
    return np.repeat(np.clip(light, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def bright_box(cut: np.ndarray) -> tuple[float, float, float]:
    """Row, column and radius of what is bright, as shares of the side."""
    rows, columns = np.nonzero(cut[:, :, 0] > 90)
    side = len(cut)
    return rows.mean() / side, columns.mean() / side, np.sqrt(len(rows) / np.pi) / side


@settings(max_examples=40)
@given(row=st.floats(110, 146), column=st.floats(110, 146), radius=st.floats(22, 70), noise=st.sampled_from([0.0, 3.0]))
def test_the_galaxy_is_in_the_middle_and_of_one_size(row: float, column: float, radius: float, noise: float) -> None:
    cut = crop_galaxy(disk(256, row, column, radius, noise=noise), 64)
    assert cut.shape == (64, 64, 3)
    found = bright_box(cut)
    # 97 % of the pixels of a disk lie within sqrt(0.97) of its radius; smoothing by 1.5 pixels moves the edge of 4 % of
    # the peak outwards by 1.75 of those.
    expected = radius / (2 * MARGIN * np.sqrt(0.97) * (radius + 1.75 * 256 / 170))
    np.testing.assert_allclose(found[:2], 0.5, atol=0.02)
    assert found[2] == pytest.approx(expected, rel=0.06)


def test_larger_pictures_of_the_same_galaxy_give_the_same_cut_out() -> None:
    small, large = disk(256, 128, 120, 40), disk(1024, 512, 480, 160)
    difference = crop_galaxy(small, 64).astype(float) - crop_galaxy(large, 64)
    assert np.abs(difference).mean() < 3


def test_what_lies_around_has_the_same_scale() -> None:
    picture = disk(256, 120, 131, 40, noise=3.0)
    wide = crop_galaxy(picture, 64, 96)
    assert wide.shape == (96, 96, 3)
    assert np.abs(wide[16:80, 16:80].astype(int) - crop_galaxy(picture, 64)).max() <= 1


@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_picture_of_nothing_is_cut_in_the_middle(value: int) -> None:
    assert (crop_galaxy(np.full((100, 120, 3), value, np.uint8), 64) == value).all()


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (5, 5), (300, 17)])
def test_any_shape_has_a_cut_out(shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(2).integers(0, 255, (*shape, 3), dtype=np.uint8)
    assert crop_galaxy(picture, 64).shape == (64, 64, 3)


def test_a_galaxy_beside_a_brighter_star_is_what_is_cut_out() -> None:
    picture = np.maximum(disk(256, 128, 128, 30), disk(256, 20, 30, 8, sky=0.0) // 2 * 3)
    row, column, _ = bright_box(crop_galaxy(picture, 64))
    np.testing.assert_allclose((row, column), 0.5, atol=0.03)
