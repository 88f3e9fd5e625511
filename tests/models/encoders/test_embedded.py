"""The embedded default: its file, its vectors, and what it knows without any label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from skyband.models.encoders.embedded import EmbeddedEncoder, default_weights, described, save_network
from skyband.models.encoders.encoder import encode
from skyband.models.encoders.network import GalaxyViT, Shape, canonical
from skyband.models.evaluation.field_guide import field_guide_figures, read_examples
from skyband.models.evaluation.simulated import simulated_figures, simulated_pictures
from skyband.models.training.recipe import Recipe
from skyband.schema.errors import BadFile
from skyband.server.commands.train_encoder import command as train_encoder


@pytest.fixture(scope="module")
def encoder() -> EmbeddedEncoder:
    return EmbeddedEncoder(device="cpu")


def test_the_package_has_it_and_it_is_small() -> None:
    assert default_weights().stat().st_size < 8_000_000
    assert "Recipe(steps=" in described(default_weights())


def test_the_package_has_what_the_command_makes() -> None:
    assert f"recipe {Recipe()}" in described(default_weights())
    steps = next(option for option in train_encoder.params if option.name == "steps")
    assert steps.default == Recipe().steps


def test_vectors_are_of_length_1_and_do_not_know_how_the_camera_was_held(encoder: EmbeddedEncoder) -> None:
    _, pictures = simulated_pictures(6, seed=1)
    plain = encode(encoder, pictures)
    assert plain.shape == (6, encoder.provenance.dimensions)
    np.testing.assert_allclose(np.linalg.norm(plain, axis=1), 1, atol=1e-5)
    turned = encode(encoder, [np.rot90(picture).copy() for picture in pictures])
    assert (np.einsum("ij,ij->i", plain, turned) > 0.99).all()
    assert (plain @ plain.T)[~np.eye(6, dtype=bool)].max() < 0.99


def test_brightness_and_sky_level_change_little(encoder: EmbeddedEncoder) -> None:
    picture = torch.rand(4, 3, 64, 64)
    torch.testing.assert_close(canonical(0.5 * picture + 0.2), canonical(picture), atol=1e-4, rtol=1e-4)


def test_weights_survive_their_file(tmp_path: Path) -> None:
    shape = Shape(width=32, depth=1, vector=8)
    network = GalaxyViT(shape).eval()
    save_network(network, shape, tmp_path / "weights.safetensors", {"recipe": "none"})
    loaded = EmbeddedEncoder(tmp_path / "weights.safetensors", device="cpu", views=1)
    pictures = torch.randint(0, 256, (3, 3, 96, 96), dtype=torch.uint8)
    with torch.inference_mode():
        expected = torch.nn.functional.normalize(network(pictures[:, :, 16:80, 16:80].float() / 255), dim=1)
    found = loaded.embed(pictures)
    assert (np.einsum("ij,ij->i", found, expected.numpy()) > 0.9999).all()
    assert described(tmp_path / "weights.safetensors") == "recipe none"


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    for write in (lambda: other.write_bytes(b"no weights"), lambda: save_file({"a": torch.zeros(2)}, other)):
        write()
        with pytest.raises(BadFile, match=r"other\.safetensors does not hold weights of skyband-vit"):
            EmbeddedEncoder(other)
    with pytest.raises(BadFile, match="missing"):
        EmbeddedEncoder(tmp_path / "missing.safetensors")


def test_morphology_of_new_simulated_galaxies_from_their_neighbours() -> None:
    found = simulated_figures(EmbeddedEncoder(device="cpu", views=1), n=600)
    assert found.smooth_r2 > 0.5
    assert found.inclination_r2 > 0.5


@pytest.mark.real
@pytest.mark.slow
def test_figures_on_labelled_pictures_of_eight_surveys(encoder: EmbeddedEncoder, real_data: Path) -> None:
    folder = real_data / "galaxy_images"
    found = field_guide_figures(encoder, read_examples(folder / "gz_examples", folder / "gz_examples_labels.csv"))
    assert found.n == 403
    assert found.smooth_or_spiral.plain >= 0.87
    assert found.smooth_or_spiral.balanced >= 0.86
    assert found.same_survey <= 0.40
    assert found.found_turned_90 == 1
    assert found.found_turned_37 >= 0.85
    assert found.zero_shot_auc >= 0.93


@pytest.mark.real
def test_one_view_tells_spirals_without_any_label(real_data: Path) -> None:
    folder = real_data / "galaxy_images"
    examples = read_examples(folder / "gz_examples", folder / "gz_examples_labels.csv")[::3]
    found = field_guide_figures(EmbeddedEncoder(device="cpu", views=1), examples)
    assert found.zero_shot_auc > 0.85
    assert found.same_survey < 0.5
