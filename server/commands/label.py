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
    help="Labels from a file with columns id, score or word or both, and perhaps user.",
)  # fmt: skip
@click.option("--word", default="", help="What it is or shows, in a word: quasar.")
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
    """Say how interesting an image of COLLECTION is, a SCORE from 0 (not at all) to 5, or what it is, in a word.

    COLLECTION may be any table with ids. Labels are kept in the table COLLECTION_labels, one for each image or row and
    person, the newest; skyband anomalies learns from scores, skyband train --with-labels from words.

    Example: skyband label galaxies 10017 5 --word merger; skyband label objects 2051 --word quasar
    """
    from skyband.models.discovery.labels import Label, put_labels, read_labels
    from skyband.schema.store import Store
    from skyband.server.people import current_user

    who = user or current_user()
    if file is not None:
        if image is not None or word:
            raise click.UsageError("give either an image with its score, or a file of labels")
        labels = read_labels(file, who)
    elif image is None or (score is None and not word):
        raise click.UsageError("give an id with a score from 0 to 5 or --word WORD or both, or --csv FILE")
    else:
        labels = [Label(image, score, who, word)]
    report = put_labels(Store.open(settings), collection, labels, command=command_line())
    if as_json:
        print_json(asdict(report))
        return
    print(
        f"{report.table}: {report.labels:,} labels of {report.images:,} rows "
        f"({report.added:,} added, {report.changed:,} changed)"
    )
