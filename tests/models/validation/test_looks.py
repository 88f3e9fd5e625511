"""What a validation looks at besides probabilities: bands, places, spectra, cuts, importances."""

from __future__ import annotations

import healpy
import numpy as np
import pytest
from sklearn import metrics as theirs

from skyband.models.classifier.kinds import class_named, coarse_kind, kind_of
from skyband.models.classifier.members.boosting import BoostingMember
from skyband.models.validation.baselines import baselines
from skyband.models.validation.confirm import confirmation
from skyband.models.validation.importances import permutation
from skyband.models.validation.measures import Figures, Said, Share
from skyband.models.validation.patterns import by_pattern
from skyband.models.validation.places import by_area, by_fold
from skyband.models.validation.quick import cross_validated, quick_model, sample_of
from skyband.schema.errors import BadOption
from skyband.schema.healpix import healpix_index

from .drawn import CLASSES, drawn
from .features import matrix_of


def test_names_of_classes() -> None:
    assert [kind_of(name) for name in ("QSO", "white_dwarf", "MS", "Main-Sequence Star", "blob")] == [
        "quasar", "white dwarf", "star", "star", None,
    ]  # fmt: skip
    assert [coarse_kind(name) for name in ("giant", "gal", "qso", "cluster")] == ["star", "galaxy", "quasar", None]
    assert class_named(("galaxy", "quasar", "star"), "QSO") == 1
    assert class_named(("QSO", "quasar"), "agn") is None
    assert class_named(("QSO", "quasar"), "quasar") == 1
    assert class_named(("a", "b"), "blob") is None


def test_patterns_of_missing_bands() -> None:
    probabilities, codes = drawn(120, 3)
    g, w1 = np.full(120, 20.0), np.full(120, 15.0)
    w1[:50] = np.nan
    g[115:] = np.nan
    matrix = matrix_of(g_mag=g, r_minus_w1=w1 - 2, w1_mag=w1, parallax_mas=np.where(np.arange(120) < 30, 1.0, np.nan))
    found = by_pattern(matrix, Said.likeliest(probabilities, codes), CLASSES)
    # r - W1 needs both, so that where it is there the optical is too.
    assert [(one.has, one.lacks, one.figures.accuracy.rows) for one in found] == [
        (("optical", "mid infrared"), ("parallax",), 70),
        (("optical", "parallax"), ("mid infrared",), 30),
        (("optical",), ("mid infrared", "parallax"), 20),
    ]
    assert found[1].figures == Figures.of(Said.likeliest(probabilities[:30], codes[:30]))
    assert found[1].classes == {name: int((codes[:30] == code).sum()) for code, name in enumerate(CLASSES)}


def places(rows: int, side_deg: float = 180.0) -> tuple[np.ndarray, np.ndarray]:
    """Right ascension and declination all over the sky, or in a field around (150, 0)."""
    random = np.random.default_rng(0)
    ra, dec = random.uniform(0, 360, rows), np.degrees(np.arcsin(random.uniform(-1, 1, rows)))
    return 150 + ra * side_deg / 180, dec * side_deg / 180


def test_folds_say_which_pixels_they_held_out() -> None:
    probabilities, codes = drawn(900, 5)
    ra, dec = places(900)
    pixel = healpy.ang2pix(16, ra, dec, nest=True, lonlat=True)
    fold = pixel % 3
    folds = by_fold(Said.likeliest(probabilities, codes), healpix_index(29, ra, dec), fold, 4)
    assert [set(one.pixels) for one in folds] == [set(pixel[fold == number].tolist()) for number in range(3)]
    assert folds[2].figures == Figures.of(Said.likeliest(probabilities[fold == 2], codes[fold == 2]))


