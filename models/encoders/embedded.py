"""The embedded default: the project's own small network, which needs no download."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from skyband.models.encoders.crop import Picture, crop_galaxy
from skyband.models.encoders.devices import DeviceName, Precision, choose_device, mixed_precision
from skyband.models.encoders.encoder import Vectors, mean_direction, weights_digest
from skyband.models.encoders.network import SIDE, GalaxyViT, Shape, canonical
from skyband.models.encoders.views import Views, turned
from skyband.queries.likeness.provenance import Provenance
from skyband.schema.errors import BadFile

NAME = "skyband-vit"
WEIGHTS = "skyband_vit.safetensors"
_WIDE = 3 * SIDE // 2
"""Pixels of the cut-outs, of which the middle is what the network sees: turned views need the corners."""


class EmbeddedEncoder:
    """`GalaxyViT` on cut-outs of the galaxy in the middle of each picture."""

    def __init__(
        self,
        weights: Path | None = None,
        *,
        device: DeviceName = "auto",
        precision: Precision = "auto",
        views: Views = 16,
    ) -> None:
        """Load the network.

        Args:
            weights: a file of `save_network`; None for that of the package.
            device: where it runs.
            precision: of its numbers.
            views: of a picture, whose mean is its vector.

        Raises:
            BadFile: the file holds no such network.
            BadOption: there is no such device.
        """
        self.device = choose_device(device)
        self._precision: Precision = precision
        self._views: Views = views
        self._network = load_network(weights or default_weights()).to(self.device)
        state = self._network.state_dict()
        self.provenance = Provenance(
            encoder=NAME,
            weights_sha256=weights_digest(state),
            preprocessing=f"cut out at 1.35 isophotal radii, {SIDE} px, sky and peak made canonical",
            views=views,
            pca="",
            dimensions=int(state["neck.weight"].shape[0]),
        )

    @property
    def parameters(self) -> int:
        """Number of the network's parameters."""
        return sum(one.numel() for one in self._network.parameters())

    def prepare(self, picture: Picture) -> Tensor:
        """The galaxy's cut-out and what surrounds it, 3 x 96 x 96 of 0 to 255."""
        wide = crop_galaxy(picture, SIDE, _WIDE)
        return torch.from_numpy(np.ascontiguousarray(wide.transpose(2, 0, 1)))

    def embed(self, prepared: Tensor) -> Vectors:
        """Vectors of a batch of prepared pictures."""
        return mean_direction(self._seen(prepared))

    @torch.inference_mode()
    def judge(self, prepared: Tensor) -> dict[str, Tensor]:
        """What the network's heads say of a batch without any real label, the mean over all views (`network.HEADS`)."""
        said = [self._network.judge(vectors) for vectors in self._seen(prepared)]
        return {name: torch.stack([one[name] for one in said]).mean(dim=0).cpu() for name in said[0]}

    @torch.inference_mode()
    def _seen(self, prepared: Tensor) -> list[Tensor]:
        """What the network makes of each view of prepared pictures."""
        pictures = prepared.to(self.device).float() / 255
        with mixed_precision(self.device, self._precision):
            return [self._network.encode(view).float() for view in turned(pictures, SIDE, self._views, canonical)]


def default_weights() -> Path:
    """The weights of the package."""
    return Path(str(files("skyband.models.encoders"))) / WEIGHTS


def described(weights: Path) -> str:
    """What a file of weights says of its training."""
    with safe_open(weights, framework="pt") as stored:
        metadata = stored.metadata() or {}
    return ", ".join(f"{key} {value}" for key, value in sorted(metadata.items()) if key != "shape")


def save_network(network: GalaxyViT, shape: Shape, path: Path, metadata: dict[str, str]) -> None:
    """Write weights, as float16, with the network's shape and what else `metadata` says."""
    state = {
        name: tensor.detach().cpu().contiguous().to(torch.float16 if tensor.is_floating_point() else tensor.dtype)
        for name, tensor in network.state_dict().items()
    }
    save_file(state, path, metadata | {"shape": json.dumps(vars(shape))})


def load_network(path: Path) -> GalaxyViT:
    """The network of a file of `save_network`, ready to be used.

    Raises:
        BadFile: it holds no such network.
    """
    try:
        with safe_open(path, framework="pt") as stored:
            metadata = stored.metadata() or {}
            state = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        network = GalaxyViT(Shape(**json.loads(metadata["shape"])))
        network.load_state_dict(state)
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise BadFile(
            f"{path} does not hold weights of {NAME}: {error}; train them by `skyband train-encoder`"
        ) from None
    return network.eval()
