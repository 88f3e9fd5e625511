"""Encoders by name."""

from __future__ import annotations

from pathlib import Path

from skyband.models.encoders.devices import DeviceName, Precision
from skyband.models.encoders.embedded import NAME, EmbeddedEncoder
from skyband.models.encoders.encoder import Encoder
from skyband.models.encoders.pretrained import PretrainedEncoder
from skyband.models.encoders.views import Views


def open_encoder(
    name: str = NAME,
    *,
    weights: Path | None = None,
    device: DeviceName = "auto",
    precision: Precision = "auto",
    views: Views | None = None,
) -> Encoder:
    """The encoder of a name: "skyband-vit", the embedded default, or any model of timm.

    Args:
        name: of the encoder.
        weights: a file to take instead of the package's or the hub's.
        device: where it runs.
        precision: of its numbers.
        views: rotations and mirror images whose mean is taken; None for the encoder's own choice.

    Raises:
        BadFile, BadOption: as the encoders do.
    """
    if name == NAME:
        return EmbeddedEncoder(weights, device=device, precision=precision, views=views or 16)
    return PretrainedEncoder(name, weights, device=device, precision=precision, views=views or 8)
