"""Random numbers, one or more a galaxy."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class Draws:
    """Draws tensors whose first side counts n galaxies or pictures, on the generator's device."""

    def __init__(self, n: int, generator: torch.Generator) -> None:
        self._n = n
        self._generator = generator

    def uniform(self, low: float, high: float, *more: int) -> Tensor:
        """Evenly between two numbers, n x `more`."""
        shares = torch.rand(self._n, *more, generator=self._generator, device=self._generator.device)
        return low + (high - low) * shares

    def log_uniform(self, low: float, high: float, *more: int) -> Tensor:
        """Evenly in the logarithm."""
        return torch.exp(self.uniform(math.log(low), math.log(high), *more))

    def normal(self, mean: float, deviation: float, *more: int) -> Tensor:
        """Normally distributed."""
        return mean + deviation * torch.randn(self._n, *more, generator=self._generator, device=self._generator.device)

    def chance(self, share: float) -> Tensor:
        """True for about a share of them."""
        return self.uniform(0, 1) < share

    def sign(self) -> Tensor:
        """+1 or -1."""
        device = self._generator.device
        return torch.randint(2, (self._n,), generator=self._generator, device=device) * 2.0 - 1
