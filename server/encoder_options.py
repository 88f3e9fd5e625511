"""The options by which commands choose an encoder."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from skyband.schema.errors import BadTable

if TYPE_CHECKING:
    from skyband.models.encoders.encoder import Encoder
    from skyband.queries.likeness import Collection

DEFAULT = "skyband-vit"

LoadEncoder = Callable[["Collection | None"], "Encoder"]
"""Opens the encoder of a collection, or for a new one that which the options name.

It raises BadTable where the options name another than the collection's.
"""

_OPTIONS = (
    click.option(
        "--encoder",
        metavar="NAME",
        help="skyband-vit (in the package), or a model of timm: vit_base_patch16_224.augreg_in21k_ft_in1k, hf_hub:... "
        "(default: that of the collection's vectors, skyband-vit for the first).",
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
        help="Rotations and mirror images whose mean is the vector (default: those of the collection's vectors; for "
        "the first 16 of skyband-vit, 8 of others).",
    ),
)


def encoder_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options and hand the command `load_encoder` (`LoadEncoder`)."""

    @wraps(command)
    def with_encoder(
        *args: Any,
        encoder: str | None,
        weights: Path | None,
        device: str,
        precision: str,
        views: str | None,
        **kwargs: Any,
    ) -> None:
        def load_encoder(collection: Collection | None) -> Encoder:
            from skyband.models.encoders.collection import encoder_of
            from skyband.models.encoders.open import open_encoder

            chosen: Any = {"weights": weights, "device": device, "precision": precision}
            named: Any = {"encoder": encoder, "views": int(views) if views else None}
            if collection is None:
                return open_encoder(encoder or DEFAULT, views=named["views"], **chosen)
            _check_named(collection, named)
            return encoder_of(collection, **chosen)

        command(*args, load_encoder=load_encoder, **kwargs)

    result: Callable[..., None] = with_encoder
    for option in reversed(_OPTIONS):
        result = option(result)
    return result


def _check_named(collection: Collection, named: dict[str, object]) -> None:
    """Refuse what was asked for by name and is not what the collection's vectors come from, before it is opened."""
    from skyband.models.encoders.collection import other_origin

    origin = collection.provenance
    pairs = [(name, value, getattr(origin, name)) for name, value in named.items() if value is not None]
    differences = "; ".join(f"{name} is {mine!r} and not {its!r}" for name, mine, its in pairs if mine != its)
    if differences:
        raise BadTable(other_origin(collection, differences))
