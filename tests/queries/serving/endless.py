"""Queries that never end, and waiting for what comes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

ENDLESS = "SELECT max(md5(range::VARCHAR)) FROM range(100000000000)"
ENDLESS_ROWS = "SELECT range AS x FROM range(100000000000)"


async def until(happened: Callable[[], bool]) -> None:
    """Wait for something the pool does by itself."""
    async with asyncio.timeout(20):
        while not happened():
            await asyncio.sleep(0.005)
