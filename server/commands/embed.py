"""`skyband embed`."""

from __future__ import annotations

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import json_option, note, print_json, progress_bar, store_option
from skyband.server.encoder_options import LoadEncoder, encoder_options


@click.command("embed")
@click.argument("collection")
@click.option(
    "--batch", type=click.IntRange(min=1), default=64, show_default=True, help="Images the network sees at once."
)
@click.option(
    "--pca",
    type=click.IntRange(min=1),
    metavar="N",
    help="Reduce the vectors to N dimensions, their principal components in this collection.",
)
@encoder_options
@json_option
@store_option
def command(
    settings: Settings, collection: str, batch: int, pca: int | None, load_encoder: LoadEncoder, as_json: bool
) -> None:
    """Give the images of COLLECTION vectors, so that they can be searched by likeness.

    Images that have one are passed over, so a run that was broken off goes on where it was.

    The encoder, its views and the projection of --pca are those of the vectors that are there already.

    Example: skyband embed galaxies --pca 40
    """
    from skyband.models.embedding.run import embed
    from skyband.queries.likeness import Collection
    from skyband.schema.store import Store

    store = Store.open(settings)
    there = Collection.open(store, collection) if collection in Collection.names(store) else None
    encoder = load_encoder(there)
    with progress_bar(f"embedding {collection}", "images") as progress:
        report = embed(store, collection, encoder, pca=pca, batch_images=batch, on_progress=progress)
    projection = report.projection
    if as_json:
        print_json(
            {
                "collection": report.collection,
                "embedded": report.embedded,
                "updated": report.updated,
                "unchanged": report.unchanged,
                "failed": report.failed,
                "seconds": round(report.seconds, 3),
                "images_per_s": round(report.images_per_s, 1),
                "provenance": report.provenance,
                "projection": projection.facts() if projection else None,
            }
        )
        return
    print(
        f"{collection}: {report.embedded:,} images encoded by {report.provenance['encoder']} in {report.seconds:.1f} s "
        f"({report.images_per_s:,.0f} images/s); {report.unchanged:,} had their vectors"
        f"{f', {report.updated:,} got a new position or pixel scale' if report.updated else ''}"
    )
    if projection is not None:
        print(f"  {projection.words}")
    for reason, images in report.failed.items():
        note(f"  {images:,} without a vector: {reason}")
