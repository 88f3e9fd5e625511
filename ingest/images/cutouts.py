"""Cutouts by position: pictures of the objects of a table, from a service, kept in `raw/<service>` of the store."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files

from skyband.ingest.images.candidates import Candidate, Listing, Refused
from skyband.ingest.images.collect import collect
from skyband.ingest.images.options import AddOptions, AddReport
from skyband.ingest.rejects import MISSING_POSITION
from skyband.queries.images.web import Web
from skyband.queries.sky import Sky
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.names import quote
from skyband.schema.progress import OnProgress
from skyband.schema.store import Store


@dataclass(frozen=True, slots=True)
class Service:
    """A service that cuts pictures out of a survey."""

    name: str
    title: str
    base: str  # URL that `path` follows
    path: str  # with {ra}, {dec}, {scale}, {size}
    scale_arcsec: float  # of a pixel, where the user says nothing
    least_pixels: int  # a side
    most_pixels: int
    ending: str  # of the files it sends
    licence: str

    def url(self, ra: float, dec: float, scale_arcsec: float, size: int) -> str:
        """Where the cutout around a position is."""
        return self.base.rstrip("/") + self.path.format(ra=f"{ra:.7f}", dec=f"{dec:.7f}", scale=scale_arcsec, size=size)

    def file(self, ra: float, dec: float, scale_arcsec: float, size: int) -> str:
        """Where it is kept, from the folder of the store: one folder a degree of right ascension."""
        name = f"{ra:.7f}_{dec:+.7f}_{scale_arcsec:g}_{size}{self.ending}"
        return f"raw/{self.name}/{int(ra):03d}/{name}"


def services() -> dict[str, Service]:
    """The services by name."""
    text = files("skyband.ingest.images").joinpath("services.toml").read_text(encoding="utf-8")
    return {name: Service(name=name, **known) for name, known in tomllib.loads(text).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoutOptions:
    """What the user says about cutouts."""

    table: str  # has the positions; its ids become those of the images
    service: str
    where: str | None = None  # SQL condition on the table's columns
    size_pixels: int = 256  # a side
    scale_arcsec: float | None = None  # of a pixel; the service's own if None
    base_url: str | None = None  # in place of the service's


def add_cutouts(
    store: Store, cutouts: CutoutOptions, options: AddOptions, *, progress: OnProgress | None = None
) -> AddReport:
    """Add the cutouts around the objects of a table to a collection.

    What is in `raw/<service>` is not asked for again, so that a run that was ended goes on where it stopped. At most
    `cutouts_per_s` requests a second are made.

    Raises:
        BadOption: there is no such service, or it does not give such cutouts.
        BadTable: the table has no positions or ids; see also `collect`.
        QueryError: the condition is no SQL, or names columns the table has not.
        TableNotFound, TableLocked, StorageError, ResourceLimit: see `collect`.
    """
    service = _service(cutouts)
    scale = service.scale_arcsec if cutouts.scale_arcsec is None else cutouts.scale_arcsec
    web = Web(store.settings, requests_per_s=store.settings.cutouts_per_s)
    with Sky(settings=store.settings) as sky:
        query, count = _query(sky, cutouts)
        try:
            return collect(
                store,
                replace(options, pixel_scale=scale),
                lambda pixels: Listing(
                    _candidates(sky, query, service, scale, cutouts.size_pixels), count, remote=True
                ),
                named=f"{service.title} around {cutouts.table}",
                fetch=web.get,
                on_stop=web.close,
                progress=progress,
            )
        finally:
            web.close()


def _service(cutouts: CutoutOptions) -> Service:
    known = services()
    if cutouts.service not in known:
        raise BadOption(f"no service {cutouts.service!r}: take one of {', '.join(known)}")
    service = known[cutouts.service]
    if cutouts.base_url is not None:
        if not cutouts.base_url.startswith(("http://", "https://")):
            raise BadOption(f"--base-url {cutouts.base_url!r} is no http or https URL")
        service = replace(service, base=cutouts.base_url)
    least, most = service.least_pixels, service.most_pixels
    if not least <= cutouts.size_pixels <= most:
        raise BadOption(f"--size-px {cutouts.size_pixels}: {service.name} gives {least} to {most} pixels a side")
    if cutouts.scale_arcsec is not None and not 0 < cutouts.scale_arcsec < 60:
        raise BadOption(f"--scale-arcsec {cutouts.scale_arcsec:g} is not more than 0 and less than 60")
    return service


def _query(sky: Sky, cutouts: CutoutOptions) -> tuple[str, int]:
    """SQL of id, ra and dec of the objects, and how many there are."""
    info = sky.table(cutouts.table)
    columns = [info.role(role) for role in ("id", "ra", "dec")]
    if any(column is None for column in columns):
        raise BadTable(f"table {info.name!r} has no positions or no ids; see skyband describe")
    id_, ra, dec = (quote(column.name) for column in columns if column)
    rows = f"FROM {quote(info.name)} WHERE (\n{cutouts.where or 'true'}\n)"
    [(count,)] = sky.sql(f"SELECT count(*) {rows}").rows()
    query = f"SELECT {id_}::VARCHAR AS id, {ra}::DOUBLE AS ra, {dec}::DOUBLE AS dec {rows} ORDER BY 1"
    return query, count


def _candidates(sky: Sky, query: str, service: Service, scale: float, size: int) -> Iterator[Candidate | Refused]:
    for batch in sky.sql(query).stream().batches:
        for id_, ra, dec in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if ra is None or dec is None:
                yield Refused(id_, None, MISSING_POSITION)
                continue
            folded = ra % 360.0
            yield Candidate(
                id_,
                service.file(folded, dec, scale, size),
                folded,
                dec,
                scale,
                url=service.url(folded, dec, scale, size),
            )
