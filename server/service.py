"""What a running service is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from skyband.queries.images import Thumbnails
from skyband.queries.serving import Query
from skyband.schema.errors import SkybandError
from skyband.schema.store import Store

if TYPE_CHECKING:
    from litestar import Request

    from skyband.queries.serving import QueryPool
    from skyband.schema.settings import Settings
    from skyband.server.api.classify_processes import Classifiers
    from skyband.server.api.encoder_processes import Encoders
    from skyband.server.api.match_processes import MatchProcesses
    from skyband.server.catalogue import Catalogue
    from skyband.server.tap.runner import Jobs
    from skyband.server.web.access import Access, Limits

_PATIENCE_S = 5.0


class Service:
    """The parts of a service, given to every handler."""

    def __init__(self, store: Store, *, pool: QueryPool, catalogue: Catalogue, access: Access, limits: Limits) -> None:
        self.store = store
        self.pool = pool
        self.catalogue = catalogue
        self.access = access
        self.limits = limits
        self.jobs: Jobs
        """The asynchronous jobs, which run queries of this service."""
        self.matches: MatchProcesses
        """The processes that match uploaded tables."""
        self.encoders: Encoders
        """The process that turns uploaded images into vectors."""
        self.classifiers: Classifiers
        """The process that classifies uploaded rows."""
        self.labelling = asyncio.Lock()
        """Held while a label is written."""
        self.started_at = datetime.now(UTC)

    @property
    def settings(self) -> Settings:
        """The settings of the store."""
        return self.store.settings

    def url(self, request: Request[Any, Any, Any]) -> str:
        """Where the client finds the service, without a slash at the end."""
        return (self.settings.public_url or str(request.base_url)).rstrip("/")

    def tap_url(self, request: Request[Any, Any, Any]) -> str:
        """The base URL of TAP, as the client typed it."""
        return f"{self.url(request)}/tap"

    async def thumbnails(self, collection: str, ids: Sequence[str]) -> Mapping[str, bytes]:
        """The thumbnails of images, JPEG files by id, where there are any."""
        return await asyncio.to_thread(Thumbnails(self.store, collection).read, ids)

    async def is_available(self) -> bool:
        """Whether a query process answers."""
        question = Query("SELECT 1 AS one", "sql", format="csv")
        try:
            async with asyncio.timeout(_PATIENCE_S):
                answer = await self.pool.run(question, time_limit_s=_PATIENCE_S, lane="quick")
                return b"".join([chunk async for chunk in answer.chunks]).startswith(b"one")
        except (SkybandError, TimeoutError):
            return False
