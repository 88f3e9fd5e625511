"""What missing bands give away, and what lies beyond the magnitudes learnt from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn import metrics as theirs

from skyband.models.classifier.matrix import FeatureMatrix
from skyband.models.validation.depth import beyond
from skyband.models.validation.leak import FOLDS, HIDDEN, ITSELF, VIEWS, common_bands, leak, steps
from skyband.schema.errors import BadTable

from .drawn import CLASSES
from .features import matrix_of


def sky(gives_away: bool, colours_tell: bool) -> tuple[Any, Any]:
    """Rows of three classes with g, r and, as they are of one class or by chance, W1."""
    random = np.random.default_rng(3)
    codes = np.arange(600) % 3
    g = random.uniform(17, 21, 600)
    r = g - random.normal(0, 0.2, 600) - (codes if colours_tell else 0)
    w1 = np.where((codes == 1) if gives_away else random.random(600) < 0.4, g - 2, np.nan)
    counts = 2.0 + ~np.isnan(w1)
    return matrix_of(g_minus_r=g - r, g_mag=g, w1_mag=w1, bands_measured=counts), codes


def rated(found: Any) -> dict[str, Any]:
    return {one.name: one for one in found.views}


def test_bands_that_give_the_class_away_are_told_from_what_sources_look_like() -> None:
    matrix, codes = sky(gives_away=True, colours_tell=False)
    said = np.tile([0.2, 0.5, 0.3], (600, 1))
    done: list[int] = []
    found = leak(matrix, codes, np.arange(600) % 5, CLASSES, said, on_step=lambda: done.append(1))
    assert len(done) == steps() == len(VIEWS) * FOLDS
    views = rated(found)
    # The mask tells one class of three from the others, and nothing tells these apart.
    assert views["mask alone"].all_rows.accuracy == pytest.approx(2 / 3, abs=0.06)
    assert views["everything"].all_rows.accuracy == pytest.approx(2 / 3, abs=0.06)
    assert views["everything without counts of bands"].features == 3
    assert found.share > 0.9
    assert (found.common, found.common_rows, found.compared, found.left_out) == (("g", "r"), 600, CLASSES, ())
    assert views["common bands"].all_rows is None
    assert views["common bands"].common_rows.accuracy == pytest.approx(1 / 3, abs=0.08)
    own = views[ITSELF].all_rows
    assert own.accuracy == pytest.approx(1 / 3)
    assert own.log_loss == pytest.approx(theirs.log_loss(codes, said))
    assert own.macro_f1 == pytest.approx(theirs.f1_score(codes, np.ones(600), average="macro", zero_division=0))
    assert found.chance.log_loss == pytest.approx(np.log(3))


def test_bands_that_are_missing_by_chance_give_nothing_away() -> None:
    matrix, codes = sky(gives_away=False, colours_tell=True)
    found = leak(matrix, codes, np.arange(600) % 5, CLASSES, np.full((600, 3), 1 / 3))
    views = rated(found)
    assert found.share < 0.02
    assert views["mask alone"].all_rows.accuracy == pytest.approx(1 / 3, abs=0.08)
    assert views["common bands"].common_rows.accuracy > 0.9


def test_a_model_that_lives_on_the_mask_fails_where_bands_are_hidden() -> None:
    matrix, codes = sky(gives_away=True, colours_tell=False)

    def by_mask(some: FeatureMatrix) -> np.ndarray:
        assert some.names == matrix.names
        has_w1 = ~np.isnan(some.values[:, 2])
        return np.where(has_w1[:, None], [0.1, 0.8, 0.1], [0.45, 0.1, 0.45])

    found = leak(matrix, codes, np.arange(600) % 5, CLASSES, by_mask(matrix), hidden=by_mask)
    views = rated(found)
    assert views[ITSELF].common_rows.accuracy == pytest.approx(2 / 3)
    blind = views[HIDDEN]
    assert (blind.features, blind.all_rows, blind.common_rows.accuracy) == (3, None, pytest.approx(1 / 3))
    # Of the class that had W1 nothing is found any more.
    assert blind.common_rows.macro_f1 == pytest.approx(theirs.f1_score(codes, np.zeros(600), average="macro"))


def test_classes_without_common_bands_are_not_compared() -> None:
    g, w1 = np.tile([20.0, 20.0, np.nan], 100), np.tile([np.nan, np.nan, 15.0], 100)
    random = np.random.default_rng(2)
    matrix = matrix_of(g_mag=g, g_minus_r=g - 19 + random.normal(size=300), w1_mag=w1, w1_minus_w2=w1 - 14.5)
    codes = np.arange(300) % 3
    found = leak(matrix, codes, np.arange(300) % 3, CLASSES, np.full((300, 3), 1 / 3))
    assert (found.compared, found.left_out, found.common_rows) == (("GALAXY", "QSO"), ("STAR",), 200)
    # Of two classes no band is shared.
    alone = leak(matrix.rows(codes > 0), codes[codes > 0], np.arange(200) % 3, CLASSES, np.full((200, 3), 1 / 3))
    assert (alone.common, alone.common_rows, alone.compared, alone.left_out) == ((), 0, (), CLASSES)
    assert all(one.common_rows is None for one in alone.views)
    with pytest.raises(BadTable, match="which bands"):
        leak(matrix_of(bands_measured=np.arange(300.0)), codes, codes, CLASSES, np.full((300, 3), 1 / 3))


def test_common_bands_are_what_half_of_each_class_has() -> None:
    codes = np.repeat([0, 1], 10)
    seen = np.ones((20, 4), bool)
    seen[:3, 1] = False
    seen[10:16, 2] = False
    assert common_bands(seen, ("g", "r", "i", "parallax"), codes, 2) == (("g", "r", "parallax"), [0, 1])
    # Six of ten have each of these, and two of ten both.
    seen[:4, 0], seen[4:8, 3] = False, False
    seen[:3, 1] = True
    assert common_bands(seen, ("g", "r", "i", "parallax"), codes, 2) == (("g", "r"), [0, 1])


def test_the_loneliest_class_is_left_out_first() -> None:
    codes = np.repeat([0, 1, 2, 3], 5)
    has = {0: "j k", 1: "g r i", 2: "g r", 3: "parallax"}
    bands = ("g", "r", "i", "j", "k", "parallax")
    seen = np.array([[band in has[code].split() for band in bands] for code in codes.tolist()])
    assert common_bands(seen, bands, codes, 4) == (("g", "r"), [1, 2])


def test_a_model_of_bright_rows_fails_on_faint_ones() -> None:
    random = np.random.default_rng(6)
    g = random.uniform(15, 22, 3000)
    codes = random.integers(0, 2, 3000)
    faint = g > np.quantile(g, 0.9)
    # The colours of the classes are swapped among the faintest.
    colour = np.where(faint, 1 - codes, codes) + random.normal(0, 0.1, 3000)
    done: list[int] = []
    found = beyond(matrix_of(g_minus_r=colour, g_mag=g), codes, g, 2, on_step=lambda: done.append(1))
    assert found is not None and len(done) == 2
    assert found.from_magnitude == pytest.approx(np.quantile(g, 0.9))
    assert found.of_brighter.accuracy.rows == found.of_all.accuracy.rows == 150
    assert (found.of_brighter.accuracy.share or 0) < 0.1
    assert (found.of_all.accuracy.share or 0) > 0.9
    assert beyond(matrix_of(g_minus_r=colour, g_mag=g), codes, np.full(3000, np.nan), 2) is None
