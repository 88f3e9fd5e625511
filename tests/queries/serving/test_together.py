"""Cones that are searched together: each gets its own rows, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse_single_table

from skyband.queries.serving import Query
from skyband.queries.serving.process import QueryProcess
from skyband.schema.errors import BadOption, ServerBusy, SkybandError, TableNotFound

ENDLESS_ROWS = "SELECT range AS x FROM range(100000000000)"
CROWDED = (10.0, -30.0)
_CROWD_ROWS = 3_000
"""Rows in the crowd: more than a cone may have that is searched together with others."""


@pytest.fixture
def sky() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Positions all over the sky, at the poles and around RA 0, and a crowd in one place."""
    rng = np.random.default_rng(11)
    ra, dec = rng.uniform(0, 360, 20_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 20_000)))
    for ra0, dec0, rows in ((0, 0, 300), (0, 90, 300), (180, -90, 300), (*CROWDED, _CROWD_ROWS)):
        ra = np.append(ra, (ra0 + rng.normal(0, 0.02, rows)) % 360)
        dec = np.append(dec, np.clip(dec0 + rng.normal(0, 0.02, rows), -90, 90))
    return ra, dec


@pytest.fixture
def crowd(make_served: Any, publish_table: Any, sky: Any, tmp_path: Any) -> Any:
    """A pool of one process and the one kept for quick questions, over the positions as table `crowd`."""
    opened = make_served()
    np.savetxt(tmp_path / "sky.csv", np.column_stack(sky), delimiter=",", header="ra,dec", comments="", fmt="%.17g")
    rows = f"SELECT row_number() OVER () - 1 AS id, ra, dec FROM read_csv('{tmp_path / 'sky.csv'}')"
    publish_table(opened.store, "crowd", rows)
    return opened


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[Query]]:
    """What processes were asked, those together in one list."""
    noted: list[list[Query]] = []
    ask = QueryProcess.ask

    def noting(self: QueryProcess, queries: Any, time_limit_s: float) -> None:
        noted.append(list(queries))
        ask(self, queries, time_limit_s)

    monkeypatch.setattr(QueryProcess, "ask", noting)
    return noted


def cone(ra: float, dec: float, radius_deg: float, table: str = "crowd", **others: Any) -> Query:
    return Query(table, "cone", parameters={"ra": ra, "dec": dec, "radius_deg": radius_deg}, name=table, **others)


def expected(sky: Any, query: Query) -> list[str]:
    """Ids of the rows within a cone, nearest first, by astropy."""
    where = query.parameters
    centre = SkyCoord(where["ra"] * u.deg, where["dec"] * u.deg)
    separation = centre.separation(SkyCoord(*sky, unit="deg")).deg
    order = np.argsort(separation, kind="stable")
    return [str(place) for place in order if separation[place] <= float(where["radius_deg"])]


def ids(data: bytes) -> list[str]:
    return [str(value) for value in parse_single_table(io.BytesIO(data)).to_table()["id"]]


async def while_busy(served: Any, begin: Callable[[], list[Awaitable[Any]]]) -> list[Any]:
    """What questions come to that wait together: both processes are taken until all of them wait."""
    pool = served.pool
    taken = [await pool.run(Query(ENDLESS_ROWS, "sql"), time_limit_s=60, lane=lane) for lane in ("usual", "quick")]
    waiting = [asyncio.ensure_future(one) for one in begin()]
    async with asyncio.timeout(20):
        while pool.waiting < len(waiting):
            await asyncio.sleep(0.005)
    for answer in taken:
        await answer.chunks.aclose()
    return await asyncio.gather(*waiting, return_exceptions=True)


async def until_idle(served: Any) -> None:
    """Wait until both processes are there and free."""
    async with asyncio.timeout(20):
        while served.pool.busy or len(served.pool.processes) < 2:
            await asyncio.sleep(0.005)