@pytest.mark.parametrize(
    ("rows", "side_deg", "order", "areas"),
    # All over the sky, in a field that needs finer pixels, and with too few rows for many pixels of any order.
    [(2500, 180.0, 1, 48), (900, 6.0, 5, 13), (200, 6.0, 2, 2)],
)
def test_areas_are_pixels_with_rows_enough(rows: int, side_deg: float, order: int, areas: int) -> None:
    probabilities, codes = drawn(rows, 5)
    ra, dec = places(rows, side_deg)
    pixel = healpy.ang2pix(1 << order, ra, dec, nest=True, lonlat=True)
    found = by_area(Said.likeliest(probabilities, codes), healpix_index(29, ra, dec))
    assert [one.pixel for one in found] == np.flatnonzero(np.bincount(pixel) >= 30).tolist()
    assert (len(found), {one.order for one in found}) == (areas, {order})
    for one in found:
        assert one.figures == Figures.of(Said.likeliest(probabilities[pixel == one.pixel], codes[pixel == one.pixel]))
        assert healpy.ang2pix(1 << order, one.ra, one.dec, nest=True, lonlat=True) == one.pixel


def test_rows_without_a_place_are_in_no_area() -> None:
    assert by_area(Said.likeliest(*drawn(100, 5)), np.full(100, -1)) == []


def test_spectra_confirm() -> None:
    classes = ("galaxy", "giant", "quasar", "star")
    called = np.array([0, 0, 2, 2, 1, 3, 3, 0])
    probabilities = np.full((8, 4), 0.02) + 0.92 * np.eye(4)[called]
    probabilities[3] = [0.2, 0.2, 0.4, 0.2]
    words = np.array(["GALAXY", "STAR", "QSO", "GALAXY", "STAR", "STAR", "", "nebula"], object)
    found = confirmation(Said.likeliest(probabilities, np.zeros(len(probabilities), int)), words, classes)
    assert (found.rows, found.not_understood) == (6, {"nebula": 1})
    assert found.agree == {
        "0": Share.of(4, 6), "0.5": Share.of(4, 5), "0.9": Share.of(4, 5), "0.99": Share.of(0, 0),
    }  # fmt: skip
    assert [(one.word, one.means, one.found) for one in found.by_word] == [
        ("GALAXY", ("galaxy",), Share.of(1, 2)),
        ("QSO", ("quasar",), Share.of(1, 1)),
        ("STAR", ("giant", "star"), Share.of(2, 3)),
    ]
    assert found.by_class["quasar"] == Share.of(1, 2)
    with pytest.raises(BadOption, match="no spectroscopic class is one of the model's"):
        confirmation(
            Said.likeliest(probabilities, np.zeros(len(probabilities), int)), np.array(["nebula"] * 8, object), classes
        )


def test_cuts_and_the_model_on_the_same_rows() -> None:
    random = np.random.default_rng(8)
    classes = ("galaxy", "quasar", "star", "white_dwarf")
    codes, called = random.integers(0, 4, 600), random.integers(0, 4, 600)
    colour, w2 = random.uniform(0, 1.6, 600), random.uniform(13, 17, 600)
    absolute, bp_rp = random.uniform(0, 16, 600), random.uniform(-0.5, 3, 600)
    excess = random.uniform(-0.1, 0.4, 600)
    colour[:60], absolute[100:300], excess[500:] = np.nan, np.nan, np.nan
    matrix = matrix_of(
        w1_minus_w2=colour, w2_mag=w2, absolute_g_mag=absolute, bp_minus_rp=bp_rp, psf_minus_model_r=excess
    )
    found, missing = baselines(matrix, called, codes, classes)
    assert missing == {}
    names = ["quasar", "white dwarf", "star", "galaxy (among galaxies and stars)"]
    assert [one.finds for one in found] == names
    white = (absolute > 5) & (absolute > 5.93 + 5.047 * bp_rp) & (bp_rp < 1.7)
    white &= absolute > 6 * bp_rp**3 - 21.77 * bp_rp**2 + 27.91 * bp_rp + 0.897
    # Here is no class of giants, so that stars are what no cut takes.
    giant = (absolute < 3.5) & (bp_rp > 0.95)
    measured = ~np.isnan(absolute)
    expected = [
        (~np.isnan(colour) & (w2 < 15.05), colour >= 0.8, 1),
        (measured, white, 3),
        (measured, ~white & ~giant, 2),
        (~np.isnan(excess) & (codes != 1), excess > 0.145, 0),
    ]
    for one, (rows, takes, code) in zip(found, expected, strict=True):
        assert one.rows == rows.sum()
        for rated, said in ((one.cut, takes[rows]), (one.model, called[rows] == code)):
            true = codes[rows] == code
            assert rated.precision.share == pytest.approx(theirs.precision_score(true, said))
            assert rated.recall.share == pytest.approx(theirs.recall_score(true, said))
            assert rated.f1 == pytest.approx(theirs.f1_score(true, said))
        assert one.is_beaten == (one.model.f1 >= one.cut.f1)


