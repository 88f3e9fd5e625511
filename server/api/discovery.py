"""/labels and /anomalies: what people say of images, and which are the most unusual."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import Any

from litestar import Request, Response, get, post

from skyband.models.discovery.labels import Label, LabelReport, labels_table, put_labels
from skyband.queries.serving import Query
from skyband.schema.errors import BadOption, ServerBusy, TableLocked, TableNotFound
from skyband.schema.names import quote
from skyband.schema.store import Store
from skyband.server.discovery import anomalies_query, is_labels_of, strategy_of
from skyband.server.people import current_user
from skyband.server.service import Service
from skyband.server.tap.request import read_maxrec
from skyband.server.web.access import Identity, check_admin
from skyband.server.web.answers import answer_query
from skyband.server.web.formats import format_named
from skyband.server.web.hosts import check_origin
from skyband.server.web.parameters import Parameters

_DEFAULT_K = 20
_LOCK_WAIT_S = 1.0
"""How long a label waits for a writer of another process at least."""


@post("/labels", status_code=201)
async def put_label(request: Request[Any, Any, Any], service: Service, identity: Identity) -> dict[str, Any]:
    """Label an image or row: `collection`, `id`, `score` from 0 to 5 or `word` or both, as a form or as JSON.

    Only admins may, and pages of this service. The label is the client's own, in place of an older one of the image.
    """
    check_admin(identity, "labels are written")
    check_origin(request, service.settings)
    parameters = await Parameters.read_any(request, service.settings)
    collection, image = (_needed(parameters, name) for name in ("collection", "id"))
    score = parameters.number("score", least=0, most=5)
    word = parameters.one("word") or ""
    if score is None and not word:
        raise BadOption("parameter score is missing: give a number from 0 (dull) to 5, or a word")
    images = service.catalogue.table(collection).name
    label = Label(image, score, identity.name or current_user(), word)
    store = Store(
        service.store.path, replace(service.settings, lock_wait_s=max(service.settings.lock_wait_s, _LOCK_WAIT_S))
    )

    def write() -> LabelReport:
        return put_labels(store, images, [label], command=f"POST /labels by {label.user}")

    with service.limits.counted(identity):
        # One after the other: each writes the whole table anew.
        async with service.labelling:
            try:
                report = await asyncio.to_thread(write)
            except TableLocked as error:
                raise ServerBusy(str(error)) from error
    return asdict(label) | asdict(report)


@get("/labels/{collection:str}")
async def get_labels(
    request: Request[Any, Any, Any], service: Service, identity: Identity, collection: str
) -> Response[Any]:
    """All labels of a collection, in `format` (json by default), `maxrec` rows at most."""
    parameters = await Parameters.read(request, service.settings)
    images = service.catalogue.table(collection).name
    labels = service.catalogue.tables.get(labels_table(images))
    if labels is None or not is_labels_of(labels, images):
        raise TableNotFound(f"nobody has labelled images of {images!r} yet: POST /labels, or skyband label")
    query = Query(
        text=f"FROM {quote(labels.name)} ORDER BY id, labelled_by",
        language="sql",
        format=format_named(parameters.one("format") or "json"),
        max_rows=read_maxrec(parameters, service.settings),
        name=labels.name,
    )
    return await answer_query(service, request, identity, query, time_limit_s=service.settings.query_time_limit_s)


@get("/anomalies/{collection:str}")
async def get_anomalies(
    request: Request[Any, Any, Any], service: Service, identity: Identity, collection: str
) -> Response[Any]:
    """The `k` most unusual images of a collection by `strategy`, as `skyband anomalies` scored them last.

    The strategies are forest, neighbours, both, labels (the default) and predicted; `format` is json unless told.
    """
    parameters = await Parameters.read(request, service.settings)
    images = service.catalogue.table(collection)
    k = parameters.number("k", least=1, most=service.settings.default_max_rows) or _DEFAULT_K
    query = Query(
        text=anomalies_query(images, strategy_of(parameters.one("strategy")), int(k)),
        language="sql",
        format=format_named(parameters.one("format") or "json"),
        name=images.name,
    )
    return await answer_query(service, request, identity, query, time_limit_s=service.settings.query_time_limit_s)


def _needed(parameters: Parameters, name: str) -> str:
    value = parameters.one(name)
    if value is None:
        raise BadOption(f"parameter {name} is missing: a label needs collection, id and score")
    return value


HANDLERS = (put_label, get_labels, get_anomalies)
