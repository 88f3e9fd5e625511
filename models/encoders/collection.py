"""The encoder of a collection: the one its vectors came from, whoever wants to add to them or to compare with them."""

from __future__ import annotations

from pathlib import Path
from typing import cast, get_args

from skyband.models.encoders.devices import DeviceName, Precision
from skyband.models.encoders.encoder import Encoder
from skyband.models.encoders.open import open_encoder
from skyband.models.encoders.projection import ProjectedEncoder, Projection
from skyband.models.encoders.views import Views
from skyband.queries.likeness import Collection
from skyband.schema.errors import BadTable


def encoder_of(
    collection: Collection,
    *,
    weights: Path | None = None,
    device: DeviceName = "auto",
    precision: Precision = "auto",
) -> Encoder:
    """Open the encoder that the provenance of a collection's vectors names, with its views and its projection.

    Args:
        collection: whose vectors those of the encoder can be compared with.
        weights: file of the encoder's weights, if they are not those of the package or the hub.
        device: where it runs.
        precision: of its numbers.

    Raises:
        BadTable: the vectors come from other weights, or from nothing that skyband can open.
        BadFile: the file of weights, or that of the projection, is missing or damaged.
        BadOption: there is no such encoder or device, or a hub cannot be reached.
    """
    origin = collection.provenance
    if origin.views not in get_args(Views):
        raise BadTable(
            f"the vectors of collection {collection.name!r} are of {origin.views} views by {origin.encoder!r}, "
            "which skyband cannot make; look by id or by position"
        )
    views = cast("Views", origin.views)
    encoder = open_encoder(origin.encoder, weights=weights, device=device, precision=precision, views=views)
    return fitted_to(collection, encoder)


def fitted_to(collection: Collection, encoder: Encoder) -> Encoder:
    """An encoder with the projection of a collection's vectors, if they have one.

    Args:
        collection: that has it.
        encoder: with or without the projection.

    Raises:
        BadTable: its vectors cannot be compared with those of the collection.
        BadFile: the file of the projection is missing or damaged.
    """
    origin = collection.provenance
    if origin.pca and not encoder.provenance.pca:
        encoder = ProjectedEncoder(encoder, projection_of(collection))
    differences = encoder.provenance.differences(origin)
    if differences:
        raise BadTable(other_origin(collection, differences))
    return encoder


def projection_of(collection: Collection) -> Projection:
    """The projection of a collection's vectors.

    Raises:
        BadFile: its file is missing or damaged.
    """
    digest = collection.provenance.pca
    return Projection.load(collection.store.projection_file(collection.name, digest), digest)


def other_origin(collection: Collection, differences: str) -> str:
    """The message for vectors that cannot be mixed with those of a collection."""
    mine = "; give the file of the weights they came from by --weights" if "weights_sha256 is" in differences else ""
    return (
        f"the vectors of collection {collection.name!r} are of another origin: {differences}{mine}; encode by the "
        "same, or drop them by skyband vectors drop"
    )
