"""How the embedded default is trained."""

from __future__ import annotations

from dataclasses import dataclass, field

from skyband.models.encoders.network import Shape


@dataclass(frozen=True)
class Recipe:
    """All that a training depends on, beside the code and the device.

    Attributes:
        steps: of the optimiser.
        galaxies: of a step, each observed twice.
        learning_rate: at its highest.
        warm_up_steps: until there; it falls to 0 as a cosine.
        weight_decay: of matrices (AdamW: Loshchilov & Hutter 2019, arXiv:1711.05101).
        contrast_weight: of two observations of a galaxy being alike, beside labels.
        real_weight: of two views of a real picture being alike.
        averaging: of the weights that are kept (exponential moving average).
        seed: of all random numbers.
        shape: of the network.
    """

    steps: int = 7000
    galaxies: int = 16
    learning_rate: float = 8e-4
    warm_up_steps: int = 150
    weight_decay: float = 0.05
    contrast_weight: float = 0.5
    real_weight: float = 0.25
    averaging: float = 0.997
    seed: int = 1
    shape: Shape = field(default_factory=Shape)
