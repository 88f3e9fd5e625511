"""Uploaded tables: into the folder of a job or request, from the form or from a URL."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from litestar.datastructures import UploadFile

from skyband.schema.errors import BadOption, ResourceLimit
from skyband.server.service import Service
from skyband.server.tap.jobs import Job
from skyband.server.web.fetch import fetch

_INLINE = "param:"


async def keep_uploads(job: Job, files: Mapping[str, UploadFile], service: Service) -> None:
    """Keep the files of a request with its job, under the names of their form fields; a field sent again is replaced.

    Raises:
        ResourceLimit: a file is larger than the service takes.
        ServerBusy: the client has too much with its jobs already.
    """
    jobs = service.jobs
    jobs.limits.check_bytes(jobs.of_client(job.client), sum(map(file_size, files.values())))
    for name, file in files.items():
        kept, replaced = f"upload-{secrets.token_hex(8)}", job.uploads.get(name)
        await save_file(file, jobs.folder.folder(job) / kept, service.settings.upload_max_bytes)
        job.uploads[name] = kept
        if replaced is not None:
            (jobs.folder.folder(job) / replaced).unlink(missing_ok=True)
    if files:
        job.kept_bytes = jobs.folder.size(job)
        jobs.update(job)


def file_size(file: UploadFile) -> int:
    """Bytes of an uploaded file."""
    size = file.file.seek(0, 2)
    file.file.seek(0)
    return size


async def save_file(file: UploadFile, path: Path, limit_bytes: int) -> None:
    """Write an uploaded file.

    Raises:
        ResourceLimit: it is larger than the limit.
    """
    size = file_size(file)
    if size > limit_bytes:
        raise ResourceLimit(f"the upload {file.filename!r} has {size:,} bytes; this service takes {limit_bytes:,}")
    with path.open("wb") as target:
        await asyncio.to_thread(shutil.copyfileobj, file.file, target)
    await file.close()


async def find_uploads(
    uploads: Mapping[str, str], kept: Mapping[str, Path], folder: Path, service: Service
) -> dict[str, Path]:
    """The file of each uploaded table: one that came with the form, or one fetched into a folder.

    Args:
        uploads: table name to URI, `param:<field>` or a URL.
        kept: form field to file.
        folder: where fetched files go.
        service: whose settings say what may be fetched.

    Raises:
        BadOption: a field is missing, or URLs are not fetched here.
    """
    found = {}
    for number, (table, uri) in enumerate(uploads.items()):
        if uri.lower().startswith(_INLINE):
            field = uri[len(_INLINE) :]
            if field not in kept:
                raise BadOption(f"UPLOAD names the field {field!r}, which the form has not")
            found[table] = kept[field]
        elif service.settings.upload_urls == "off":
            raise BadOption(f"UPLOAD={uri!r}: this service takes uploads as files only (param:NAME)")
        else:
            found[table] = folder / f"fetched-{number}"
            await fetch(
                uri,
                found[table],
                limit_bytes=service.settings.upload_max_bytes,
                allow_private=service.settings.upload_urls == "any",
            )
    return found
