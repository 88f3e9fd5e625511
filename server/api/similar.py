"""/similar: the images most like some of a collection, or like uploaded ones, with all that is known of them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote as quote_url

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException

from skyband.queries.images import is_collection
from skyband.queries.likeness import Collection, GivenVector
from skyband.queries.likeness.in_sql import DEFAULT_K
from skyband.queries.likeness.targets import MOST_ARCSEC
from skyband.queries.serving import Query
from skyband.schema.errors import BadOption
from skyband.schema.names import quote, quote_text
from skyband.schema.sql import fill_sql
from skyband.server.service import Service
from skyband.server.web.access import Identity
from skyband.server.web.answers import answer_query
from skyband.server.web.formats import format_named
from skyband.server.web.parameters import Parameters

if TYPE_CHECKING:
    from litestar.datastructures import UploadFile

_KEPT_S: Final = 3600


@get("/similar/{collection:str}/{image:str}")
async def of_image(
    request: Request[Any, Any, Any], service: Service, identity: Identity, collection: str, image: str
) -> Response[Any]:
    """The `k` images most like an image of the collection, nearest first, in `format` (json by default).

    `where` is a condition on them in SQL, those within `exclude_arcsec` of the target are left out (100 by default).
    With `votes`, the name of a table of votes, the answer is what volunteers said of them, as JSON: `through` names a
    table that has the ids of images and votes, `measure` is votes, weighted or debiased, and `base`, what they are
    compared with, is collection or all (of the table).
    """
    parameters = await Parameters.read(request, service.settings)
    return await _answer(request, service, identity, parameters, collection, image)


@get(["/similar", "/similar/{collection:str}"])
async def of_position(
    request: Request[Any, Any, Any], service: Service, identity: Identity, collection: str | None = None
) -> Response[Any]:
    """The same for the image nearest to `ra`, `dec` (degrees), in the only collection where none is named.

    It must be within `radius_arcsec` of that position (60 by default).
    """
    parameters = await Parameters.read(request, service.settings)
    collection = await _collection(service, collection)
    position = _position(parameters)
    if position is None:
        raise BadOption(f"say like what: /similar/{collection}/<id>, or /similar/{collection}?ra=<deg>&dec=<deg>")
    return await _answer(request, service, identity, parameters, collection, _words(position))


@post(["/similar", "/similar/{collection:str}"], status_code=200)
async def of_upload(
    request: Request[Any, Any, Any], service: Service, identity: Identity, collection: str | None = None
) -> Response[Any]:
    """The same for uploaded images and for many targets at once, which the column `target` tells apart.

    Files of the form are images (JPEG, PNG, WebP or FITS), fields `id` name images of the collection. `ra` and `dec`
    are the position of the upload if there is one alone, and else one more target: the image nearest to there. An
    upload goes by the name of its file, or of its field where another target has that name; of several files in one
    field, the second goes by `<field>-2` then.
    """
    parameters = await Parameters.read(request, service.settings)
    files, place = _named(parameters.files, parameters.all("id")), _position(parameters)
    if not files and not parameters.all("id") and place is None:
        raise BadOption("the form names nothing: send an image as a file, curl -F file=@galaxy.jpg, or the field id")
    name = service.catalogue.table(await _collection(service, collection or parameters.one("collection"))).name
    with service.limits.counted(identity):
        vectors = await service.encoders.encode(name, files) if files else {}
    if len(vectors) == 1 and place is not None:
        vectors = {of: replace(vector, ra=place[0], dec=place[1]) for of, vector in vectors.items()}
        place = None
    targets = [*vectors, *parameters.all("id"), *([_words(place)] if place else [])]
    return await _answer(request, service, identity, parameters, name, targets, vectors)


@get("/thumbnails/{collection:str}/{image:str}")
async def thumbnail(service: Service, identity: Identity, collection: str, image: str) -> Response[bytes]:
    """The thumbnail of an image, JPEG."""
    info = service.catalogue.table(collection)
    found = await service.thumbnails(info.name, [image]) if is_collection(info) else {}
    if image not in found:
        raise NotFoundException(f"{info.name} has no thumbnail of {image!r}")
    return Response(found[image], media_type="image/jpeg", headers={"Cache-Control": f"private, max-age={_KEPT_S}"})


async def _collection(service: Service, given: str | None) -> str:
    """The collection that is named, or the only one."""
    return given or (await asyncio.to_thread(Collection.only, service.store)).name


def _position(parameters: Parameters) -> tuple[float, float] | None:
    ra_deg, dec_deg = parameters.number("ra", least=-360, most=360), parameters.number("dec", least=-90, most=90)
    if (ra_deg is None) != (dec_deg is None):
        raise BadOption("a position takes both ra and dec, in degrees")
    return None if ra_deg is None or dec_deg is None else (ra_deg % 360, dec_deg)


def _words(position: tuple[float, float]) -> str:
    return f"{position[0]:.9f},{position[1]:.9f}"


def _named(files: Mapping[str, UploadFile], ids: Sequence[str]) -> dict[str, UploadFile]:
    """Uploads by the names their targets go by.

    Raises:
        BadOption: an id is one of these names.
    """
    names = Counter(file.filename for file in files.values())
    taken = {*files, *ids}
    named = {
        file.filename if names[file.filename] == 1 and file.filename not in taken else field: file
        for field, file in files.items()
    }
    if same := next((one for one in ids if one in named), None):
        raise BadOption(f"an upload and an id are both called {same!r}; give the upload a field of another name")
    return named


async def _answer(
    request: Request[Any, Any, Any],
    service: Service,
    identity: Identity,
    parameters: Parameters,
    collection: str,
    target: str | Sequence[str],
    vectors: Mapping[str, GivenVector] | None = None,
) -> Response[Any]:
    info = service.catalogue.table(collection)
    is_many = not isinstance(target, str)
    call = _call(service, parameters, json.dumps(target) if is_many else str(target), info.name)
    votes = parameters.one("votes")
    if votes is not None:
        if is_many and len(target) > 1:
            raise BadOption("votes are told of one target; ask for each by itself")
        query = Query(
            text=_call(service, parameters, target[0] if is_many else str(target), info.name),
            language="votes",
            format="json",
            parameters=_votes_wanted(service, parameters, votes),
            vectors=vectors or {},
        )
    else:
        query = Query(
            text=fill_sql(
                "skyband.server",
                "neighbours_served",
                neighbours=call,
                target="n.target," if is_many else "",
                images=quote(info.name),
                thumbnails=_thumbnails(request, service, info.name) if is_collection(info) else "",
            ),
            language="sql",
            format=format_named(parameters.one("format") or "json"),
            name=info.name,
            vectors=vectors or {},
        )
    return await answer_query(service, request, identity, query, time_limit_s=service.settings.query_time_limit_s)


def _votes_wanted(service: Service, parameters: Parameters, votes: str) -> dict[str, str]:
    """The fields of `VotesWanted`."""
    wanted = {"table": service.catalogue.table(votes).name}
    through = parameters.one("through")
    if through:
        name, colon, columns = through.partition(":")
        wanted["through"] = f"{service.catalogue.table(name).name}{colon}{columns}"
    return wanted | {name: value for name in ("measure", "base") if (value := parameters.one(name))}


def _call(service: Service, parameters: Parameters, target: str, collection: str) -> str:
    """The table of neighbours, in SQL."""
    k = parameters.whole_number("k", least=1, most=service.settings.likeness_max_k) or DEFAULT_K
    options = [quote_text(target), str(k), quote_text(collection)]
    exclude_arcsec = parameters.number("exclude_arcsec", least=0, most=MOST_ARCSEC)
    if exclude_arcsec is not None:
        options.append(f"exclude_arcsec => {exclude_arcsec:.9f}")
    radius_arcsec = parameters.number("radius_arcsec", least=1e-6, most=MOST_ARCSEC)
    if radius_arcsec is not None:
        options.append(f"radius_arcsec => {radius_arcsec:.9f}")
    where = parameters.one("where")
    if where is not None:
        options.append(f"where => {quote_text(where)}")
    return f"similar({', '.join(options)})"


def _thumbnails(request: Request[Any, Any, Any], service: Service, collection: str) -> str:
    """SQL of the address of an image's thumbnail."""
    address = f"{service.url(request)}/thumbnails/{quote_url(collection)}/"
    return f", {quote_text(address)} || url_encode(i.id) AS thumbnail"


HANDLERS = (of_image, of_position, of_upload, thumbnail)
