"""Limits of queries: time, memory, rows and bytes, and clients that go or take nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from skyband.queries.serving import Query
from skyband.schema.errors import (
    ResourceLimit,
    SkybandError,
)
from tests.queries.serving.endless import ENDLESS, ENDLESS_ROWS, until


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("max_rows", "rows", "truncated"),
    [(0, [], True), (2, ["1", "2"], True), (3, ["1", "2", "3"], False), (4, ["1", "2", "3"], False)],
)
def test_rows_are_cut_exactly(served: Any, max_rows: int, rows: list[str], truncated: bool) -> None:
    for _ in range(2):
        data, answer = served.do(
            served.answer(Query("SELECT id FROM gaia ORDER BY id", "sql", format="csv", max_rows=max_rows))
        )
        assert (data.decode().split()[1:], answer.rows, answer.truncated) == (rows, len(rows), truncated)
    vot, _ = served.do(served.answer(Query("SELECT id FROM gaia", "sql", max_rows=max_rows)))
    after = vot.partition(b"</TABLE>")[2]
    assert (b'value="OVERFLOW"' in after) == truncated
    # As many as there are are not too many, whatever batches they come in.
    _, answer = served.do(served.answer(Query("SELECT range FROM range(131072)", "sql", format="csv", max_rows=131072)))
    assert (answer.rows, answer.truncated) == (131072, False)


def test_an_answer_is_cut_where_it_takes_too_many_bytes(make_served: Any) -> None:
    small = make_served(result_max_bytes=2_000_000)
    data, answer = small.do(
        small.answer(Query("SELECT range, md5(range::VARCHAR) FROM range(10000000)", "sql", format="arrow"))
    )
    assert answer.truncated
    assert 1_000_000 < len(data) < 12_000_000
    assert pa.ipc.open_stream(data).read_all().num_rows == answer.rows
    # The temporary file of a FITS table is one too.
    data, answer = small.do(small.answer(Query("SELECT range FROM range(10000000)", "sql", format="fits")))
    assert answer.truncated
    assert len(data) < 12_000_000


def test_time_is_limited(served: Any) -> None:
    pids = [process.pid for process in served.pool.processes]
    with pytest.raises(ResourceLimit, match=r"longer than 0\.2 s"):
        served.sql(ENDLESS, time_limit_s=0.2)
    assert served.rows("SELECT 1") == ["1"]
    # It was interrupted, not killed.
    assert [process.pid for process in served.pool.processes] == pids


def test_memory_is_limited(served: Any) -> None:
    with pytest.raises(ResourceLimit, match="SKYBAND_QUERY_MEMORY_GB"):
        served.sql("SELECT list(range) FROM range(1000000000)")
    # What DuckDB does not count meets the limit of the process.
    with pytest.raises(SkybandError):
        served.sql("WITH RECURSIVE t AS (SELECT 'x' AS s UNION ALL SELECT s || s FROM t) SELECT max(length(s)) FROM t")
    assert served.rows("SELECT count(*) FROM gaia") == ["3"]


def test_a_client_that_goes_stops_its_query(served: Any) -> None:
    async def go() -> list[int]:
        pool = served.pool
        await until(lambda: pool.busy == 0)
        # Cancelled while it waits for the first row.
        waiting = asyncio.ensure_future(pool.run(Query(ENDLESS, "sql"), time_limit_s=60))
        await until(lambda: pool.busy == 1)
        began = time.monotonic()
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        await until(lambda: pool.busy == 0)
        # Closed in the middle of its rows.
        answer = await pool.run(Query(ENDLESS_ROWS, "sql"), time_limit_s=60)
        assert await anext(answer.chunks)
        await answer.chunks.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(answer.chunks)
        await until(lambda: pool.busy == 0)
        # Cancelled while it reads.
        answer = await pool.run(Query(ENDLESS_ROWS, "sql"), time_limit_s=60)

        async def read() -> None:
            async for _ in answer.chunks:
                pass

        reading = asyncio.ensure_future(read())
        await asyncio.sleep(0)
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
        await until(lambda: pool.busy == 0)
        assert time.monotonic() - began < 60
        return [process.pid for process in pool.processes]

    pids = [process.pid for process in served.pool.processes]
    assert served.do(go()) == pids
    assert served.rows("SELECT 1") == ["1"]


def test_a_client_that_takes_nothing_loses_its_query(make_served: Any) -> None:
    slow = make_served(query_stall_limit_s=0.2)

    async def stall() -> None:
        answer = await slow.pool.run(Query(ENDLESS_ROWS, "sql"), time_limit_s=60)
        await until(lambda: slow.pool.busy == 0)
        with pytest.raises(ResourceLimit, match="nobody took"):
            await anext(answer.chunks)

    slow.do(stall())


def test_streaming_keeps_memory_flat(served: Any) -> None:
    async def read() -> tuple[int, int, int]:
        answer = await served.pool.run(
            Query("SELECT range AS x, range * 2 AS y FROM range(5000000)", "sql"), time_limit_s=60
        )
        peaks, size = [], 0
        async for chunk in answer.chunks:
            size += len(chunk)
            peaks.append(max(resident_bytes(process.pid) for process in served.pool.processes))
        return size, answer.rows, max(peaks) - peaks[0]

    size, rows, growth = served.do(read())
    assert rows == 5_000_000
    assert size > 80_000_000
    assert growth < 60_000_000
