"""Places images come from: a web server that answers as it is told, and moto's S3."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


class ImageServer:
    """`answers[path]` are given in turn, the last one again and again; `asked` counts requests by path with query."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.answers: dict[str, list[Answer]] = {}
        self.asked: Counter[str] = Counter()
        self.was_asked = threading.Event()
        self.lock = threading.Lock()

    def put(self, path: str, body: bytes) -> str:
        """A file; gives its URL."""
        self.answers[path] = [(200, {}, body)]
        return self.url + path

    def answer(self, path: str) -> Answer:
        with self.lock:
            self.asked[path] += 1
            self.was_asked.set()
            plain = path.partition("?")[0]
            answers = self.answers.get(path) or self.answers.get(plain) or [(404, {}, b"nothing here")]
            return answers.pop(0) if len(answers) > 1 else answers[0]


@contextmanager
def image_server() -> Iterator[ImageServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = served.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = ImageServer(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Bucket:
    """A bucket of moto's S3."""

    def __init__(self, endpoint: str, client: Any, name: str) -> None:
        self.endpoint = endpoint
        self.name = name
        self._client = client
        client.create_bucket(Bucket=name)

    def put(self, key: str, body: bytes) -> str:
        """An object; gives its URL."""
        self._client.put_object(Bucket=self.name, Key=key, Body=body)
        return f"s3://{self.name}/{key}"

    def remove(self, key: str) -> None:
        self._client.delete_object(Bucket=self.name, Key=key)


@contextmanager
def s3_server() -> Iterator[tuple[str, Any]]:
    """Endpoint and client of a server of S3."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
        yield endpoint, client
        client.close()
        server.stop()
