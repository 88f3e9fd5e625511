"""A neural network that knows what is missing: values, masks, and bands left out on purpose while it learns."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn
from torch.nn import functional

from skyband.models.classifier.matrix import Doubles, Floats
from skyband.models.classifier.members.member import Rows, Task, probabilities
from skyband.schema.errors import BadFile

_SAMPLE_ROWS = 200_000
"""Rows that scales are measured on."""
_RANKS = 33
"""Quantiles a feature's ranks are told by."""
_FARTHEST = 6.0
"""Scaled values are cut there, in robust standard deviations."""
_WARM_SHARE = 0.05
_STEEPEST = 1.0


@dataclass(frozen=True)
class Network:
    """How the network looks and learns.

    Attributes:
        width: of its layers.
        depth: residual blocks.
        dropout: of a block.
        rate: highest learning rate.
        decay: of weights.
        batch_rows: rows of a step at most.
        averaging: share of the mean weights that stays at each step.
    """

    width: int = 96
    depth: int = 2
    dropout: float = 0.05
    rate: float = 2e-3
    decay: float = 1e-2
    batch_rows: int = 512
    averaging: float = 0.995
    name: str = "network"
    suffix: str = ".safetensors"
    libraries: tuple[str, ...] = ("torch",)
    stops_early: bool = True
    sizes: tuple[int, ...] = (3, 6, 12, 30, 45, 80, 160)

    def row_seconds(self, rounds: int, features: int, classes: int, threads: int, processors: int) -> float:
        """Seconds a row takes in a training, roughly."""
        return 1.6e-5 * rounds / threads

    def segment(self, rounds: int) -> int:
        """Epochs between two looks."""
        return max(1, rounds // 20)

    def start(self, task: Task) -> NetworkTraining:
        """Begin a training."""
        return NetworkTraining(self, task)

    def load(self, data: bytes, features: int, classes: int) -> NetworkMember:
        """The network of bytes.

        Raises:
            BadFile: they are none, or it has other features or classes.
        """
        try:
            state = load_tensors(data)
            depth = sum(1 for name in state if name.endswith(".body.0.weight"))
            model = _Model(features, classes, len(state["inlet.bias"]), depth, 0.0)
            model.load_state_dict(state)
        except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
            raise BadFile(f"no network of {features} features and {classes} classes: {error}") from None
        return NetworkMember(model.eval())


class NetworkMember:
    """A trained network."""

    def __init__(self, model: _Model) -> None:
        self._model = model

    @torch.inference_mode()
    def predict_proba(self, values: Floats) -> Doubles:
        """Probabilities, n x classes."""
        with _ALONE:
            given = torch.from_numpy(np.ascontiguousarray(values))
            logits = self._model(given, torch.isnan(given)).double()
            return np.asarray(functional.softmax(logits, dim=1).numpy())

    def dump(self) -> bytes:
        """Weights and scales as safetensors."""
        return save_tensors({name: one.contiguous() for name, one in self._model.state_dict().items()})


class NetworkTraining:
    """Epochs of AdamW with a rise and a cosine fall of the learning rate; the mean of weights is the model."""

    def __init__(self, how: Network, task: Task) -> None:
        torch.manual_seed(task.seed)
        self._how = how
        self._task = task
        self._device = torch.device(task.device)
        features = task.trained.values.shape[1]
        self._model = _Model(features, task.classes, how.width, how.depth, how.dropout).to(self._device)
        self._model.scale_by(task.trained)
        self._mean = _Model(features, task.classes, how.width, how.depth, 0.0).to(self._device).eval()
        self._mean.load_state_dict(self._model.state_dict())
        self._batch_rows = min(how.batch_rows, max(32, len(task.trained) // 16))
        self._steps = math.ceil(len(task.trained) / self._batch_rows)
        self._optimiser = torch.optim.AdamW(self._model.parameters(), lr=how.rate, weight_decay=how.decay)
        self.rounds = 0

    def advance(self, rounds: int) -> None:
        """Learn for some more epochs."""
        with _threads(self._task.threads):
            for _ in range(rounds):
                self._epoch()
                self.rounds += 1

    def _epoch(self) -> None:
        # Each epoch draws by its own number, so that epochs after a restart draw as they would have without.
        torch.manual_seed(self._task.seed * 1_000_003 + self.rounds)
        rows = self._task.trained
        order = torch.randperm(len(rows)).numpy()
        self._model.train()
        for step in range(self._steps):
            for group in self._optimiser.param_groups:
                group["lr"] = self._how.rate * self._schedule(step)
            batch = order[step * self._batch_rows : (step + 1) * self._batch_rows]
            values = torch.from_numpy(self._seen(rows.values[rows.chosen[batch]], step)).to(self._device)
            codes = torch.from_numpy(rows.codes[batch]).to(self._device)
            weights = torch.from_numpy(rows.weights[batch].astype(np.float32)).to(self._device)
            logits = self._model(values, torch.isnan(values))
            losses = functional.cross_entropy(logits, codes, reduction="none")
            self._optimiser.zero_grad()
            ((losses * weights).sum() / len(batch)).backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self._model.parameters(), _STEEPEST)
            self._optimiser.step()
            self._average(step)

    def _schedule(self, step: int) -> float:
        done = (self.rounds + step / self._steps) / self._task.schedule
        return min(1.0, (done + 1e-3) / _WARM_SHARE) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))

    def _seen(self, values: Floats, step: int) -> Floats:
        """Rows of a batch, every other one as if less had been observed."""
        task = self._task
        if task.band_dropout:
            random = np.random.default_rng([task.seed, self.rounds, step])
            values[::2] = task.bands.less_observed(values[::2], task.band_dropout, random)
        return values

    @torch.no_grad()
    def _average(self, step: int) -> None:
        done = self.rounds * self._steps + step
        # Early means are short, so that the first, random weights are soon forgotten.
        share = 1 - min(self._how.averaging, (done + 1) / (done + 10))
        for mean, own in zip(self._mean.parameters(), self._model.parameters(), strict=True):
            mean.lerp_(own, share)

    def watched_proba(self) -> Doubles:
        """Probabilities of the watched rows."""
        return probabilities(self.member(), self._task.watched.features(), self._task.processors)

    def member(self) -> NetworkMember:
        """A copy of the mean network, on the processor."""
        model = _Model(self._model.features, self._task.classes, self._how.width, self._how.depth, 0.0)
        model.load_state_dict(self._mean.state_dict())
        return NetworkMember(model.eval())

    def dump(self) -> bytes:
        """Weights, their mean, and the optimiser's memory."""
        state: dict[str, Tensor] = {"rounds": torch.tensor([self.rounds])}
        for prefix, model in (("model", self._model), ("mean", self._mean)):
            state |= {f"{prefix}.{name}": one.detach().cpu() for name, one in model.state_dict().items()}
        for number, memory in self._optimiser.state_dict()["state"].items():
            state |= {f"optimiser.{number}.{name}": one.detach().cpu() for name, one in memory.items()}
        return save_tensors({name: one.contiguous() for name, one in state.items()})

    def restore(self, state: bytes) -> None:
        """Learn on from there.

        Raises:
            BadFile: the bytes are no state of such a network.
        """
        try:
            tensors = load_tensors(state)
            for prefix, model in (("model.", self._model), ("mean.", self._mean)):
                model.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
            memory: dict[int, dict[str, Tensor]] = {}
            for name, tensor in tensors.items():
                if name.startswith("optimiser."):
                    _, number, field = name.split(".")
                    memory.setdefault(int(number), {})[field] = tensor
            groups = self._optimiser.state_dict()["param_groups"]
            self._optimiser.load_state_dict({"state": memory, "param_groups": groups})
            self.rounds = int(tensors["rounds"])
        except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
            raise BadFile(f"no state of a network: {error}") from None


