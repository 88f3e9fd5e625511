"""Fetching uploads by URL: from the public internet alone, unless more is allowed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from skyband.schema.errors import BadOption, ResourceLimit
from skyband.server.web.fetch import fetch


class Handler(BaseHTTPRequestHandler):
    """Answers /table with bytes and /to/URL with a redirect."""

    def do_GET(self) -> None:
        if self.path == "/table":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x" * 1000 + (self.headers["Host"] or "").encode())
        elif self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def fetched(url: str, into: Path, *, limit_bytes: int = 10_000, allow_private: bool = True) -> bytes:
    asyncio.run(fetch(url, into, limit_bytes=limit_bytes, allow_private=allow_private))
    return into.read_bytes()


def test_what_lies_there_is_written(port: int, tmp_path: Path) -> None:
    expected = b"x" * 1000 + f"localhost:{port}".encode()
    assert fetched(f"http://localhost:{port}/table", tmp_path / "a") == expected
    assert fetched(f"http://localhost:{port}/to/http://localhost:{port}/table", tmp_path / "b") == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/table",
        "http://localhost:{port}/table",
        "http://[::1]:{port}/table",
        "http://0.0.0.0:{port}/table",
        "http://[::ffff:127.0.0.1]:{port}/table",
        "http://2130706433:{port}/table",
        "http://10.0.0.1/table",
        "http://169.254.169.254/latest/meta-data",
        "http://192.168.0.1/",
        "http://[fe80::1]/",
        "http://224.0.0.1/",
    ],
)
def test_private_addresses_are_not_asked(port: int, tmp_path: Path, url: str) -> None:
    with pytest.raises(BadOption, match=r"not a public address|cannot fetch"):
        fetched(url.format(port=port), tmp_path / "a", allow_private=False)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/x", "gopher://x", "http://", "nonsense", ""])
def test_other_kinds_of_url_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadOption, match="cannot fetch"):
        fetched(url, tmp_path / "a")


def test_a_redirect_to_another_kind_of_place_is_refused(port: int, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="http or https"):
        fetched(f"http://127.0.0.1:{port}/to/file:///etc/passwd", tmp_path / "a")


def test_circles_end(port: int, tmp_path: Path) -> None:
    here = f"http://127.0.0.1:{port}/to/"
    with pytest.raises(BadOption, match="redirects"):
        fetched(here * 7 + "x", tmp_path / "a")


def test_what_is_too_large_or_missing_is_refused(port: int, tmp_path: Path) -> None:
    with pytest.raises(ResourceLimit, match="more than 500 bytes"):
        fetched(f"http://127.0.0.1:{port}/table", tmp_path / "a", limit_bytes=500)
    with pytest.raises(BadOption, match="status 404"):
        fetched(f"http://127.0.0.1:{port}/nothing", tmp_path / "a")
