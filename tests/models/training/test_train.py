"""Training: it learns, and goes on as if it had not been broken off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from skyband.models.encoders.network import Shape
from skyband.models.training import train as training
from skyband.models.training.batches import real_batches, simulated_batches
from skyband.models.training.labels import contrastive_loss, supervised_loss
from skyband.models.training.real import cut_outs
from skyband.models.training.recipe import Recipe
from skyband.models.training.train import train
from skyband.schema.errors import BadFile

SMALL = Recipe(steps=24, galaxies=4, warm_up_steps=4, shape=Shape(width=32, depth=1, vector=8))
CPU = torch.device("cpu")


class Stopped(Exception):
    """Somebody pulled the plug."""


def test_a_training_that_was_broken_off_ends_as_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_CHECKPOINT_STEPS", 8)
    pictures = [np.random.default_rng(1).integers(0, 255, (6, 96, 96, 3), dtype=np.uint8)]
    whole = train(SMALL, CPU, real=pictures)

    def stop(step: int, labels: float, contrast: float) -> None:
        if step == 13:
            raise Stopped

    checkpoint = tmp_path / "weights.checkpoint"
    with pytest.raises(Stopped):
        train(SMALL, CPU, real=pictures, checkpoint=checkpoint, on_step=stop)
    steps: list[int] = []
    resumed = train(
        SMALL, CPU, real=pictures, checkpoint=checkpoint, on_step=lambda step, labels, contrast: steps.append(step)
    )
    assert steps == list(range(9, 25))
    assert not checkpoint.exists()
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_the_checkpoint_of_another_recipe_is_not_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_CHECKPOINT_STEPS", 8)
    checkpoint = tmp_path / "weights.checkpoint"

    def stop(step: int, labels: float, contrast: float) -> None:
        if step == 9:
            raise Stopped

    with pytest.raises(Stopped):
        train(SMALL, CPU, checkpoint=checkpoint, on_step=stop)
    steps: list[int] = []
    other = Recipe(steps=2, galaxies=4, warm_up_steps=4, seed=2, shape=SMALL.shape)
    train(other, CPU, checkpoint=checkpoint, on_step=lambda step, labels, contrast: steps.append(step))
    assert steps == [1, 2]


def test_losses_fall() -> None:
    losses: list[float] = []
    recipe = Recipe(steps=60, galaxies=8, warm_up_steps=10, shape=SMALL.shape, learning_rate=3e-3)
    train(recipe, CPU, on_step=lambda step, labels, contrast: losses.append(labels + contrast))
    assert np.mean(losses[-10:]) < 0.85 * np.mean(losses[:5])


def test_rows_of_a_batch_pair_up() -> None:
    batch = next(simulated_batches(5, torch.Generator().manual_seed(1)))
    assert batch.pictures.shape == (10, 3, 64, 64)
    for name, values in batch.labels.binary.items():
        assert torch.equal(values[:5], values[5:]), name
    assert not torch.equal(batch.pictures[:5], batch.pictures[5:])


def test_a_perfect_judge_has_the_least_loss() -> None:
    labels = next(simulated_batches(40, torch.Generator().manual_seed(1))).labels
    right = {
        **{name: torch.logit(values.clamp(1e-4, 1 - 1e-4))[:, None] for name, values in labels.binary.items()},
        "numbers": labels.numbers,
        "arms": 30.0 * torch.nn.functional.one_hot(labels.arms, 6),
        "kind": 30.0 * torch.nn.functional.one_hot(labels.kind, 6),
    }
    least = supervised_loss(right, labels).item()
    for name in right:
        wrong = right | {name: right[name].roll(1, dims=0)}
        assert supervised_loss(wrong, labels).item() > least


def test_contrast_by_its_formula() -> None:
    vectors = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    unit = (vectors / vectors.norm(dim=1, keepdim=True)).numpy()
    total = 0.0
    for row in range(6):
        likeness = np.exp(unit @ unit[row] / 0.2)
        total -= np.log(likeness[(row + 3) % 6] / (likeness.sum() - likeness[row]))
    assert contrastive_loss(vectors).item() == pytest.approx(total / 6, rel=1e-5)


def test_batches_of_real_pictures_are_of_one_survey() -> None:
    surveys = [np.full((9, 96, 96, 3), value, np.uint8) for value in (20, 220)]
    batches = real_batches(surveys, 4, torch.Generator().manual_seed(1))
    seen = set()
    for _ in range(12):
        batch = next(batches)
        assert batch.shape == (8, 3, 64, 64)
        means = batch.mean(dim=(1, 2, 3))
        assert (means < 0.4).all() or (means > 0.5).all()
        seen.add(bool((means < 0.4).all()))
    assert seen == {True, False}


def test_real_pictures_come_from_folders(tmp_path: Path) -> None:
    for number in range(3):
        Image.new("RGB", (80, 70), (number * 80, 0, 0)).save(tmp_path / f"{number}.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    assert cut_outs(tmp_path).shape == (3, 96, 96, 3)
    (tmp_path / "bad.jpg").write_bytes(b"not a picture")
    with pytest.raises(BadFile, match=r"bad\.jpg is no picture"):
        cut_outs(tmp_path)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="has 0 pictures"):
        cut_outs(tmp_path)
