"""`skyband images`: add, cutouts, remove, list, show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import (
    command_line,
    json_option,
    note,
    print_facts,
    print_json,
    print_table,
    progress_bar,
    store_option,
)
from skyband.server.output import open_sky

if TYPE_CHECKING:
    from skyband.ingest.images import AddReport
    from skyband.schema.columns import TableInfo

_COLLECTION = click.option("--collection", required=True, metavar="NAME", help="Collection to add to; made if new.")
_LIMIT = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Look at N images at most.")
_REPLACE = click.option(
    "--replace", is_flag=True, help="Let files take the places of other images that have their ids."
)
_DESCRIPTION = click.option("--description", default="", metavar="TEXT", help="What the images are.")


@click.group("images")
def command() -> None:
    """Collections of images: galaxies from files, buckets, URLs and cutout services.

    A collection is a table (id, position, source, checksum, size) with thumbnails; the files stay where they are.

    Example: skyband images add cutouts/ --collection galaxies
    """


@command.command("add")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@_COLLECTION
@click.option(
    "--pixel-scale",
    "--survey-scale",
    "pixel_scale",
    type=float,
    metavar="ARCSEC",
    help="Side of a pixel, where neither table nor header says it.",
)
@click.option("--match", metavar="TABLE", help="Take positions from the rows of TABLE that have the ids of the images.")
@click.option(
    "--radius",
    "radius_arcsec",
    type=float,
    metavar="ARCSEC",
    help="With --match: refuse images whose own position is farther than this from their row.",
)
@click.option("--id", metavar="COLUMN", help="Column of a table of addresses that identifies the images.")
@click.option("--path", metavar="COLUMN", help="Column with the paths or URLs.")
@click.option("--ra", metavar="COLUMN", help="Right ascension.")
@click.option("--dec", metavar="COLUMN", help="Declination.")
@_REPLACE
@_LIMIT
@_DESCRIPTION
@json_option
@store_option
def add(settings: Settings, sources: tuple[str, ...], as_json: bool, **named: Any) -> None:
    """Add images: folders, 'patterns/*.jpg', files, s3://bucket/prefix, URLs, and tables (CSV, Parquet, ...) of these.

    JPEG, PNG, WebP and FITS (one band or three, .gz too). What is broken, hostile or of another kind goes to
    NAME.rejected.parquet with the reason. Ctrl-C keeps what is finished.

    Example: skyband images add cutouts/ list.csv --collection galaxies --pixel-scale 0.396
    """
    from skyband.ingest.images import AddOptions, add_images
    from skyband.schema.store import Store

    options = AddOptions(command=command_line(), **named)
    with progress_bar(f"adding to {options.collection}", "images") as progress:
        report = add_images(Store.create(settings), sources, options, progress=progress)
    _tell(report, as_json)


@command.command("cutouts")
@click.argument("table")
@_COLLECTION
@click.option("--service", required=True, metavar="sdss|legacy", help="Where the cutouts come from.")
@click.option("--size-px", "size_pixels", type=int, default=256, show_default=True, help="Pixels a side.")
@click.option("--scale-arcsec", type=float, metavar="ARCSEC", help="Side of a pixel; the service's own by default.")
@click.option("--where", metavar="SQL", help="Condition on the columns of TABLE.")
@click.option("--base-url", metavar="URL", help="The same service at another place.")
@_REPLACE
@_LIMIT
@_DESCRIPTION
@json_option
@store_option
def cutouts(
    settings: Settings,
    table: str,
    collection: str,
    replace: bool,
    limit: int | None,
    description: str,
    as_json: bool,
    **named: Any,
) -> None:
    """Add cutouts around the objects of a TABLE, whose ids the images get.

    The files are kept in raw/SERVICE of the store and not asked for again. SKYBAND_CUTOUTS_PER_S limits the requests.

    Example: skyband images cutouts gz2 --collection galaxies --service sdss --where "total_votes > 100" --limit 500
    """
    from skyband.ingest.images import AddOptions
    from skyband.ingest.images.cutouts import CutoutOptions, add_cutouts
    from skyband.schema.store import Store

    options = AddOptions(
        collection=collection, replace=replace, limit=limit, description=description, command=command_line()
    )
    with progress_bar(f"adding to {collection}", "images") as progress:
        report = add_cutouts(Store.open(settings), CutoutOptions(table=table, **named), options, progress=progress)
    _tell(report, as_json)


@command.command("remove")
@click.argument("collection")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@json_option
@store_option
def remove(settings: Settings, collection: str, ids: tuple[str, ...], as_json: bool) -> None:
    """Remove images from COLLECTION with their vectors and thumbnails; the files stay where they are.

    Example: skyband images remove galaxies 10017 103643
    """
    from skyband.ingest.images import remove_images
    from skyband.schema.store import Store

    report = remove_images(Store.open(settings), collection, ids, command=command_line())
    if as_json:
        print_json(
            {
                "collection": collection,
                "rows": report.info.rows,
                "removed": report.removed,
                "vectors": report.vectors,
                "thumbnails": report.thumbnails,
                "version": report.info.version.version,
            }
        )
        return
    print(
        f"collection {collection}: {report.info.rows:,} images ({report.removed:,} removed, with {report.vectors:,} "
        f"vectors and {report.thumbnails:,} thumbnails)"
    )


@command.command("list")
@json_option
@store_option
def list_(settings: Settings, as_json: bool) -> None:
    """List the collections of images.

    Example: skyband images list
    """
    from skyband.queries.images import is_collection

    with open_sky(settings) as sky:
        found = [info for info in sky.tables.values() if is_collection(info)]
    if as_json:
        print_json([_summary(info) for info in found])
        return
    print_table(
        ("collection", "images", "with position", "rejected", "version", "description"),
        [
            (
                info.name,
                f"{info.rows:,}",
                f"{_placed(info):,}",
                f"{sum(info.details.get('rejected', {}).values()):,}",
                info.version.version,
                info.description,
            )
            for info in found
        ],
        right=(1, 2, 3, 4),
    )


@command.command("show")
@click.argument("name")
@json_option
@store_option
def show(settings: Settings, name: str, as_json: bool) -> None:
    """Show what a collection holds: formats, sizes, pixel scales, where the images come from, what was rejected.

    Example: skyband images show galaxies
    """
    from skyband.queries.images import Thumbnails, is_collection
    from skyband.schema.errors import BadTable
    from skyband.schema.sql import fill_sql

    with open_sky(settings) as sky:
        info = sky.table(name)
        if not is_collection(info):
            raise BadTable(f"table {name!r} is no collection of images; see skyband describe {name}")
        figures = sky.sql(fill_sql("skyband.server", "collection", table=info.name)).to_arrow()
        facts = _summary(info) | figures.to_pylist()[0] | {"thumbnails": Thumbnails(sky.store, info.name).count()}
        rejected_file = sky.store.rejected_file(name)
    if rejected_file.exists():
        facts["rejected_file"] = str(rejected_file)
    if as_json:
        print_json(facts)
    else:
        print_facts({key: _words(value) for key, value in facts.items() if value not in (None, "", {}, [])})


def _tell(report: AddReport, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "collection": report.collection,
                "rows": report.info.rows if report.info else 0,
                "added": report.added,
                "replaced": report.replaced,
                "updated": report.updated,
                "unchanged": report.unchanged,
                "rejected": dict(report.rejected),
                "rejected_file": report.rejected_file,
                "version": report.info.version.version if report.info else None,
                "stopped": report.stopped,
                "seconds": round(report.seconds, 3),
                "images_per_s": round(report.images_per_s, 1),
                "notes": report.notes,
            }
        )
    else:
        rows = report.info.rows if report.info else 0
        parts = (("added", report.added), ("replaced", report.replaced), ("updated", report.updated))
        done = [f"{count:,} {what}" for what, count in (*parts, ("unchanged", report.unchanged)) if count]
        print(
            f"collection {report.collection}: {rows:,} images ({', '.join(done) or 'nothing added'}; "
            f"{report.seconds:.2f} s, {report.images_per_s:,.0f} images/s)"
        )
        for reason, count in report.rejected.items():
            print(f"  rejected: {count:,} {reason}")
        if report.rejected_file:
            note(f"rejected images are in {report.rejected_file}")
        for text in report.notes:
            note(f"note: {text}")
    if report.stopped:
        raise KeyboardInterrupt


def _placed(info: TableInfo) -> int:
    return info.rows - info.unplaced if info.role("ra") else 0


def _summary(info: TableInfo) -> dict[str, Any]:
    return {
        "collection": info.name,
        "description": info.description,
        "images": info.rows,
        "with_position": _placed(info),
        "rejected": dict(info.details.get("rejected", {})),
        "sources": info.details.get("sources", []),
        "version": info.version.version,
        "built_at": info.version.built_at,
    }


def _words(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{count:,} {what}" for what, count in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else value
