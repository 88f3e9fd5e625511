"""The UWS tree: /async and everything below a job (UWS 1.1)."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from litestar import Request, Response, delete, get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from skyband.queries.formats.votable import error_document
from skyband.schema.errors import BadOption
from skyband.server.service import Service
from skyband.server.tap.jobs import Job, Phase, iso, moment
from skyband.server.tap.request import merged_uploads
from skyband.server.tap.runner import checked_phase
from skyband.server.tap.uploads import keep_uploads
from skyband.server.web.access import Identity
from skyband.server.web.answers import VOTABLE, XML, text_answer
from skyband.server.web.files import FileResponse
from skyband.server.web.parameters import Parameters
from skyband.server.web.templates import render

_LONGEST_WAIT_S = 60.0
_MOST_LISTED = 1000


@post("/async", status_code=303)
async def create(request: Request[Any, Any, Any], service: Service, identity: Identity) -> Redirect:
    """Make a job; a wrong query ends in a job that failed, as TAP wants it (TAP 1.1, 2.5)."""
    with service.limits.counted(identity):
        parameters = await Parameters.read(request, service.settings)
        starts = _asked_phase(parameters, "RUN")
        jobs, settings = service.jobs, service.settings
        job = jobs.new(
            identity.name,
            identity.key,
            {name: value for name, value in parameters.items().items() if name != "PHASE"},
            lifetime_s=settings.job_lifetime_s,
            duration_s=int(settings.job_time_limit_s),
        )
        try:
            await keep_uploads(job, parameters.files, service)
        except BaseException:
            jobs.destroy(job)
            raise
    if starts:
        jobs.run(job)
    return _to(service, request, job)


@get("/async")
async def list_jobs(request: Request[Any, Any, Any], service: Service, identity: Identity) -> Response[str]:
    """The jobs of the client, newest first; PHASE, LAST and AFTER choose among them (UWS 1.1, 2.2.2.1).

    Clients without a name find none here: each of them knows the URLs of its own.
    """
    parameters = await Parameters.read(request, service.settings)
    found = service.jobs.list(identity.sees_jobs_of) if identity.may_list_jobs else []
    phases = {checked_phase(text) for text in parameters.all("PHASE")}
    if phases:
        found = [job for job in found if job.phase in phases]
    after = parameters.one("AFTER")
    if after is not None:
        since = _moment("AFTER", after)
        found = [job for job in found if moment(job.creation_time) > since]
    last = parameters.number("LAST", least=0, most=math.inf)
    found = found[: int(min(last if last is not None else _MOST_LISTED, _MOST_LISTED))]
    url = f"{service.tap_url(request)}/async"
    return Response(render("jobs.xml", jobs=found, url=url), media_type=XML)


@get("/async/{job_id:str}")
async def show(request: Request[Any, Any, Any], service: Service, identity: Identity, job_id: str) -> Response[str]:
    """The state of a job, at once or, with WAIT, when it changes."""
    job = _job(service, identity, job_id)
    parameters = await Parameters.read(request, service.settings)
    wait_s = parameters.number("WAIT", least=-1, most=math.inf)
    if wait_s:
        phase = parameters.one("PHASE")
        longest = _LONGEST_WAIT_S if wait_s < 0 else min(wait_s, _LONGEST_WAIT_S)
        await service.jobs.wait(job, checked_phase(phase) if phase else None, longest)
    return Response(render("job.xml", job=job, url=_url(service, request, job)), media_type=XML)


@post("/async/{job_id:str}", status_code=303)
async def act(request: Request[Any, Any, Any], service: Service, identity: Identity, job_id: str) -> Redirect:
    """ACTION=DELETE destroys the job; other parameters change a pending one."""
    job = _job(service, identity, job_id)
    parameters = await Parameters.read(request, service.settings)
    if (parameters.one("ACTION") or "").upper() == "DELETE":
        service.jobs.destroy(job)
        return Redirect(f"{service.tap_url(request)}/async", status_code=303)
    return await _set_parameters(request, service, identity, job, parameters)


@delete("/async/{job_id:str}", status_code=303)
async def destroy(request: Request[Any, Any, Any], service: Service, identity: Identity, job_id: str) -> Redirect:
    """Stop the job and forget it."""
    service.jobs.destroy(_job(service, identity, job_id))
    return Redirect(f"{service.tap_url(request)}/async", status_code=303)


@get("/async/{job_id:str}/{part:str}")
async def show_part(
    request: Request[Any, Any, Any], service: Service, identity: Identity, job_id: str, part: str
) -> Response[Any]:
    """One property of a job."""
    job = _job(service, identity, job_id)
    texts = {
        "phase": job.phase.value,
        "quote": "",
        "executionduration": str(job.execution_duration_s),
        "destruction": job.destruction,
        "owner": job.owner,
    }
    if part in texts:
        return text_answer(texts[part])
    if part == "error" and job.error:
        return Response(error_document(job.error), media_type=VOTABLE)
    if part in ("parameters", "results"):
        return Response(render("job_part.xml", part=part, job=job, url=_url(service, request, job)), media_type=XML)
    raise NotFoundException(f"job {job_id} has no {part}")


@post("/async/{job_id:str}/{part:str}", status_code=303)
async def change_part(
    request: Request[Any, Any, Any], service: Service, identity: Identity, job_id: str, part: str
) -> Redirect:
    """Run or abort a job, or change its parameters, destruction time or longest duration."""
    job = _job(service, identity, job_id)
    parameters = await Parameters.read(request, service.settings)
    if part == "phase":
        phase = _asked_phase(parameters, "RUN", "ABORT")
        if not phase:
            raise BadOption("parameter PHASE is missing: give RUN or ABORT")
        _set_phase(service, job, phase)
    elif part == "destruction":
        latest = datetime.now(UTC) + timedelta(seconds=service.settings.job_lifetime_s)
        job.destruction = iso(min(_moment("DESTRUCTION", parameters.one("DESTRUCTION") or ""), latest))
        service.jobs.update(job)
    elif part == "executionduration":
        longest = service.settings.job_time_limit_s
        chosen = parameters.number("EXECUTIONDURATION", least=0, most=math.inf)
        # Zero stands for no limit (UWS 1.1, 2.1.2); the service has one.
        job.execution_duration_s = int(min(chosen or longest, longest))
        service.jobs.update(job)
    elif part == "parameters":
        return await _set_parameters(request, service, identity, job, parameters)
    else:
        raise NotFoundException(f"a job has no {part} that can be changed")
    return _to(service, request, job)


@get("/async/{job_id:str}/results/result")
async def result(service: Service, identity: Identity, job_id: str) -> FileResponse:
    """The rows of a completed job; ranges are served, so that a download can be resumed."""
    job = _job(service, identity, job_id)
    if job.phase is not Phase.COMPLETED:
        raise NotFoundException(f"job {job_id} is {job.phase} and has no result")
    return FileResponse(service.jobs.folder.result(job), job.content_type)


def _asked_phase(parameters: Parameters, *possible: str) -> str:
    """The PHASE a client asks for (UWS 1.1, 2.2.3.5), "" where it asks for none."""
    phase = (parameters.one("PHASE") or "").upper()
    if phase and phase not in possible:
        raise BadOption(f"PHASE={phase!r} is not {' or '.join(possible)}")
    return phase


def _set_phase(service: Service, job: Job, phase: str) -> None:
    if phase == "RUN":
        service.jobs.run(job)
    elif phase == "ABORT":
        service.jobs.abort(job)


async def _set_parameters(
    request: Request[Any, Any, Any], service: Service, identity: Identity, job: Job, parameters: Parameters
) -> Redirect:
    if job.phase is not Phase.PENDING:
        raise BadOption(f"job {job.job_id} is {job.phase}; only the parameters of a pending job can be changed")
    phase = _asked_phase(parameters, "RUN", "ABORT")
    given = parameters.items()
    given.pop("PHASE", None)
    if "UPLOAD" in given and "UPLOAD" in job.parameters:
        given["UPLOAD"] = merged_uploads(job.parameters["UPLOAD"], given["UPLOAD"])
    with service.limits.counted(identity):
        await keep_uploads(job, parameters.files, service)
    job.parameters.update(given)
    service.jobs.update(job)
    _set_phase(service, job, phase)
    return _to(service, request, job)


def _job(service: Service, identity: Identity, job_id: str) -> Job:
    job = service.jobs.get(job_id, identity.sees_jobs_of)
    if job is None:
        raise NotFoundException(f"no job {job_id}")
    return job


def _url(service: Service, request: Request[Any, Any, Any], job: Job) -> str:
    return f"{service.tap_url(request)}/async/{job.job_id}"


def _to(service: Service, request: Request[Any, Any, Any], job: Job) -> Redirect:
    return Redirect(_url(service, request, job), status_code=303)


def _moment(name: str, text: str) -> datetime:
    try:
        return moment(text)
    except ValueError:
        raise BadOption(f"{name}={text!r} is not a time in ISO 8601") from None
