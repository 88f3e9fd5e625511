"""Labels as they come in."""

from __future__ import annotations

import numpy as np
import pytest

from skyband.models.classifier.labels import Labels, balancing_weights
from skyband.schema.errors import BadOption, BadTable

LABELS = Labels.of(["star"] * 6 + ["white dwarf"] * 4 + ["galaxy"] * 10)


def test_classes_are_sorted_and_counted() -> None:
    assert LABELS.classes == ("galaxy", "star", "white dwarf")
    assert LABELS.codes.tolist() == [1] * 6 + [2] * 4 + [0] * 10
    assert LABELS.counts.tolist() == [10, 6, 4]
    np.testing.assert_allclose(LABELS.shares(), [0.5, 0.3, 0.2])
    weights = np.array([2.0] * 6 + [1.0] * 14)
    np.testing.assert_allclose(LABELS.shares(weights), [10 / 26, 12 / 26, 4 / 26])


def test_labels_nothing_can_be_learnt_from() -> None:
    with pytest.raises(BadTable, match="all 9 labels are 'star'; a classifier needs two classes"):
        Labels.of(["star"] * 9)
    with pytest.raises(BadTable, match=r"too few rows of a class: 'quasar' has 3; 10 are needed for 5 folds"):
        Labels.of(["star"] * 90 + ["quasar"] * 3).check(5)
    with pytest.raises(BadTable, match="2 of 22 rows have no label"):
        Labels.of(["star", "galaxy"] * 10 + [None, ""])
    with pytest.raises(BadTable, match="there are no rows"):
        Labels.of([])


def test_the_coarse_level() -> None:
    coarse, of = LABELS.coarse({"galaxy": "galaxy", "star": "star", "white dwarf": "star"})
    assert coarse.classes == ("galaxy", "star")
    assert coarse.codes.tolist() == [1] * 10 + [0] * 10
    assert of.tolist() == [0, 1, 1]
    with pytest.raises(BadOption, match="no coarse class is given for white dwarf"):
        LABELS.coarse({"galaxy": "galaxy", "star": "star"})
    with pytest.raises(BadOption, match="all classes are of the coarse class 'thing'"):
        LABELS.coarse(dict.fromkeys(LABELS.classes, "thing"))


def test_rare_classes_weigh_more() -> None:
    rows = np.arange(20)
    np.testing.assert_array_equal(balancing_weights(LABELS, rows, 0.0), [1, 1, 1])
    np.testing.assert_array_equal(balancing_weights(LABELS, rows, 0.2), [1, 1, 1])
    np.testing.assert_allclose(balancing_weights(LABELS, rows, 0.4), [1, (0.4 / 0.3) ** 0.5, 2**0.5])
