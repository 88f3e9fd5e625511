"""How alone each row of a table is among its features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from skyband.models.discovery.anomalies import ranked
from skyband.models.features import FeatureTable, matrix

if TYPE_CHECKING:
    import pyarrow as pa

GROUPS = ("colours", "shape", "parallax", "motion")
"""Of features: what a source is, not how bright it is or how well it was measured."""

_SAMPLE_ROWS = 50_000
_TREES = 100


def isolation_ranks(features: FeatureTable, seed: int = 1) -> pa.Table:
    """Ranks by an isolation forest (Liu, Ting & Zhou 2008): how few cuts at random set a row apart.

    Rows are read twice and a batch at a time: first the sample that the trees are grown from.

    Args:
        features: of the table; missing values are told apart as such.
        seed: of the trees.

    Returns:
        id (text) and isolation, 0 to 1 (most alone). Equal rows share the middle of their ranks.
    """
    import pyarrow as pa
    from sklearn.ensemble import IsolationForest

    step = max(1, -(-features.info.rows // _SAMPLE_ROWS))
    sample = np.concatenate([values[::step] for _, values in _batches(features)])
    forest = IsolationForest(n_estimators=_TREES, random_state=seed).fit(sample)
    ids, scores = [], []
    for names, values in _batches(features):
        ids.append(names)
        scores.append(-forest.score_samples(values))
    return pa.table({"id": pa.chunked_array(ids, pa.utf8()), "isolation": ranked(np.concatenate(scores))})


def _batches(features: FeatureTable) -> Iterator[tuple[pa.Array, np.ndarray[tuple[int, int], np.dtype[np.float32]]]]:
    import pyarrow as pa

    for batch in features.rows().stream().batches:
        if batch.num_rows:
            yield batch.column(0).cast(pa.utf8()), matrix(batch, features.names)
