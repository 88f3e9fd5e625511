"""The encoder of a collection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skyband.models.encoders.encoder import Encoder
from skyband.models.encoders.open import open_encoder
from skyband.queries.likeness import Collection


def encoder_of(
    collection: Collection, *, weights: Path | None = None, device: Any = "auto", precision: Any = "auto"
) -> Encoder:
    """Open the encoder that the provenance of a collection names."""
    views: Any = collection.provenance.views
    return open_encoder(collection.provenance.encoder, weights=weights, device=device, precision=precision, views=views)
