"""How large a training is: a preset by the time there is, chosen before it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from skyband.models.classifier.fitting import Pace
from skyband.models.classifier.folds import FoldPlan
from skyband.models.classifier.matrix import FeatureMatrix
from skyband.schema.errors import BadOption
from skyband.schema.processors import processors

_FEW_ROWS = 20_000
_LEAST_ROWS = 100
"""Of a class, with which there can be ten folds."""
_THREADED_VALUES = 2_000_000
"""Values of a matrix up to which one thread is as fast as several, which wait for each other."""


@dataclass(frozen=True)
class Recipe:
    """All that a training depends on besides its rows.

    Attributes:
        rounds: of each kind of member at most: trees or epochs, by its name.
        folds: how rows are dealt out.
        seed: of everything random.
        threads: of the processor; sums depend on them in their last digits.
        device: "cpu" or "cuda".
        rare_share: share of the rows below which a class weighs more while members learn (`balancing_weights`);
            probabilities are set right afterwards. 0 for no weights.
        band_dropout: chance of each band to be missing where rows are learnt from with less than was observed; 0 learns
            from them as they are alone.
        coverage: of conformal sets.
        coarse: coarse class of each class, for a level of star, galaxy and quasar first; empty for none.
        pace: when trainings stop and are saved.
    """

    rounds: Mapping[str, int]
    folds: FoldPlan = field(default_factory=FoldPlan)
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    rare_share: float = 0.02
    band_dropout: float = 0.05
    coverage: float = 0.9
    coarse: Mapping[str, str] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        """Refuse what cannot be trained.

        Raises:
            BadOption: a number is out of its range.
        """
        ranges = (
            ("rare_share", self.rare_share, 0, 1),
            ("band_dropout", self.band_dropout, 0, 0.9),
            ("threads", self.threads, 1, 1024),
            ("seed", self.seed, 0, 2**31 - 1),
        )
        for name, value, least, most in ranges:
            if not least <= value <= most:
                raise BadOption(f"{name} {value:g} is not in {least} to {most}")
        few = [name for name, rounds in self.rounds.items() if rounds < 1]
        if few or not self.rounds:
            raise BadOption(f"no rounds for {', '.join(few) or 'any member'}; give 1 or more")


_SIZES = (
    {"boosting": 60, "forest": 60, "network": 12},
    {"boosting": 100, "forest": 100, "network": 30},
    {"boosting": 200, "forest": 150, "network": 45},
    {"boosting": 400, "forest": 300, "network": 80},
    {"boosting": 1_000, "forest": 500, "network": 160},
)
"""Rounds of the presets. Early stopping ends most trainings before."""


def recipe_for(
    matrix: FeatureMatrix,
    class_rows: Sequence[int],
    budget_s: float,
    *,
    seed: int = 0,
    threads: int | None = None,
    device: str = "auto",
) -> Recipe:
    """The largest preset that should end within a time; the smallest if none does.

    The clock has no say in it, so a training that was killed goes on with the same one. Few rows are dealt into ten
    folds, so that nearly all are learnt from, and many into five.

    Args:
        matrix: that is trained with.
        class_rows: rows of each class.
        budget_s: seconds there are.
        seed: of everything random.
        threads: of the processor at most, None for one each; small matrices get one, which is as fast.
        device: "auto", "cpu" or "cuda".

    Raises:
        BadOption: the time is not positive, or there is no such device.
    """
    from skyband.models.encoders.devices import choose_device

    if not budget_s > 0:
        raise BadOption(f"a budget of {budget_s:g} s: give a positive number of seconds")
    if device not in ("auto", "cpu", "cuda"):
        raise BadOption(f"device {device!r}: take auto, cpu or cuda")
    most = threads or processors()
    own = 1 if matrix.values.size < _THREADED_VALUES else most
    folds = 10 if len(matrix) < _FEW_ROWS and min(class_rows) >= _LEAST_ROWS else 5

    def seconds(size: Mapping[str, int]) -> float:
        row = _row_seconds(size, matrix.values.shape[1], len(class_rows), own, most)
        return (folds + 1) * len(matrix) * row

    fitting = [size for size in _SIZES if seconds(size) <= budget_s]
    return Recipe(
        rounds=fitting[-1] if fitting else _SIZES[0],
        folds=FoldPlan(count=folds, seed=seed),
        seed=seed,
        threads=own,
        device=choose_device(device).type,  # type: ignore[arg-type]
    )


def _row_seconds(rounds: Mapping[str, int], features: int, classes: int, threads: int, most: int) -> float:
    """Seconds a row takes in one training of each member on a laptop, roughly: good for choosing, no promise.

    Forests grow by as many threads as there are.
    """
    others = 1e-8 * rounds["boosting"] * features * classes + 1.6e-5 * rounds["network"]
    return others / threads + 5e-6 * rounds["forest"] / most
