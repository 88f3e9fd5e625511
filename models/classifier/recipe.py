"""How large a training is: a preset by the time there is, chosen before it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from skyband.models.classifier.fitting import Pace
from skyband.models.classifier.folds import FoldPlan, coarsest_order
from skyband.models.classifier.kinds import coarse_classes
from skyband.models.classifier.labels import Labels
from skyband.models.classifier.matrix import FeatureMatrix
from skyband.models.classifier.members.member import SIZES, Learner
from skyband.schema.errors import BadOption
from skyband.schema.processors import processors

DEFAULT_BUDGET_S = 120.0
_FEW_ROWS = 20_000
_FEW_OF_A_CLASS = 2_000
"""Rows of a class that is learnt notably better from a tenth more of them: limits of sets that were drawn from models
without a fifth of 1,200 brown dwarfs held 94 % of others, not 90 %, by the model that had learnt from all."""
_LEAST_ROWS = 100
"""Of a class, with which there can be ten folds."""
_SKETCHES = 2
"""So many of the smallest sizes are no more than sketches of a model."""
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


def recipe_for(
    matrix: FeatureMatrix,
    labels: Labels,
    learners: Sequence[Learner],
    budget_s: float,
    *,
    seed: int = 0,
    threads: int | None = None,
    device: str = "auto",
    with_levels: bool = False,
) -> Recipe:
    """The largest training that should end within a time; the smallest if none does.

    The clock has no say in it, so a training that was killed goes on with the same one. Few rows, or few of a class,
    are dealt into ten folds, so that nearly all are learnt from, if there is time for more than a sketch; others into
    five.

    Args:
        matrix: that is trained with.
        labels: of its rows.
        learners: members.
        budget_s: seconds there are.
        seed: of everything random.
        threads: of the processor at most, None for one each; small matrices get one, which is as fast.
        device: "auto", "cpu" or "cuda".
        with_levels: try a level of star, galaxy and quasar first (`coarse_classes`), where there are finer classes.

    Raises:
        BadOption: the time is not positive, or there is no such device.
        BadTable: the rows have no places.
    """
    from skyband.models.encoders.devices import choose_device

    if not budget_s > 0:
        raise BadOption(f"a budget of {budget_s:g} s: give a positive number of seconds")
    if device not in ("auto", "cpu", "cuda"):
        raise BadOption(f"device {device!r}: take auto, cpu or cuda")
    most = threads or processors()
    smallest = Recipe(
        rounds={learner.name: learner.sizes[0] for learner in learners},
        folds=FoldPlan(count=5, order=coarsest_order(labels, matrix.places(), 5), seed=seed),
        seed=seed,
        threads=1 if matrix.values.size < _THREADED_VALUES else most,
        device=choose_device(device).type,  # type: ignore[arg-type]
        coarse=coarse_classes(labels.classes) if with_levels else {},
    )
    plans = [(smallest.folds, 0)]
    rarest = labels.counts.min()
    if (len(matrix) < _FEW_ROWS or rarest < _FEW_OF_A_CLASS) and rarest >= _LEAST_ROWS:
        more = replace(smallest.folds, count=10, order=coarsest_order(labels, matrix.places(), 10))
        plans.insert(0, (more, _SKETCHES))
    for folds, least in plans:
        for size in reversed(range(least, SIZES)):
            rounds = {learner.name: learner.sizes[size] for learner in learners}
            found = replace(smallest, rounds=rounds, folds=folds)
            if expected_seconds(found, matrix, labels, learners, most) <= budget_s:
                return found
    return smallest


def expected_seconds(
    recipe: Recipe, matrix: FeatureMatrix, labels: Labels, learners: Sequence[Learner], processors: int
) -> float:
    """How long a training takes on a laptop, roughly: its members, and one more of a coarse level."""
    features, classes = matrix.values.shape[1], len(labels.classes)
    row_s = sum(
        learner.row_seconds(recipe.rounds[learner.name], features, classes, recipe.threads, processors)
        for learner in (*learners, *(learners[:1] if recipe.coarse else ()))
    )
    return (recipe.folds.count + 1) * len(matrix) * row_s
