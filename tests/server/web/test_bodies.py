"""Bodies of requests: what is too large is refused unread, and files do not lie in memory."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=xyz"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def own(sky_folder: Path, serve: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A service of this module's own: its memory is measured."""
    folder = tmp_path_factory.mktemp("bodies") / "sky"
    shutil.copytree(sky_folder / "tables", folder / "tables", copy_function=os.link)
    with serve(folder) as served:
        yield served


def peak_bytes(service: Any) -> int:
    facts = dict(line.split(":", 1) for line in Path(f"/proc/{service.process.pid}/status").read_text().splitlines())
    return int(facts["VmHWM"].split()[0]) * 1024


def part(name: str, content: bytes, filename: str = "") -> bytes:
    file = f'; filename="{filename}"' if filename else ""
    return f'--xyz\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/tap/sync", FORM, b"LANG=ADQL&QUERY=" + b"a=b&c" * 8 * MEGABYTE),
        ("/tap/async", FORM, b"a=b&c" * 8 * MEGABYTE),
        ("/scs/sim_nir", FORM, b"RA=1&" * 8 * MEGABYTE),
        ("/sql", FORM, b"a&" * 20 * MEGABYTE),
        ("/sql", "application/json", b"[" + b"1," * 20 * MEGABYTE),
        ("/sql", "text/plain", b"(" * 40 * MEGABYTE),
        ("/xmatch", "text/csv", b"x" * 40 * MEGABYTE),
        ("/tap/sync", PARTS, part("QUERY", b"x" * 40 * MEGABYTE)),
        ("/tap/sync", PARTS, part("a", b"x" * 900_000) + part("b", b"x" * 900_000)),
        ("/tap/async", PARTS, b"".join(part("x" * 4000, b"") for _ in range(10_000))),
        ("/xmatch", PARTS, b"".join(part(f"f{n}", b"x", "name") for n in range(100_000))),
    ],
)
def test_what_is_too_large_is_refused_before_it_is_taken_apart(own: Any, path: str, kind: str, body: bytes) -> None:
    before = peak_bytes(own)
    response = own.client.post(path, content=body, headers={"Content-Type": kind})
    words = response.text if path.startswith(("/tap", "/scs")) else response.json()["error"]["message"]
    assert (response.status_code, "more than" in words) == (413, True), words
    assert peak_bytes(own) - before < 30 * MEGABYTE
    assert own.client.get("/health").status_code == 200


def connected(service: Any) -> socket.socket:
    parts = urlsplit(service.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def rest(connection: socket.socket) -> bytes:
    """All that comes until the service ends the connection, which it must."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65536):
            received += chunk
    return received


def test_a_body_without_an_end_is_refused_and_its_connection_ends(own_sky: Path, serve: Any) -> None:
    head = f"POST /tap/sync HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"a=b&c" * 10_000
    with serve(own_sky, request_time_limit_s="1") as service, connected(service) as connection:
        before = peak_bytes(service)
        connection.sendall(head.encode())
        with contextlib.suppress(ConnectionError):
            while True:
                connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        assert peak_bytes(service) - before < 30 * MEGABYTE
        assert service.client.get("/health").status_code == 200


WITH_BODY = b"HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nContent-Type: "
SLOW = {
    b"": b"",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX": b"HTTP/1.1 408 ",
    b"POST /tap/sync " + WITH_BODY + FORM.encode() + b"\r\n\r\nLAN": b"HTTP/1.1 408 ",
    b"POST /sql " + WITH_BODY + b"text/plain\r\n\r\nSEL": b"HTTP/1.1 408 ",
    b"GET /tables " + WITH_BODY + b"text/plain\r\n\r\nabc": b"HTTP/1.1 200 ",
    b"GET /tables HTTP/1.1\r\nHost: localhost\r\n\r\nGET /": b"HTTP/1.1 200 ",
}
"""What a client says before it is silent, and how its answer begins."""


def test_whoever_says_nothing_more_is_not_waited_for(own_sky: Path, serve: Any) -> None:
    with serve(own_sky, request_time_limit_s="0.5") as service, contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connected(service)) for _ in SLOW]
        for connection, sent in zip(connections, SLOW, strict=True):
            connection.sendall(sent)
        for connection, (sent, answer) in zip(connections, SLOW.items(), strict=True):
            received = rest(connection)
            assert received[: max(1, len(answer))] == answer, sent


def test_a_client_that_goes_in_mid_body_is_not_a_failure(serve: Any, own_sky: Path) -> None:
    with serve(own_sky) as service:
        with connected(service) as connection:
            connection.sendall(
                b"POST /sql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nContent-Type: text/plain\r\n\r\nS"
            )
        # Whoever asks later is accepted later: the request before has begun.
        assert service.client.get("/health").status_code == 200
    log = (own_sky.parent / "serve.log").read_text()
    assert [json.loads(line)["status"] for line in log.splitlines() if '"/sql"' in line] == [499]
    assert "Traceback" not in log


def test_only_so_many_connections_are_taken(own_sky: Path, serve: Any) -> None:
    with serve(own_sky, connections="5") as service, contextlib.ExitStack() as stack:
        service.client.close()
        for _ in range(5):
            stack.enter_context(connected(service))
        with httpx.Client(base_url=service.url, trust_env=False) as client:
            assert client.get("/health").status_code == 503


def test_uploaded_files_do_not_lie_in_memory(own: Any) -> None:
    asked = [("LANG", b"ADQL"), ("QUERY", b"SELECT COUNT(*) AS n FROM TAP_UPLOAD.mine"), ("UPLOAD", b"mine,param:f7")]
    files = b"".join(part(f"f{n}", b"ra,dec\n" + b"1,2\n" * 500_000, "mine.csv") for n in range(60))
    body = b"".join(part(name, value) for name, value in [*asked, ("FORMAT", b"csv")]) + files + b"--xyz--\r\n"
    before = peak_bytes(own)
    response = own.client.post("/tap/sync", content=body, headers={"Content-Type": PARTS})
    assert (response.status_code, response.text) == (200, "n\n500000\n")
    assert peak_bytes(own) - before < 30 * MEGABYTE


def test_parameters_of_a_large_form_are_read_as_those_of_a_small_one(own: Any) -> None:
    """Long queries of many parameters are nothing bad, and neither is an odd form."""
    query = f"SELECT 7 AS x /* {'é' * 20_000} */"
    forms: list[dict[str, Any]] = [
        {"data": {"query": query, "format": "csv"} | {f"more{n}": "+ %" for n in range(900)}},
        {"data": {"query": query, "format": "csv"}, "files": {"unused": b""}},
        {"json": {"query": query, "format": "csv"}},
        {"content": query.encode(), "headers": {"Content-Type": "text/plain"}, "params": {"format": "csv"}},
        {"content": b"query=SELECT+7%20AS x&&format=csv&empty=&alone&%FF=%FF", "headers": {"Content-Type": FORM}},
    ]
    for form in forms:
        response = own.client.post("/sql", **form)
        assert (response.status_code, response.text) == (200, "x\n7\n"), form
