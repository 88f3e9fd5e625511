"""Questions to an index of Lance, by the shortest way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from skyband.queries.likeness.index_report import Effort
from skyband.queries.likeness.lance import connect_async, lance_faults
from skyband.queries.likeness.rows import EMBEDDING, Vectors
from skyband.schema.healpix import Integers

Answer = TypeVar("Answer")


class _HeldLoop:
    """An event loop that is closed with the thread it belongs to."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()

    def __del__(self) -> None:
        self.loop.close()


_LOCAL = threading.local()


def _thread_loop() -> asyncio.AbstractEventLoop:
    """The loop of the thread that asks, made with its first question: that takes a tenth of the time of one."""
    if not hasattr(_LOCAL, "held"):
        _LOCAL.held = _HeldLoop()
    held: _HeldLoop = _LOCAL.held
    return held.loop


class IndexReader:
    """One version of a collection, asked through its index.

    LanceDB's synchronous door hands every question five times to a thread of its own and back, which on a machine that
    has something to do takes longer than the search; here an event loop runs in the thread that asks.
    """

    def __init__(self, folder: Path, name: str, version: int) -> None:
        """Open a version.

        Args:
            folder: of Lance datasets.
            name: of the collection.
            version: to look at, whatever comes later.
        """

        async def opened() -> Any:
            table = await (await connect_async(folder)).open_table(name)
            await table.checkout(version)
            return table

        with lance_faults(f"cannot open collection {name!r}"):
            self._table = _run(opened)

    def nearest(self, queries: Vectors, count: int, effort: Effort) -> tuple[Integers, Integers, Vectors]:
        """Ask, once, for the neighbours of some queries; rows that came after the index are looked at one by one.

        Args:
            queries: shape (m, dimensions).
            count: how many of each.
            effort: how hard to look.

        Returns:
            Number of the query, row id and cosine of each row found, most similar first within a query; shapes (n,).
        """
        several = len(queries) > 1
        # A row id and a distance only: other columns would be fetched from the disk, which takes as long as the search.
        search = self._table.query().nearest_to(list(queries) if several else queries[0]).column(EMBEDDING)
        search = search.distance_type("cosine").nprobes(effort.nprobes).limit(count).select(["_distance"]).with_row_id()
        if effort.ef:
            # Candidates must be as many as are wanted.
            search = search.ef(max(effort.ef, count * max(effort.refine_factor, 1)))
        if effort.refine_factor:
            search = search.refine_factor(effort.refine_factor)
        with lance_faults("cannot search the collection"):
            found = _run(search.to_arrow)
        row_ids = found["_rowid"].to_numpy().astype(np.int64)
        cosine = (1 - found["_distance"].to_numpy()).astype(np.float32)
        number = found["query_index"].to_numpy().astype(np.int64) if several else np.zeros(len(row_ids), np.int64)
        order = np.lexsort((row_ids, -cosine, number))
        return number[order], row_ids[order], cosine[order]


def _run(question: Callable[[], Awaitable[Answer]]) -> Answer:
    """The answer to a question that has to be awaited."""

    async def answered() -> Answer:
        return await question()

    if _is_in_loop():  # as in a notebook
        with ThreadPoolExecutor(1) as helper:
            return helper.submit(lambda: _run(question)).result()
    return _thread_loop().run_until_complete(answered())


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
