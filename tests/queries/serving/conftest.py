"""A pool of real query processes over a small store."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from skyband.queries.serving import Answer, Lane, Query, QueryPool
from skyband.schema.columns import Column
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from skyband.schema.writer import write_table

T = TypeVar("T")

READER = "skyband.ingest.upload:open_upload"


class Served:
    """A pool on an event loop of its own, for tests that are not asynchronous themselves."""

    def __init__(self, store: Store, **settings: Any) -> None:
        self.store = store
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.pool = QueryPool(store.tables_folder, replace(store.settings, **settings), upload_reader=READER)
        self.do(self.pool.start())

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begin something on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the loop and wait for it."""
        return self.start(work).result(60)

    async def answer(self, query: Query, time_limit_s: float = 30.0, *, lane: Lane = "usual") -> tuple[bytes, Answer]:
        """All bytes of an answer."""
        answer = await self.pool.run(query, time_limit_s=time_limit_s, lane=lane)
        return b"".join([chunk async for chunk in answer.chunks]), answer

    def sql(self, text: str, format: str = "csv", time_limit_s: float = 30.0, **others: Any) -> str:
        """The answer to SQL as text."""
        query = Query(text, "sql", format=format, **others)
        return self.do(self.answer(query, time_limit_s))[0].decode()

    def rows(self, text: str, **others: Any) -> list[str]:
        """The answer to SQL as lines of CSV, without the first."""
        return self.sql(text, **others).splitlines()[1:]

    def close(self) -> None:
        """End the pool and its loop."""
        self.do(self.pool.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def publish(store: Store, name: str, rows: str, *metadata: Column) -> None:
    """Publish a table from SQL with the columns id, ra and dec."""
    known = {
        "id": Column("id", "", role="id", ucd="meta.id;meta.main"),
        "ra": Column("ra", "", unit="deg", role="ra", ucd="pos.eq.ra;meta.main"),
        "dec": Column("dec", "", unit="deg", role="dec", ucd="pos.eq.dec;meta.main"),
    } | {column.name: column for column in metadata}
    with write_table(store, name) as writer:
        writer.connection.execute(
            f"CREATE TABLE new.main.data AS SELECT *, healpix(29, ra, dec) AS healpix_29 FROM ({rows}) ORDER BY 1"
        )
        writer.publish(action="test", command="", columns=known)


def make_store(folder: Path) -> Store:
    """A store with two small tables."""
    store = Store.create(Settings(store=str(folder / "sky"), memory_gb=1.0, query_memory_gb=0.3, threads=2))
    publish(
        store,
        "gaia",
        "FROM (VALUES (1, 10.0::DOUBLE, 0.0::DOUBLE, 12.5::DOUBLE, 'a'), (2, 10.001, 0.0, NULL, NULL), "
        "(3, 200.0, -45.0, 14.25, 'ä')) t(id, ra, dec, g, name)",
        Column("g", "", "mag", "phot.mag;em.opt", description="Mean magnitude"),
    )
    publish(store, "wise", "FROM (VALUES ('w1', 10.0001::DOUBLE, 0.0::DOUBLE), ('w2', 50.0, 5.0)) t(id, ra, dec)")
    return store


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A pool that tests share: none of them may change its store."""
    opened = Served(make_store(tmp_path_factory.mktemp("served")), query_processes=1)
    yield opened
    opened.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Served]:
    """A pool with a store of the test's own."""
    opened = Served(make_store(tmp_path), query_processes=1)
    yield opened
    opened.close()


@pytest.fixture
def publish_table() -> Callable[..., None]:
    """Publish a table: `publish_table(store, name, rows)`, where the SQL `rows` has the columns id, ra, dec."""
    return publish


@pytest.fixture
def make_served(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Start a pool with settings of its own: `make_served(query_waiting=1)`."""
    opened: list[Served] = []

    def make(**settings: Any) -> Served:
        opened.append(Served(make_store(tmp_path), **{"query_processes": 1} | settings))
        return opened[-1]

    yield make
    for one in opened:
        one.close()
