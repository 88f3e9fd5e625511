"""Where images stand on a flat map: neighbours there are neighbours in the space of the vectors, distances are not."""

from __future__ import annotations

import numpy as np

from skyband.models.discovery.clusters import nearest_rows
from skyband.models.discovery.features import Doubles, Features
from skyband.models.discovery.options import TaxonomyOptions

_PERPLEXITY = 30.0


def map_of(features: Features, options: TaxonomyOptions) -> Doubles:
    """A map by t-SNE (van der Maaten & Hinton 2008), begun from the first two components, or these alone.

    t-SNE places `map_rows` images; others stand where their nearest placed one does.

    Returns:
        Shape (n, 2).
    """
    flat = np.zeros((len(features), 2))
    axes = min(2, features.values.shape[1])
    flat[:, :axes] = features.values[:, :axes]
    if options.map == "pca" or not np.ptp(flat):
        return flat
    rows = np.sort(features.sample[: options.map_rows])
    flat[rows] = _tsne(features.values[rows].astype(np.float64), flat[rows], options.seed)
    rest = np.setdiff1d(np.arange(len(features)), rows, assume_unique=True)
    for some, nearest in nearest_rows(features.values, rest, rows, 1):
        flat[some] = flat[rows[nearest[:, 0]]]
    return flat


def _tsne(values: Doubles, begin: Doubles, seed: int) -> Doubles:
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    # As scikit-learn scales it: the first steps are then of the right size.
    start = begin / np.std(begin[:, 0]) * 1e-4
    perplexity = min(_PERPLEXITY, (len(values) - 1) / 3)
    model = TSNE(perplexity=perplexity, init=start.astype(np.float32), random_state=seed)
    # Threads wait for each other a thousand times, which costs more than they save where others work too.
    with threadpool_limits(1):
        found: Doubles = model.fit_transform(values)
    return found.astype(np.float64)
