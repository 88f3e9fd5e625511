"""Work shared out among threads comes back in order, and not much of it is begun ahead."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from skyband.schema.processors import in_order, processors
from skyband.schema.settings import Settings


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_are_in_the_order_of_the_items(threads: int) -> None:
    assert list(in_order(lambda item: item * item, range(100), threads)) == [item * item for item in range(100)]
    assert list(in_order(str, [], threads)) == []


def test_items_are_worked_on_side_by_side() -> None:
    met = threading.Barrier(3, timeout=60)
    assert list(in_order(lambda item: (met.wait(), item)[1], range(6), 3)) == list(range(6))


@pytest.mark.parametrize("threads", [1, 3])
def test_few_items_are_taken_ahead_and_an_error_ends_it(threads: int) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(1000):
            taken.append(item)
            yield item

    results = in_order(lambda item: 1 / (5 - item), items(), threads)
    assert next(results) == 1 / 5
    with pytest.raises(ZeroDivisionError):
        list(results)
    assert len(taken) <= 6 + threads + 1


def test_threads_of_the_settings_or_one_a_processor() -> None:
    assert Settings(threads=3).processors == 3
    assert Settings().processors == processors() >= 1
