"""How far the neighbours of a typical row of a collection are: what an outlier is measured by."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from skyband.queries.likeness.options import LikenessOptions

if TYPE_CHECKING:
    from skyband.queries.likeness.collection import Collection
    from skyband.queries.likeness.snapshot import Snapshot

SAMPLE = 200
"""Rows whose neighbours are looked for."""

_SEED = 1

_KNOWN: WeakKeyDictionary[Snapshot, dict[tuple[int, float], float | None]] = WeakKeyDictionary()
"""Of each version that is open, by k and exclude_arcsec."""


def typical_distance(collection: Collection, options: LikenessOptions) -> float | None:
    """The mean distance of the neighbours of rows drawn at random, 0 to 2: that of the ends of unit vectors.

    Args:
        collection: of vectors.
        options: how neighbours are looked for; rows are drawn among those that its filters let pass.

    Returns:
        The mean; None where no row has a neighbour.

    Raises:
        BadOption: `k` is too large, or a filter cannot be applied.
    """
    snapshot = collection.snapshot()
    options = replace(options, distinct_arcsec=0.0)
    is_filtered = options.ids is not None or options.cone is not None or bool(options.where.strip())
    if is_filtered:
        return _computed(collection, snapshot, options)
    known = _KNOWN.setdefault(snapshot, {})
    key = options.k, options.exclude_arcsec
    if key not in known:
        known[key] = _computed(collection, snapshot, options)
    return known[key]


def _computed(collection: Collection, snapshot: Snapshot, options: LikenessOptions) -> float | None:
    chosen = snapshot.chosen_rows(options)
    rows = np.arange(len(snapshot.directory)) if chosen is None else chosen
    # By their ids, whose order is the same however the rows are stored.
    names = sorted(snapshot.directory.ids.take(rows).to_pylist())
    drawn = np.random.default_rng(_SEED).permutation(len(names))[:SAMPLE]
    if not drawn.size:
        return None
    found = collection.similar_batch(collection.targets([names[place] for place in drawn]), options).table
    cosines = found["similarity"].to_numpy().astype(np.float64)
    return float(np.sqrt(np.maximum(2 - 2 * cosines, 0)).mean()) if cosines.size else None
