"""How much of a score is not what sources look like but which surveys happened to list them.

Labelled sets come with bands of their own: white dwarfs with Gaia, brown dwarfs with 2MASS. A model may learn that from
the missing bands, and will be wrong where every survey looked. Small models of what is seen, and not seen, tell.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from skyband.models.classifier.bands import Bands
from skyband.models.classifier.fitting import log_loss
from skyband.models.classifier.matrix import Doubles, FeatureMatrix, Flags, Floats, Integers
from skyband.models.features.groups import find_features
from skyband.models.features.inputs import BANDS
from skyband.models.validation.measures import macro_f1
from skyband.models.validation.quick import OnStep, cross_validated, sample_of
from skyband.schema.errors import BadTable

FOLDS = 3
VIEWS = ("mask alone", "common bands", "everything", "everything without counts of bands")
ITSELF, HIDDEN = "the model itself", "the model itself, other bands hidden"
_COMMON = 0.5
"""Share of the rows of each class that have the bands which are common to them."""
_LEAST_BANDS = 2
_LEAST_ROWS = 30

Predict = Callable[[FeatureMatrix], Doubles]
"""Probabilities of rows, n x classes."""


@dataclass(frozen=True)
class Rating:
    """Measures of some rows by a model that has not learnt from them; the log loss is in nats a row."""

    accuracy: float
    macro_f1: float
    log_loss: float


@dataclass(frozen=True)
class View:
    """A model that sees a part of the features.

    Attributes:
        name: of `VIEWS`, `ITSELF` or `HIDDEN`.
        features: it sees.
        all_rows: measures of all rows; None where only the common bands are seen.
        common_rows: of the rows that have all common bands, of the classes that have them, it being known that they are
            of these classes; None where there are none.
    """

    name: str
    features: int
    all_rows: Rating | None
    common_rows: Rating | None


@dataclass(frozen=True)
class Leak:
    """The experiment.

    Attributes:
        rows: it was made on.
        views: what each model reached.
        chance: measures of a model that knows how common the classes are and nothing else.
        share: of what is learnt beyond that (fall of the log loss), what the mask alone gives.
        common: inputs that the classes have in common.
        common_rows: rows of these classes that have them all.
        compared: classes among them.
        left_out: classes that share too few bands with the others to be told from them honestly.
        seconds: that it took.
    """

    rows: int
    views: list[View]
    chance: Rating
    share: float
    common: tuple[str, ...]
    common_rows: int
    compared: tuple[str, ...]
    left_out: tuple[str, ...]
    seconds: float


def leak(
    matrix: FeatureMatrix,
    codes: Integers,
    fold: Integers,
    classes: Sequence[str],
    probabilities: Doubles,
    *,
    hidden: Predict | None = None,
    threads: int = 1,
    on_step: OnStep | None = None,
) -> Leak:
    """Make the experiment, in three folds of whole HEALPix pixels.

    Args:
        matrix: features of n rows.
        codes: true classes.
        fold: of each row.
        classes: names.
        probabilities: by the model itself, of rows it has not learnt from, n x classes.
        hidden: the model itself, if it has not learnt from these rows: it is asked again with all but the common bands
            hidden. Where it takes their absence for a class, it falls below a small model of the common bands.
        threads: of the processor.
        on_step: is told of each of the `steps` models.

    Raises:
        BadTable: the features have no bands that could be missing.
    """
    began = time.monotonic()
    if not matrix.bands:
        raise BadTable("the features do not say which bands they need; no band can be seen to be missing")
    chosen = sample_of(len(codes))
    matrix, codes, said = matrix.rows(chosen), codes[chosen], probabilities[chosen]
    part = np.unique(fold[chosen], return_inverse=True)[1].reshape(-1) % FOLDS
    bands, seen = tuple(matrix.bands), ~Bands.of(matrix).missing(matrix.values)
    common, compared = common_bands(seen, bands, codes, len(classes))
    own = np.isin(codes, compared) & seen[:, [band in common for band in bands]].all(axis=1)
    counts, shared = np.isin(matrix.names, list(matrix.counts)), _only_of(matrix, common)
    is_fair = len(compared) > 1 and min(np.bincount(codes[own], minlength=len(classes))[compared]) >= _LEAST_ROWS
    size = len(classes)

    def tried(values: Floats, rows: Flags) -> Doubles:
        found = np.full((len(codes), size), 1 / size)
        found[rows] = cross_validated(values[rows], codes[rows], part[rows], size, threads=threads, on_step=on_step)
        return found

    every = np.ones(len(codes), bool)
    seen_by = {
        VIEWS[0]: (seen.shape[1], tried(np.where(seen, 1, 0).astype(np.float32), every), True),
        VIEWS[1]: (int(shared.sum()), tried(matrix.values[:, shared], own) if is_fair else None, False),
        VIEWS[2]: (len(matrix.names), tried(matrix.values, every), True),
        VIEWS[3]: (int((~counts).sum()), tried(matrix.values[:, ~counts], every), True),
        ITSELF: (len(matrix.names), said, True),
    }
    if hidden is not None and is_fair:
        others = np.tile([band not in common for band in bands], (len(codes), 1))
        blind = replace(matrix, values=Bands.of(matrix).hide(matrix.values, others))
        seen_by[HIDDEN] = (int((shared | counts).sum()), hidden(blind), False)
    views = [
        View(
            name,
            features,
            _rating(found, codes) if everywhere and found is not None else None,
            _rating(_among(found[own], compared), codes[own]) if is_fair and found is not None else None,
        )
        for name, (features, found, everywhere) in seen_by.items()
    ]
    chance = _rating(np.tile(np.bincount(codes, minlength=size) / len(codes), (len(codes), 1)), codes)
    mask, full = views[0].all_rows, views[2].all_rows
    assert mask is not None and full is not None
    gained = chance.log_loss - full.log_loss
    return Leak(
        rows=len(codes),
        views=views,
        chance=chance,
        share=float(np.clip((chance.log_loss - mask.log_loss) / gained, 0, 1)) if gained > 0 else 0.0,
        common=common if is_fair else (),
        common_rows=int(own.sum()) if is_fair else 0,
        compared=tuple(classes[code] for code in compared) if is_fair else (),
        left_out=tuple(name for code, name in enumerate(classes) if not is_fair or code not in compared),
        seconds=time.monotonic() - began,
    )


def steps() -> int:
    """Models the experiment trains."""
    return len(VIEWS) * FOLDS


def common_bands(seen: Flags, bands: Sequence[str], codes: Integers, classes: int) -> tuple[tuple[str, ...], list[int]]:
    """Inputs that half of the rows of each class have, all of them together, and those classes.

    Classes that share too few magnitudes with the others are left out, the loneliest first.

    Args:
        seen: whether each row has each input, n x inputs.
        bands: names of the inputs.
        codes: classes of the rows.
        classes: number of them.
    """
    compared = [code for code in range(classes) if (codes == code).any()]
    rows = {code: seen[codes == code] for code in compared}
    has = {code: rows[code].mean(axis=0) >= _COMMON for code in compared}
    is_band = np.array([band in BANDS for band in bands])

    def shared() -> Flags:
        return np.asarray(np.logical_and.reduce([has[code] for code in compared]))

    def company(code: int) -> int:
        return sum(int((has[code] & has[other] & is_band).sum()) for other in compared if other != code)

    def whole(inputs: Sequence[int]) -> float:
        return min(float(rows[code][:, inputs].all(axis=1).mean()) for code in compared)

    while len(compared) > 1 and (shared() & is_band).sum() < _LEAST_BANDS:
        compared.remove(min(compared, key=company))
    inputs = np.flatnonzero(shared()).tolist()
    while whole(inputs) < _COMMON:
        # The input goes without which most rows are whole.
        rests = [[one for one in inputs if one != other] for other in inputs]
        rests = [rest for rest in rests if is_band[rest].sum() >= _LEAST_BANDS]
        if not rests:
            break
        inputs = max(rests, key=whole)
    return tuple(bands[place] for place in inputs), compared


def _only_of(matrix: FeatureMatrix, inputs: Sequence[str]) -> Flags:
    """Features that need these inputs alone."""
    return np.array([bool(one.needs) and set(one.needs) <= set(inputs) for one in find_features(matrix.names)])


def _among(probabilities: Doubles, compared: Sequence[int]) -> Doubles:
    """Probabilities when it is known that only some classes come into question."""
    found = np.zeros_like(probabilities)
    found[:, compared] = np.maximum(probabilities[:, compared], 1e-12)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def _rating(probabilities: Doubles, codes: Integers) -> Rating:
    called = probabilities.argmax(axis=1)
    return Rating(
        float((called == codes).mean()), macro_f1(called, codes, probabilities.shape[1]), log_loss(probabilities, codes)
    )
