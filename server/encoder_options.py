"""The options by which commands choose an encoder."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

if TYPE_CHECKING:
    from skyband.models.encoders.encoder import Encoder

_OPTIONS = (
    click.option(
        "--encoder",
        default="skyband-vit",
        show_default=True,
        metavar="NAME",
        help="skyband-vit (in the package), or a model of timm: vit_base_patch16_224.augreg_in21k_ft_in1k, hf_hub:...",
    ),
    click.option(
        "--weights", type=click.Path(path_type=Path, dir_okay=False), help="File of its weights, instead of the hub's."
    ),
    click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True),
    click.option(
        "--precision",
        type=click.Choice(["auto", "float32", "bfloat16"]),
        default="auto",
        show_default=True,
        help="Of the network's numbers.",
    ),
    click.option(
        "--views",
        type=click.Choice(["1", "8", "16"]),
        help="Rotations and mirror images whose mean is the vector (default: 16 of skyband-vit, 8 of others).",
    ),
)


def encoder_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options and hand the command `load_encoder`, a function that opens what they name."""

    @wraps(command)
    def with_encoder(
        *args: Any, encoder: str, weights: Path | None, device: str, precision: str, views: str | None, **kwargs: Any
    ) -> None:
        def load_encoder() -> Encoder:
            from skyband.models.encoders.open import open_encoder

            chosen: Any = {"device": device, "precision": precision, "views": int(views) if views else None}
            return open_encoder(encoder, weights=weights, **chosen)

        command(*args, load_encoder=load_encoder, **kwargs)

    result: Callable[..., None] = with_encoder
    for option in reversed(_OPTIONS):
        result = option(result)
    return result
