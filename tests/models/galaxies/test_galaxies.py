"""Simulated galaxies look as their parameters say."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from skyband.models.galaxies.observe import observe
from skyband.models.galaxies.parameters import KINDS, MERGER_SHARE, Galaxies, draw_galaxies
from skyband.models.galaxies.render import MARGIN, View, draw_view, render
from skyband.models.galaxies.shapes import gaussian, sersic
from skyband.models.galaxies.votes import vote_fractions


@pytest.fixture(scope="module")
def galaxies() -> Galaxies:
    return draw_galaxies(400, torch.Generator().manual_seed(1))


def upright(galaxies: Galaxies, half_side: float = 4.0) -> View:
    zero = torch.zeros(len(galaxies))
    return View(zero, zero + 1, zero + half_side, torch.zeros(len(galaxies), 2), zero + 0.02)


def plain(galaxies: Galaxies, kind: str) -> Galaxies:
    """The galaxies of a kind, without companions, clumps and distortion."""
    rows = (galaxies.kind == KINDS.index(kind)).nonzero()[:, 0]
    chosen = galaxies.rows(rows)
    zero = torch.zeros(len(rows))
    return replace(chosen, partner=torch.arange(len(rows)), warp=zero, tidal=zero, clumpiness=zero, dust=zero)


def test_the_same_seed_gives_the_same_galaxies() -> None:
    one, other = (draw_galaxies(50, torch.Generator().manual_seed(7)) for _ in range(2))
    for field in fields(one):
        assert torch.equal(getattr(one, field.name), getattr(other, field.name))


def test_every_kind_and_mergers_occur(galaxies: Galaxies) -> None:
    assert set(galaxies.kind.tolist()) == set(range(len(KINDS)))
    merging = (galaxies.partner != torch.arange(len(galaxies))).float().mean().item()
    assert merging == pytest.approx(MERGER_SHARE, abs=0.05)
    for field in fields(galaxies):
        assert torch.isfinite(getattr(galaxies, field.name).float()).all()


def test_spheroids_have_their_axis_ratio(galaxies: Galaxies) -> None:
    smooth = plain(galaxies, "smooth")
    pictures = render(smooth, upright(smooth, 12.0), 192).mean(dim=1).double()
    axis = (torch.arange(192) + 0.5) / 192 * 2 - 1
    # Second moments of what is brighter than a level: the ratio of ellipses does not depend on the profile.
    inside = (pictures > 0.02 * pictures.amax(dim=(1, 2), keepdim=True)).double()
    across = (inside * axis[None, None, :] ** 2).sum(dim=(1, 2))
    along = (inside * axis[None, :, None] ** 2).sum(dim=(1, 2))
    large = inside.sum(dim=(1, 2)) > 400
    ratio = torch.sqrt(along / across)[large]
    assert len(ratio) > 20
    np.testing.assert_allclose(ratio, smooth.bulge_axis_ratio[large], atol=0.04)


def test_half_of_a_spheroids_light_lies_within_its_radius(galaxies: Galaxies) -> None:
    smooth = plain(galaxies, "smooth")
    smooth = replace(smooth, bulge_axis_ratio=torch.ones(len(smooth)), bulge_radius=torch.ones(len(smooth)))
    axis = torch.linspace(-40, 40, 1601)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    for row in range(4):
        one = smooth.rows(torch.tensor([row]))
        light = sersic(x[None], y[None], one)[0] * 0.05**2
        within = light[torch.hypot(x, y) < 1].sum()
        if one.sersic_n < 2:  # of cuspier ones the pixels miss the core
            assert light.sum().item() == pytest.approx(1, abs=0.03)
            assert within.item() == pytest.approx(0.5, abs=0.02)


def test_spirals_have_as_many_arms_as_they_say(galaxies: Galaxies) -> None:
    """Fourier analysis around the centre: the strongest mode of a face-on spiral is its number of arms."""
    spiral = plain(galaxies, "spiral")
    n, zero = len(spiral), torch.zeros(len(spiral))
    spiral = replace(
        spiral, cos_inclination=zero + 1, bulge_to_total=zero, bar_length=zero, ring_radius=zero, flocculence=zero,
        lopsidedness=zero, wobble=zero, arm_contrast=zero + 3, pitch=zero + 0.4,
    )  # fmt: skip
    pictures = render(spiral, upright(spiral), 128).mean(dim=1).numpy()
    angle = np.arange(256) / 256 * 2 * np.pi
    rows, columns = (np.round(63.5 + 40 * of(angle)).astype(int) for of in (np.sin, np.cos))
    power = np.abs(np.fft.rfft(pictures[:, rows, columns], axis=1))[:, 1:8]
    assert (power.argmax(axis=1) + 1 == spiral.arms.numpy()).mean() > 0.97
    assert n > 80


def test_galaxies_fill_their_pictures_as_cut_outs_do(galaxies: Galaxies) -> None:
    smooth = plain(galaxies, "smooth")
    view = draw_view(smooth, torch.Generator().manual_seed(3), jitter=0.0)
    pictures = render(smooth, view, 64).mean(dim=1)
    axis = (torch.arange(64) + 0.5) / 64 * 2 - 1
    radius = torch.hypot(axis[:, None], axis[None, :])
    coarse = torch.nn.functional.avg_pool2d(pictures[:, None], 4)[:, 0].amax(dim=(1, 2))
    seen = pictures > (view.depth * coarse)[:, None, None]
    extent = torch.where(seen, radius, torch.zeros(())).amax(dim=(1, 2))
    assert extent.median().item() == pytest.approx(1 / MARGIN, abs=0.15)


def test_pictures_are_what_cameras_write(galaxies: Galaxies) -> None:
    generator = torch.Generator().manual_seed(2)
    view = draw_view(galaxies, generator)
    seen = observe(render(galaxies, view, 64), view.depth, generator)
    assert seen.shape == (400, 3, 64, 64)
    assert seen.min() >= 0 and seen.max() <= 1
    assert torch.equal(torch.round(seen * 255) / 255, seen)
    assert (seen.std(dim=(1, 2, 3)) > 0).all()


def test_some_galaxies_keep_partners_that_are_among_them(galaxies: Galaxies) -> None:
    merging = (galaxies.partner != torch.arange(len(galaxies))).nonzero()[:, 0]
    first = merging[0]
    both, alone = galaxies.rows(torch.stack([first, galaxies.partner[first]])), galaxies.rows(first[None])
    assert both.partner[0] == 1
    assert alone.partner.tolist() == [0]
    assert torch.equal(both.pitch, galaxies.pitch[torch.stack([first, galaxies.partner[first]])])


def test_twice_keeps_partners_in_their_half(galaxies: Galaxies) -> None:
    twice = galaxies.twice()
    assert len(twice) == 800
    assert (twice.partner[400:] - 400 == galaxies.partner).all()
    assert torch.equal(twice.pitch[:400], twice.pitch[400:])


def test_votes_follow_what_is_to_be_seen(galaxies: Galaxies) -> None:
    votes = {name: values.numpy() for name, values in vote_fractions(galaxies).items()}
    kind = np.array(KINDS)[galaxies.kind]
    assert (votes["smooth"][kind == "smooth"] == np.float32(0.97)).all()
    assert votes["smooth"][kind == "edge_on"].max() < 0.6
    strong = (galaxies.arm_contrast > 2).numpy() & (galaxies.bulge_to_total < 0.3).numpy()
    weak = (kind == "spiral") & (galaxies.arm_contrast < 0.7).numpy()
    assert votes["smooth"][strong].mean() + 0.1 < votes["smooth"][weak].mean()
    assert (votes["bar"] > 0.03)[(galaxies.bar_length > 0).numpy()].all()
    for values in votes.values():
        assert values.min() > 0.029 and values.max() < 0.971


def test_gaussians_stay_normal_numbers() -> None:
    values = gaussian(torch.tensor([0.0, 1.0, 1e6]))
    np.testing.assert_allclose(values[:2], [1, np.exp(-0.5)], rtol=1e-6)
    assert values[2] > np.finfo(np.float32).tiny
