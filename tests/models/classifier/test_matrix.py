"""Features as they come in: what cannot be right is refused, in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skyband.models.classifier.matrix import FeatureMatrix, digest_of, listed
from skyband.schema.errors import BadOption, BadTable
from tests.models.classifier.sources import BANDS, NAMES, simulated

MATRIX, _ = simulated(50, 1)


def changed(column: int, value: float) -> FeatureMatrix:
    values = MATRIX.values.copy()
    values[:, column] = value
    return replace(MATRIX, values=values)


def test_good_features_are_trainable() -> None:
    MATRIX.check_trainable()
    assert len(MATRIX) == 50


def test_shapes_must_agree() -> None:
    with pytest.raises(BadTable, match="float64 array; give rows x features float32"):
        FeatureMatrix(np.zeros((3, 4)), NAMES)  # type: ignore[arg-type]
    with pytest.raises(BadTable, match="4 columns of features have 3 different names"):
        replace(MATRIX, names=("a", "b", "c", "a"), bands={})
    with pytest.raises(BadTable, match=r"magnitude has the shape \(3,\), but there are 50 rows"):
        replace(MATRIX, magnitude=np.zeros(3))
    with pytest.raises(BadTable, match="there is no feature"):
        FeatureMatrix(np.zeros((3, 0), np.float32), ())
    with pytest.raises(BadTable, match="bands or counts of them name features that are not there: W9"):
        replace(MATRIX, bands=BANDS | {"far": ("W9",)})
    with pytest.raises(BadTable, match="weights of rows must be positive"):
        replace(MATRIX, weights=np.zeros(50))


def test_infinite_values_are_refused() -> None:
    values = MATRIX.values.copy()
    values[3, 1] = -np.inf
    with pytest.raises(BadTable, match=r"infinite values in r_i; make them missing"):
        replace(MATRIX, values=values)


def test_nothing_can_be_learnt_from_nothing() -> None:
    with pytest.raises(BadTable, match="every feature of every row is missing"):
        replace(MATRIX, values=np.full((50, 4), np.nan, np.float32)).check_trainable()
    with pytest.raises(BadTable, match="no row has a value of w1_w2; leave these features out"):
        changed(2, np.nan).check_trainable()
    with pytest.raises(BadTable, match="constant in all rows: r_i; leave these features out"):
        changed(1, 3.0).check_trainable()
    values = MATRIX.values.copy()
    values[4:7] = np.nan
    with pytest.raises(BadTable, match="3 rows have no feature at all"):
        replace(MATRIX, values=values).check_trainable()
    with pytest.raises(BadTable, match="training needs healpix_29"):
        replace(MATRIX, healpix_29=None).check_trainable()


def test_a_model_takes_its_own_features_from_more_in_any_order() -> None:
    found = MATRIX.as_trained(("w1_w2", "g_r"), "d1")
    np.testing.assert_array_equal(found.values, MATRIX.values[:, [2, 0]])
    assert (found.names, found.bands) == (("w1_w2", "g_r"), {"optical": ("g_r",), "WISE": ("w1_w2",)})
    assert MATRIX.as_trained(NAMES, "d1") is MATRIX
    with pytest.raises(BadTable, match="the table lacks 1 of 2 features: parallax; build them first"):
        MATRIX.as_trained(("g_r", "parallax"), "d1")
    with pytest.raises(BadOption, match=r"trained with features of the definition d2, these are of d1"):
        MATRIX.as_trained(NAMES, "d2")


def test_rows_are_cut_with_all_that_is_known_of_them() -> None:
    whole = replace(MATRIX, groups=np.arange(50), weights=np.arange(1.0, 51.0))
    part = whole.rows(np.array([4, 2]))
    np.testing.assert_array_equal(part.values, whole.values[[4, 2]])
    assert part.healpix_29 is not None and whole.healpix_29 is not None
    np.testing.assert_array_equal(part.healpix_29, whole.healpix_29[[4, 2]])
    np.testing.assert_array_equal(part.groups, [4, 2])
    np.testing.assert_array_equal(part.weights, [5.0, 3.0])
    np.testing.assert_array_equal(part.magnitude, whole.magnitude[[4, 2]] if whole.magnitude is not None else None)


def test_equal_arrays_alone_have_equal_digests() -> None:
    some = np.arange(6.0)
    assert digest_of(some, None) == digest_of(some.copy(), None)
    others = [digest_of(some), digest_of(some[:5], None), digest_of(some.reshape(2, 3), None), digest_of(None, some)]
    assert len({digest_of(some, None), *others}) == 5


def test_long_lists_are_cut_short() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(number) for number in range(10)]) == "0, 1, 2, 3, 4, 5, 6, 7 and 2 more"
