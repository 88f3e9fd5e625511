"""`skyband similar`."""

from __future__ import annotations

import sys
from pathlib import Path

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import as_paragraphs, json_option, note, print_json, store_option
from skyband.server.encoder_options import LoadEncoder, encoder_options
from skyband.server.output import deliver, open_sky, output_options
from skyband.server.vote_options import base_option, measure_option, through_option


@click.command("similar")
@click.argument("target", metavar="IMAGE|ID|RA,DEC")
@click.option("--collection", metavar="NAME", help="Where to look (default: the only collection).")
@click.option("-k", type=click.IntRange(min=1), default=20, show_default=True, help="Neighbours.")
@click.option("--where", default="", metavar="SQL", help="Only images for which this holds; it may ask other tables.")
@click.option(
    "--exclude-arcsec",
    type=click.FloatRange(min=0),
    default=100.0,
    show_default=True,
    help="Neighbours this near to the target on the sky are the same object, and left out.",
)
@click.option(
    "--radius-arcsec",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="How far from RA,DEC its image may be.",
)
@click.option("--votes", metavar="TABLE", help="Say what volunteers said of the neighbours: votes of this table.")
@through_option
@measure_option
@base_option
@click.option(
    "--montage", type=click.Path(path_type=Path, dir_okay=False), help="Write a picture of the neighbours (PNG)."
)
@click.option(
    "--charts", type=click.Path(path_type=Path, file_okay=False), help="With --votes: write charts into this folder."
)
@encoder_options
@output_options
@json_option
@store_option
def command(
    settings: Settings,
    target: str,
    collection: str | None,
    k: int,
    where: str,
    exclude_arcsec: float,
    radius_arcsec: float,
    votes: str | None,
    through: str | None,
    measure: str | None,
    base: str,
    montage: Path | None,
    charts: Path | None,
    load_encoder: LoadEncoder,
    output: Path | None,
    format: str | None,
    as_json: bool,
) -> None:
    """Find the images that look like an image file, an image of the collection, or the image nearest to a position.

    Example: skyband similar my_galaxy.jpg -k 50 --where "pixel_scale < 0.5" --votes gz2
    """
    from skyband.queries.likeness import LikenessOptions
    from skyband.queries.morphology.of_neighbours import VotesWanted, votes_of
    from skyband.server.likeness import find_target, look, open_collection, with_table
    from skyband.server.montage import write_montage
    from skyband.server.morphology_plots import write_charts

    if votes is None and (charts or through or measure):
        given = "--charts are" if charts else "--through is" if through else "--measure is"
        raise click.UsageError(f"{given} of votes: give --votes TABLE too")
    with open_sky(settings) as sky:
        vectors = open_collection(sky.store, collection)
        wanted = find_target(vectors, target, load_encoder, radius_arcsec)
        asked = look(sky, vectors, wanted.targets, LikenessOptions(k=k, exclude_arcsec=exclude_arcsec), where)
        found = asked.found
        said = (
            votes_of(sky.connection, sky.tables, VotesWanted(votes, through or "", measure or "", base), asked)
            if votes is not None
            else None
        )
        if montage is not None:
            write_montage(sky.store, vectors.name, wanted, found, montage)
        if charts is not None and said is not None:
            write_charts(said, charts)
        result = with_table(sky, found, vectors.name)
        if as_json:
            rows = [dict(zip((column.name for column in result.columns), row, strict=True)) for row in result.rows()]
            print_json(
                {
                    "target": wanted.words,
                    "position_sep_arcsec": wanted.sep_arcsec,
                    "neighbours": rows,
                    **found.facts(),
                    "votes": said.to_json() if said else None,
                }
            )
            return
        dropped = found.dropped
        note(
            f"{wanted.words}: {found.table.num_rows} of {found.chosen:,} images of {vectors.name} "
            f"({found.searched} search, recall {found.recall:.3g}); "
            f"left out: {dropped.itself} itself, {dropped.same_position} at the same position"
        )
        deliver(result, settings, output, format, hidden=("source", "checksum"))
        if said is not None:
            from skyband.queries.morphology import interpret

            words = interpret(said)
            note(as_paragraphs(words.paragraph, (*words.points, *words.cautions), file=sys.stderr))
