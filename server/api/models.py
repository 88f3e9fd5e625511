"""/models: the classifiers of the store, and all that is known of one."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import get
from litestar.exceptions import NotFoundException

from skyband.models.scoring.shelf import ModelVersion, find_model, model_names, model_versions, summary
from skyband.schema.errors import BadFile, BadName, BadOption
from skyband.server.service import Service
from skyband.server.web.access import Identity


@get("/models")
async def list_models(service: Service, identity: Identity) -> dict[str, Any]:
    """The versions of each model whose training has ended: table, classes and main figures; damaged ones by name."""

    def listed() -> dict[str, Any]:
        names = model_names(service.store)
        found = [summary(one) for name in names for one in model_versions(service.store, name) if one.is_finished]
        return {
            "models": [one for one in found if not one["damaged"]],
            "damaged": [one["model"] for one in found if one["damaged"]],
        }

    return await asyncio.to_thread(listed)


@get("/models/{name:str}")
async def describe_model(service: Service, identity: Identity, name: str) -> dict[str, Any]:
    """The manifest of NAME (its newest version) or NAME@VERSION: features, classes, data, seeds, metrics."""
    model = await known_model(service, name)
    try:
        return {"model": model.title, **await asyncio.to_thread(model.manifest)}
    except BadFile:
        raise BadFile(f"model {model.title} is damaged; train it anew") from None


async def known_model(service: Service, name: str) -> ModelVersion:
    """A model by its name, or name@version.

    Raises:
        NotFoundException: there is none.
    """
    try:
        return await asyncio.to_thread(find_model, service.store, name)
    except (BadOption, BadName):
        known = ", ".join(await asyncio.to_thread(model_names, service.store)) or "none yet"
        # Where the store lies is nobody's business here.
        raise NotFoundException(f"no model {name!r} here; there are: {known}; give NAME or NAME@VERSION") from None


HANDLERS = (list_models, describe_model)
