"""Files of boosted trees, checked before XGBoost reads them: it takes what they say on trust, and dies of nonsense."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from skyband.models.classifier.members.ubjson import decode
from skyband.schema.errors import BadFile

_NODE_ARRAYS = (
    "left_children", "right_children", "parents", "split_indices", "split_conditions", "default_left", "base_weights",
    "loss_changes", "sum_hessian", "split_type",
)  # fmt: skip
_CATEGORY_ARRAYS = ("categories", "categories_nodes", "categories_segments", "categories_sizes")


def check_boosted(data: bytes, features: int, classes: int) -> int:
    """Refuse a file that is no plain model of boosted trees whose every walk ends at a leaf.

    Args:
        data: XGBoost's UBJSON.
        features: it must have.
        classes: it must have.

    Returns:
        Rounds it was boosted for.

    Raises:
        BadFile: it is none.
    """
    try:
        learner = decode(data)["learner"]
        _check_head(learner, features, classes)
        model = learner["gradient_booster"]["model"]
        trees, rounds = model["trees"], len(model["trees"]) // classes
        for tree in trees:
            _check_tree(tree, features)
        if (
            [int(number) for number in model["tree_info"]] != list(range(classes)) * rounds
            or [int(number) for number in model["iteration_indptr"]] != list(range(0, len(trees) + 1, classes))
            or [int(tree["id"]) for tree in trees] != list(range(len(trees)))
            or int(model["gbtree_model_param"]["num_trees"]) != len(trees)
            or int(model["gbtree_model_param"]["num_parallel_tree"]) != 1
        ):
            raise ValueError(f"{len(trees)} trees are not one a class and round")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise BadFile(f"no boosted trees of {features} features and {classes} classes: {error}") from None
    return rounds


def _check_head(learner: dict[str, Any], features: int, classes: int) -> None:
    size = learner["learner_model_param"]
    found = learner["gradient_booster"]["name"], learner["objective"]["name"]
    if found != ("gbtree", "multi:softprob"):
        raise ValueError(f"a model {found[0]} for {found[1]}")
    numbers = {int(size["num_class"]), int(learner["objective"]["softmax_multiclass_param"]["num_class"])}
    if int(size["num_feature"]) != features or numbers != {classes} or int(size["num_target"]) != 1:
        raise ValueError(f"it has {size['num_feature']} features and {size['num_class']} classes")
    base = json.loads(size["base_score"])
    if len(base) != classes or not np.isfinite(base).all():
        raise ValueError("base scores are no numbers")
    if learner["feature_names"] or learner["feature_types"] or set(learner.get("attributes", {})) - {"best_iteration"}:
        raise ValueError("it names features or has attributes")
    cats = learner["gradient_booster"]["model"].get("cats", {})
    if any(len(part) for part in cats.values()):
        raise ValueError("it has categories")


def _check_tree(tree: dict[str, Any], features: int) -> None:
    arrays = {name: np.asarray(tree[name]) for name in _NODE_ARRAYS}
    size = len(arrays["left_children"])
    about = tree["tree_param"]
    if size < 1 or any(array.shape != (size,) for array in arrays.values()):
        raise ValueError("arrays of a tree differ in length")
    if int(about["num_nodes"]) != size or int(about["num_deleted"]) or int(about["num_feature"]) != features:
        raise ValueError("a tree is not what it says")
    if int(about["size_leaf_vector"]) != 1 or arrays["split_type"].any() or any(len(tree[n]) for n in _CATEGORY_ARRAYS):
        raise ValueError("a tree has categories, or vectors at its leaves")
    left, right, own = arrays["left_children"], arrays["right_children"], np.arange(size)
    leaf = left == -1
    if (leaf != (right == -1)).any():
        raise ValueError("a node has one child")
    parents = np.full(size, -1)
    for child in (left, right):
        inner = child[~leaf]
        # Children after their parents: a walk cannot turn in a circle.
        if ((inner <= own[~leaf]) | (inner >= size)).any():
            raise ValueError("children do not follow their parents")
        parents[inner] = own[~leaf]
    if (parents[1:] != arrays["parents"][1:]).any():
        raise ValueError("nodes are not their parents' children")
    indices = arrays["split_indices"][~leaf]
    if ((indices < 0) | (indices >= features)).any():
        raise ValueError(f"a feature beyond the {features} there are")
    if not np.isfinite(arrays["split_conditions"].astype(np.float64)).all():
        raise ValueError("splits are no numbers")