def test_each_gets_its_own_rows(crowd: Any, sky: Any, asked: list[list[Query]]) -> None:
    rng = np.random.default_rng(3)
    places = [(0.0, 0.0), (0.0, 90.0), (180.0, -90.0), (359.99, 0.01), (0.0, 0.0)]
    places += list(zip(rng.uniform(0, 360, 25), rng.uniform(-89, 89, 25), strict=True))
    queries = [cone(*place, radius_deg=0.01 * 2.0 ** (number % 9)) for number, place in enumerate(places)]
    answers = crowd.do(while_busy(crowd, lambda: [crowd.answer(query, lane="quick") for query in queries]))
    for query, (data, answer) in zip(queries, answers, strict=True):
        assert ids(data) == expected(sky, query)
        assert (answer.rows, answer.truncated, answer.size) == (len(ids(data)), False, len(data))
    assert sum(len(ids(data)) for data, _ in answers) > 1000
    assert 1 < max(map(len, asked)) <= 8


def test_they_get_the_bytes_they_get_by_themselves(crowd: Any, asked: list[list[Query]]) -> None:
    formats = ["votable", "votable-tabledata", "fits", "csv", "json", "arrow", "votable"]
    queries = [
        cone(0.001 * number, 0.0, 0.02, format=format, shown=f"cone {number}", max_rows=[None, 0, 7][number % 3])
        for number, format in enumerate(formats)
    ]
    alone = [crowd.do(crowd.answer(query, lane="quick")) for query in queries]
    assert max(map(len, asked)) == 1
    together = crowd.do(while_busy(crowd, lambda: [crowd.answer(query, lane="quick") for query in queries]))
    assert max(map(len, asked)) == len(queries)
    for (data, answer), (other, like) in zip(together, alone, strict=True):
        assert (data, answer.content_type) == (other, like.content_type)
        assert (answer.rows, answer.truncated) == (like.rows, like.truncated)
    assert {(answer.rows, answer.truncated) for _, answer in together} >= {(0, True), (7, True)}


def test_one_that_is_wrong_fails_alone(crowd: Any, sky: Any) -> None:
    good = [cone(0.0, 0.0, 0.02), cone(0.0, 90.0, 0.02)]
    wrong = [cone(10.0, 95.0, 0.1), cone(10.0, 5.0, 0.1, format="doc")]
    queries = [good[0], *wrong, good[1]]
    first, *errors, last = crowd.do(while_busy(crowd, lambda: [crowd.answer(query, lane="quick") for query in queries]))
    assert [ids(data) for data, _ in (first, last)] == [expected(sky, query) for query in good]
    assert [type(error) for error in errors] == [BadOption, BadOption]
    assert ["position" in str(errors[0]), "unknown format" in str(errors[1])] == [True, True]


def test_one_with_many_rows_is_asked_again_by_itself(crowd: Any, sky: Any, asked: list[list[Query]]) -> None:
    queries = [cone(0.0, 0.0, 0.02), cone(*CROWDED, 0.5), cone(0.0, 90.0, 0.02)]
    answers = crowd.do(while_busy(crowd, lambda: [crowd.answer(query, lane="quick") for query in queries]))
    assert [ids(data) for data, _ in answers] == [expected(sky, query) for query in queries]
    assert answers[1][1].rows >= _CROWD_ROWS
    assert [[query.parameters["ra"] for query in some] for some in asked[2:]] == [[0.0, 10.0, 0.0], [10.0]]


def test_only_quick_cones_of_one_table_go_together(crowd: Any, asked: list[list[Query]]) -> None:
    near = Query("SELECT count(*) AS n FROM crowd", "sql", format="csv")
    asks: list[tuple[Query, Any]] = [
        (cone(0.0, 0.0, 0.02), "quick"),
        (cone(10.0, 0.0, 0.02, "gaia"), "quick"),
        (near, "quick"),
        (cone(0.0, 90.0, 0.02), "quick"),
        (cone(0.0, 0.0, 0.03), "usual"),
        (near, "usual"),
    ]
    answers = crowd.do(while_busy(crowd, lambda: [crowd.answer(query, lane=lane) for query, lane in asks]))
    assert not any(isinstance(answer, BaseException) for answer in answers)
    together = [some for some in asked if len(some) > 1]
    assert together == [[asks[0][0], asks[3][0]]]
    assert len(asked) == 2 + 5


