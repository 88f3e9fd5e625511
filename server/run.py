"""Starts the service and stops it in good order."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from skyband.queries.serving import QueryPool
from skyband.schema.errors import BadOption
from skyband.schema.locks import writer_lock
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from skyband.server.api.classify_processes import Classifiers
from skyband.server.api.encoder_processes import Encoders
from skyband.server.api.match_processes import MatchProcesses
from skyband.server.catalogue import Catalogue
from skyband.server.service import Service
from skyband.server.tap.job_limits import JobLimits
from skyband.server.tap.jobs import JobFolder
from skyband.server.tap.runner import Jobs
from skyband.server.tap.sync import execute_job
from skyband.server.web.access import Access, Limits, check_listening, read_tokens
from skyband.server.web.app import create_app
from skyband.server.web.protocol import patient_protocol

_UPLOAD_READER = "skyband.ingest.upload:open_upload"
_SHUTDOWN_S = 5
_BACKLOG = 512


def build_service(settings: Settings, access: Access) -> Service:
    """The parts of a service over a store, not started yet.

    Raises:
        StoreNotFound: the folder holds no store.
    """
    store = Store.open(settings)
    service = Service(
        store,
        pool=QueryPool(store.tables_folder, settings, upload_reader=_UPLOAD_READER),
        catalogue=Catalogue(store),
        access=access,
        limits=Limits(concurrent=settings.client_queries, per_minute=settings.client_queries_per_minute),
    )
    service.jobs = Jobs(
        JobFolder(store.path / "jobs"),
        lambda job: execute_job(service, job),
        running=settings.running_jobs,
        limits=JobLimits.of(settings),
    )
    service.matches = MatchProcesses(store)
    service.encoders = Encoders(store)
    service.classifiers = Classifiers(store)
    return service


def serve(settings: Settings, *, host: str, port: int, token_file: Path | None, public_read: bool) -> None:
    """Serve a store until a signal comes.

    Raises:
        BadOption: the address must not be listened on so, or cannot be.
        BadFile: the token file cannot be used.
        StoreNotFound: the folder holds no store.
        TableLocked: another server has the jobs of this store.
    """
    check_listening(host, has_tokens=token_file is not None, public_read=public_read)
    access = Access(read_tokens(token_file) if token_file else (), public_read=public_read)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    service = build_service(settings, access)
    with writer_lock(service.store.path / ".serve.lock", wait_s=0):
        listener = _listen(host, port)
        shown = f"[{host}]" if ":" in host else host
        print(f"skyband: http://{shown}:{listener.getsockname()[1]}/ (TAP at /tap); stop with Ctrl-C", flush=True)
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(service, host),
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_SHUTDOWN_S,
                # h11 bounds the length of headers, which the faster httptools does not.
                http=patient_protocol(settings.request_time_limit_s),
                limit_concurrency=settings.connections,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=settings.trusted_proxies,
                lifespan="on",
            )
        )
        # Once it has stopped in good order, uvicorn passes the signal on to whoever handled it before.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        asyncio.run(server.serve(sockets=[listener]))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only of a socket that is called TCP does asyncio know that small answers must not wait for more (TCP_NODELAY).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise BadOption(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from error
    return listener
