"""`skyband taxonomy`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import SEED, command_line, json_option, note, percent, print_json, print_table, store_option
from skyband.server.output import open_sky
from skyband.server.vote_options import through_option

if TYPE_CHECKING:
    from skyband.models.discovery.run import TaxonomyReport
    from skyband.queries.morphology.fractions import Fraction
    from skyband.queries.sky import Sky

_REAL, _DOUBTFUL = 0.75, 0.6
"""Stability above which a cluster is real, and below which it should not be trusted (Hennig 2007)."""


@click.command("taxonomy")
@click.argument("collection")
@click.option("--votes", metavar="TABLE", help="Say what volunteers said of each kind, beside all images.")
@through_option
@click.option(
    "--min-cluster",
    type=click.IntRange(min=2),
    help="Images of a kind at least (default: 12 of 400 images, 85 of 20,000 and more).",
)
@click.option(
    "--projection", type=click.Choice(["tsne", "pca"]), default="tsne", show_default=True, help="What draws the map."
)
@click.option("--seed", type=SEED, default=1, show_default=True, help="Of everything drawn at random.")
@click.option("--map", "map_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the map (PNG).")
@click.option(
    "--montage", type=click.Path(path_type=Path, dir_okay=False), help="Write what is typical of each kind (PNG)."
)
@json_option
@store_option
def command(
    settings: Settings,
    collection: str,
    votes: str | None,
    through: str | None,
    min_cluster: int | None,
    projection: str,
    seed: int,
    map_file: Path | None,
    montage: Path | None,
    as_json: bool,
) -> None:
    """Sort the images of COLLECTION, which has vectors, into kinds that nobody named.

    All images get the columns cluster, cluster_probability, map_x and map_y in the collection's table. Stability is
    what remains of a kind when half of the images are clustered again: above 0.75 it is real, below 0.6 not to be
    trusted.

    Example: skyband taxonomy galaxies --votes gz2 --map kinds.png --montage typical.png
    """
    from skyband.models.discovery.options import TaxonomyOptions
    from skyband.models.discovery.run import find_kinds
    from skyband.queries.morphology import Votes
    from skyband.queries.morphology.through import Through
    from skyband.server.montage import write_png
    from skyband.server.taxonomy_plots import map_png, medoids_png

    options = TaxonomyOptions(least_images=min_cluster, map=projection, seed=seed)  # type: ignore[arg-type]
    with open_sky(settings) as sky:
        if votes is not None:
            # Before the work, not after it.
            table = Votes.of(sky.table(votes), sky.store.path)
            if through:
                Through.parse(through, sky.tables, table, sky.store)
        found = find_kinds(sky, collection, options, command=command_line(), note=note)
        profiles = _profiles(sky, found, votes, through or "") if votes is not None else {}
        if profiles and not any(one.galaxies for said in profiles.values() for one in said):
            note(f"{votes} has too few votes on these images: 10 a galaxy are the least")
        if map_file is not None:
            write_png(map_file, map_png(found))
        if montage is not None:
            write_png(montage, medoids_png(sky.store, found))
    if as_json:
        print_json(_document(found, profiles))
    else:
        _tell(found, profiles)


def _profiles(sky: Sky, found: TaxonomyReport, votes: str, through: str) -> Mapping[int, tuple[Fraction, ...]]:
    import pyarrow as pa

    from skyband.queries.likeness import Collection
    from skyband.queries.morphology import Votes, joined_votes, profiles_of

    groups = pa.table({"id": found.ids, "number": found.clusters.numbers})
    table = Votes.of(sky.table(votes), sky.store.path)
    vectors = Collection.open(sky.store, found.info.name)
    with joined_votes(sky.connection, table, vectors, sky.tables, through=through) as joined:
        if joined.joining.how != "id":
            note(f"votes: {joined.joining.words}")
        return profiles_of(sky.connection, groups, joined.votes)


def _clusters(found: TaxonomyReport, profiles: Mapping[int, tuple[Fraction, ...]]) -> Iterator[dict[str, Any]]:
    stability = found.stability.clusters if found.stability else [None] * len(found.clusters)
    for number, typical in enumerate(found.clusters.typical):
        names = found.ids.take(typical).to_pylist()
        images = len(found.clusters.members(number))
        yield {
            "cluster": number,
            "images": images,
            "share": images / found.images,
            "stability": stability[number],
            "medoid": names[0],
            "typical": names,
            "votes": [asdict(one) for one in profiles[number]] if number in profiles else None,
        }


def _document(found: TaxonomyReport, profiles: Mapping[int, tuple[Fraction, ...]]) -> dict[str, Any]:
    rand = found.stability
    return {
        "collection": found.info.name,
        "version": found.info.version.version,
        "images": found.images,
        "left_out": found.left_out,
        "clustered": found.clusters.clustered,
        "components": found.components,
        "explained": found.explained,
        "noise_share": found.noise_share,
        "adjusted_rand": {"mean": rand.rand_mean, "std": rand.rand_std, "resamples": rand.resamples} if rand else None,
        "seconds": round(found.seconds, 3),
        "clusters": list(_clusters(found, profiles)),
    }


def _tell(found: TaxonomyReport, profiles: Mapping[int, tuple[Fraction, ...]]) -> None:
    from skyband.queries.morphology import MorphologyOptions

    options = MorphologyOptions()
    rows = []
    for cluster in _clusters(found, profiles):
        stability = cluster["stability"]
        said = [fraction for fraction in profiles.get(cluster["cluster"], ()) if fraction.kind == "joint"]
        words = [_words(one) for one in said if one.verdict(options) in ("more", "less")]
        rows.append(
            (
                cluster["cluster"],
                f"{cluster['images']:,}",
                percent(cluster["share"]),
                "" if stability is None else f"{stability:.2f} {_judged(stability)}",
                cluster["medoid"],
                *([", ".join(words)] if profiles else []),
            )
        )
    header = ("cluster", "images", "share", "stability", "medoid", *(["volunteers said"] if profiles else []))
    print_table(header, rows, right=(0, 1, 2))
    rand = found.stability
    agreement = f"; halves agree by {rand.rand_mean:.2f} ± {rand.rand_std:.2f} (adjusted Rand index)" if rand else ""
    print(
        f"{len(rows)} kinds of {found.images:,} images in {found.seconds:.1f} s, {percent(found.noise_share)} in none"
        f"{agreement}"
    )
    note(
        f"columns cluster, cluster_probability, map_x, map_y: version {found.info.version.version} of {found.info.name}"
    )


def _judged(stability: float) -> str:
    return "real" if stability > _REAL else "doubtful" if stability < _DOUBTFUL else "likely"


def _words(fraction: Fraction) -> str:
    lift = "" if fraction.lift is None else f" (x{fraction.lift:.1f})"
    return f"{fraction.feature} {percent(fraction.fraction or 0.0)}{lift}"
