"""Images examined by many threads come out in order, and an end is an end."""

from __future__ import annotations

import threading

import pytest

from skyband.ingest.images.candidates import Candidate, Refused
from skyband.ingest.images.examine import Outcome, Unchanged
from skyband.ingest.images.work import examine_all

IMAGES = [Candidate(f"i{number}", f"i{number}.jpg") for number in range(50)]


def unchanged(candidate: Candidate) -> Outcome:
    return Unchanged(candidate.id, "")


def test_outcomes_come_in_the_order_of_images() -> None:
    turns = {f"i{number}": threading.Event() for number in range(50)}

    def second_first(candidate: Candidate) -> Outcome:
        """The image after it is done before each even one."""
        number = int(candidate.id[1:])
        if number % 2:
            turns[candidate.id].set()
        else:
            turns[f"i{number + 1}"].wait(30)
        return unchanged(candidate)

    images: list[Candidate | Refused] = [*IMAGES[:10], Refused("bad", None, "missing id"), *IMAGES[10:]]
    found = list(examine_all(images, second_first, threads=4, stop=threading.Event(), on_stop=pytest.fail))
    assert [outcome.id for outcome in found] == [image.id for image in images]


def test_an_end_wakes_who_waits_and_gives_nothing_more() -> None:
    stop, woken, waiting = threading.Event(), threading.Event(), threading.Event()

    def fetch(candidate: Candidate) -> Outcome:
        if candidate.id == "i20":
            waiting.set()
            woken.wait(30)
        return unchanged(candidate)

    def end() -> None:
        waiting.wait(30)
        stop.set()

    ender = threading.Thread(target=end)
    ender.start()
    found = list(examine_all(IMAGES, fetch, threads=2, stop=stop, on_stop=woken.set))
    ender.join()
    assert woken.is_set()
    assert [outcome.id for outcome in found] == [f"i{number}" for number in range(len(found))]
    assert len(found) <= 20


def test_a_fault_of_the_machine_ends_the_work() -> None:
    woken = threading.Event()

    def fails(candidate: Candidate) -> Outcome:
        if candidate.id == "i5":
            raise OSError("the disk is full")
        return unchanged(candidate)

    found = []
    with pytest.raises(OSError, match="the disk is full"):
        for outcome in examine_all(IMAGES, fails, threads=2, stop=threading.Event(), on_stop=woken.set):
            found.append(outcome.id)
    assert found == [f"i{number}" for number in range(5)]
    assert woken.is_set()
