"""Options of commands that take votes of volunteers."""

from __future__ import annotations

import rich_click as click

through_option = click.option(
    "--through",
    metavar="TABLE[:IMAGE_COLUMN:VOTES_COLUMN]",
    help="The table that has the ids of images and of votes, where they differ (default: the only table of survey "
    "gz2_filename_mapping, if ids join through it; else votes within 1 arcsec).",
)
measure_option = click.option(
    "--measure",
    type=click.Choice(["votes", "weighted", "debiased"]),
    help="How shares are counted (default: debiased where the table has it, else votes).",
)
base_option = click.option(
    "--base",
    type=click.Choice(["collection", "all"]),
    default="collection",
    show_default=True,
    help="Compare with the images of the collection that have votes (and pass --where), or with all of --votes.",
)
