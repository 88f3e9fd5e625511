"""Tables of addresses: a path or URL a row, with id, position and pixel scale where the table has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from skyband.ingest.images.candidates import MISSING_ADDRESS, MISSING_ID, Candidate, Listing, Refused, id_of
from skyband.ingest.images.options import AddOptions
from skyband.ingest.layout import Layout, lay_out
from skyband.ingest.positions import prepare
from skyband.ingest.readers import Source, open_source
from skyband.ingest.rejects import IMPOSSIBLE_POSITION, UNREADABLE_LINE, UNREADABLE_POSITION
from skyband.queries.images.pixels import is_remote
from skyband.schema.columns import HEALPIX_COLUMN, Column, find_column
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.names import quote
from skyband.schema.role_names import plain_name
from skyband.schema.roles import ROW_ID
from skyband.schema.sql import fill_sql
from skyband.schema.survey import Survey

_ADDRESS_NAMES = (
    ("url", "image_url", "uri", "jpg_url", "jpeg_url", "fits_url", "cutout_url", "s3", "s3_url", "s3_uri"),
    ("path", "file_path", "filepath", "image_path", "file", "filename", "file_name", "file_loc", "image_file"),
    ("source", "image", "location", "jpg", "jpeg", "png", "fits"),
)
"""Names, as `plain_name` writes them, of columns with addresses; the more telling first."""

_SCALE_NAMES = frozenset({"pixel_scale", "pixelscale", "pixscale", "pixel_scale_arcsec", "pixscale_arcsec"})
_BATCH_ROWS = 10_000
_NO_POSITIONS = Survey(name="", title="", columns=())


def list_addresses(path: Path, options: AddOptions) -> Listing:
    """The images a table names, sorted by id and address.

    The column of addresses is known by its name or given; a path that is not absolute lies beside the table. Id and
    position are found as in any table (`assign_roles`); without an id the file's name has it, and without columns of
    position, or in rows where they are empty, the position is not known.

    Raises:
        BadFile: the table cannot be read.
        BadTable: no column has addresses.
        BadOption: a column the user names is not there.
    """
    import duckdb

    with duckdb.connect() as connection:
        source = open_source([path]).settled(connection, options.id)
    address = _address_column(source, options)
    layout, notes = _layout(source, options)
    scale = next((c for c in source.columns if plain_name(c.name) in _SCALE_NAMES), None)
    return Listing(
        _rows(source, layout, address, scale, path.absolute().parent), source.rows, (*source.notes, *notes), remote=True
    )


def _address_column(source: Source, options: AddOptions) -> Column:
    if options.path is not None:
        column = find_column(source.columns, options.path)
        if column is None:
            raise BadOption(f"--path {options.path}: {source.path} has no such column, it has {_listed(source)}")
        return column
    for names in _ADDRESS_NAMES:
        found = [c for c in source.columns if plain_name(c.name) in names and c.type == "VARCHAR"]
        if len(found) > 1:
            raise BadTable(
                f"{source.path}: several columns could be the address of the images: "
                f"{', '.join(column.name for column in found)}; give --path COLUMN"
            )
        if found:
            return found[0]
    raise BadTable(
        f"{source.path}: no column is known to hold paths or URLs of images; it has {_listed(source)}; "
        "give --path COLUMN"
    )


def _listed(source: Source) -> str:
    return ", ".join(column.name for column in source.columns[:20])


def _layout(source: Source, options: AddOptions) -> tuple[Layout, tuple[str, ...]]:
    """Id and position of the rows, as far as the table has them, and what to say of that."""
    given = {role: name for role in ("id", "ra", "dec") if (name := getattr(options, role))}
    number_rows: dict[str, str] = {"id": ROW_ID}
    faults = []
    for survey in (None, _NO_POSITIONS):
        for ids in ({}, number_rows):
            if (survey is not None and "ra" in given) or (ids and "id" in given):
                continue
            try:
                layout = _laid_out(source, given | ids, survey)
            except BadTable as error:
                faults.append(error)
                continue
            notes = () if layout.placement else (f"no positions are taken from {source.path.name}: {faults[0]}",)
            return layout, notes
    raise faults[0]


def _laid_out(source: Source, given: Mapping[str, str], survey: Survey | None) -> Layout:
    # An unsigned id becomes text here whatever its values, so nobody needs its largest.
    return lay_out(source, given, survey=survey, largest=lambda column: 1 << 63)


def _rows(
    source: Source, layout: Layout, address: Column, scale: Column | None, folder: Path
) -> Iterator[Candidate | Refused]:
    import duckdb

    numbered = layout.id.sql.startswith("row_number()")
    with duckdb.connect(":memory:") as connection:
        prepare(connection, layout.axes)
        with source.relation(connection) as rows:
            query = fill_sql("skyband.ingest.images", "addresses", **_parts(layout, address, scale, rows))
            answer = connection.execute(query)
            while found := answer.fetchmany(_BATCH_ROWS):
                for id_, where, ra, dec, pixel_scale, reason in found:
                    yield _image(None if numbered else id_, numbered, where, folder, ra, dec, pixel_scale, reason)
        if unread := source.rejects(connection):
            for file, line, text in connection.execute(f"SELECT file, line, text FROM {unread}").fetchall():
                yield Refused(None, None, UNREADABLE_LINE, f"{file}, line {line}: {text}")


def _parts(layout: Layout, address: Column, scale: Column | None, rows: str) -> dict[str, str]:
    place = layout.placement
    return {
        "id": quote(layout.id.column.name),
        "address": quote(address.name),
        "ra": quote(place.ra.name) if place else "NULL",
        "dec": quote(place.dec.name) if place else "NULL",
        "scale": quote(scale.name) if scale else "NULL",
        "given": place.given if place else "false",
        "readable": place.readable if place else "true",
        "key": HEALPIX_COLUMN if place else "0",
        "unreadable": f"'{UNREADABLE_POSITION}'",
        "impossible": f"'{IMPOSSIBLE_POSITION}'",
        "rows": layout.select(rows),
    }


def _image(
    id_: str | None,
    numbered: bool,
    where: str | None,
    folder: Path,
    ra: float | None,
    dec: float | None,
    pixel_scale: float | None,
    reason: str | None,
) -> Candidate | Refused:
    if not where:
        return Refused(id_, None, MISSING_ADDRESS)
    source = where if is_remote(where) else str(folder / Path(where).expanduser())
    name = id_of(source) if numbered else id_
    if not name:
        return Refused(None, source, MISSING_ID)
    if reason:
        return Refused(name, source, reason)
    return Candidate(name, source, ra, dec, pixel_scale)
