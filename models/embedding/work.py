"""Images to vectors, by as many threads as there are cores: each takes batches from files to vectors."""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from skyband.models.encoders.encoder import Encoder, Vectors
from skyband.queries.images import Pixels
from skyband.schema.errors import BadImage
from skyband.schema.progress import OnProgress

_AHEAD = 2
"""Batches that wait for each thread: so many vectors lie ready at most."""

_CORE_BATCH = 24
"""Images a core computes at once: what it computes of more does not stay in its cache (7 % slower with 64)."""

_LEAST_BATCH = 8
"""Images a thread takes at once at least, where there are few."""

SOURCE = "source"
EMBEDDING = "embedding"


class _Batch(NamedTuple):
    """What became of some images."""

    rows: list[int]  # those that have vectors
    vectors: Vectors | None  # of them; None where there are none
    failed: list[str]  # reasons of the others


class Work:
    """The images of a run, from files to rows with vectors.

    On a processor each thread computes by itself: threads of one network's operations wait for each other after every
    one of them, and longer still where a core is decoding a picture. A GPU takes one batch after the other, while
    threads prepare the next ones.
    """

    def __init__(
        self, pixels: Pixels, threads: int, batch_images: int, total: int, on_progress: OnProgress | None
    ) -> None:
        """Begin.

        Args:
            pixels: reads pictures.
            threads: that work.
            batch_images: images the network sees at once; cores of a processor see `_CORE_BATCH` at most.
            total: images of the run.
            on_progress: is told how it goes.
        """
        self._pixels = pixels
        self._threads = threads
        self._batch_images = batch_images
        self._total = total
        self._on_progress = on_progress
        self._done = 0
        self.failed: Counter[str] = Counter()

    def encoded(self, images: pa.Table, encoder: Encoder) -> Iterator[pa.Table]:
        """Images with their vectors, a batch at a time, in their order.

        Args:
            images: `id`, `source`, `checksum` and what else is kept of them.
            encoder: makes the vectors.
        """
        # As many batches for each thread: none works while the others have come to the end.
        most = self._batch_images if encoder.device.type != "cpu" else min(self._batch_images, _CORE_BATCH)
        rounds = max(1, math.ceil(len(images) / (most * self._threads)))
        size = min(most, max(_LEAST_BATCH, math.ceil(len(images) / (rounds * self._threads))))
        sources, checksums = (images[name].to_pylist() for name in (SOURCE, "checksum"))
        turn = threading.Lock() if encoder.device.type != "cpu" else nullcontext()

        def encode(rows: range) -> _Batch:
            good: list[int] = []
            prepared: list[Tensor] = []
            failed: list[str] = []
            for row in rows:
                try:
                    prepared.append(encoder.prepare(self._pixels.picture(sources[row], checksums[row])))
                    good.append(row)
                except BadImage as error:
                    failed.append(error.reason)
            if not good:
                return _Batch(good, None, failed)
            together = torch.stack(prepared)
            with turn:
                return _Batch(good, encoder.embed(together), failed)

        batches = (range(first, min(first + size, len(images))) for first in range(0, len(images), size))
        for rows, batch in self._in_order(encode, batches):
            self.failed.update(batch.failed)
            if batch.vectors is not None:
                yield with_vectors(images.take(batch.rows).drop_columns([SOURCE]), batch.vectors)
            self._done += len(rows)
            if self._on_progress is not None:
                self._on_progress(self._done, self._total)

    def _in_order(self, encode: Callable[[range], _Batch], batches: Iterator[range]) -> Iterator[tuple[range, _Batch]]:
        begun: deque[tuple[range, Future[_Batch]]] = deque()
        before = torch.get_num_threads()
        # Of each thread by itself.
        pool = ThreadPoolExecutor(self._threads, initializer=torch.set_num_threads, initargs=(1,))
        try:
            for rows in batches:
                begun.append((rows, pool.submit(encode, rows)))
                if len(begun) >= self._threads * _AHEAD:
                    rows, future = begun.popleft()
                    yield rows, future.result()
            while begun:
                rows, future = begun.popleft()
                yield rows, future.result()
        finally:
            pool.shutdown(cancel_futures=True)
            # What threads have once set is what others begin with.
            torch.set_num_threads(before)


def with_vectors(rows: pa.Table, vectors: Vectors) -> pa.Table:
    """Rows with their vectors as the column `embedding`, in place of the one they may have.

    Args:
        rows: n of them.
        vectors: n x dimensions.
    """
    if EMBEDDING in rows.column_names:
        rows = rows.drop_columns([EMBEDDING])
    column = pa.FixedSizeListArray.from_arrays(pa.array(np.ravel(vectors)), vectors.shape[1])
    return rows.append_column(EMBEDDING, column)


def vectors_in(rows: pa.Table) -> NDArray[np.float32]:
    """The vectors of rows, n x dimensions."""
    column = rows[EMBEDDING].combine_chunks()
    flat: NDArray[np.float32] = column.flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(len(rows), -1)
