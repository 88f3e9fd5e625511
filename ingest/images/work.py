"""Many images at once: threads that examine them, answers in order, an end when asked."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from types import FrameType

from skyband.ingest.images.candidates import Candidate, Refused
from skyband.ingest.images.examine import Outcome

_AHEAD = 4
"""Images begun for each thread, so that a slow one does not keep the others waiting."""

_LOOK_S = 0.2


@contextmanager
def stoppable() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets in the body; a second Ctrl-C ends the body at once."""
    stop = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def examine_all(
    images: Iterable[Candidate | Refused],
    examine: Callable[[Candidate], Outcome],
    *,
    threads: int,
    stop: threading.Event,
    on_stop: Callable[[], None],
) -> Iterator[Outcome]:
    """The outcomes of images, in their order; no further one once `stop` is set.

    Args:
        images: what to examine; what is refused already passes through.
        examine: called in threads.
        threads: how many.
        stop: looked at between outcomes and while one is waited for.
        on_stop: called when images that were begun are given up; wakes threads that wait for an answer from elsewhere.
    """
    begun: deque[Future[Outcome] | Refused] = deque()

    def finished(first: Future[Outcome] | Refused) -> Outcome | None:
        if isinstance(first, Refused):
            return first
        while not wait([first], _LOOK_S).done:
            if stop.is_set():
                return None
        return None if stop.is_set() else first.result()

    with ThreadPoolExecutor(threads) as pool:
        try:
            for image in images:
                begun.append(pool.submit(examine, image) if isinstance(image, Candidate) else image)
                while len(begun) >= _AHEAD * threads and (outcome := finished(begun.popleft())) is not None:
                    yield outcome
                if stop.is_set():
                    return
            while begun and (outcome := finished(begun.popleft())) is not None:
                yield outcome
        finally:
            if begun or stop.is_set():
                on_stop()
            pool.shutdown(wait=True, cancel_futures=True)
