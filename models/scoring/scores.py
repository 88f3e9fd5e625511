"""What a classifier says of rows, as columns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from skyband.models.classifier.classifier import Classifier, Predictions
from skyband.models.classifier.matrix import packed_rows
from skyband.models.classifier.priors import Prior
from skyband.models.classifier.safety import SAFETY
from skyband.models.features import FeatureTable
from skyband.models.scoring.feature_rows import feature_matrix
from skyband.schema.columns import Column
from skyband.schema.errors import BadTable

if TYPE_CHECKING:
    import pyarrow as pa

_SEPARATOR = "|"


def score_columns(classes: tuple[str, ...], prefix: str = "") -> tuple[Column, ...]:
    """Metadata of the columns a table gets."""
    chances = [
        Column(
            f"{prefix}p_{plain_name(name)}",
            "FLOAT",
            ucd="stat.probability;src.class",
            description=f"Probability: {name}",
        )
        for name in classes
    ]
    return (
        Column(f"{prefix}class", "VARCHAR", ucd="src.class", description="Likeliest class; in doubt a rarer one"),
        *chances,
        Column(f"{prefix}p_max", "FLOAT", ucd="stat.probability", description="Probability of the likeliest class"),
        Column(f"{prefix}entropy", "FLOAT", description="Doubt: 0 sure, 1 all classes alike"),
        Column(f"{prefix}disagreement", "FLOAT", description="Of the members of the ensemble: 0 of one mind, to 1"),
        Column(
            f"{prefix}class_set", "VARCHAR",
            description=f"Classes that cannot be excluded, by conformal prediction, separated by {_SEPARATOR}",
        ),
        Column(
            f"{prefix}safety", "VARCHAR", ucd="meta.code.qual",
            description="safe, extrapolation (beyond what was learnt from) or unsafe",
        ),
        Column(f"{prefix}model_version", "VARCHAR", ucd="meta.version", description="Model that gave the class"),
    )  # fmt: skip


def check_classes(classes: Iterable[str]) -> None:
    """Refuse classes whose probabilities would be one column.

    Raises:
        BadTable: two names differ in case, spaces and signs alone, or one is that of another score.
    """
    taken = {"p_max": "the likeliest class"}
    for name in classes:
        column = f"p_{plain_name(name)}"
        if column in taken:
            raise BadTable(
                f"the probability of {name!r} would be the column {column}, as that of {taken[column]} is; "
                "rename the class, or merge both"
            )
        taken[column] = repr(name)


def score_rows(
    features: FeatureTable,
    batch: pa.RecordBatch,
    classifier: Classifier,
    model: str,
    prior: Prior,
    columns: tuple[Column, ...],
    *,
    threads: int = 1,
) -> pa.RecordBatch:
    """The new columns of a batch of features, after their `id`."""
    import pyarrow as pa

    said = classifier.predict(feature_matrix(features, [batch]), prior=prior, threads=threads)
    names = pa.array(classifier.classes)
    values: list[Any] = [
        batch.column(0),
        names.take(pa.array(said.called)),
        *(said.probabilities[:, place].astype(np.float32) for place in range(len(classifier.classes))),
        said.probabilities.max(axis=1).astype(np.float32),
        said.entropy.astype(np.float32),
        said.disagreement.astype(np.float32),
        _sets(said),
        pa.array(SAFETY).take(pa.array(said.safety)),
        pa.repeat(model, batch.num_rows),
    ]
    arrays = [value if isinstance(value, pa.Array) else pa.array(value) for value in values]
    return pa.RecordBatch.from_arrays(arrays, names=["id", *(column.name for column in columns)])


def _sets(said: Predictions) -> pa.Array:
    """The sets in words; few of all the sets there could be come up."""
    import pyarrow as pa

    names = np.array(said.classes, object)
    _, first, which = np.unique(packed_rows(said.sets), return_index=True, return_inverse=True)
    words = pa.array([_SEPARATOR.join(names[kind]) for kind in said.sets[first]], pa.string())
    return words.take(pa.array(which))


def plain_name(name: str) -> str:
    """A class as a part of a column's name: in small letters, with one _ for what is no letter or digit."""
    return re.sub(r"\W+", "_", name.lower()).strip("_") or "none"
