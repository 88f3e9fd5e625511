"""The rows of a table that have a label, with their features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skyband.models.classifier.matrix import FeatureMatrix
from skyband.models.features import FeatureTable
from skyband.models.features.table import LabelRelation
from skyband.models.scoring.feature_rows import feature_matrix
from skyband.schema.errors import BadTable


@dataclass(frozen=True)
class LabelledRows:
    """Rows by ascending id, those without any feature left out.

    Attributes:
        ids: of the table.
        labels: words.
        matrix: features.
        others: further columns of the table, by name.
        without_features: rows that were left out.
    """

    ids: NDArray[Any]
    labels: NDArray[Any]
    matrix: FeatureMatrix
    others: Mapping[str, NDArray[Any]]
    without_features: int


def labelled_rows(
    features: FeatureTable, label: str, also: Sequence[str] = (), *, relation: LabelRelation | None = None
) -> LabelledRows:
    """The labelled rows of a table.

    Args:
        features: of the table.
        label: its column with the labels, or TABLE.COLUMN of a table of labels with the same ids.
        also: columns of the table that are wanted too.
        relation: what stands in place of the labels of that column.

    Raises:
        TableNotFound, BadOption: there is no such column.
        BadTable: no row has a label, or no labelled one a feature.
    """
    name = features.info.name
    rows = features.rows(also=also, labels=relation or qualified(name, label))
    batches = [batch for batch in rows.stream().batches if batch.num_rows]
    if not batches:
        raise BadTable(f"no row of {name!r} has a label in {label!r}; the ids of both must be the same")
    whole = feature_matrix(features, batches)
    labels = np.array([str(value) for batch in batches for value in batch.column("label").to_pylist()], object)
    ids = np.array([value for batch in batches for value in batch.column(0).to_pylist()], object)
    there = ~whole.empty_rows()
    # The order of rows is not promised, and a training that goes on must meet the same.
    chosen = np.argsort(ids, kind="stable")
    chosen = chosen[there[chosen]]
    if not chosen.size:
        raise BadTable(f"no labelled row of {name!r} has any feature; see skyband features {name} --list")
    others = {
        one: np.concatenate([batch.column(one).to_numpy(zero_copy_only=False) for batch in batches])[chosen]
        for one in also
    }
    return LabelledRows(ids[chosen], labels[chosen], whole.rows(chosen), others, int((~there).sum()))


def qualified(table: str, label: str) -> str:
    """A column of labels with its table."""
    return label if "." in label else f"{table}.{label}"
