"""What every encoder is: pictures in, vectors of length 1 out, and where they came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skyband.models.encoders.crop import Picture
from skyband.queries.likeness.provenance import Provenance

Vectors = NDArray[np.float32]
"""n x dimensions, each of length 1."""


class Encoder(Protocol):
    """Pictures to vectors, in two steps: one picture by itself, in any thread, and a batch on the device."""

    @property
    def provenance(self) -> Provenance:
        """What the vectors depend on."""

    @property
    def device(self) -> torch.device:
        """Where it runs."""

    def prepare(self, picture: Picture) -> Tensor:
        """What the network wants of one picture: a tensor of the same shape for all."""

    def embed(self, prepared: Tensor) -> Vectors:
        """Vectors of a batch of prepared pictures, the mean over the encoder's views."""


def encode(encoder: Encoder, pictures: Sequence[Picture]) -> Vectors:
    """Vectors of a few pictures, n x dimensions."""
    return encoder.embed(torch.stack([encoder.prepare(picture) for picture in pictures]))


def mean_direction(views: Sequence[Tensor]) -> Vectors:
    """The mean of unit vectors of the same pictures seen in several ways, of length 1 again.

    Args:
        views: tensors of n x dimensions, of any length.
    """
    total = torch.stack([nn.functional.normalize(view.float(), dim=1) for view in views]).sum(dim=0)
    result: Vectors = nn.functional.normalize(total, dim=1).cpu().numpy()
    return result


def weights_digest(weights: Mapping[str, Tensor]) -> str:
    """Sha256 of weights by name, whatever file they came in."""
    digest = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
