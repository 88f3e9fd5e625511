"""A classifier trained on the features and labels of tables."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from skyband.models.classifier.classifier import Classifier
from skyband.models.classifier.labels import Labels
from skyband.models.classifier.matrix import FeatureMatrix
from skyband.models.classifier.members.known import all_learners
from skyband.models.classifier.progress import OnProgress
from skyband.models.classifier.recipe import DEFAULT_BUDGET_S, expected_seconds, recipe_for
from skyband.models.classifier.train import train
from skyband.models.features import FeatureOptions, FeatureTable, feature_table
from skyband.models.scoring.duplicates import duplicate_groups
from skyband.models.scoring.labelled_rows import labelled_rows, qualified
from skyband.models.scoring.peoples_labels import PeoplesLabels, peoples_labels
from skyband.models.scoring.scores import check_classes
from skyband.models.scoring.shelf import ModelVersion, next_version, unfinished
from skyband.queries.sky import Sky
from skyband.schema.errors import OtherTraining
from skyband.schema.names import check_table_name
from skyband.schema.progress import Note

if TYPE_CHECKING:
    from skyband.models.classifier.members.member import Learner


@dataclass(frozen=True)
class TrainingSet:
    """What a classifier is trained with.

    Attributes:
        table: features that something can be learnt from.
        matrix: their values, by ascending id.
        labels: class of each row.
        without_features: labelled rows that have no feature at all, left out.
        useless: features left out since they have one value, or none, in all rows.
        people: labels of people among them, if they were asked for.
    """

    table: FeatureTable
    matrix: FeatureMatrix
    labels: tuple[str, ...]
    without_features: int
    useless: tuple[str, ...]
    people: PeoplesLabels | None = None


@dataclass(frozen=True)
class TrainingReport:
    """A training that has ended.

    Attributes:
        model: where it is.
        classifier: the model.
        rows: that were learnt from.
        without_features, useless, people: as in `TrainingSet`.
        seconds: that this run took.
    """

    model: ModelVersion
    classifier: Classifier
    rows: int
    without_features: int
    useless: tuple[str, ...]
    people: PeoplesLabels | None
    seconds: float


def train_on_table(
    sky: Sky,
    table: str,
    label: str,
    name: str,
    options: FeatureOptions,
    *,
    budget_s: float = DEFAULT_BUDGET_S,
    seed: int = 0,
    learners: tuple[Learner, ...] | None = None,
    with_labels: bool = False,
    with_levels: bool = False,
    on_progress: OnProgress | None = None,
    note: Note = lambda text: None,
) -> TrainingReport:
    """Train the next version of a model, or go on with one whose training was broken off and is the same.

    Args:
        sky: an open store.
        table: whose rows are learnt from.
        label: its column with the classes, or TABLE.COLUMN of a table of labels with the same ids.
        name: of the model.
        options: which features.
        budget_s: seconds there are; they choose the size of the training.
        seed: of everything random.
        learners: members of the ensemble; None for the default ones.
        with_labels: learn from the labels of people too, before those of the column; see `peoples_labels`.
        with_levels: try whether to tell star, galaxy and quasar apart first helps, and do so where it does.
        on_progress: is told how it goes.
        note: told what is being done.

    Raises:
        BadName: the name cannot be that of a model.
        TableNotFound, BadTable, BadOption: features or labels are missing, or cannot be learnt from.
        TableLocked: another process trains this version.
        StorageError, ResourceLimit: a file could not be written, or the features take too much memory.
    """
    began = time.monotonic()
    check_table_name(name, "model")
    known = training_set(sky, table, label, options, with_labels=with_labels)
    rows = len(known.matrix)
    note(f"{rows:,} labelled rows of {table}, {len(known.matrix.names)} features, {len(set(known.labels))} classes")
    learners = all_learners() if learners is None else learners
    labels, threads = Labels.of(known.labels), sky.store.settings.processors
    recipe = recipe_for(known.matrix, labels, learners, budget_s, seed=seed, threads=threads, with_levels=with_levels)
    expected_s = expected_seconds(recipe, known.matrix, labels, learners, threads)
    if expected_s > budget_s:
        note(f"that may take {timedelta(seconds=round(expected_s))} h, more than the budget: no training is smaller")
    data, versions = _described(sky, known, label)
    begun, new = unfinished(sky.store, name), next_version(sky.store, name)
    for model in (*begun, new):
        try:
            classifier = train(
                known.matrix,
                known.labels,
                model.folder,
                recipe,
                learners=learners,
                data=data,
                versions=versions,
                threads=threads,
                on_progress=on_progress,
            )
        except OtherTraining:
            if model is new:
                raise
            note(f"{model.title} is another training that has not ended; it stays")
            continue
        seconds = time.monotonic() - began
        return TrainingReport(model, classifier, rows, known.without_features, known.useless, known.people, seconds)
    raise AssertionError("the new version raises or returns")


def training_set(
    sky: Sky, table: str, label: str, options: FeatureOptions, *, with_labels: bool = False
) -> TrainingSet:
    """The labelled rows of a table, with the features that differ among them.

    Raises:
        TableNotFound, BadTable, BadOption: as `train_on_table`.
    """
    features = feature_table(sky, table, options)
    place = [column.name for role in ("ra", "dec") if (column := features.info.role(role))]
    people = peoples_labels(sky, features.info, features.labels(qualified(table, label))) if with_labels else None
    known = labelled_rows(features, label, place, relation=people.relation if people else None, differing=True)
    check_classes(sorted(set(known.labels)))
    useless = tuple(name for name in features.names if name not in known.matrix.names)
    kept = feature_table(sky, table, replace(options, features=known.matrix.names, groups=()))
    matrix = replace(known.matrix, digest=kept.digest)
    if len(place) == 2:
        ra, dec = (known.others[name].astype(np.float64) for name in place)
        matrix = replace(matrix, groups=duplicate_groups(ra, dec))
    return TrainingSet(kept, matrix, tuple(known.labels), known.without_features, useless, people)


def _described(sky: Sky, known: TrainingSet, label: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Where the rows come from, and the versions of the tables, for the manifest."""
    info = known.table.info
    labels = sky.table(qualified(info.name, label).partition(".")[0])
    plan: dict[str, Any] = asdict(known.table.options) | {"features": known.table.names}
    people = known.people.table if known.people else None
    data = {
        "table": info.name,
        "labels": qualified(info.name, label),
        "features": json.dumps(plan, sort_keys=True),
        **({"peoples_labels": people.name} if people else {}),
    }
    versions = {
        **{f"{what}_version": version for what, version in known.table.versions.items()},
        "labels_version": labels.version.version_id,
        **({"peoples_labels_version": people.version.version_id} if people else {}),
    }
    return data, versions
