"""Models of timm from a local file of weights, against timm itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from skyband.models.encoders.encoder import encode
from skyband.models.encoders.open import open_encoder
from skyband.schema.errors import BadFile, BadOption

NAME = "vit_tiny_patch16_224.augreg_in21k_ft_in1k"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of weights as timm's hub has them, with their classifier."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file(timm.create_model(NAME, pretrained=False).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.integers(0, 255, (side, 90, 3), dtype=np.uint8) for side in (80, 200)]


def test_one_view_is_what_timm_says(weights: Path, pictures: list[np.ndarray]) -> None:
    encoder = open_encoder(NAME, weights=weights, device="cpu", views=1)
    found = encode(encoder, pictures)
    model = timm.create_model(NAME, pretrained=False, num_classes=0, checkpoint_path="").eval()
    state = {name: value for name, value in _read(weights).items() if not name.startswith("head.")}
    model.load_state_dict(state)
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)
    with torch.inference_mode():
        expected = model(torch.stack([transform(Image.fromarray(one)) for one in pictures])).numpy()
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (encoder.provenance.dimensions, encoder.provenance.views) == (192, 1)
    assert "mean (0.5, 0.5, 0.5)" in encoder.provenance.preprocessing


def test_eight_views_do_not_know_how_the_camera_was_held(weights: Path, pictures: list[np.ndarray]) -> None:
    encoder = open_encoder(NAME, weights=weights, device="cpu")
    square = pictures[0][:80, :80]
    found = encode(encoder, [square, np.rot90(square).copy(), square[:, ::-1].copy()])
    # Pillow rounds to 8 bits between scaling rows and columns, so a turned picture is scaled a little otherwise.
    assert (found[1:] @ found[0] > 0.9999).all()
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_vectors_of_other_weights_have_another_provenance(weights: Path, tmp_path: Path) -> None:
    state = _read(weights)
    state["norm.bias"] = state["norm.bias"] + 1
    save_file(state, tmp_path / "other.safetensors")
    one, other = (open_encoder(NAME, weights=path, device="cpu") for path in (weights, tmp_path / "other.safetensors"))
    assert one.provenance.digest != other.provenance.digest
    assert one.provenance.digest == open_encoder(NAME, weights=weights, device="cpu").provenance.digest


@pytest.mark.parametrize("content", [b"", b"not weights"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=r"model\.safetensors does not hold the weights of vit_tiny"):
        open_encoder(NAME, weights=path, device="cpu")


def test_weights_of_another_model_are_refused(weights: Path) -> None:
    with pytest.raises(BadFile, match="does not hold the weights of vit_small"):
        open_encoder("vit_small_patch16_224.augreg_in21k_ft_in1k", weights=weights, device="cpu")


def test_a_model_that_timm_lacks_is_named_with_its_neighbours() -> None:
    with pytest.raises(BadOption, match=r"timm has no model vit_base_patch16_225\..*; it has vit_base_patch16_224"):
        open_encoder("vit_base_patch16_225.augreg_in21k_ft_in1k")
    with pytest.raises(BadOption, match=r"timm has no model galaxynet; see timm\.list_models"):
        open_encoder("galaxynet")


@pytest.mark.parametrize("name", [NAME, "hf_hub:mwalmsley/zoobot-encoder-convnext_nano"])
def test_a_hub_that_cannot_be_reached_is_an_error_that_names_the_default(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BadOption, match=r"cannot be fetched .*--encoder skyband-vit"):
        open_encoder(name)


def test_a_gpu_that_is_not_there_is_an_error(weights: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(BadOption, match="use --device cpu"):
        open_encoder(NAME, weights=weights, device="cuda")


def _read(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return dict(load_file(path))
