"""Rows of a feature table as the matrix a classifier takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skyband.models.classifier.matrix import Doubles, FeatureMatrix
from skyband.models.features import FeatureTable, matrix
from skyband.schema.columns import HEALPIX_COLUMN

if TYPE_CHECKING:
    import pyarrow as pa

_MAGNITUDES = ("r_mag", "gaia_g_mag", "i_mag", "g_mag", "z_mag", "j_mag", "k_mag", "w1_mag")
"""Whose first value is the brightness of a source, by which probabilities are calibrated. Their systems differ by less
than the bins of magnitude are wide."""


def bands_of(table: FeatureTable) -> dict[str, tuple[str, ...]]:
    """Features that vanish together, by the input whose absence takes them."""
    needs = dict.fromkeys(name for feature in table.features for name in feature.needs)
    return {name: tuple(item.name for item in table.features if name in item.needs) for name in needs}


def counts_of(table: FeatureTable) -> dict[str, tuple[str, ...]]:
    """Bands that features count, by the name of the feature."""
    return {item.name: item.counts for item in table.features if item.counts}


def feature_matrix(table: FeatureTable, batches: Sequence[pa.RecordBatch]) -> FeatureMatrix:
    """The features of some rows, with their places and magnitudes."""
    parts = [matrix(batch, table.names) for batch in batches] or [np.empty((0, len(table.names)), np.float32)]
    values = parts[0] if len(parts) == 1 else np.concatenate(parts)
    keys = [batch.column(HEALPIX_COLUMN).fill_null(-1).to_numpy() for batch in batches]
    return FeatureMatrix(
        values=values,
        names=table.names,
        digest=table.digest,
        healpix_29=np.concatenate([np.empty(0, np.int64), *keys]).astype(np.int64),
        magnitude=magnitudes(table.names, values),
        bands=bands_of(table),
        counts=counts_of(table),
    )


def magnitudes(names: Sequence[str], values: NDArray[np.float32]) -> Doubles | None:
    """The brightness of each row, NaN where nothing was measured; None without any magnitude among the features."""
    known = [names.index(name) for name in _MAGNITUDES if name in names]
    if not known:
        return None
    found = values[:, known[0]].astype(np.float64)
    for place in known[1:]:
        found = np.where(np.isnan(found), values[:, place], found)
    return found
