"""`skyband morphology`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import json_option, note, print_json, print_table, progress_bar, store_option
from skyband.server.output import deliver, open_sky, output_options
from skyband.server.vote_options import measure_option, through_option

if TYPE_CHECKING:
    from skyband.queries.morphology import Estimates


@click.command("morphology")
@click.argument("collection")
@click.option("--votes", required=True, metavar="TABLE", help="Votes of volunteers on images of the collection.")
@click.option("-k", type=click.IntRange(min=1), default=20, show_default=True, help="Neighbours that are asked.")
@click.option("--all", "every", is_flag=True, help="Estimate images with votes too, without their own.")
@click.option("--joint", is_flag=True, help="Shares of all volunteers, down the tree, instead of those who were asked.")
@through_option
@measure_option
@click.option(
    "--least-votes",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Votes on a question that an image must have to count.",
)
@click.option(
    "--exclude-arcsec",
    type=click.FloatRange(min=0),
    default=100.0,
    show_default=True,
    help="Neighbours this near on the sky are the same galaxy, and not asked.",
)
@output_options
@json_option
@store_option
def command(
    settings: Settings,
    collection: str,
    votes: str,
    k: int,
    every: bool,
    joint: bool,
    through: str | None,
    measure: str | None,
    least_votes: int,
    exclude_arcsec: float,
    output: Path | None,
    format: str | None,
    as_json: bool,
) -> None:
    """Estimate what volunteers would say of the images of COLLECTION that have no votes, from images like them.

    A row an image: for each answer of the tree the share of votes, its error, and how many neighbours were asked. How
    right this is comes from images that have votes, each estimated without its own: R2 (1 is perfect, 0 no better than
    the mean of all, beside the best that so few volunteers allow) and the typical error (RMSE).

    Example: skyband morphology galaxies --votes gz2 -o estimates.fits
    """
    from skyband.queries.likeness import Collection, LikenessOptions
    from skyband.queries.morphology import MorphologyOptions, Votes, estimate_votes, joined_votes
    from skyband.queries.sky import Given
    from skyband.schema.errors import BadTable

    with open_sky(settings) as sky:
        vectors = Collection.open(sky.store, collection)
        table = Votes.of(sky.table(votes), sky.store.path)
        with joined_votes(sky.connection, table, vectors, sky.tables, through=through or "") as joined:
            joining = joined.joining
            if joining.how == "none":
                raise BadTable(joining.words)
            with progress_bar(f"asking the neighbours in {collection}", "images") as progress:
                found = estimate_votes(
                    sky.connection,
                    vectors,
                    joined.votes,
                    likeness=LikenessOptions(k=k, exclude_arcsec=exclude_arcsec),
                    options=MorphologyOptions(measure=measure or "", least_votes=least_votes),
                    kind="joint" if joint else "conditional",
                    every=every,
                    on_progress=progress,
                )
        if as_json:
            facts = {"collection": collection, "votes": votes, "joined": asdict(joining), "k": k}
            print_json(facts | found.facts() | {"estimates": found.table.to_pylist()})
            return
        given = {"estimates": Given(found.table, found.columns)}
        deliver(sky.sql("FROM estimates", given=given), settings, output, format)
    if output is not None or format in (None, "table"):
        print(
            f"\n{found.with_votes:,} of {found.images:,} images of {collection} have votes; "
            f"how {found.compared:,} of them are estimated without their own:"
        )
        _print_scores(found)
    if joining.how != "id":
        note(f"votes: {joining.words}")
    for caution in found.cautions:
        note(f"note: {caution}")


def _print_scores(found: Estimates) -> None:
    print_table(
        ("answer", "images", "R2", "best R2", "RMSE", "bias", "in 95 % interval"),
        [
            (
                score.target,
                f"{score.n:,}",
                "" if score.r2 is None else f"{score.r2:.2f}",
                "" if score.best_r2 is None else f"{score.best_r2:.2f}",
                f"{score.rmse:.3f}",
                f"{score.bias:+.3f}",
                "" if score.coverage is None else f"{100 * score.coverage:.0f} %",
            )
            for score in found.scores
        ],
        right=range(1, 7),
    )
