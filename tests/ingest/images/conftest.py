"""Folders of pictures, places to fetch them from, and adding them to the test's store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from skyband.ingest.images import AddOptions, AddReport, add_images
from skyband.schema.store import Store
from tests.places import Bucket, ImageServer, image_server, s3_server

Add = Callable[..., AddReport]
Put = Callable[[str, bytes], Path]


@pytest.fixture
def served() -> Iterator[ImageServer]:
    """A web server."""
    with image_server() as server:
        yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[tuple[str, Any]]:
    """A server of S3, and a client of it."""
    with s3_server() as found:
        yield found


@pytest.fixture
def bucket(s3: tuple[str, Any], request: pytest.FixtureRequest) -> Bucket:
    """A bucket of the test's own."""
    return Bucket(*s3, f"i{abs(hash(request.node.nodeid))}")


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Writes a file: `put("pics/a.jpg", data)`."""

    def write(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    return write


@pytest.fixture
def add(store: Store) -> Add:
    """Adds images to a collection of the store: `add("pics", collection="gals")`."""

    def run(*sources: object, collection: str = "gals", into: Store | None = None, **options: Any) -> AddReport:
        return add_images(into or store, [str(s) for s in sources], AddOptions(collection=collection, **options))

    return run
