"""`skyband label`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import command_line, json_option, print_json, store_option


@click.command("label")
@click.argument("collection")
@click.argument("image", metavar="[ID]", required=False)
@click.argument("score", type=float, required=False)
@click.option(
    "--csv", "file", type=click.Path(path_type=Path, dir_okay=False),
    help="Labels from a file with columns id and score, and perhaps word and user.",
)  # fmt: skip
@click.option("--word", default="", help="What the image shows, in a word.")
@click.option("--user", help="Who says so (default: you, as this machine knows you).")
@json_option
@store_option
def command(
    settings: Settings,
    collection: str,
    image: str | None,
    score: float | None,
    file: Path | None,
    word: str,
    user: str | None,
    as_json: bool,
) -> None:
    """Say how interesting an image of COLLECTION is: a SCORE from 0 (not at all) to 5.

    Labels are kept in the table COLLECTION_labels, one for each image and person, the newest; skyband anomalies learns
    from them.

    Example: skyband label galaxies 10017 5 --word merger
    """
    from skyband.models.discovery.labels import Label, put_labels, read_labels
    from skyband.schema.store import Store
    from skyband.server.people import current_user

    who = user or current_user()
    if file is not None:
        if image is not None or word:
            raise click.UsageError("give either an image with its score, or a file of labels")
        labels = read_labels(file, who)
    elif image is None or score is None:
        raise click.UsageError("give the id of an image and a score from 0 to 5, or --csv FILE")
    else:
        labels = [Label(image, score, who, word)]
    report = put_labels(Store.open(settings), collection, labels, command=command_line())
    if as_json:
        print_json(asdict(report))
        return
    print(
        f"{report.table}: {report.labels:,} labels of {report.images:,} images "
        f"({report.added:,} added, {report.changed:,} changed)"
    )