class _Model(nn.Module):
    """Scaled values, their ranks and masks, through residual blocks, to logits.

    Ranks tell values apart where many lie close together, as redshifts of stars do.
    """

    centre: Tensor
    spread: Tensor
    ranks: Tensor

    def __init__(self, features: int, classes: int, width: int, depth: int, dropout: float) -> None:
        super().__init__()
        self.features, self.classes = features, classes
        self.register_buffer("centre", torch.zeros(features))
        self.register_buffer("spread", torch.ones(features))
        self.register_buffer("ranks", torch.zeros(features, _RANKS))
        self.inlet = nn.Linear(3 * features, width)
        self.blocks = nn.ModuleList(_Block(width, dropout) for _ in range(depth))
        self.outlet = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, classes))

    def scale_by(self, rows: Rows) -> None:
        """Take medians, robust deviations and quantiles of rows."""
        step = max(1, len(rows) // _SAMPLE_ROWS)
        values = rows.values[rows.chosen[::step]].astype(np.float64)
        centre, spread = np.zeros(self.features), np.ones(self.features)
        ranks = np.zeros((self.features, _RANKS))
        for number, column in enumerate(values.T):
            there = column[~np.isnan(column)]
            if len(there):
                low, centre[number], high = np.quantile(there, [0.16, 0.5, 0.84])
                spread[number] = max((high - low) / 2, 0.1 * float(there.std()), 1e-6)
                ranks[number] = np.quantile(there, np.linspace(0, 1, _RANKS))
        self.centre.copy_(torch.from_numpy(centre))
        self.spread.copy_(torch.from_numpy(spread))
        self.ranks.copy_(torch.from_numpy(ranks))

    def forward(self, values: Tensor, missing: Tensor) -> Tensor:
        """Logits n x classes of values n x f and of what is missing of them."""
        scaled = ((values - self.centre) / self.spread).clamp(-_FARTHEST, _FARTHEST)
        ranks = torch.where(missing, 0.0, self._ranked(values))
        inputs = torch.cat([torch.where(missing, 0.0, scaled), ranks, missing.float()], dim=1)
        hidden = self.inlet(inputs)
        for block in self.blocks:
            hidden = block(hidden)
        logits: Tensor = self.outlet(hidden)
        return logits

    def _ranked(self, values: Tensor) -> Tensor:
        """Share of the training below each value, linear between quantiles, as -1 to 1."""
        columns = values.T.contiguous()
        place = torch.searchsorted(self.ranks, columns).clamp(1, _RANKS - 1)
        low, high = self.ranks.gather(1, place - 1), self.ranks.gather(1, place)
        within = ((columns - low) / (high - low).clamp_min(1e-12)).clamp(0, 1)
        return (2 * (place - 1 + within) / (_RANKS - 1) - 1).T


class _Block(nn.Module):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
        )

    def forward(self, hidden: Tensor) -> Tensor:
        added: Tensor = hidden + self.body(hidden)
        return added


class _Alone:
    """For the body torch works in the threads that call it alone; several may be in it at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 1

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = torch.get_num_threads()
            self._inside += 1
            torch.set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                torch.set_num_threads(self._before)


_ALONE = _Alone()


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Threads of the processor for the body: sums depend on how they are shared out."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
