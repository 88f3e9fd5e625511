"""What is to be learnt of simulated galaxies, and how far an encoder's heads are from it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from skyband.models.galaxies.parameters import KINDS, Galaxies
from skyband.models.galaxies.votes import vote_fractions

BINARY = ("smooth", "spiral", "bar", "ring", "edge_on", "irregular", "merger", "dust")
NUMBERS = ("axis_ratio", "bulge_to_total", "arm_contrast", "clumpiness", "cos_pitch")
_KIND_WEIGHT = 0.3


@dataclass(frozen=True)
class Labels:
    """Targets of n pictures.

    Attributes:
        binary: each of `BINARY`, n: 0 or 1, or the share of volunteers who would say so.
        numbers: n x len(`NUMBERS`), about 0 to 1.
        known: n x len(`NUMBERS`), whether a galaxy has that number at all.
        arms: number of arms, 0 to 5.
        kind: index into KINDS.
    """

    binary: dict[str, Tensor]
    numbers: Tensor
    known: Tensor
    arms: Tensor
    kind: Tensor

    def rows(self, rows: Tensor) -> Labels:
        """Those of some pictures."""
        binary = {name: values[rows] for name, values in self.binary.items()}
        return Labels(binary, self.numbers[rows], self.known[rows], self.arms[rows], self.kind[rows])


def label(galaxies: Galaxies) -> Labels:
    """Targets of galaxies."""
    smooth, _, spiral, edge_on, irregular, _ = (galaxies.kind == number for number in range(len(KINDS)))
    fractions = vote_fractions(galaxies)
    merging = galaxies.partner != torch.arange(len(galaxies), device=galaxies.kind.device)
    binary = {
        "smooth": fractions["smooth"],
        "spiral": fractions["spiral"],
        "bar": galaxies.bar_length > 0,
        "ring": galaxies.ring_radius > 0,
        "edge_on": edge_on,
        "irregular": irregular,
        "merger": merging,
        "dust": galaxies.dust > 0,
    }
    axis_ratio = torch.where(smooth, galaxies.bulge_axis_ratio, galaxies.cos_inclination)
    numbers = torch.stack(
        [
            axis_ratio,
            galaxies.bulge_to_total,
            galaxies.arm_contrast / 3.5,
            galaxies.clumpiness.clamp_max(2) / 2,
            torch.cos(galaxies.pitch) * 3 - 2,
        ],
        dim=1,
    )
    known = torch.ones_like(numbers, dtype=torch.bool)
    known[:, NUMBERS.index("cos_pitch")] = spiral
    return Labels({name: value.float() for name, value in binary.items()}, numbers, known, galaxies.arms, galaxies.kind)


def supervised_loss(judged: dict[str, Tensor], labels: Labels) -> Tensor:
    """Cross entropies of kinds and features, arm numbers of spirals only, and distances of numbers."""
    total = torch.stack(
        [functional.binary_cross_entropy_with_logits(judged[name][:, 0], labels.binary[name]) for name in BINARY]
    ).sum()
    apart = functional.smooth_l1_loss(judged["numbers"], labels.numbers, reduction="none", beta=0.2)
    total = total + (apart * labels.known).sum(dim=1).mean()
    arms = functional.cross_entropy(judged["arms"], labels.arms, reduction="none")
    armed = labels.arms > 0
    total = total + _KIND_WEIGHT * (arms * armed).sum() / armed.sum().clamp_min(1)
    return total + _KIND_WEIGHT * functional.cross_entropy(judged["kind"], labels.kind)


def contrastive_loss(vectors: Tensor, temperature: float = 0.2) -> Tensor:
    """NT-Xent (Chen et al. 2020, arXiv:2002.05709) of 2 n vectors: row i and row n + i show the same galaxy."""
    n = len(vectors) // 2
    unit = functional.normalize(vectors.float(), dim=1)
    likeness = unit @ unit.T / temperature
    likeness.fill_diagonal_(-torch.inf)
    index = torch.arange(n, device=vectors.device)
    return functional.cross_entropy(likeness, torch.cat([index + n, index]))
