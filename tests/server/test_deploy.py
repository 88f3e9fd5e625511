"""The proxy configuration and the container file: a real nginx before a real service."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

DEPLOY = Path(__file__).parents[2] / "server" / "deploy"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_nginx = pytest.mark.skipif(not (NGINX and shutil.which("openssl")), reason="nginx or openssl is not installed")

_MAIN = """
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/skyband.conf;
}}
"""


@dataclass(frozen=True)
class Proxied:
    """A service and the proxy before it."""

    service: Any
    url: str
    plain_url: str
    certificate: Path
    log: Path

    def client(self, address: str = "127.0.0.1") -> httpx.Client:
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        transport = httpx.HTTPTransport(verify=trusted, local_address=address)
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False, transport=transport)


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def configure(folder: Path, *, tls_port: int, plain_port: int, upstream: str) -> Path:
    """The configuration of the project with the addresses and the certificate of a test."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    text = (DEPLOY / "nginx.conf").read_text()
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{plain_port};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{tls_port} ssl;"),
        ("server 127.0.0.1:8000;", f"server {upstream};"),
        ("/etc/ssl/sky.example.org/fullchain.pem", str(certificate)),
        ("/etc/ssl/sky.example.org/privkey.pem", str(key)),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (folder / "skyband.conf").write_text(text)
    main = folder / "nginx.conf"
    main.write_text(_MAIN.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""))
    return main


def nginx(main: Path, *arguments: str) -> str:
    assert NGINX is not None
    run = subprocess.run([NGINX, "-p", main.parent, "-c", main, *arguments], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stderr


@pytest.fixture
def proxied(serve: Any, own_sky: Path, tmp_path: Path) -> Iterator[Proxied]:
    tls_port, plain_port = free_ports(2)
    url = f"https://localhost:{tls_port}"
    with serve(own_sky, public_url=url, trusted_proxies="127.0.0.1") as service:
        main = configure(
            tmp_path, tls_port=tls_port, plain_port=plain_port, upstream=service.url.removeprefix("http://")
        )
        # It goes into the background once it listens.
        nginx(main)
        try:
            yield Proxied(
                service,
                url,
                f"http://127.0.0.1:{plain_port}",
                tmp_path / "certificate.pem",
                own_sky.parent / "serve.log",
            )
        finally:
            nginx(main, "-s", "stop")


@needs_nginx
def test_nginx_accepts_the_configuration_without_a_warning(tmp_path: Path) -> None:
    tls_port, plain_port = free_ports(2)
    said = nginx(configure(tmp_path, tls_port=tls_port, plain_port=plain_port, upstream="127.0.0.1:8000"), "-t")
    assert "syntax is ok" in said
    assert "[warn]" not in said


@needs_nginx
def test_queries_jobs_and_uploads_pass_through_the_proxy(proxied: Proxied) -> None:
    query = "SELECT range AS n, range * 2.5 AS x, 'row ' || range AS label FROM range(100000)"
    asked = {"query": query, "format": "csv", "maxrec": "200000"}
    with proxied.client("127.0.0.2") as client:
        with client.stream("GET", "/sql", params=asked) as answer:
            assert answer.headers["transfer-encoding"] == "chunked"
            assert answer.headers["strict-transport-security"].startswith("max-age=")
            rows = b"".join(answer.iter_raw())
        assert rows == proxied.service.client.get("/sql", params=asked).content
        assert rows.count(b"\n") == 100_001

        # What the service says of itself names the proxy, not the address it listens on.
        capabilities = ElementTree.fromstring(client.get("/tap/capabilities").content)
        urls = [str(element.text) for element in capabilities.iter("accessURL")]
        assert f"{proxied.url}/tap" in urls
        assert all(url.startswith(f"{proxied.url}/tap") for url in urls)
        query = "SELECT COUNT(*) AS n FROM sim_nir"
        job = client.post("/tap/async", data={"LANG": "ADQL", "QUERY": query, "PHASE": "RUN"})
        assert job.status_code == 303
        assert job.headers["location"].startswith(f"{proxied.url}/tap/async/")
        assert b"COMPLETED" in client.get(job.headers["location"], params={"WAIT": "30"}).content

        found = client.post(
            "/xmatch",
            data={"table": "sim_nir", "radius_arcsec": "1", "format": "csv"},
            files={"file": b"ra,dec\n10,20\n"},
        )
        assert (found.status_code, found.text.count("\n")) == (200, 1)

    # The service counts clients by the address the proxy saw. It logs a request after its answer has left: all is
    # written once it has ended.
    proxied.service.stop()
    logged = [json.loads(line) for line in proxied.log.read_text().splitlines() if line.startswith("{")]
    assert {entry["client"] for entry in logged if entry["path"] == "/xmatch"} == {"127.0.0.2"}


@needs_nginx
def test_the_proxy_redirects_and_refuses(proxied: Proxied) -> None:
    moved = httpx.get(f"{proxied.plain_url}/tap/tables?detail=min", trust_env=False)
    assert (moved.status_code, moved.headers["location"]) == (301, "https://127.0.0.1/tap/tables?detail=min")
    trusted = ssl.create_default_context(cafile=str(proxied.certificate))
    connection = http.client.HTTPSConnection(proxied.url.removeprefix("https://"), context=trusted, timeout=30)
    try:
        connection.putrequest("POST", "/xmatch")
        connection.putheader("Content-Length", "300000000")
        connection.endheaders()
        assert connection.getresponse().status == 413
    finally:
        connection.close()


@needs_nginx
def test_a_query_ends_when_the_client_of_the_proxy_goes(proxied: Proxied) -> None:
    """An answer too large for the buffers between is cut off at the service, which is free for the next one."""
    endless = "SELECT range AS n, 'a long line of text that fills buffers' AS label FROM range(15000000)"
    with proxied.client() as client:
        for _ in range(3):
            asked = {"query": endless, "format": "csv", "maxrec": "15000000"}
            with client.stream("GET", "/sql", params=asked) as answer:
                assert next(answer.iter_raw()).startswith(b"n,label")
        # There are two query processes: a third answer needs that an earlier one was given up.
        assert client.get("/sql", params={"query": "SELECT 1 AS one", "format": "csv"}).text.split() == ["one", "1"]


def test_the_container_runs_a_service_that_asks_for_tokens(serve: Any, own_sky: Path, tmp_path: Path) -> None:
    text = (DEPLOY / "Containerfile").read_text()
    entry, command = (json.loads(found) for found in re.findall(r"^(?:ENTRYPOINT|CMD) (\[.*\])$", text, re.MULTILINE))
    assert (entry, command[0]) == (["skyband"], "serve")
    assert re.search(r"^USER skyband$", text, re.MULTILINE)
    tokens = tmp_path / "tokens.toml"
    digest = hashlib.sha256(b"secret").hexdigest()
    tokens.write_text(f'[[token]]\nname = "alice"\nrole = "read"\nsha256 = "{digest}"\n')
    own = {"/run/secrets/tokens.toml": str(tokens), "8000": "0"}
    with serve(own_sky, *(own.get(word, word) for word in command[1:])) as served:
        assert served.client.get("/sql", params={"query": "SELECT 1"}).status_code == 401
        with_token = {"Authorization": "Bearer secret"}
        assert served.client.get("/sql", params={"query": "SELECT 1"}, headers=with_token).status_code == 200
