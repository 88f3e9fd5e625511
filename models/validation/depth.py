"""How good a model would be beyond the magnitudes it learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.matrix import Doubles, FeatureMatrix, Integers
from skyband.models.classifier.members.member import probabilities
from skyband.models.validation.measures import Figures, Said
from skyband.models.validation.quick import OnStep, quick_model, sample_of
from skyband.models.validation.reliability import faintest_tenth

STEPS = 2


@dataclass(frozen=True)
class Beyond:
    """Small models on the faintest tenth of the rows.

    Attributes:
        from_magnitude: on which it begins.
        rows: of the experiment.
        of_brighter: by a model of brighter rows alone: an extrapolation.
        of_all: by a model of as many rows of all magnitudes, others than those measured.
    """

    from_magnitude: float
    rows: int
    of_brighter: Figures
    of_all: Figures


def beyond(
    matrix: FeatureMatrix,
    codes: Integers,
    magnitude: Doubles,
    classes: int,
    *,
    threads: int = 1,
    on_step: OnStep | None = None,
) -> Beyond | None:
    """Train on the brighter nine tenths and test on the rest, as Nakoneczny et al. 2021 (A&A 649, A81) do.

    Half of the faint rows are measured; the other half is what the second model learns from besides brighter ones.

    Args:
        matrix: features of n rows.
        codes: true classes.
        magnitude: NaN where there is none.
        classes: number of them.
        threads: of the processor.
        on_step: is told of each of the `STEPS` models.

    Returns:
        None with too few magnitudes.
    """
    chosen = sample_of(len(codes))
    values, codes, magnitude = matrix.values[chosen], codes[chosen], magnitude[chosen]
    parts = faintest_tenth(magnitude)
    if parts is None:
        return None
    faint, bright, limit = parts
    random = np.random.default_rng(0)
    measured, learnt = np.array_split(random.permutation(faint), 2)
    mixed = np.concatenate([learnt, random.choice(bright, len(bright) - len(learnt), replace=False)])
    found = []
    for trained in (bright, mixed):
        member = quick_model(values, codes, trained, classes, threads=threads)
        found.append(Figures.of(Said.likeliest(probabilities(member, values[measured], threads), codes[measured])))
        if on_step is not None:
            on_step()
    return Beyond(limit, len(codes), *found)
