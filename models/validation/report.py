"""All that is found out about a classifier."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from skyband.models.classifier.classifier import Classifier
from skyband.models.classifier.matrix import Doubles, FeatureMatrix, Floats
from skyband.models.classifier.members.member import probabilities
from skyband.models.classifier.metrics import Scores, scores
from skyband.models.classifier.priors import Prior
from skyband.models.scoring.shelf import ModelVersion
from skyband.models.validation import depth, leak
from skyband.models.validation.baselines import Baseline, baselines
from skyband.models.validation.classes import ClassReport, class_reports
from skyband.models.validation.confirm import Confirmation, confirmation
from skyband.models.validation.coverage import Coverage, coverage
from skyband.models.validation.evidence import Evidence
from skyband.models.validation.importances import Importances, permutation, shap_values
from skyband.models.validation.measures import Share, star_galaxy_auc
from skyband.models.validation.patterns import Pattern, by_pattern, groups_of
from skyband.models.validation.places import Area, FoldArea, by_area, by_fold
from skyband.models.validation.prevalence import (
    BALANCED,
    IN_ROWS,
    SKY,
    SKY_SOURCE,
    AtPrevalence,
    at_prevalence,
    sky_prior,
)
from skyband.models.validation.quick import quick_model, sample_of
from skyband.models.validation.reliability import (
    ConfidenceBin,
    Faintest,
    MagnitudeBin,
    by_magnitude,
    faintest,
    reliability,
)
from skyband.schema.processors import processors

OnProgress = Callable[[str, int, int], None]
"""Is told what is done, and how many steps of how many."""


@dataclass(frozen=True)
class ValidationReport:
    """What is known of a model; what is not says why in `missing`.

    Attributes:
        model: name@version.
        classes: of it.
        evidence: rows in words; `is_held_out` whether they are of a table of their own.
        notes: what readers should know of them.
        scores: of the rows as they are; accuracy with its interval beside.
        star_galaxy_auc: stars of all kinds against galaxies.
        others: parts of their own modules.
        missing: parts that are not there, and why.
        seconds: that all this took.
    """

    model: str
    classes: tuple[str, ...]
    evidence: str
    is_held_out: bool
    notes: tuple[str, ...]
    scores: Scores
    accuracy: Share
    star_galaxy_auc: float | None
    prevalence: list[AtPrevalence]
    by_class: list[ClassReport]
    reliability: list[ConfidenceBin]
    by_magnitude: list[MagnitudeBin]
    faintest: Faintest | None
    patterns: list[Pattern]
    folds: list[FoldArea]
    areas: list[Area]
    coverage: Coverage
    confirmation: Confirmation | None
    baselines: list[Baseline]
    importances: Importances | None
    leak: leak.Leak | None
    beyond: depth.Beyond | None
    missing: Mapping[str, str]
    seconds: float

    def document(self) -> dict[str, Any]:
        """All of it as plain values."""
        found = asdict(self)
        for one, plain in zip(self.baselines, found["baselines"], strict=True):
            plain["is_beaten"] = one.is_beaten
        return found


def validate(
    model: ModelVersion,
    classifier: Classifier,
    evidence: Evidence,
    *,
    prior: Prior | None = None,
    with_leak: bool = False,
    with_depth: bool = False,
    on_progress: OnProgress = lambda doing, done, total: None,
) -> ValidationReport:
    """Examine a model.

    Args:
        model: its place.
        classifier: the model.
        evidence: rows of known classes.
        prior: shares of the classes on the sky; None for those of `sky_prior`, where the classes have them.
        with_leak: whether small models are trained to tell what the missing bands give away.
        with_depth: whether two more are, to tell how it would be beyond the magnitudes learnt from.
        on_progress: is told how it goes.

    Raises:
        BadOption: the prior is impossible, or the spectroscopic classes are none of the model's.
        BadTable: the experiment on missing bands is impossible.
    """
    began = time.monotonic()
    said, classes = evidence.said, evidence.classes
    probabilities, called, codes = said.probabilities, said.called, said.codes
    missing: dict[str, str] = {}
    matrix, threads = evidence.matrix, int(classifier.manifest["recipe"]["threads"])
    if matrix is None:
        missing |= dict.fromkeys(("missing bands", "baselines", "importances"), evidence.no_matrix)
    rated, unrated = ([], {}) if matrix is None else baselines(matrix, called, codes, classes)
    missing |= {f"baseline {name}": why for name, why in unrated.items()}
    faint = faintest(said, evidence.magnitude)
    if faint is None:
        missing["faintest objects"] = "too few rows have a magnitude"
    if evidence.confirmed is None:
        missing["spectroscopic confirmation"] = "no column with spectroscopic classes was named (--confirm)"
    found_leak, found_beyond = None, None
    if with_leak or with_depth:
        if matrix is None:
            missing["experiments"] = evidence.no_matrix
        else:
            found_leak, found_beyond = _experiments(classifier, evidence, matrix, with_leak, with_depth, on_progress)
            if with_depth and found_beyond is None:
                missing["beyond the magnitudes learnt from"] = "too few rows have a magnitude"
    if not with_leak:
        missing["what missing bands give away"] = "not asked for (--leak)"
    mixtures = list(_mixtures(evidence, classifier, prior))
    if len(mixtures) < 3:
        missing["sky prevalence"] = "how common these classes are on the sky was not said (--prior)"
    return ValidationReport(
        model=model.title,
        classes=classes,
        evidence=evidence.what,
        is_held_out=evidence.is_held_out,
        notes=evidence.notes,
        scores=scores(probabilities, codes, classes, called),
        accuracy=Share.that(called == codes),
        star_galaxy_auc=star_galaxy_auc(probabilities, codes, classes),
        prevalence=mixtures,
        by_class=class_reports(called, codes, classes),
        reliability=reliability(probabilities, codes),
        by_magnitude=by_magnitude(said, evidence.magnitude),
        faintest=faint,
        patterns=[] if matrix is None else by_pattern(matrix, said, classes),
        folds=by_fold(said, evidence.healpix_29, evidence.fold, evidence.fold_order),
        areas=by_area(said, evidence.healpix_29),
        coverage=coverage(
            evidence.sets, codes, evidence.magnitude, classes, float(classifier.manifest["conformal"]["coverage"])
        ),
        confirmation=None if evidence.confirmed is None else confirmation(said, evidence.confirmed, classes),
        baselines=rated,
        importances=None if matrix is None else _importances(classifier, evidence, matrix, threads, on_progress),
        leak=found_leak,
        beyond=found_beyond,
        missing=missing,
        seconds=time.monotonic() - began,
    )


def _mixtures(evidence: Evidence, classifier: Classifier, prior: Prior | None) -> Any:
    """The rows as they are, with all classes alike, and as on the sky."""
    counts = np.bincount(evidence.said.codes, minlength=len(evidence.classes)).astype(np.float64)
    in_rows = {name: max(count, 1e-9) for name, count in zip(evidence.classes, counts.tolist(), strict=True)}
    wanted: list[tuple[str, str, Prior]] = [
        (IN_ROWS, evidence.what, in_rows),
        (BALANCED, "all classes alike", "uniform"),
    ]
    if prior is not None:
        wanted.append((SKY, "as given", prior))
    elif (known := sky_prior(evidence.classes)) is not None:
        wanted.append((SKY, SKY_SOURCE, known))
    for name, source, shares in wanted:
        yield at_prevalence(
            name,
            source,
            shares,
            evidence.said.probabilities,
            evidence.said.codes,
            evidence.classes,
            evidence.shares,
            classifier.decision_under,
        )


def _importances(
    classifier: Classifier, evidence: Evidence, matrix: FeatureMatrix, threads: int, on_progress: OnProgress
) -> Importances:
    """By the model itself on rows of another table, else by a small model of all folds but one, on that one."""
    total = len(matrix.names) + len(groups_of(matrix))
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        on_progress("importances", done, total)

    on_progress("importances", 0, total)
    if evidence.is_held_out:
        by, own = "the model, on rows it has not learnt from", np.ones(len(evidence), bool)

        def predict(values: Floats, magnitude: Doubles) -> Doubles:
            some = FeatureMatrix(values, matrix.names, matrix.digest, magnitude=magnitude)
            return classifier.predict(some).probabilities
    else:
        by = "boosted trees of some seconds, trained on all folds but one, on that one"
        own = evidence.fold == evidence.fold.min()
        others = np.flatnonzero(~own)
        small = quick_model(
            matrix.values, evidence.said.codes, others[sample_of(len(others))], len(evidence.classes), threads=threads
        )

        def predict(values: Floats, magnitude: Doubles) -> Doubles:
            return probabilities(small, values, processors())

    rows, features, groups = permutation(predict, matrix.rows(own), evidence.said.codes[own], on_step=step)
    return Importances(by, rows, features, groups, shap_values(classifier, matrix, evidence.classes))


def _experiments(
    classifier: Classifier,
    evidence: Evidence,
    matrix: FeatureMatrix,
    with_leak: bool,
    with_depth: bool,
    on_progress: OnProgress,
) -> tuple[leak.Leak | None, depth.Beyond | None]:
    """What small models tell."""
    total = leak.steps() * with_leak + depth.STEPS * with_depth
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        on_progress("training small models", done, total)

    def hidden(some: FeatureMatrix) -> Doubles:
        return classifier.predict(some).probabilities

    on_progress("training small models", 0, total)
    codes, classes, threads = evidence.said.codes, evidence.classes, int(classifier.manifest["recipe"]["threads"])
    found_leak = found_beyond = None
    if with_leak:
        found_leak = leak.leak(
            matrix,
            codes,
            evidence.fold,
            classes,
            evidence.said.probabilities,
            hidden=hidden if evidence.is_held_out else None,
            threads=threads,
            on_step=step,
        )
    if with_depth:
        found_beyond = depth.beyond(matrix, codes, evidence.magnitude, len(classes), threads=threads, on_step=step)
    return found_leak, found_beyond
