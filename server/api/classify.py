"""/classify: what a model says of rows that come with the request, as `skyband classify` does it."""

from __future__ import annotations

from typing import Any

from litestar import Request, post
from litestar.datastructures import UploadFile
from litestar.exceptions import SerializationException
from litestar.serialization import decode_json, encode_json

from skyband.models.classifier.priors import read_prior
from skyband.queries.serving import Answer
from skyband.schema.errors import BadOption
from skyband.schema.settings import Settings
from skyband.server.api.classify_processes import Classified
from skyband.server.api.classify_worker import Wanted
from skyband.server.api.models import known_model
from skyband.server.service import Service
from skyband.server.web.access import Identity
from skyband.server.web.answers import RowsResponse, rows_response
from skyband.server.web.bodies import read_body
from skyband.server.web.formats import format_named
from skyband.server.web.parameters import Parameters

MODEL_HEADER = "X-Skyband-Model"
"""Which version of a model answered."""
MISSING_HEADER = "X-Skyband-Missing-Features"
"""Features of the model that no row gave, with commas; formats that hold remarks have them there too."""
_HEADER_CHARACTERS = 4_000


@post("/classify", status_code=200)
async def classify(request: Request[Any, Any, Any], service: Service, identity: Identity) -> RowsResponse:
    """Classify rows by `model` (NAME, its newest version, or NAME@VERSION): class, probabilities, doubt and safety.

    Rows are a JSON list of objects as the body, with the parameters in the URL; or `rows` of a JSON object, with the
    parameters beside it; or the form field `file`, a table in VOTable, FITS, Parquet, CSV or JSON. Their columns are
    called as in the table the model was trained with, or in the table `like`; `input`, u=my_u for instance, names one
    that is not, and may repeat. `id` is passed on; without one rows are numbered from 1. `prior` is train, uniform or
    CLASS=SHARE,...; the answer comes in the order of the rows, in `format` (json by default).
    """
    parameters, file = await _read(request, service.settings)
    name = parameters.one("model")
    if name is None:
        raise BadOption("parameter model is missing: /models lists those there are")
    model = await known_model(service, name)
    wanted = Wanted(
        model=model.title,
        format=format_named(parameters.one("format") or "json"),
        prior=read_prior(parameters.one("prior") or "train"),
        inputs=dict(_pair(text) for text in parameters.all("input")),
        like=service.catalogue.table(like).name if (like := parameters.one("like")) else None,
        id=parameters.one("id"),
    )
    found: list[Classified] = []

    async def ask() -> Answer:
        found.append(await service.classifiers.classify(file, wanted))
        return found[0].answer

    response = await rows_response(service, request, identity, wanted.format, ask)
    response.headers[MODEL_HEADER] = found[0].model
    missing = ", ".join(found[0].missing)
    response.headers[MISSING_HEADER] = missing if len(missing) <= _HEADER_CHARACTERS else str(len(found[0].missing))
    return response


async def _read(request: Request[Any, Any, Any], settings: Settings) -> tuple[Parameters, UploadFile]:
    """The parameters, and the rows as a file."""
    if request.content_type[0] != "application/json":
        parameters = await Parameters.read(request, settings)
        file = parameters.files.get("file")
        if file is None:
            raise BadOption(
                "there are no rows: send JSON objects, or a table as the field `file`, curl -F file=@my.csv"
            )
        return parameters, file
    body = await read_body(request, settings)
    items = list(request.query_params.multi_items())
    try:
        content = decode_json(body)
    except (SerializationException, RecursionError) as error:
        raise BadOption(f"the body is not JSON: {error}") from error
    if isinstance(content, dict) and "rows" in content:
        body = encode_json(content.pop("rows"))
        for name, value in content.items():
            items += [(name, text) for text in _texts(name, value)]
    elif not isinstance(content, list):
        raise BadOption('the body is no list of objects: send [{"<column>": <value>, ...}, ...]')
    return Parameters(items), UploadFile("application/json", "the rows", body)


def _texts(name: str, value: Any) -> list[str]:
    """A member of a JSON object as the parameters a URL would have."""
    if isinstance(value, dict):
        pairs = [f"{key}={one}" for key, one in value.items()]
        return [",".join(pairs)] if name.lower() == "prior" else pairs
    return [str(one) for one in (value if isinstance(value, list) else [value]) if one is not None]


def _pair(text: str) -> tuple[str, str]:
    name, equals, column = text.partition("=")
    if not (name and equals and column):
        raise BadOption(f"input={text!r} is not of the form NAME=COLUMN")
    return name, column


HANDLERS = (classify,)
