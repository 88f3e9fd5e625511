"""The encoder of a collection is opened from what the collection says of its vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from skyband.models.encoders.collection import encoder_of, fitted_to
from skyband.models.encoders.embedded import EmbeddedEncoder, save_network
from skyband.models.encoders.encoder import encode
from skyband.models.encoders.network import GalaxyViT, Shape
from skyband.models.encoders.projection import ProjectedEncoder, Projection
from skyband.queries.likeness import Collection, Provenance
from skyband.schema.errors import BadFile, BadOption, BadTable
from skyband.schema.store import Store
from tests.pictures import noise

PICTURES = [noise(seed) for seed in range(8)]


@pytest.fixture(scope="module")
def encoder() -> EmbeddedEncoder:
    return EmbeddedEncoder(device="cpu", views=1)


def test_name_and_views_are_those_of_the_vectors(store: Store, encoder: EmbeddedEncoder) -> None:
    collection = Collection.create(store, "gals", encoder.provenance)
    found = encoder_of(collection, device="cpu")
    assert found.provenance == encoder.provenance
    np.testing.assert_allclose(encode(found, PICTURES), encode(encoder, PICTURES), atol=1e-6)


def test_the_projection_is_that_of_the_vectors(store: Store, encoder: EmbeddedEncoder) -> None:
    projection = Projection.fit(encode(encoder, PICTURES), 4)
    projected = ProjectedEncoder(encoder, projection)
    projection.save(store.projection_file("gals", projection.digest))
    collection = Collection.create(store, "gals", projected.provenance)
    expected = projection.apply(encode(encoder, PICTURES))
    for found in (encoder_of(collection, device="cpu"), fitted_to(collection, encoder), projected):
        assert fitted_to(collection, found).provenance == collection.provenance
        np.testing.assert_allclose(encode(found, PICTURES), expected, atol=1e-5)
    Collection.drop(store, "gals")
    assert list((store.path / "vectors").glob("*.safetensors")) == []
    collection = Collection.create(store, "gals", projected.provenance)
    with pytest.raises(BadFile, match="does not hold the projection"):
        encoder_of(collection, device="cpu")


def test_weights_are_those_of_the_vectors(store: Store, tmp_path: Path) -> None:
    torch.manual_seed(1)
    shape = Shape(width=16, depth=1, vector=8)
    path = tmp_path / "mine.safetensors"
    save_network(GalaxyViT(shape), shape, path, {})
    collection = Collection.create(store, "gals", EmbeddedEncoder(path, device="cpu", views=8).provenance)
    assert encoder_of(collection, weights=path, device="cpu").provenance == collection.provenance
    with pytest.raises(BadTable, match=r"another origin: weights_sha256 is .* by --weights; encode by the same"):
        encoder_of(collection, device="cpu")
    with pytest.raises(BadFile, match="does not hold weights"):
        encoder_of(collection, weights=tmp_path / "none", device="cpu")


@pytest.mark.parametrize(
    ("origin", "error", "message"),
    [
        (Provenance("drawn", "", "", 3, "", 4), BadTable, "are of 3 views by 'drawn', which skyband cannot make"),
        (Provenance("no_such_model", "", "", 1, "", 4), BadOption, "timm has no model no_such_model"),
    ],
)
def test_vectors_from_elsewhere_have_no_encoder(
    store: Store, origin: Provenance, error: type[Exception], message: str
) -> None:
    collection = Collection.create(store, "drawn", origin)
    with pytest.raises(error, match=message):
        encoder_of(collection)
