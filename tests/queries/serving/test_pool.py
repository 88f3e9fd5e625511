"""The pool: limits, faults, cancelling, replacement, new tables."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from astropy.io.votable import parse_single_table

from skyband.queries.adql import AdqlError
from skyband.queries.serving import Query
from skyband.schema.errors import (
    BadOption,
    QueryCancelled,
    QueryError,
    ResourceLimit,
    ServerBusy,
    SkybandError,
    TableNotFound,
)
from tests.queries.serving.endless import ENDLESS, ENDLESS_ROWS, until


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # it went before, or while, its file was read
        return False


def test_an_answer_has_rows_columns_and_their_metadata(served: Any) -> None:
    data, answer = served.do(served.answer(Query("SELECT id, g AS mag, name FROM gaia ORDER BY id", "sql")))
    assert answer.size == len(data)
    assert answer.content_type == "application/x-votable+xml;serialization=binary2"
    assert (answer.rows, answer.truncated) == (3, False)
    votable = parse_single_table(io.BytesIO(data))
    assert [(f.ID, f.datatype, str(f.unit or ""), str(f.ucd or ""), f.description or "") for f in votable.fields] == [
        ("id", "int", "", "meta.id;meta.main", ""),
        ("mag", "double", "mag", "phot.mag;em.opt", "Mean magnitude"),
        ("name", "unicodeChar", "", "", ""),
    ]
    table = votable.to_table()
    assert table["id"].tolist() == [1, 2, 3]
    assert table["mag"].tolist() == [12.5, None, 14.25]
    assert table["mag"].unit == "mag"
    assert list(table["name"]) == ["a", "", "ä"]


def test_adql_answers_like_sql(served: Any) -> None:
    query = Query(
        "SELECT TOP 2 g.id, g.g FROM gaia AS g WHERE 1 = CONTAINS(POINT(g.ra, g.dec), CIRCLE(10, 0, 1)) ORDER BY id",
        "adql",
        format="json",
    )
    found = json.loads(served.do(served.answer(query))[0])
    assert found["rows"] == [[1, 12.5], [2, None]]
    assert [(c["name"], c["type"], c.get("unit", ""), c["ucd"]) for c in found["columns"]] == [
        ("id", "INTEGER", "", "meta.id;meta.main"),
        ("g", "DOUBLE", "mag", "phot.mag;em.opt"),
    ]
    assert (
        served.do(served.answer(Query("SELECT COUNT(*) FROM TAP_SCHEMA.schemas", "adql", format="csv")))[0].split()[1]
        == b"2"
    )
    with pytest.raises(AdqlError, match="line 2") as caught:
        served.do(served.answer(Query("SELECT id\nFROM gaya", "adql")))
    assert (caught.value.line, caught.value.column) == (2, 6)
    assert "gaia" in caught.value.suggestion


def test_values_are_bound_not_pasted(served: Any) -> None:
    assert served.rows("SELECT id FROM gaia WHERE name = $n", parameters={"n": "x' OR 1=1 --"}) == []
    assert served.rows("SELECT id FROM gaia WHERE g > $g AND id = $i", parameters={"g": 13.5, "i": 3}) == ["3"]
    assert served.rows("SELECT id FROM gaia WHERE g > $g AND id = $i", parameters={"g": 1.5, "i": 1}) == ["1"]


def test_a_repeated_query_answers_the_same(served: Any) -> None:
    texts = {served.sql("SELECT id, id, g AS ID FROM gaia ORDER BY 1", max_rows=10) for _ in range(3)}
    assert texts == {"id,id_1,ID_2\n1,1,12.5\n2,2,\n3,3,14.25\n"}


@pytest.mark.parametrize("format", ["votable", "votable-tabledata", "fits", "parquet", "csv", "json", "arrow"])
def test_every_format_comes_whole(served: Any, format: str) -> None:
    data, answer = served.do(served.answer(Query("SELECT * FROM gaia", "sql", format=format)))
    assert (answer.rows, answer.truncated) == (3, False)
    assert len(data) > 50


def test_errors_come_before_any_byte(served: Any) -> None:
    for text, kind in (
        ("SELECT nope FROM gaia", QueryError),
        ("SELECT error('stop') FROM gaia", QueryError),
        ("SELECT range, CASE WHEN range = 5 THEN error('late') END FROM range(10)", QueryError),
        ("SELECT", QueryError),
    ):
        with pytest.raises(kind):
            served.do(served.pool.run(Query(text, "sql"), time_limit_s=10))
    with pytest.raises(BadOption, match="unknown format"):
        served.do(served.pool.run(Query("SELECT 1", "sql", format="doc"), time_limit_s=10))


def test_a_failure_among_the_rows_ends_the_document_and_raises(served: Any) -> None:
    async def read() -> tuple[bytes, SkybandError | None]:
        text = "SELECT range, CASE WHEN range = 3000000 THEN error('late') END AS e FROM range(4000000)"
        answer = await served.pool.run(Query(text, "sql"), time_limit_s=30)
        chunks = []
        try:
            async for chunk in answer.chunks:
                chunks.append(chunk)
        except SkybandError as error:
            return b"".join(chunks), error
        return b"".join(chunks), None

    data, error = served.do(read())
    assert isinstance(error, QueryError)
    assert "late" in str(error)
    assert b'QUERY_STATUS" value="ERROR"' in data.partition(b"</TABLE>")[2]
    assert data.endswith(b"</VOTABLE>\n")


def test_a_process_killed_in_mid_query_is_replaced(own: Any) -> None:
    async def kill() -> None:
        waiting = asyncio.ensure_future(own.pool.run(Query(ENDLESS, "sql"), time_limit_s=60))
        await until(lambda: own.pool.busy == 1)
        victim = next(place.process.pid for place in own.pool._places if not place.is_kept)
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(ResourceLimit, match="ended before its answer"):
            await waiting
        data, _ = await own.answer(Query("SELECT 1 AS one", "sql", format="csv"))
        assert data == b"one\n1\n"
        await until(lambda: own.pool.busy == 0)
        assert victim not in [process.pid for process in own.pool.processes]
        assert len(own.pool.processes) == 2

    own.do(kill())


def test_a_process_killed_while_idle_costs_nobody_an_answer(own: Any) -> None:
    async def kill() -> None:
        victims = [process.pid for process in own.pool.processes]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: not any(map(is_alive, victims)))
        await until(lambda: all(process.has_ended for process in own.pool.processes))
        answers = await asyncio.gather(
            *(own.answer(Query("SELECT count(*) AS n FROM gaia", "sql", format="csv")) for _ in range(3))
        )
        assert [data for data, _ in answers] == [b"n\n3\n"] * 3

    own.do(kill())


def test_a_stopped_process_is_killed_after_its_grace(own: Any) -> None:
    async def freeze() -> None:
        waiting = asyncio.ensure_future(own.pool.run(Query(ENDLESS, "sql"), time_limit_s=60))
        await until(lambda: own.pool.busy == 1)
        victim = next(place.process.pid for place in own.pool._places if not place.is_kept)
        os.kill(victim, signal.SIGSTOP)
        waiting.cancel()
        await until(lambda: own.pool.busy == 0)
        assert not is_alive(victim)
        assert (await own.answer(Query("SELECT 1 AS one", "sql", format="csv")))[0] == b"one\n1\n"

    own.do(freeze())


def test_questions_wait_in_turn_and_quick_ones_pass(make_served: Any) -> None:
    busy = make_served(query_waiting=1)

    async def crowd() -> None:
        pool = busy.pool
        first = await pool.run(Query(ENDLESS_ROWS, "sql"), time_limit_s=60)
        second = asyncio.ensure_future(busy.answer(Query("SELECT 2 AS n", "sql", format="csv")))
        await until(lambda: pool.waiting == 1)
        with pytest.raises(ServerBusy, match="wait already"):
            await pool.run(Query("SELECT 3", "sql"), time_limit_s=1)
        quick, _ = await busy.answer(Query("SELECT 4 AS n", "sql", format="csv"), lane="quick")
        assert quick == b"n\n4\n"
        assert not second.done()
        await first.chunks.aclose()
        assert (await second)[0] == b"n\n2\n"
        await until(lambda: pool.busy == 0)

    busy.do(crowd())


def test_whoever_waits_too_long_is_turned_away(make_served: Any) -> None:
    busy = make_served(query_wait_limit_s=0.2)

    async def wait() -> None:
        first = await busy.pool.run(Query(ENDLESS_ROWS, "sql"), time_limit_s=60)
        with pytest.raises(ServerBusy, match=r"no process was free for 0\.2 s"):
            await busy.pool.run(Query("SELECT 3", "sql"), time_limit_s=1)
        assert busy.pool.waiting == 0
        await first.chunks.aclose()
        assert (await busy.answer(Query("SELECT 2 AS n", "sql", format="csv")))[0] == b"n\n2\n"

    busy.do(wait())


def test_jobs_have_processes_of_their_own(make_served: Any) -> None:
    shared = make_served(running_jobs=1)

    async def run() -> None:
        pool = shared.pool
        assert len(pool.processes) == 2
        # Nothing is started for jobs before there is one.
        job = await pool.run(Query(ENDLESS_ROWS, "sql"), time_limit_s=60, lane="job")
        own = {process.pid: os.getpriority(os.PRIO_PROCESS, process.pid) for process in pool.processes}
        usual = os.getpriority(os.PRIO_PROCESS, 0)
        assert sorted(own.values()) == [usual, usual, min(19, usual + 5)]
        for lane in ("usual", "quick"):
            assert (await shared.answer(Query("SELECT 2 AS n", "sql", format="csv"), lane=lane))[0] == b"n\n2\n"
        second = asyncio.ensure_future(shared.answer(Query("SELECT 3 AS n", "sql", format="csv"), lane="job"))
        await until(lambda: pool.waiting == 1)
        await job.chunks.aclose()
        assert (await second)[0] == b"n\n3\n"
        assert own.keys() == {process.pid for process in pool.processes}

    shared.do(run())


def test_a_question_that_is_not_quick_goes_on_as_any_other(make_served: Any) -> None:
    """It leaves the process that is kept for quick ones, and has its whole time where it goes."""
    shared = make_served(quick_time_limit_s=0.3)

    async def run() -> None:
        pool = shared.pool
        first = await pool.run(Query(ENDLESS_ROWS, "sql"), time_limit_s=60)
        slow = asyncio.ensure_future(shared.answer(Query(ENDLESS, "sql", format="csv"), lane="quick"))
        await until(lambda: pool.waiting == 1)
        assert (await shared.answer(Query("SELECT 2 AS n", "sql", format="csv"), lane="quick"))[0] == b"n\n2\n"
        await first.chunks.aclose()
        await until(lambda: pool.waiting == 0)
        slow.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await slow
        with pytest.raises(ResourceLimit, match=r"longer than 0\.2 s"):
            await shared.answer(Query(ENDLESS, "sql"), 0.2, lane="quick")

    shared.do(run())


def test_the_kept_process_is_not_held_by_a_client_that_dawdles(make_served: Any) -> None:
    shared = make_served(quick_time_limit_s=0.6)

    async def dawdle() -> None:
        pool = shared.pool
        first = await pool.run(Query(ENDLESS_ROWS, "sql"), time_limit_s=60)
        answer = await pool.run(Query(ENDLESS_ROWS, "sql"), time_limit_s=60, lane="quick")
        with pytest.raises(ResourceLimit, match="nobody took"):
            async for _ in answer.chunks:
                await asyncio.sleep(0.01)
        assert (await shared.answer(Query("SELECT 2 AS n", "sql", format="csv"), lane="quick"))[0] == b"n\n2\n"
        await first.chunks.aclose()

    shared.do(dawdle())


def test_many_at_once(served: Any) -> None:
    async def ask(number: int) -> Any:
        return await served.answer(
            Query(f"SELECT {number} + sum(range) AS n FROM range(1000)", "sql", format="csv"),
            lane="quick" if number % 2 else "usual",
        )

    async def all_of_them() -> list[bytes]:
        return [data for data, _ in await asyncio.gather(*(ask(number) for number in range(40)))]

    assert served.do(all_of_them()) == [f"n\n{499500 + number}\n".encode() for number in range(40)]


def test_a_new_version_is_seen_by_the_next_query_and_not_by_a_running_one(own: Any, publish_table: Any) -> None:
    rows = (
        "SELECT {n} + range AS id, 10.0::DOUBLE AS ra, 0.0::DOUBLE AS dec, repeat('x', 100) AS pad FROM range(400000)"
    )
    publish_table(own.store, "big", rows.format(n=0))

    async def replace() -> None:
        answer = await own.pool.run(Query("SELECT id FROM big ORDER BY id", "sql", format="csv"), time_limit_s=60)
        data = await anext(answer.chunks)
        await asyncio.to_thread(publish_table, own.store, "big", rows.format(n=1_000_000))
        publish_table(own.store, "new", "SELECT 7 AS id, 1.0::DOUBLE AS ra, 2.0::DOUBLE AS dec")
        async for chunk in answer.chunks:
            data += chunk
        assert data == b"id\n" + b"".join(b"%d\n" % n for n in range(400_000))
        after, _ = await own.answer(Query("SELECT min(id) AS n FROM big", "sql", format="csv"))
        assert after == b"n\n1000000\n"
        listed = "SELECT column_name FROM tap_schema.columns WHERE table_name = 'new' ORDER BY column_index"
        assert (await own.answer(Query(listed, "sql", format="csv")))[0].split()[1:] == [
            b"id",
            b"ra",
            b"dec",
            b"healpix_29",
        ]

    pids = [process.pid for process in own.pool.processes]
    own.do(replace())
    own.store.drop("new")
    with pytest.raises(QueryError, match="no table 'new'"):
        own.sql("SELECT * FROM new")
    assert [process.pid for process in own.pool.processes] == pids


def test_processes_end_with_the_pool_and_with_the_server(make_served: Any) -> None:
    opened = make_served()
    pids = [process.pid for process in opened.pool.processes]
    code = (
        "import asyncio, os, signal, sys\n"
        "from pathlib import Path\n"
        "from skyband.queries.serving import QueryPool, Query\n"
        "from skyband.schema.settings import Settings\n"
        "async def main():\n"
        f"    pool = QueryPool(Path({str(opened.store.tables_folder)!r}), Settings(query_processes=1))\n"
        "    await pool.start()\n"
        f"    answer = await pool.run(Query({ENDLESS_ROWS!r}, 'sql'), time_limit_s=60)\n"
        "    print(*(process.pid for process in pool.processes), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == -signal.SIGKILL
    orphans = [int(pid) for pid in run.stdout.split()]
    assert len(orphans) == 2
    opened.do(until(lambda: not any(map(is_alive, orphans))))
    opened.do(opened.pool.close())
    assert not any(map(is_alive, pids))


def test_closing_turns_away_those_who_wait(make_served: Any) -> None:
    opened = make_served()

    async def close() -> None:
        running = asyncio.ensure_future(opened.pool.run(Query(ENDLESS, "sql"), time_limit_s=60))
        await until(lambda: opened.pool.busy == 1)
        waiting = asyncio.ensure_future(opened.pool.run(Query("SELECT 1", "sql"), time_limit_s=60))
        await until(lambda: opened.pool.waiting == 1)
        await opened.pool.close()
        with pytest.raises(ServerBusy):
            await waiting
        with pytest.raises(SkybandError):
            await running

    opened.do(close())


def test_a_pool_without_a_store_says_so(tmp_path: Path, make_served: Any) -> None:
    from skyband.queries.serving import QueryPool

    opened = make_served()
    pool = QueryPool(tmp_path / "nowhere", opened.store.settings)
    with pytest.raises(SkybandError, match="no store at"):
        opened.do(pool.start())


def test_a_cone_is_a_question_of_its_own(served: Any) -> None:
    where = {"ra": 10.0, "dec": 0.0, "radius_deg": 180.0}
    data = served.do(served.answer(Query("gaia", "cone", parameters=where, name="near", shown="a cone")))[0]
    votable = parse_single_table(io.BytesIO(data))
    assert votable.to_table()["id"].tolist() == ["1", "2", "3"]
    assert votable.name == "near"
    assert b'<INFO name="QUERY" value="a cone"/>' in data
    with pytest.raises(TableNotFound):
        served.do(served.answer(Query("gone", "cone", parameters=where)))


def test_a_cancelled_query_says_so() -> None:
    from skyband.queries.serving.errors import error_content, error_of

    error = error_of(error_content(QueryCancelled("the query was given up"), Path("/x")))
    assert (type(error), str(error)) == (QueryCancelled, "the query was given up")
