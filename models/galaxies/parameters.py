"""What a simulated galaxy is: its kind and the numbers that its picture and its labels are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from skyband.models.galaxies.draws import Draws

KINDS = ("smooth", "lenticular", "spiral", "edge_on", "irregular", "ring")
KIND_SHARES = (0.30, 0.09, 0.37, 0.10, 0.07, 0.07)
"""Share of each kind: every kind often enough to be learnt, not as the sky has them."""
MERGER_SHARE = 0.10
CLUMPS = 14
"""Star-forming clumps of a galaxy, at most."""
MODES = 4
"""Random spiral modes that make flocculent arms."""
DISK_THICKNESS = 0.15
"""Axis ratio of a disk seen edge-on."""


@dataclass(frozen=True)
class Galaxies:
    """Parameters of n galaxies, each a tensor of n rows. Lengths are in disk scale lengths, angles in radians.

    Attributes:
        kind: index into `KINDS`.
        cos_inclination: 1 face-on, 0 edge-on; of smooth ones 1.
        bulge_to_total: share of the light in the spheroid; of smooth ones 1.
        sersic_n: Sersic (1963) index of the spheroid.
        bulge_radius: its half-light radius.
        bulge_axis_ratio: its apparent axis ratio.
        break_radius: where the disk's profile steepens (Erwin et al. 2008, AJ 135, 20).
        arms: number of arms, 0 for none.
        pitch: pitch angle of the arms.
        arm_contrast: light of the arms over that between them.
        arm_sharpness: concentration of the light across an arm.
        lopsidedness: how much stronger one side is.
        flocculence: strength of random short arms.
        mode_numbers, mode_phases: of those, n x `MODES`.
        phase: of the arms.
        wobble: departure of the arms from logarithmic spirals.
        bar_length: half length of the bar, 0 for none.
        bar_axis_ratio: its width over its length.
        bar_strength: its central brightness over the disk's.
        bar_angle: in the disk.
        ring_radius: 0 for none.
        ring_width: its standard deviation.
        ring_strength: its brightness over the disk's there.
        clumpiness: brightness of clumps over the disk's.
        clump_radii, clump_angles, clump_sizes, clump_weights: n x `CLUMPS`.
        dust: optical depth of the dust lane in the blue, 0 for none.
        warp: strength of an irregular distortion.
        warp_phase: of it.
        partner: index of the galaxy that it merges with, itself if it does not.
        partner_offset: n x 2, where that lies.
        partner_scale: its size over that of its own picture.
        tidal: brightness of tidal arcs.
        tidal_angle: where they lie.
        age: 0 all its light is blue, 1 all is red.
    """

    kind: Tensor
    cos_inclination: Tensor
    bulge_to_total: Tensor
    sersic_n: Tensor
    bulge_radius: Tensor
    bulge_axis_ratio: Tensor
    break_radius: Tensor
    arms: Tensor
    pitch: Tensor
    arm_contrast: Tensor
    arm_sharpness: Tensor
    lopsidedness: Tensor
    flocculence: Tensor
    mode_numbers: Tensor
    mode_phases: Tensor
    phase: Tensor
    wobble: Tensor
    bar_length: Tensor
    bar_axis_ratio: Tensor
    bar_strength: Tensor
    bar_angle: Tensor
    ring_radius: Tensor
    ring_width: Tensor
    ring_strength: Tensor
    clumpiness: Tensor
    clump_radii: Tensor
    clump_angles: Tensor
    clump_sizes: Tensor
    clump_weights: Tensor
    dust: Tensor
    warp: Tensor
    warp_phase: Tensor
    partner: Tensor
    partner_offset: Tensor
    partner_scale: Tensor
    tidal: Tensor
    tidal_angle: Tensor
    age: Tensor

    def __len__(self) -> int:
        return int(self.kind.shape[0])

    def rows(self, rows: Tensor) -> Galaxies:
        """Some of them; those whose partner is not among them merge with nobody."""
        chosen = {field.name: getattr(self, field.name)[rows] for field in fields(self)}
        place = torch.full((len(self),), -1, device=rows.device)
        own = torch.arange(len(rows), device=rows.device)
        place[rows] = own
        partner = place[chosen["partner"]]
        chosen["partner"] = torch.where(partner < 0, own, partner)
        return Galaxies(**chosen)

    def twice(self) -> Galaxies:
        """Each galaxy two times: rows 0 to n-1, and again as rows n to 2n-1, merging with galaxies of its own half."""
        n = len(self)
        doubled = {field.name: torch.cat([getattr(self, field.name)] * 2) for field in fields(self)}
        doubled["partner"] = torch.cat([self.partner, self.partner + n])
        return Galaxies(**doubled)


def draw_galaxies(n: int, generator: torch.Generator) -> Galaxies:
    """Draw the parameters of n galaxies, on the generator's device."""
    device = generator.device

    draws = Draws(n, generator)
    uniform, normal, chance = draws.uniform, draws.normal, draws.chance

    shares = torch.tensor(KIND_SHARES, device=device)
    kind = torch.multinomial(shares, n, replacement=True, generator=generator)
    smooth, lenticular, spiral, edge_on, irregular, ring = (kind == number for number in range(len(KINDS)))
    zero = torch.zeros(n, device=device)

    cosine = uniform(0.3, 1)
    cosine = torch.where(edge_on, uniform(0, 0.12), cosine)
    cosine = torch.where(ring, uniform(0.45, 1), cosine)
    cosine = torch.where(smooth, zero + 1, cosine)
    share = torch.where(spiral | ring, torch.exp(normal(math.log(0.13), 0.8)).clamp(0.005, 0.6), zero)
    share = torch.where(lenticular, uniform(0.25, 0.7), share)
    share = torch.where(edge_on, torch.exp(normal(math.log(0.12), 0.8)).clamp(0.005, 0.6), share)
    share = torch.where(irregular, uniform(0, 0.08), share)
    share = torch.where(smooth, zero + 1, share)
    # Volunteers call disks without structure smooth too: half of the smooth ones have their profile and flatness.
    disky = smooth & chance(0.5)
    sersic_n = torch.where(disky, uniform(0.7, 2), torch.where(smooth, uniform(2, 5.5), uniform(0.8, 4)))
    radius = torch.where(smooth, uniform(0.7, 1.1), torch.exp(normal(math.log(0.28), 0.4)).clamp(0.08, 0.8))
    roundness = torch.where(
        smooth, 1 - torch.where(disky, 0.8, 0.65) * uniform(0, 1) ** 1.2, 1 - 0.4 * (1 - cosine) * uniform(0.5, 1)
    )

    barred = (spiral & chance(0.45)) | (lenticular & chance(0.25)) | (ring & chance(0.2)) | (irregular & chance(0.15))
    bar_length = torch.where(barred, uniform(0.5, 1.6), zero)
    arm_numbers = torch.tensor([1, 2, 3, 4, 5], device=device)
    number = torch.multinomial(
        torch.tensor([0.08, 0.52, 0.16, 0.14, 0.10], device=device), n, True, generator=generator
    )
    ringed = ring | (spiral & chance(0.1)) | (lenticular & chance(0.1))
    merging = chance(MERGER_SHARE)
    partner = torch.where(
        merging, torch.randint(n, (n,), generator=generator, device=device), torch.arange(n, device=device)
    )
    where, apart = uniform(0, 2 * math.pi), uniform(0.25, 0.85)
    clump_weights = uniform(0, 1, CLUMPS) ** 2 * (uniform(0, 1, CLUMPS) < uniform(0.2, 1)[:, None])
    return Galaxies(
        kind=kind,
        cos_inclination=cosine,
        bulge_to_total=share,
        sersic_n=sersic_n,
        bulge_radius=radius,
        bulge_axis_ratio=roundness,
        break_radius=torch.where(chance(0.5), uniform(2, 4), zero + 20),
        arms=torch.where(spiral, arm_numbers[number], 0),
        pitch=torch.deg2rad(torch.exp(normal(math.log(20), 0.38)).clamp(8, 45)),
        arm_contrast=torch.where(spiral, uniform(0.4, 3.5), zero),
        arm_sharpness=torch.exp(uniform(math.log(0.8), math.log(7))),
        lopsidedness=uniform(0, 1) ** 2 * 0.8,
        flocculence=torch.where(spiral, uniform(0, 1) ** 2 * 0.9, torch.where(irregular, uniform(0.2, 0.9), zero)),
        mode_numbers=torch.randint(2, 10, (n, MODES), generator=generator, device=device),
        mode_phases=uniform(0, 2 * math.pi, MODES),
        phase=uniform(0, 2 * math.pi),
        wobble=uniform(0, 0.5),
        bar_length=bar_length,
        bar_axis_ratio=uniform(0.18, 0.42),
        bar_strength=uniform(0.6, 2.5),
        bar_angle=uniform(0, math.pi),
        ring_radius=torch.where(ringed, torch.maximum(uniform(0.8, 2.4), 1.05 * bar_length), zero),
        ring_width=uniform(0.1, 0.28),
        ring_strength=torch.where(ring, uniform(1.5, 6), uniform(0.5, 2)),
        clumpiness=torch.where(
            irregular, uniform(0.4, 2), torch.where(spiral | ring, uniform(0, 1) ** 2 * 1.2, uniform(0, 1) ** 4 * 0.4)
        ) * ~smooth * ~lenticular,
        clump_radii=-torch.log(uniform(1e-3, 1, CLUMPS)) * 0.9 + 0.3,
        clump_angles=uniform(0, 2 * math.pi, CLUMPS),
        clump_sizes=torch.exp(uniform(math.log(0.06), math.log(0.28), CLUMPS)),
        clump_weights=clump_weights,
        dust=torch.where(
            edge_on & chance(0.55),
            uniform(0.4, 3),
            torch.where(lenticular & chance(0.1), uniform(0.3, 1.5), zero),
        ),
        warp=torch.where(irregular, uniform(0.15, 0.6), uniform(0, 0.06)),
        warp_phase=uniform(0, 2 * math.pi),
        partner=partner,
        partner_offset=torch.stack([apart * torch.cos(where), apart * torch.sin(where)], dim=1),
        partner_scale=uniform(0.45, 1.1),
        tidal=torch.where(merging & chance(0.6), uniform(0.03, 0.3), zero),
        tidal_angle=uniform(0, 2 * math.pi),
        age=torch.where(
            (smooth & ~disky) | lenticular,
            uniform(0.75, 1),
            torch.where(irregular, uniform(0, 0.4), uniform(0.1, 0.8)),
        ),
    )  # fmt: skip
