"""Decision trees of scikit-learn as plain arrays: files of them hold numbers and are checked, unlike pickles."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skyband.models.classifier.matrix import Doubles, Floats
from skyband.schema.errors import BadFile

_LEAF = -1
_MOST_PACKED = 100
"""Bytes of arrays to a byte of their file at most."""
_FIELDS = ("left", "right", "feature", "threshold", "nan_left", "depth", "sizes", "values", "samples", "shape")


class Trees:
    """A forest's trees, one behind the other.

    Attributes:
        features: of the rows they part.
        outputs: numbers at each node.
    """

    def __init__(self, trees: Sequence[Any], features: int, outputs: int) -> None:
        """Hold trees as they are.

        Args:
            trees: `sklearn.tree._tree.Tree` objects.
            features: of the rows they part.
            outputs: numbers at each node.
        """
        self._trees = list(trees)
        self.features = features
        self.outputs = outputs

    @classmethod
    def with_values(cls, trees: Sequence[Any], values: Sequence[Doubles], features: int) -> Trees:
        """Trees with one other number at each node: values by tree, of shape (nodes,)."""
        return cls([_with_values(*pair) for pair in zip(trees, values, strict=True)], features, 1)

    def __len__(self) -> int:
        return len(self._trees)

    def __add__(self, other: Trees) -> Trees:
        return Trees([*self._trees, *other._trees], self.features, self.outputs)

    def mean(self, values: Floats) -> Doubles:
        """Mean over the trees of the numbers at the leaves rows fall to, n x outputs."""
        values = np.ascontiguousarray(values)
        total = np.zeros((len(values), self.outputs))
        for tree in self._trees:
            total += tree.predict(values).reshape(len(values), self.outputs)
        return total / len(self._trees)

    def dump(self) -> bytes:
        """The trees as an npz file."""
        columns: dict[str, list[NDArray[Any]]] = {name: [] for name in _FIELDS if name != "shape"}
        for tree in self._trees:
            nodes = tree.__getstate__()["nodes"]
            for name, column in (
                ("left", nodes["left_child"].astype(np.int32)),
                ("right", nodes["right_child"].astype(np.int32)),
                ("feature", nodes["feature"].astype(np.int16)),
                ("threshold", nodes["threshold"]),
                ("nan_left", nodes["missing_go_to_left"]),
                ("samples", nodes["n_node_samples"].astype(np.int32)),
                ("depth", np.array([tree.max_depth], np.int32)),
                ("sizes", np.array([tree.node_count], np.int64)),
                ("values", tree.value[:, 0, :]),
            ):
                columns[name].append(column)
        buffer = io.BytesIO()
        arrays: dict[str, Any] = {name: np.concatenate(parts) for name, parts in columns.items()}
        arrays["shape"] = np.array([self.features, self.outputs])
        np.savez_compressed(buffer, **arrays)
        return buffer.getvalue()

    @classmethod
    def load(cls, data: bytes, features: int, outputs: int) -> Trees:
        """The trees of `dump`, every number of which is checked that a walk from the root could trip over.

        Raises:
            BadFile: these are none, or trees of other features or outputs.
        """
        try:
            trees = list(_trees(read_arrays(data), features, outputs))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise BadFile(f"no trees: {error}") from None
        return cls(trees, features, outputs)


def read_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """Arrays of an npz file; none that are pickled, nor more bytes than arrays of models pack.

    Raises:
        ValueError: the file holds something else.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(one.file_size for one in packed.infolist())
        if size > _MOST_PACKED * len(data):
            raise ValueError(f"{size} bytes are packed into {len(data)}")
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise ValueError(str(error)) from None


def _trees(arrays: dict[str, NDArray[Any]], features: int, outputs: int) -> Iterator[Any]:
    from sklearn.tree._tree import NODE_DTYPE

    if arrays["shape"].tolist() != [features, outputs]:
        raise ValueError(f"trees of {arrays['shape']} features and classes, not {features} and {outputs}")
    sizes, depths = arrays["sizes"], arrays["depth"]
    rows = {len(arrays[name]) for name in ("left", "right", "feature", "threshold", "nan_left", "values", "samples")}
    if not len(sizes) or sizes.ndim != 1 or len(depths) != len(sizes) or (sizes < 1).any() or rows != {sizes.sum()}:
        raise ValueError("sizes do not fit")
    if arrays["values"].shape[1:] != (outputs,) or not np.isfinite(arrays["values"]).all():
        raise ValueError(f"not {outputs} finite numbers at every node")
    start = 0
    for size, depth in zip(sizes.tolist(), depths.tolist(), strict=True):
        part = slice(start, start + size)
        start += size
        nodes = np.zeros(size, NODE_DTYPE)
        for field, name in (
            ("left_child", "left"), ("right_child", "right"), ("feature", "feature"), ("threshold", "threshold"),
            ("missing_go_to_left", "nan_left"), ("n_node_samples", "samples"),
        ):  # fmt: skip
            nodes[field] = arrays[name][part]
        nodes["weighted_n_node_samples"] = nodes["n_node_samples"]
        _check(nodes, features)
        yield _tree(nodes, arrays["values"][part], features, depth)


def _with_values(tree: Any, values: Doubles) -> Any:
    return _tree(tree.__getstate__()["nodes"], values[:, None], tree.n_features, tree.max_depth)


def _tree(nodes: NDArray[Any], values: Doubles, features: int, depth: int) -> Any:
    """A tree of scikit-learn from its nodes and the numbers at them, nodes x outputs."""
    from sklearn.tree._tree import Tree

    size, outputs = values.shape
    tree = Tree(features, np.array([outputs], np.intp), 1)
    tree.__setstate__(
        {
            "max_depth": depth,
            "node_count": size,
            "nodes": nodes,
            "values": np.ascontiguousarray(values.reshape(size, 1, outputs), dtype=np.float64),
        }
    )
    return tree


def _check(nodes: NDArray[Any], features: int) -> None:
    """Children come after their parents, so that walks end; indices are in range."""
    left, right = nodes["left_child"], nodes["right_child"]
    own = np.arange(len(nodes))
    leaf = left == _LEAF
    if (leaf != (right == _LEAF)).any():
        raise ValueError("a node has one child")
    for child in (left[~leaf], right[~leaf]):
        if ((child <= own[~leaf]) | (child >= len(nodes))).any():
            raise ValueError("children do not follow their parents")
    inner = nodes["feature"][~leaf]
    if ((inner < 0) | (inner >= features)).any():
        raise ValueError(f"a feature beyond the {features} there are")
