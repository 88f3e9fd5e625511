"""How volunteers would judge simulated galaxies: the truth that likeness is measured by."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from skyband.models.galaxies.parameters import KINDS, Galaxies

LEAST_FRACTION = 0.03
"""Nobody's answers are unanimous."""


def vote_fractions(galaxies: Galaxies) -> Mapping[str, Tensor]:
    """Expected shares of votes, n each: "smooth" of all votes, the others of those that see the feature if it is there.

    Each structure is seen with a probability that grows with its contrast (1 - exp(-contrast)), fades with inclination
    and in the light of the bulge; a galaxy is smooth when none is seen. As in Galaxy Zoo, a disk seen edge-on is a
    feature.
    """
    cosine = galaxies.cos_inclination
    seen = {
        "spiral": _seen(1.1 * galaxies.arm_contrast * torch.sqrt(cosine)) * (galaxies.arms > 0),
        "flocculent": _seen(1.2 * galaxies.flocculence),
        "bar": _seen(1.2 * galaxies.bar_strength * cosine) * (galaxies.bar_length > 0),
        "ring": _seen(0.6 * galaxies.ring_strength) * (galaxies.ring_radius > 0),
        "clumpy": _seen(0.35 * galaxies.clumpiness * galaxies.clump_weights.sum(dim=1)),
        "dust": _seen(0.5 * galaxies.dust),
        "edge_on": 0.9 * (galaxies.kind == KINDS.index("edge_on")),
    }
    in_disk = (1 - galaxies.bulge_to_total) ** 0.7
    unseen = torch.stack([1 - in_disk * share for share in seen.values()]).prod(dim=0)
    merging = galaxies.partner != torch.arange(len(galaxies), device=cosine.device)
    fractions = {
        "smooth": unseen,
        "edge_on": seen["edge_on"],
        "spiral": seen["spiral"],
        "bar": seen["bar"],
        "ring": seen["ring"],
        "merger": 0.85 * merging,
    }
    return {name: value.float().clamp(LEAST_FRACTION, 1 - LEAST_FRACTION) for name, value in fractions.items()}


def _seen(contrast: Tensor) -> Tensor:
    return 1 - torch.exp(-contrast)
