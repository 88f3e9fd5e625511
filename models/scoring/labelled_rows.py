"""The rows of a table that have a label, with their features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skyband.models.classifier.matrix import FeatureMatrix, Floats
from skyband.models.features import FeatureTable, matrix
from skyband.models.features.table import LabelRelation
from skyband.models.scoring.feature_rows import feature_matrix, magnitudes
from skyband.models.scoring.spool import gathered, spooled
from skyband.schema.columns import HEALPIX_COLUMN
from skyband.schema.errors import BadTable


@dataclass(frozen=True)
class LabelledRows:
    """Rows by ascending id, those without any feature left out.

    Attributes:
        ids: of the table.
        labels: words.
        matrix: features, on disk.
        others: further columns of the table, by name.
        without_features: rows that were left out.
    """

    ids: NDArray[Any]
    labels: NDArray[Any]
    matrix: FeatureMatrix
    others: Mapping[str, NDArray[Any]]
    without_features: int


def labelled_rows(
    features: FeatureTable,
    label: str,
    also: Sequence[str] = (),
    *,
    relation: LabelRelation | None = None,
    differing: bool = False,
) -> LabelledRows:
    """The labelled rows of a table.

    Args:
        features: of the table.
        label: its column with the labels, or TABLE.COLUMN of a table of labels with the same ids.
        also: columns of the table that are wanted too.
        relation: what stands in place of the labels of that column.
        differing: leave out features that have one value, or none, in all rows.

    Raises:
        TableNotFound, BadOption: there is no such column.
        BadTable: no row has a label, or no labelled one a feature, or none that differs.
        StorageError: the features do not fit on the disk.
    """
    name, store = features.info.name, features.sky.store.path
    rows = features.rows(also=also, labels=relation or qualified(name, label))
    others: list[pa.RecordBatch] = []

    def values_of(batches: Iterable[pa.RecordBatch]) -> Iterator[Floats]:
        for batch in batches:
            if batch.num_rows:
                others.append(batch.drop_columns(list(features.names)))
                yield matrix(batch, features.names)

    values = spooled(values_of(rows.stream().batches), len(features.names), store)
    if not others:
        raise BadTable(f"no row of {name!r} has a label in {label!r}; the ids of both must be the same")
    rest = pa.Table.from_batches(others)
    nothing = feature_matrix(features, [])
    keys = rest.column(HEALPIX_COLUMN).fill_null(-1).to_numpy().astype(np.int64)
    whole = replace(nothing, values=values, healpix_29=keys, magnitude=magnitudes(features.names, values))
    there = ~whole.empty_rows()
    if not there.any():
        raise BadTable(f"no labelled row of {name!r} has any feature; see skyband features {name} --list")
    least, most = whole.ranges()
    useful = most > least if differing else np.ones(len(features.names), bool)
    if not useful.any():
        raise BadTable(f"every feature has one value in all labelled rows of {name!r}; nothing can be learnt")
    ids = rest.column(0).to_numpy()
    # The order of rows is not promised, and a training that goes on must meet the same.
    chosen = np.argsort(ids, kind="stable")
    chosen = chosen[there[chosen]]
    sorted_rows = replace(
        nothing.features([one for one, wanted in zip(features.names, useful, strict=True) if wanted]),
        values=gathered(values, chosen, np.flatnonzero(useful), store),
        healpix_29=keys[chosen],
        magnitude=None if whole.magnitude is None else whole.magnitude[chosen],
    )
    return LabelledRows(
        ids[chosen],
        _words(rest.column("label"))[chosen],
        sorted_rows,
        {one: rest.column(one).to_numpy()[chosen] for one in also},
        int((~there).sum()),
    )


def _words(labels: pa.ChunkedArray) -> NDArray[Any]:
    """Labels as text, equal ones as one object."""
    encoded = labels.dictionary_encode().combine_chunks()
    words = np.array([str(word) for word in encoded.dictionary.to_pylist()], object)
    return np.asarray(words[encoded.indices.to_numpy()])


def qualified(table: str, label: str) -> str:
    """A column of labels with its table."""
    return label if "." in label else f"{table}.{label}"
