"""Any model of timm as an encoder, from its hub or from a file of weights."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from skyband.models.encoders.crop import Picture
from skyband.models.encoders.devices import DeviceName, Precision, choose_device, mixed_precision
from skyband.models.encoders.encoder import Vectors, mean_direction, weights_digest
from skyband.models.encoders.views import Views, turned
from skyband.queries.likeness.provenance import Provenance
from skyband.schema.errors import BadFile, BadOption


class PretrainedEncoder:
    """A timm model without its classifier, fed as its own configuration says."""

    def __init__(
        self,
        name: str,
        weights: Path | None = None,
        *,
        device: DeviceName = "auto",
        precision: Precision = "auto",
        views: Views = 8,
    ) -> None:
        """Load the model.

        Args:
            name: of timm, "vit_base_patch16_224.augreg_in21k_ft_in1k" or
                "hf_hub:mwalmsley/zoobot-encoder-convnext_nano".
            weights: a file of its weights (safetensors or PyTorch); None to take them from timm's hub.
            device: where it runs.
            precision: of its numbers.
            views: of a picture, whose mean is its vector; 1 or 8.

        Raises:
            BadFile: the file does not hold weights of that model.
            BadOption: timm has no such model, its hub cannot be reached, or there is no such device.
        """
        from timm.data import create_transform, resolve_model_data_config

        if views == 16:
            raise BadOption("16 views are those of the embedded default; take 1 or 8")
        self.device = choose_device(device)
        self._precision: Precision = precision
        self._views: Views = views
        self._network = _load(name, weights).to(self.device).eval()
        configuration = resolve_model_data_config(self._network)
        self._prepare = create_transform(**configuration, is_training=False)
        self._side = int(configuration["input_size"][-1])
        self.provenance = Provenance(
            encoder=name,
            weights_sha256=weights_digest(self._network.state_dict()),
            preprocessing=", ".join(f"{key} {value}" for key, value in sorted(configuration.items())),
            views=views,
            pca="",
            dimensions=int(self._network.num_features),
        )

    def prepare(self, picture: Picture) -> Tensor:
        """The picture as the model's configuration wants it, 3 x side x side."""
        prepared: Tensor = self._prepare(Image.fromarray(picture))
        return prepared

    @torch.inference_mode()
    def embed(self, prepared: Tensor) -> Vectors:
        """Vectors of a batch of prepared pictures."""
        pictures = prepared.to(self.device)
        with mixed_precision(self.device, self._precision):
            return mean_direction([self._network(view) for view in turned(pictures, self._side, self._views)])


def _load(name: str, weights: Path | None) -> Any:
    import timm

    options: dict[str, Any] = {"num_classes": 0, "pretrained": True}
    if weights is not None:
        if not weights.is_file():
            raise BadFile(f"there is no file {weights}")
        options["pretrained_cfg_overlay"] = {"file": str(weights)}
        if name.startswith("hf_hub:"):
            # The architecture is the last part of such names: mwalmsley/zoobot-encoder-convnext_nano.
            name = name.rpartition("/")[2].rpartition("encoder-")[2].removeprefix("greyscale-")
    elif not name.startswith(("hf_hub:", "hf-hub:")) and not timm.is_model(name.partition(".")[0]):
        near = ", ".join(get_close_matches(name.partition(".")[0], timm.list_models(), n=4, cutoff=0.75))
        raise BadOption(f"timm has no model {name}; {f'it has {near}, ...' if near else 'see timm.list_models()'}")
    try:
        return timm.create_model(name, **options)
    except Exception as error:
        # timm, safetensors and the hub's library raise what their own libraries do, of many kinds.
        said = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        if weights is not None:
            raise BadFile(f"{weights} does not hold the weights of {name} ({said})") from None
        raise BadOption(
            f"the weights of {name} cannot be fetched ({said}); give a file "
            "of them with --weights, or use the embedded default, --encoder skyband-vit, which needs no network"
        ) from None
