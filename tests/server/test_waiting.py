"""Long questions keep nobody from an answer for long."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

ENDLESS = (
    "SELECT count(*) AS n FROM {}sim_nir a, sim_nir b, sim_nir c, sim_nir d, sim_nir e WHERE a.ra + b.ra + c.ra < d.ra"
)
SCHEMA = {"LANG": "ADQL", "QUERY": "SELECT COUNT(*) AS n FROM TAP_SCHEMA.schemas", "FORMAT": "csv"}
USUAL = {
    "/sql": {"query": "SELECT 42 AS x", "format": "csv"},
    "/tap/sync": {"LANG": "ADQL", "QUERY": "SELECT COUNT(*) AS n FROM sim_nir"},
    "/moc/sim_nir": {"format": "json"},
    "/scs/sim_nir": {"RA": "1", "DEC": "1", "SR": "180"},
}


@contextmanager
def asked(service: Any, query: str, times: int) -> Iterator[None]:
    """Clients that wait for an answer, for as long as the block lasts."""
    clients = [httpx.Client(base_url=service.url, timeout=120, trust_env=False) for _ in range(times)]

    def ask(client: httpx.Client) -> None:
        try:
            # Processes that have just begun may keep even this one waiting too long.
            while client.get("/tap/sync", params={"LANG": "ADQL", "QUERY": query}).status_code == 503:
                pass
        except httpx.TransportError:
            return

    threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        service.kill()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()


def wait_until_running(service: Any, job: str) -> None:
    while (phase := service.client.get(f"{job}/phase").text) == "QUEUED":
        service.client.get(job, params={"WAIT": "30", "PHASE": phase})
    assert phase == "EXECUTING"


def test_jobs_keep_nobody_waiting(own_sky: Path, serve: Any) -> None:
    with serve(own_sky, query_processes="1", running_jobs="2") as service:
        data = {"LANG": "ADQL", "PHASE": "RUN", "QUERY": ENDLESS.format("")}
        for _ in range(2):
            wait_until_running(service, service.client.post("/tap/async", data=data).headers["location"])
        queued = service.client.post("/tap/async", data=data).headers["location"]
        statuses = {path: service.client.get(path, params=given).status_code for path, given in USUAL.items()}
        assert statuses == dict.fromkeys(USUAL, 200)
        assert service.client.get(f"{queued}/phase").text == "QUEUED"
        assert service.client.get("/tap/sync", params=SCHEMA).text == "n\n2\n"


@pytest.mark.parametrize(
    "first", ["tap_schema.columns, ", "tap_schema.columns JOIN tap_schema.tables USING (table_name), "]
)
def test_the_process_for_quick_questions_is_for_nothing_else(own_sky: Path, serve: Any, first: str) -> None:
    with serve(own_sky, query_processes="1") as service, asked(service, ENDLESS.format(first), 8):
        for _ in range(3):
            assert service.client.get("/tap/sync", params=SCHEMA).text == "n\n2\n"
            assert "<vosi:available>true<" in service.client.get("/tap/availability").text


def test_whoever_waits_too_long_is_told_to_come_again(own_sky: Path, serve: Any) -> None:
    # A process that has just begun, on a machine with much to do, may not be quick.
    limits = {"query_processes": "1", "query_wait_limit_s": "0.5", "quick_time_limit_s": "60"}
    with serve(own_sky, **limits) as service, asked(service, ENDLESS.format(""), 1):
        for path, given in USUAL.items():
            while (response := service.client.get(path, params=given)).status_code != 503:
                assert response.status_code == 200, response.text
            assert response.headers["retry-after"] == "5", path
            assert "no process was free for 0.5 s; ask again in a while" in response.text
        assert service.client.get("/tap/sync", params=SCHEMA).text == "n\n2\n"
