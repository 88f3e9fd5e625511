"""/moc: where on the sky a table has rows, as a Multi-Order Coverage map (MOC 2.0)."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pyarrow as pa
from litestar import Request, Response, get

from skyband.queries.serving import Query
from skyband.schema.columns import HEALPIX_COLUMN
from skyband.schema.errors import BadOption
from skyband.schema.names import quote
from skyband.server.service import Service
from skyband.server.web.access import Identity
from skyband.server.web.head import HeadResponse, is_head
from skyband.server.web.parameters import Parameters

_DEFAULT_ORDER = 9
_FINEST_ORDER = 12
_MIMES = {"fits": "application/fits", "json": "application/json", "ascii": "text/plain"}


@get("/moc/{table:str}")
async def coverage(
    request: Request[Any, Any, Any], service: Service, identity: Identity, table: str
) -> Response[bytes]:
    """The cells of `order` (9 by default: 7 arcmin) in which the table has rows; `format` is fits, json or ascii."""
    parameters = await Parameters.read(request, service.settings)
    given = parameters.number("order", least=0, most=_FINEST_ORDER)
    order = _DEFAULT_ORDER if given is None else int(given)
    form = (parameters.one("format") or "fits").lower()
    if form not in _MIMES:
        raise BadOption(f"format={form!r} is not one of {', '.join(_MIMES)}")
    info = service.catalogue.table(table)
    if info.column(HEALPIX_COLUMN) is None:
        raise BadOption(f"table {info.name!r} has no positions")
    query = Query(
        text=f"SELECT DISTINCT healpix_of({HEALPIX_COLUMN}, {order}) AS cell FROM {quote(info.name)} "
        f"WHERE {HEALPIX_COLUMN} IS NOT NULL",
        language="sql",
        format="arrow",
        max_rows=service.settings.query_max_rows,
    )
    name = {"Content-Disposition": f'inline; filename="{info.name}.moc.{form}"'}
    if is_head(request.scope):
        return HeadResponse(_MIMES[form], name)
    with service.limits.counted(identity):
        answer = await service.pool.run(query, time_limit_s=service.settings.query_time_limit_s)
        rows = b"".join([chunk async for chunk in answer.chunks])
    return Response(await asyncio.to_thread(_moc, rows, order, form), media_type=_MIMES[form], headers=name)


def _moc(rows: bytes, order: int, form: str) -> bytes:
    import numpy as np
    from mocpy import MOC

    cells = pa.ipc.open_stream(rows).read_all()["cell"].to_numpy().astype(np.uint64)
    moc = MOC.from_healpix_cells(cells, np.full(len(cells), order, np.uint8), order)
    if form == "fits":
        file = io.BytesIO()
        moc.serialize("fits").writeto(file)
        return file.getvalue()
    return str(moc.to_string(format=form)).encode()


HANDLERS = (coverage,)
