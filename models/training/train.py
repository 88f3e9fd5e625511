"""The training of the embedded default, which can be broken off and taken up again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from skyband.models.encoders.devices import fast_precision, mixed_precision
from skyband.models.encoders.network import GalaxyViT
from skyband.models.training.batches import real_batches, simulated_batches
from skyband.models.training.labels import contrastive_loss, supervised_loss
from skyband.models.training.recipe import Recipe

_CHECKPOINT_STEPS = 256
"""A multiple of the steps whose galaxies are simulated together, so that none is skipped when a training goes on."""
_STEEPEST = 2.0
"""Norm to which gradients are clipped."""

OnStep = Callable[[int, float, float], None]
"""Is told the step, the loss of labels and that of contrast."""


def train(
    recipe: Recipe,
    device: torch.device,
    *,
    real: Sequence[NDArray[np.uint8]] = (),
    checkpoint: Path | None = None,
    on_step: OnStep | None = None,
) -> GalaxyViT:
    """Train the network on simulated galaxies, and on real pictures if there are any.

    Args:
        recipe: all that it depends on.
        device: where it runs.
        real: cut-outs of each survey, n x 96 x 96 x 3; alikeness alone is learnt of them.
        checkpoint: where the state is kept, and a training of the same recipe goes on; removed at the end.
        on_step: is told how it goes.

    Returns:
        The network with averaged weights, on the processor.
    """
    training = _Training(recipe, device, real)
    if checkpoint is not None and checkpoint.exists():
        training.load(checkpoint)
    while training.step < recipe.steps:
        losses = training.advance()
        if on_step is not None:
            on_step(training.step, *losses)
        if checkpoint is not None and training.step % _CHECKPOINT_STEPS == 0:
            training.save(checkpoint)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    network: GalaxyViT = training.averaged.module
    return network.cpu().eval()


class _Training:
    """The state of a training."""

    def __init__(self, recipe: Recipe, device: torch.device, real: Sequence[NDArray[np.uint8]]) -> None:
        torch.manual_seed(recipe.seed)
        self._recipe = recipe
        self._device = device
        self.step = 0
        self._network = GalaxyViT(recipe.shape).to(device).train()
        averaging: Any = get_ema_multi_avg_fn(recipe.averaging)  # type: ignore[no-untyped-call]
        self.averaged: Any = AveragedModel(self._network, multi_avg_fn=averaging, use_buffers=True)
        parameters = list(self._network.parameters())
        groups = [
            {"params": [one for one in parameters if one.ndim > 1], "weight_decay": recipe.weight_decay},
            {"params": [one for one in parameters if one.ndim <= 1], "weight_decay": 0.0},
        ]
        self._optimiser = torch.optim.AdamW(groups, lr=recipe.learning_rate)
        self._generator = torch.Generator(device).manual_seed(recipe.seed)
        self._simulated = simulated_batches(recipe.galaxies, self._generator)
        self._real = real_batches(real, recipe.galaxies, self._generator) if real else None

    def advance(self) -> tuple[float, float]:
        """Take one step; returns the losses of labels and of contrast."""
        recipe = self._recipe
        rate = recipe.learning_rate * _schedule(self.step, recipe)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        batch = next(self._simulated)
        pictures = batch.pictures if self._real is None else torch.cat([batch.pictures, next(self._real)])
        with mixed_precision(self._device, fast_precision(self._device)):
            vectors: Tensor = self._network(pictures)
        vectors = vectors.float()
        simulated, real = vectors[: len(batch.pictures)], vectors[len(batch.pictures) :]
        labelled = supervised_loss(self._network.judge(simulated), batch.labels)
        contrast = contrastive_loss(simulated)
        loss = labelled + recipe.contrast_weight * contrast
        if len(real):
            loss = loss + recipe.real_weight * contrastive_loss(real)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), _STEEPEST)
        self._optimiser.step()
        self.averaged.update_parameters(self._network)
        self.step += 1
        return labelled.item(), contrast.item()

    def save(self, path: Path) -> None:
        """Keep the state; a crash leaves that before."""
        state = {
            "recipe": json.dumps(asdict(self._recipe)),
            "step": self.step,
            "network": self._network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "generator": self._generator.get_state(),
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Take up a state of the same recipe; that of another is left alone."""
        state = torch.load(path, map_location=self._device)
        if state["recipe"] != json.dumps(asdict(self._recipe)):
            return
        self.step = state["step"]
        self._network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._generator.set_state(state["generator"].cpu())


def _schedule(step: int, recipe: Recipe) -> float:
    """Share of the highest learning rate: a linear rise, then a cosine down to 0."""
    rise = min(1.0, (step + 1) / recipe.warm_up_steps)
    return rise * 0.5 * (1 + math.cos(math.pi * step / recipe.steps))
