"""XGBoost's files: read as it reads them, and refused where it would die."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyband.models.classifier.members.boosted_file import check_boosted
from skyband.models.classifier.members.boosting import Boosting
from skyband.models.classifier.members.ubjson import decode
from skyband.schema.errors import BadFile
from tests.models.classifier.members.test_members import task


@pytest.fixture(scope="module")
def booster() -> Any:
    training = Boosting(depth=3, rate=0.3).start(task())
    training.advance(3)
    return training.member().booster


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [plain(one) for one in value] if isinstance(value, list) else value


def test_it_says_what_the_same_model_says_as_json(booster: Any) -> None:
    found = plain(decode(bytes(booster.save_raw("ubj"))))
    expected = json.loads(booster.save_raw("json"))

    def compare(one: Any, other: Any) -> None:
        assert type(one) is type(other) or {type(one), type(other)} <= {int, float, bool}
        if isinstance(one, dict):
            assert one.keys() == other.keys()
            for name in one:
                compare(one[name], other[name])
        elif isinstance(one, list):
            assert len(one) == len(other)
            for pair in zip(one, other, strict=True):
                compare(*pair)
        else:
            assert one == (pytest.approx(other, rel=1e-6) if isinstance(other, float) else other)

    compare(found, expected)


def test_small_documents() -> None:
    assert decode(b"{U\x01aZU\x01b[TFi\xff]}") == {"a": None, "b": [True, False, -1]}
    assert decode(b"[#U\x02SU\x02hiI\x01\x00") == ["hi", 256]
    np.testing.assert_array_equal(decode(b"[$d#U\x02\x3f\x80\x00\x00\x40\x00\x00\x00"), [1.0, 2.0])
    wrong = [
        b"",
        b"{",
        b"[",
        b"X",
        b"U",
        b"[$S#U\x01",
        b"SU\x01\xff",
        b"ZZ",
        b"{U\x01aZU\x01aZ}",
        b"[" * 100,
        b"Si\xff",
    ]
    for data in (*wrong, b"SL\x7f\xff\xff\xff\xff\xff\xff\xff", b"[$d#L\x00\x00\x00\x7f\xff\xff\xff\xff"):
        with pytest.raises(ValueError):
            decode(data)


@settings(max_examples=150, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), cut=st.booleans())
def test_a_byte_gone_wrong_is_refused_or_harmless(booster: Any, place: float, value: int, cut: bool) -> None:
    data = bytearray(booster.save_raw("ubj"))
    data[int(place * len(data))] = value
    if cut:
        del data[int(place * len(data)) :]
    try:
        member = Boosting().load(bytes(data), 4, 3)
    except BadFile:
        return
    values = np.array([[0.1, np.nan, 3.0, 20.0], [np.nan] * 4], np.float32)
    assert member.predict_proba(values).shape == (2, 3)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (b"left_children", b"\x00\x00\x00\x00", "children do not follow|nodes are not"),
        (b"right_children", b"\x00\x00\x7f\xff", "children do not follow"),
        (b"split_indices", b"\x00\x00\x00\x04", "a feature beyond the 4"),
        (b"split_conditions", b"\x7f\xc0\x00\x00", "splits are no numbers"),
    ],
)
def test_trees_that_lead_astray_are_refused(booster: Any, name: bytes, value: bytes, said: str) -> None:
    data = bytearray(booster.save_raw("ubj"))
    # The array's head: "[$", its type, "#L" and eight bytes of length.
    start = data.index(name) + len(name) + 13
    data[start : start + 4] = value
    with pytest.raises(BadFile, match=said):
        check_boosted(bytes(data), 4, 3)


def test_models_for_something_else_are_refused(booster: Any) -> None:
    import xgboost

    assert check_boosted(bytes(booster.save_raw("ubj")), 4, 3) == 3
    with pytest.raises(BadFile, match="it has 4 features and 3 classes"):
        check_boosted(bytes(booster.save_raw("ubj")), 4, 2)
    matrix = xgboost.DMatrix(np.zeros((4, 4), np.float32), label=np.array([0, 1, 0, 1]))
    linear = xgboost.train({"booster": "gblinear", "objective": "reg:squarederror", "verbosity": 0}, matrix, 1)
    with pytest.raises(BadFile, match="a model gblinear for reg:squarederror"):
        check_boosted(bytes(linear.save_raw("ubj")), 4, 3)
