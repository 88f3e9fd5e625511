"""Ranges of the key made fewer."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from skyband.schema.healpix import KEY_ORDER, Range, fewer_ranges

KEYS = 12 << 2 * KEY_ORDER


@st.composite
def ranges(draw: st.DrawFn) -> list[Range]:
    """Sorted, apart from each other."""
    ends = sorted(draw(st.lists(st.integers(0, KEYS - 1), min_size=2, max_size=40, unique=True)))
    return [(first, last) for first, last in zip(ends[::2], ends[1::2], strict=False)]


@given(ranges(), st.integers(1, 10**9), st.integers(1, 10**6), st.integers(1, 8))
def test_the_widest_gaps_stay(given: list[Range], rows: int, near_rows: int, most: int) -> None:
    found = fewer_ranges(given, rows, near_rows=near_rows, most=most)
    gaps = sorted((after[0] - before[1] for before, after in pairwise(given)), reverse=True)
    kept = [gap for gap in gaps if gap * rows / KEYS > near_rows][: most - 1]
    assert sorted((after[0] - before[1] for before, after in pairwise(found)), reverse=True) == kept
    assert {first for first, _ in found} <= {first for first, _ in given}
    assert {last for _, last in found} <= {last for _, last in given}
    assert (found[0][0], found[-1][1]) == (given[0][0], given[-1][1])


def test_none_stay_none() -> None:
    assert fewer_ranges([], 10, near_rows=10) == []
