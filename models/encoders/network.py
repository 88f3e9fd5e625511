"""The embedded default's network: a small vision transformer on a convolutional stem."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE = 64
"""Pixels of a side of its pictures."""
HEADS = {
    "smooth": 1, "spiral": 1, "bar": 1, "ring": 1, "edge_on": 1, "irregular": 1, "merger": 1, "dust": 1,
    "numbers": 5, "arms": 6, "kind": 6,
}  # fmt: skip
"""What linear heads tell from the vector, and by how many outputs (`models.training.labels`)."""


@dataclass(frozen=True)
class Shape:
    """Size of the network.

    Attributes:
        width: of its tokens.
        depth: transformer blocks.
        attention_heads: of a block.
        vector: numbers of an embedding.
    """

    width: int = 128
    depth: int = 6
    attention_heads: int = 2
    vector: int = 96


class GalaxyViT(nn.Module):
    """Pictures n x 3 x 64 x 64 of 0 to 1 to vectors.

    Convolutions make 8 x 8 tokens (Xiao et al. 2021, arXiv:2106.14881), transformer blocks relate them, their mean is
    the vector. Photometry is made canonical first, so that sky level, brightness and survey say little.
    """

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        shape = shape or Shape()
        width = shape.width
        self.stem = nn.Sequential(
            _Convolution(3, 32, 2),
            _Convolution(32, 64, 2),
            _Residual(64),
            _Convolution(64, 128, 2),
            _Residual(128),
            nn.Conv2d(128, width, 1),
        )
        tokens = (SIDE // 8) ** 2
        self.place = nn.Parameter(0.02 * torch.randn(1, tokens, width))
        layer = nn.TransformerEncoderLayer(
            width, shape.attention_heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, shape.depth, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        self.neck = nn.Linear(width, shape.vector)
        self.heads = nn.ModuleDict({name: nn.Linear(shape.vector, outputs) for name, outputs in HEADS.items()})

    def forward(self, pictures: Tensor) -> Tensor:
        """Vectors, n x 96."""
        return self.encode(canonical(pictures))

    def encode(self, pictures: Tensor) -> Tensor:
        """Vectors of pictures that are canonical, n x 96."""
        tokens = self.stem(pictures).flatten(2).transpose(1, 2)
        vectors: Tensor = self.neck(self.blocks(tokens + self.place).mean(dim=1))
        return vectors

    def judge(self, vectors: Tensor) -> dict[str, Tensor]:
        """What each head says of vectors, n x outputs (logits, and plain numbers of "numbers")."""
        return {name: head(vectors) for name, head in self.heads.items()}


def canonical(pictures: Tensor) -> Tensor:
    """Sky to 0 and the brightest of the galaxy to 1, whatever the survey: the same of simulated and real pictures.

    Rotated by right angles or mirrored before or after, it comes to the same to the last bit.

    The sky is the median of the corners, band by band; the brightest the 98.5th percentile of the light within 0.6 of
    the half side.
    """
    side = pictures.shape[-1]
    axis = (torch.arange(side, device=pictures.device) + 0.5) / side * 2 - 1
    radius = torch.hypot(axis[:, None], axis[None, :])
    corners = pictures[:, :, radius > 1.08]
    pictures = pictures - corners.median(dim=2).values[:, :, None, None]
    light = pictures.mean(dim=1)[:, radius < 0.6]
    place = max(1, round(0.985 * light.shape[1]))
    bright = light.kthvalue(place, dim=1).values.clamp_min(0.03)
    return ((pictures / bright[:, None, None, None]).clamp(-0.3, 1.6) - 0.3) / 0.3


class _Convolution(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, pictures: Tensor) -> Tensor:
        return functional.gelu(self.norm(self.convolution(pictures)))


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _Convolution(width, width, 1)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, pictures: Tensor) -> Tensor:
        return functional.gelu(pictures + self.norm(self.second(self.first(pictures))))