def test_cuts_that_cannot_be_made() -> None:
    codes = np.arange(90) % 3
    found, missing = baselines(matrix_of(g_mag=np.arange(90.0)), codes, codes, ("galaxy", "quasar", "giant"))
    assert found == []
    assert "no W1 - W2" in missing["WISE W1 - W2 >= 0.8"]
    assert "no absolute G magnitude" in missing["Gaia M_G < 3.5, BP - RP > 0.95"]
    few, missing = baselines(
        matrix_of(is_extended_optical=np.ones(90)), codes, np.full(90, 0), ("galaxy", "qso", "star")
    )
    assert few == []
    assert "fewer than 20 rows" in missing["extended in the optical"]


def test_what_is_not_looked_at_is_not_important() -> None:
    random = np.random.default_rng(1)
    codes = random.integers(0, 2, 800)
    told, w1 = codes + random.normal(0, 0.2, 800), random.normal(size=800)
    matrix = matrix_of(g_minus_r=told, w1_mag=w1)

    def predict(values: np.ndarray, magnitude: np.ndarray) -> np.ndarray:
        second = 1 / (1 + np.exp(-8 * (values[:, 0].astype(float) - 0.5)))
        return np.column_stack([1 - second, second])

    rows, features, groups = permutation(predict, matrix, codes)
    assert rows == 800
    assert [one.name for one in features] == ["g_minus_r", "w1_mag"]
    assert features[0].accuracy == pytest.approx(0.5, abs=0.08)
    assert (features[1].log_loss, features[1].accuracy) == (0, 0)
    assert [(one.name, one.log_loss) for one in groups] == [("optical", features[0].log_loss), ("mid infrared", 0)]


def test_shap_values_add_up_to_what_the_trees_say() -> None:
    random = np.random.default_rng(1)
    codes = random.integers(0, 3, 300)
    values = (codes[:, None] + random.normal(0, 0.7, (300, 2))).astype(np.float32)
    values[::7, 1] = np.nan
    member = quick_model(values, codes, np.arange(200), 3)
    assert isinstance(member, BoostingMember)
    given = member.contributions(values)
    assert given.shape == (300, 3, 3)
    odds = given.sum(axis=2)
    said = np.exp(odds - odds.max(axis=1, keepdims=True))
    assert said / said.sum(axis=1, keepdims=True) == pytest.approx(member.predict_proba(values), abs=1e-4)


def test_small_models_have_not_learnt_from_what_they_are_asked() -> None:
    random = np.random.default_rng(2)
    # Every row has a number of its own that tells its class to who has seen it.
    values, codes = np.arange(300, dtype=np.float32)[:, None], random.integers(0, 2, 300)
    steps: list[int] = []
    said = cross_validated(values, codes, np.arange(300) // 100, 2, on_step=lambda: steps.append(1))
    assert len(steps) == 3
    assert (said.argmax(axis=1) == codes).mean() < 0.65
    assert sample_of(10).tolist() == list(range(10))
    some = sample_of(1000, 100)
    assert len(set(some.tolist())) == 100 and (np.diff(some) > 0).all()
