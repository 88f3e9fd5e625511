"""TAP's synchronous queries, and the query behind an asynchronous job."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litestar import Request, Response, route

from skyband.queries.serving import Query
from skyband.server.service import Service
from skyband.server.tap.jobs import Job
from skyband.server.tap.quick import is_quick
from skyband.server.tap.request import Asked, read_query
from skyband.server.tap.uploads import find_uploads, save_file
from skyband.server.web.access import Identity
from skyband.server.web.answers import answer_query
from skyband.server.web.parameters import Parameters

if TYPE_CHECKING:
    from skyband.queries.serving import Answer


@route("/sync", http_method=["GET", "POST"], status_code=200)
async def answer_sync(request: Request[Any, Any, Any], service: Service, identity: Identity) -> Response[Any]:
    """Run a query and answer with its rows; parameters in the URL, or with uploads in a form."""
    parameters = await Parameters.read(request, service.settings)
    asked = read_query(parameters, service.settings)
    limit_s = service.settings.query_time_limit_s
    if not asked.uploads:
        quick = asked.language == "adql" and is_quick(asked.text, service.catalogue.tables)
        return await answer_query(
            service, request, identity, _query(asked, {}), time_limit_s=limit_s, lane="quick" if quick else "usual"
        )
    folder = Path(tempfile.mkdtemp(prefix="skyband-upload-"))
    try:
        kept = {}
        for number, (name, file) in enumerate(parameters.files.items()):
            kept[name] = folder / f"upload-{number}"
            await save_file(file, kept[name], service.settings.upload_max_bytes)
        query = _query(asked, await find_uploads(asked.uploads, kept, folder, service))
        # Uploads are in memory once the first rows of an answer are there.
        return await answer_query(service, request, identity, query, time_limit_s=limit_s)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def execute_job(service: Service, job: Job) -> Answer:
    """Begin the query of an asynchronous job.

    Raises:
        SkybandError: a parameter or the query is wrong, or a limit was met.
    """
    asked = read_query(Parameters(job.parameters.items()), service.settings)
    folder = service.jobs.folder.folder(job)
    kept = {name: folder / file for name, file in job.uploads.items()}
    query = _query(asked, await find_uploads(asked.uploads, kept, folder, service))
    return await service.pool.run(query, time_limit_s=job.execution_duration_s, lane="job")


def _query(asked: Asked, uploads: dict[str, Path]) -> Query:
    return Query(
        text=asked.text,
        language=asked.language,
        format=asked.format,
        max_rows=asked.max_rows,
        uploads=uploads,
        infos=asked.infos,
    )
