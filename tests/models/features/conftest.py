"""A small simulated sky, matched and combined, with light curves and labels."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from skyband.queries import Sky
from skyband.schema.store import Store


@pytest.fixture(scope="session")
def sky(simulated: Store) -> Iterator[Sky]:
    """The simulated sky opened for questions."""
    with Sky(simulated.path) as opened:
        yield opened