def test_a_client_that_goes_stops_no_other(crowd: Any, sky: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    queries = [cone(0.0, 0.0, 0.02 + 0.001 * number) for number in range(8)]
    begun: list[asyncio.Future[Any]] = []
    ask = QueryProcess.ask

    def begin() -> list[Awaitable[Any]]:
        begun.extend(asyncio.ensure_future(crowd.answer(query, lane="quick")) for query in queries)
        return list(begun)

    def leave(self: QueryProcess, several: Any, time_limit_s: float) -> None:
        """Some go when the process has been asked, before it has answered."""
        ask(self, several, time_limit_s)
        if len(several) > 1:
            begun[0].cancel()
            begun[5].cancel()

    monkeypatch.setattr(QueryProcess, "ask", leave)
    answers = crowd.do(while_busy(crowd, begin))
    gone = [number for number, answer in enumerate(answers) if isinstance(answer, asyncio.CancelledError)]
    assert gone == [0, 5]
    for number in {*range(8)} - {*gone}:
        assert ids(answers[number][0]) == expected(sky, queries[number])
    crowd.do(until_idle(crowd))
    assert crowd.rows("SELECT 1") == ["1"]


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_a_process_that_fails_costs_nobody_an_answer(
    make_served: Any, signal_number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is asked again by itself, of another process."""
    opened = make_served(quick_time_limit_s=0.5)
    ask = QueryProcess.ask
    victims = []

    def struck(self: QueryProcess, queries: Any, time_limit_s: float) -> None:
        if len(queries) > 1:
            os.kill(self.pid, signal_number)
            victims.append(self.pid)
        ask(self, queries, time_limit_s)

    monkeypatch.setattr(QueryProcess, "ask", struck)
    queries = [cone(10.0, 0.0, radius_deg, "gaia") for radius_deg in (0.0005, 0.01, 0.02, 0.03)]
    answers = opened.do(while_busy(opened, lambda: [opened.answer(query, lane="quick") for query in queries]))
    assert [ids(data) for data, _ in answers] == [["1"], ["1", "2"], ["1", "2"], ["1", "2"]]
    assert len(victims) == 1
    opened.do(until_idle(opened))
    assert victims[0] not in [process.pid for process in opened.pool.processes]


def test_a_table_that_is_dropped_or_replaced_meanwhile(crowd: Any, publish_table: Any) -> None:
    """They see the tables as they are when their turn comes."""
    one = "SELECT 77 AS id, 10.0::DOUBLE AS ra, 0.0::DOUBLE AS dec"
    queries = [cone(10.0, 0.0, 0.1 * number, "gaia") for number in (1, 2, 3)]

    def change(do: Callable[[], None]) -> Callable[[], list[Awaitable[Any]]]:
        def begin() -> list[Awaitable[Any]]:
            do()
            return [crowd.answer(query, lane="quick") for query in queries]

        return begin

    before = [crowd.do(crowd.answer(query, lane="quick")) for query in queries]
    assert [ids(data) for data, _ in before] == [["1", "2"]] * 3
    replaced = crowd.do(while_busy(crowd, change(lambda: publish_table(crowd.store, "gaia", one))))
    assert [ids(data) for data, _ in replaced] == [["77"]] * 3
    dropped = crowd.do(while_busy(crowd, change(lambda: crowd.store.drop("gaia"))))
    assert [type(error) for error in dropped] == [TableNotFound] * 3
    assert crowd.rows("SELECT count(*) FROM crowd WHERE id < 0") == ["0"]


def test_closing_turns_away_those_who_are_searched_together(make_served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = make_served()
    ask = QueryProcess.ask
    closing: list[asyncio.Task[None]] = []

    def close(self: QueryProcess, queries: Any, time_limit_s: float) -> None:
        if len(queries) > 1:
            os.kill(self.pid, signal.SIGSTOP)
            closing.append(asyncio.get_running_loop().create_task(opened.pool.close()))
        ask(self, queries, time_limit_s)

    monkeypatch.setattr(QueryProcess, "ask", close)
    queries = [cone(10.0, 0.0, 0.1 * number, "gaia") for number in (1, 2, 3)]

    async def go() -> list[Any]:
        with contextlib.suppress(SkybandError):
            return await while_busy(opened, lambda: [opened.answer(query, lane="quick") for query in queries])
        return []

    assert [type(error) for error in opened.do(go())] == [ServerBusy] * 3
    opened.do(asyncio.wait_for(closing[0], 20))
