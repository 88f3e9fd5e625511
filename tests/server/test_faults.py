"""Bad input and faults: each gives its client a clear error, and the service lives on."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from skyband.ingest.simulate.into_store import ingest_simulated
from skyband.schema.settings import Settings
from skyband.schema.store import Store

SLOW = "SELECT count(*) AS n FROM range(100000) a, range(100000) b, range(100000) c WHERE a.range + b.range = c.range"
LONG = "SELECT range AS n, range * 2 AS m FROM range(200000000)"
LIMITS = {"query_processes": "1", "query_time_limit_s": "600", "query_max_rows": "1000000000"}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def narrow(own_sky: Path, serve: Any) -> Iterator[Any]:
    """A service with one process for queries, which one query can hold for ten minutes."""
    with serve(own_sky, **LIMITS) as served:
        yield served


def begin(service: Any, path: str, **parameters: str) -> socket.socket:
    """Ask and read nothing."""
    parts = urlsplit(service.url)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=30)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(f"GET {path}?{urlencode(parameters)} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    return connection


def children(process: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def cpu_ticks(process: int) -> int:
    used = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, used))


def vanish(service: Any, query: str) -> None:
    """Ask, and go away while the query computes (SLOW), or waits until somebody takes its rows (LONG)."""
    with begin(service, "/sql", query=query, format="csv", maxrec="200000000") as connection:
        if query is LONG:
            assert connection.recv(1) == b"H"
        else:
            worker_at_work(service)


def worker_at_work(service: Any) -> int:
    """The query process that computes: it uses more time while one looks at it than the others need to get ready."""
    before = {pid: cpu_ticks(pid) for pid in children(service.process.pid)}
    while True:
        for pid, ticks in before.items():
            if cpu_ticks(pid) > ticks + 200:
                return pid


def assert_answers(service: Any) -> None:
    """An ordinary query is answered long before the slow one would end."""
    response = service.client.get("/sql", params={"query": "SELECT 42 AS x", "format": "csv"}, timeout=20)
    assert (response.status_code, response.text) == (200, "x\n42\n")


def test_a_client_that_takes_nothing_does_not_hold_a_process(own_sky: Path, serve: Any) -> None:
    with serve(own_sky, query_stall_limit_s="0.5", **LIMITS) as service:
        with begin(service, "/sql", query=LONG, format="csv", maxrec="200000000") as connection:
            assert connection.recv(1) == b"H"
            assert_answers(service)
        assert service.client.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize("query", [SLOW, LONG])
def test_the_query_of_a_client_that_vanishes_stops(narrow: Any, query: str) -> None:
    for _ in range(3):
        vanish(narrow, query)
        assert_answers(narrow)


def test_vanished_clients_do_not_use_up_their_allowance(own_sky: Path, serve: Any) -> None:
    with serve(own_sky, client_queries="2", **LIMITS) as service:
        for query in (SLOW, LONG, LONG):
            vanish(service, query)
            assert_answers(service)


def test_a_killed_query_process_is_one_error_for_one_client(narrow: Any) -> None:
    with ThreadPoolExecutor() as threads:
        asked = threads.submit(narrow.client.get, "/tap/sync", params={"LANG": "DuckDB", "QUERY": SLOW}, timeout=60)
        os.kill(worker_at_work(narrow), signal.SIGKILL)
        response = asked.result()
    assert (response.status_code, response.headers["content-type"]) == (400, "application/x-votable+xml")
    assert 'value="ERROR"' in response.text
    assert "ended before its answer did" in response.text
    assert_answers(narrow)


def wait_for_end(service: Any, job: str) -> str:
    phase: str = service.client.get(f"{job}/phase").text
    while phase in ("PENDING", "QUEUED", "EXECUTING"):
        service.client.get(job, params={"WAIT": "10", "PHASE": phase})
        phase = service.client.get(f"{job}/phase").text
    return phase


def run_job(service: Any, query: str) -> str:
    data = {"LANG": "DuckDB", "QUERY": query, "FORMAT": "csv", "PHASE": "RUN"}
    return str(service.client.post("/tap/async", data=data).headers["location"])


def test_a_job_whose_result_cannot_be_kept_says_so(own_sky: Path, serve: Any) -> None:
    with serve(own_sky) as service:
        # A file system that takes no more than a megabyte in one file, as a full one takes nothing.
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
        job = run_job(service, "SELECT range AS n FROM range(1000000)")
        assert wait_for_end(service, job) == "ERROR"
        error = service.client.get(f"{job}/error")
        assert "cannot keep the result of the job" in error.text
        assert 'value="ERROR"' in error.text
        folder = own_sky / "jobs" / job.rpartition("/")[2]
        assert [path.name for path in folder.iterdir()] == ["job.json"]
        assert wait_for_end(service, run_job(service, "SELECT 1 AS x")) == "COMPLETED"


def test_a_full_disk_refuses_jobs_and_nothing_else(own_sky: Path, serve: Any) -> None:
    with serve(own_sky) as service:
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        data = {"LANG": "DuckDB", "QUERY": "SELECT 1", "PHASE": "RUN"}
        response = service.client.post("/tap/async", data=data)
        assert response.status_code == 500
        assert "cannot keep a job" in response.text
        assert_answers(service)
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (-1, -1))
        assert wait_for_end(service, run_job(service, "SELECT 1 AS x")) == "COMPLETED"


def test_a_table_replaced_in_mid_answer_stays_whole_and_is_new_for_the_next(own_sky: Path, serve: Any) -> None:
    settings = Settings(store=str(own_sky))
    with serve(own_sky) as service:

        def count() -> int:
            rows = service.client.get("/sql", params={"query": "SELECT count(*) AS n FROM sim_nir"}).json()["rows"]
            return int(rows[0][0])

        before = count()
        copies = 300
        query = f"SELECT n.*, repeat('x', 100) AS more FROM sim_nir n, range({copies})"
        asked = {"query": query, "format": "csv", "maxrec": str(2**31)}
        with service.client.stream("GET", "/sql", params=asked) as stream:
            lines = stream.iter_lines()
            next(lines)
            list(ingest_simulated(Store.open(settings), rows=2500, seed=4, replace_tables=True))
            assert sum(1 for _ in lines) == before * copies
        after = count()
        assert after != before
        assert after == service.client.get("/tables/sim_nir").json()["rows"]


def votable_of(rows: int) -> bytes:
    cells = "<TR><TD>10.5</TD></TR>" * rows
    return (
        '<VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>'
        f'<FIELD name="ra" datatype="double"/><DATA><TABLEDATA>{cells}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>'
    ).encode()


def test_uploads_and_bodies_over_the_limit_are_refused(own_sky: Path, serve: Any) -> None:
    with serve(own_sky, upload_max_bytes="100000") as service:
        asked = {"LANG": "ADQL", "QUERY": "SELECT * FROM TAP_UPLOAD.mine", "UPLOAD": "mine,param:mine"}

        def upload(rows: int) -> httpx.Response:
            files = {"mine": ("mine.vot", votable_of(rows))}
            return httpx.post(f"{service.tap}/sync", data=asked, files=files, trust_env=False, timeout=60)

        assert upload(100).status_code == 200
        response = upload(10_000)
        assert response.status_code == 400
        assert "this service takes 100,000" in response.text
        # Far over it, the body is not even read.
        response = upload(100_000)
        assert (response.status_code, "more than 1,100,000 bytes" in response.text) == (413, True)
        assert 'value="ERROR"' in response.text
        assert_answers(service)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/sql", {"query": f"SELECT {'(' * 300_000}"}),
        ("/sql", {"query": f"SELECT {'(' * 150_000}1{')' * 150_000}"}),
        ("/tap/sync", {"LANG": "ADQL", "QUERY": f"SELECT {'(' * 300_000}"}),
        ("/sql", {"query": "SELECT 1; " * 10}),
        ("/tap/sync", {"LANG": "ADQL", "QUERY": "SELECT TOP 1 * FROM sim_nir; " * 10}),
        ("/tap/sync", {"LANG": "DuckDB", "QUERY": "SELECT 1; " * 10}),
        ("/sql", {"query": "SELECT '\0'"}),
    ],
)
def test_monstrous_queries_are_told_so(service: Any, path: str, data: dict[str, str]) -> None:
    response = service.client.post(path, data=data)
    assert response.status_code == 400
    assert len(response.text) < 2000
    assert_answers(service)


@pytest.mark.parametrize(("path", "name"), [("/sql", "query"), ("/tap/sync", "QUERY")])
def test_a_megabyte_of_parentheses_is_refused_unread(service: Any, path: str, name: str) -> None:
    response = service.client.post(path, data={"LANG": "ADQL", name: f"SELECT {'(' * 1_000_000}"})
    assert (response.status_code, "more than 1,000,000 bytes" in response.text) == (413, True)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"garbage", "multipart/form-data; boundary=xyz"),
        (b"garbage", "multipart/form-data"),
        (b'--xyz\r\nContent-Disposition: form-data; name="QUERY"\r\n\r\nSELEC', "multipart/form-data; boundary=xyz"),
        (b"--xyz\r\nContent-Disposition: form-data\r\n\r\nSELEC\r\n--xyz--\r\n", "multipart/form-data; boundary=xyz"),
        (b"\xff\xfe{", "application/json"),
        (b"[1]", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"query": "SELECT \'\\ud800\'"}', "application/json"),
        (b"\xff\xfe", "text/plain"),
        (b"\xff\xfe", "image/png"),
        (b"\xff\xfe", "nonsense"),
        (b"%ff=%fe&=&&==", f"{FORM}; charset=klingon"),
        ("&".join(f"a{n}=1" for n in range(1000)).encode(), FORM),
        (b"", FORM),
    ],
)
def test_a_body_that_is_no_question_is_the_fault_of_its_sender(service: Any, body: bytes, kind: str) -> None:
    for path in ("/sql", "/tap/sync", "/scs/sim_nir"):
        response = service.client.post(path, content=body, headers={"Content-Type": kind})
        assert response.status_code == 400, path
        if path == "/sql":
            assert response.json()["error"]["message"]
        else:
            assert 'value="ERROR"' in response.text


PATHS = [
    *("/", "/tables", "/tables/sim_nir", "/tables/sim_nir/page", "/health", "/sql", "/scs/sim_nir", "/moc/sim_nir"),
    *("/tap", "/tap/sync", "/tap/async", "/tap/async/no", "/tap/async/no/phase", "/tap/async/no/results/result"),
    *("/tap/capabilities", "/tap/availability", "/tap/tables", "/tap/tables/sim_nir", "/tap/examples", "/xmatch"),
    *("/schema/openapi.json", "/nothing", "/tap/async/..%2f..%2f", "/tables/%00", "/scs/%ff"),
]


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "NONSENSE"])
def test_other_methods_are_no_fault_of_the_service(service: Any, method: str) -> None:
    statuses = {path: service.client.request(method, path).status_code for path in PATHS}
    assert {path: status for path, status in statuses.items() if status not in (200, 204, 400, 404, 405)} == {}


def talk(service: Any, request: bytes) -> bytes:
    """The first bytes of the answer to something that is hardly HTTP; none where the server hung up at once."""
    parts = urlsplit(service.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        # What it refuses it does not read to the end.
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
        try:
            return connection.recv(4096)
        except ConnectionError:
            return b""


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b'GET / HTTP/1.1\r\nHost: "><script>\r\n\r\n',
        b"POST /sql HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n",
        b"POST /sql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999\r\n\r\n",
        b"POST /sql HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
    ],
)
def test_what_is_hardly_http_is_refused(service: Any, request_bytes: bytes) -> None:
    answer = talk(service, request_bytes)
    assert not answer or answer.split(b" ")[1] in (b"400", b"413", b"414", b"421", b"431")
    assert_answers(service)


def test_a_stopped_server_ends_in_order(own_sky: Path, serve: Any) -> None:
    with serve(own_sky, running_jobs="1") as service:
        job = run_job(service, SLOW)
        worker_at_work(service)
        waiting = run_job(service, "SELECT 1 AS x")
        workers = children(service.process.pid)
        with ThreadPoolExecutor() as threads, begin(service, "/sql", query=LONG, maxrec="200000000") as connection:
            assert connection.recv(1) == b"H"
            assert threads.submit(service.stop).result() == 0
        assert [pid for pid in workers if Path(f"/proc/{pid}").exists()] == []
        states = [json.loads(path.read_text())["phase"] for path in (own_sky / "jobs").glob("*/job.json")]
        assert sorted(states) == ["EXECUTING", "QUEUED"]
    with serve(own_sky) as service:
        again = {url: f"{service.tap}/async/{url.rpartition('/')[2]}" for url in (job, waiting)}
        assert service.client.get(f"{again[job]}/phase").text == "ERROR"
        assert wait_for_end(service, again[waiting]) == "COMPLETED"


def refused(*arguments: str) -> tuple[int, str]:
    """How `skyband serve` ends that cannot begin: exit code and what it says."""
    command = [sys.executable, "-m", "skyband.server", "serve", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout == ""
    return ended.returncode, ended.stderr


def test_a_server_that_cannot_begin_says_why(service: Any, sky_folder: Path, own_sky: Path, tmp_path: Path) -> None:
    port = str(urlsplit(service.url).port)
    assert refused("--host", "0.0.0.0", "--store", str(own_sky)) == (
        2,
        "skyband: --host 0.0.0.0 lets others in: give --token-file FILE, or --public-read if everybody may read this "
        "store\n",
    )
    code, message = refused("--port", port, "--store", str(own_sky))
    assert (code, message) == (
        2,
        f"skyband: cannot listen on 127.0.0.1:{port}: Address already in use; choose another --port\n",
    )
    code, message = refused("--port", "0", "--store", str(sky_folder))
    assert code == 1
    assert "another" in message
    assert message.count("\n") == 1
    code, message = refused("--port", "0", "--store", str(tmp_path / "nowhere"))
    assert code == 2
    assert "nowhere" in message
    assert message.count("\n") == 1
