"""Places to fetch images from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.places import Bucket, ImageServer, image_server, s3_server


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
    return Bucket(*s3, f"b{abs(hash(request.node.nodeid))}")
