"""`skyband embed`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import json_option, note, print_json, progress_bar, store_option
from skyband.server.encoder_options import encoder_options

if TYPE_CHECKING:
    from skyband.models.encoders.encoder import Encoder


@click.command("embed")
@click.argument("collection")
@click.option(
    "--batch", type=click.IntRange(min=1), default=64, show_default=True, help="Images the network sees at once."
)
@encoder_options
@json_option
@store_option
def command(
    settings: Settings, collection: str, batch: int, load_encoder: Callable[[], Encoder], as_json: bool
) -> None:
    """Give the images of COLLECTION vectors, so that they can be searched by likeness.

    Images that have one are passed over, so a run that was broken off goes on where it was.

    Example: skyband embed galaxies
    """
    from skyband.models.embedding.run import embed
    from skyband.schema.store import Store

    with progress_bar(f"embedding {collection}", "images") as progress:
        report = embed(Store.open(settings), collection, load_encoder(), batch_images=batch, on_progress=progress)
    if as_json:
        print_json(
            {
                "collection": report.collection,
                "embedded": report.embedded,
                "unchanged": report.unchanged,
                "failed": report.failed,
                "seconds": round(report.seconds, 3),
                "images_per_s": round(report.images_per_s, 1),
                "provenance": report.provenance,
            }
        )
        return
    print(
        f"{collection}: {report.embedded:,} images encoded by {report.provenance['encoder']} in {report.seconds:.1f} s "
        f"({report.images_per_s:,.0f} images/s); {report.unchanged:,} had their vectors"
    )
    for reason, images in report.failed.items():
        note(f"  {images:,} without a vector: {reason}")
