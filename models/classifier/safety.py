"""Whether a source is like those of the training, or an extrapolation."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from skyband.models.classifier.bands import Bands, missing_bands
from skyband.models.classifier.matrix import (
    Doubles,
    FeatureMatrix,
    Flags,
    Floats,
    Integers,
    blocks,
    chunks,
    packed_rows,
)
from skyband.models.classifier.members.trees import Trees, read_arrays
from skyband.schema.errors import BadFile

SAFE, EXTRAPOLATION, UNSAFE = "safe", "extrapolation", "unsafe"
SAFETY = (SAFE, EXTRAPOLATION, UNSAFE)
"""Names of the codes 0, 1, 2."""

_TREES = 48
_TREE_ROWS = 256
_FIT_ROWS = 200_000
_ODD, _FOREIGN = 0.99, 0.9995
"""Shares of the training with a lower isolation score than what is an extrapolation, and than what is unsafe."""
_BEYOND = 0.25
"""A value beyond the training's range by this share of its central 98 % is unsafe."""


@dataclass(frozen=True)
class Safety:
    """The training as far as it reaches.

    A source is *unsafe* if more bands are missing than in any row of the training, if a feature lies far beyond its
    range, or if it is more isolated (Liu, Ting & Zhou 2008, doi:10.1109/ICDM.2008.17) than 99.95 % of the training;
    an *extrapolation* if a feature is out of range, its combination of missing bands was not in the training, or it
    is more isolated than 99 %; else *safe*.

    Attributes:
        least, most: range of each feature, shape (f,).
        reach: how far beyond is far, shape (f,).
        bands: features that vanish together, bands x f.
        patterns: combinations of missing bands in the training, patterns x bands.
        isolation: path lengths in random trees.
        limits: isolation scores of an extrapolation and of what is unsafe.
    """

    least: Doubles
    most: Doubles
    reach: Doubles
    bands: Flags
    patterns: Flags
    isolation: Trees
    limits: Doubles

    @classmethod
    def fit(cls, matrix: FeatureMatrix, seed: int) -> Safety:
        """Learn how far a training reaches."""
        from sklearn.ensemble import IsolationForest

        step = max(1, len(matrix) // _FIT_ROWS)
        values = np.ascontiguousarray(matrix.values[::step])
        low, high = np.nanquantile(values, [0.01, 0.99], axis=0)
        forest = IsolationForest(n_estimators=_TREES, max_samples=min(_TREE_ROWS, len(values)), random_state=seed)
        forest.fit(values)
        isolation = Trees.with_values(
            [one.tree_ for one in forest.estimators_],
            [_paths(one.tree_) for one in forest.estimators_],
            values.shape[1],
        )
        scores = np.concatenate([_scores(isolation, values[rows]) for rows in blocks(len(values))])
        bands = Bands.of(matrix).vanish
        patterns = [np.unique(missing_bands(matrix.values[rows], bands), axis=0) for rows in chunks(len(matrix))]
        return cls(
            least=np.nanmin(matrix.values, axis=0).astype(np.float64),
            most=np.nanmax(matrix.values, axis=0).astype(np.float64),
            reach=np.maximum(_BEYOND * (high - low), 1e-6),
            bands=bands,
            patterns=np.unique(np.concatenate(patterns), axis=0),
            isolation=isolation,
            limits=np.quantile(scores, [_ODD, _FOREIGN]),
        )

    def codes(self, values: Floats) -> Integers:
        """Index into `SAFETY` of each row."""
        missing = missing_bands(values, self.bands)
        scores = _scores(self.isolation, values)
        # Rows and patterns as bytes, so that a pattern is looked up whole.
        known = np.isin(packed_rows(missing), packed_rows(self.patterns))
        extrapolation = _outside(values, self.least, self.most) | ~known | (scores > self.limits[0])
        unsafe = (
            _outside(values, self.least - self.reach, self.most + self.reach)
            | (missing.sum(axis=1) > self.patterns.sum(axis=1).max())
            | (scores > self.limits[1])
            | np.isnan(values).all(axis=1)
        )
        return np.where(unsafe, 2, np.where(extrapolation, 1, 0))

    def dump(self) -> bytes:
        """Arrays as an npz file."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            least=self.least,
            most=self.most,
            reach=self.reach,
            bands=self.bands,
            patterns=self.patterns,
            limits=self.limits,
            isolation=np.frombuffer(self.isolation.dump(), np.uint8),
        )
        return buffer.getvalue()

    @classmethod
    def load(cls, data: bytes, features: int) -> Safety:
        """What `dump` gave.

        Raises:
            BadFile: it is none, or of other features.
        """
        try:
            arrays = read_arrays(data)
            isolation = Trees.load(arrays.pop("isolation").tobytes(), features, 1)
            found = cls(isolation=isolation, **arrays)
            bands = len(found.bands)
            shapes = (
                (found.least, (features,)), (found.most, (features,)), (found.reach, (features,)),
                (found.bands, (bands, features)), (found.patterns, (len(found.patterns), bands)), (found.limits, (2,)),
            )  # fmt: skip
            if any(array.shape != shape for array, shape in shapes) or not len(found.patterns):
                raise ValueError(f"not of {features} features")
        except (ValueError, KeyError, TypeError) as error:
            raise BadFile(f"no record of what is safe: {error}") from None
        return found


def _outside(values: Floats, least: Doubles, most: Doubles) -> Flags:
    """Whether any feature of each row is below the least or above the most; what is missing is neither."""
    # Compared in the precision of the values: in another one, they would be copied.
    low, high = least.astype(np.float32), most.astype(np.float32)
    return np.asarray(((values < low) | (values > high)).any(axis=1))


def _scores(isolation: Trees, values: Floats) -> Doubles:
    """Isolation scores, higher for what is more isolated: the negative mean path length."""
    return np.asarray(-isolation.mean(values)[:, 0])


def _paths(tree: Any) -> Doubles:
    """Path length at each node: its depth, and what its rows would take to be parted on average."""
    nodes = tree.__getstate__()["nodes"]
    depth = np.zeros(len(nodes))
    for number in range(len(nodes)):
        for child in (nodes["left_child"][number], nodes["right_child"][number]):
            if child >= 0:
                depth[child] = depth[number] + 1
    return np.asarray(depth + [_average_path(int(count)) for count in nodes["n_node_samples"]])


def _average_path(rows: int) -> float:
    """Mean path length of an unsuccessful search in a binary tree of so many rows."""
    if rows < 2:
        return 0.0
    return 1.0 if rows == 2 else 2 * (math.log(rows - 1) + float(np.euler_gamma)) - 2 * (rows - 1) / rows
