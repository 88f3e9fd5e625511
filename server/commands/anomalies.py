"""`skyband anomalies`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import SEED, command_line, json_option, note, print_json, store_option
from skyband.server.output import deliver, open_sky, output_options

if TYPE_CHECKING:
    from skyband.queries.sky import Sky

_SHOWN = 100


@click.command("anomalies")
@click.argument("collection")
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True, help="Images to show.")
@click.option(
    "--strategy",
    type=click.Choice(["forest", "neighbours", "both", "labels", "predicted"]),
    default="labels",
    show_default=True,
    help="Order by isolation forest, by distance to the nearest others, by both, by both re-ranked by labels, or by "
    "the labels that people would give, unusual or not.",
)
@click.option("--unlabelled", is_flag=True, help="Leave out images that have a label: what to look at next.")
@click.option(
    "--alpha", type=click.FloatRange(0, 100, min_open=True), default=1.0, show_default=True,
    help="How fast the influence of labels ends with the distance from them.",
)  # fmt: skip
@click.option("--seed", type=SEED, default=1, show_default=True, help="Of everything drawn at random.")
@click.option("--montage", type=click.Path(path_type=Path, dir_okay=False), help="Write a picture of them (PNG).")
@output_options
@json_option
@store_option
def command(
    settings: Settings,
    collection: str,
    top: int,
    strategy: str,
    unlabelled: bool,
    alpha: float,
    seed: int,
    montage: Path | None,
    output: Path | None,
    format: str | None,
    as_json: bool,
) -> None:
    """Find the most unusual images of COLLECTION, which has vectors (see skyband embed).

    All images get the columns anomaly_forest, anomaly_neighbours, anomaly, label_predicted and anomaly_reranked in the
    collection's table. Label some of what is shown by skyband label, and ask again.

    Example: skyband anomalies galaxies --top 50 --montage odd.png
    """
    from skyband.models.discovery.labels import labels_table
    from skyband.models.discovery.options import AnomalyOptions, Strategy
    from skyband.models.discovery.run import find_anomalies
    from skyband.server.discovery import anomalies_query

    with open_sky(settings) as sky:
        options = AnomalyOptions(alpha=alpha, seed=seed)
        report = find_anomalies(sky, collection, options, command=command_line(), note=note)
        labels = sky.tables.get(labels_table(collection)) if unlabelled else None
        query = anomalies_query(sky.table(collection), Strategy(strategy), top, labels)
        if montage is not None:
            _write_montage(sky, collection, query, strategy, montage)
        result = sky.sql(query)
        if as_json:
            rows = [dict(zip((column.name for column in result.columns), row, strict=True)) for row in result.rows()]
            print_json(
                {
                    "collection": collection,
                    "version": report.info.version.version,
                    "images": report.images,
                    "left_out": report.left_out,
                    "components": report.components,
                    "explained": report.explained,
                    "labelled": report.labelled,
                    "strategy": strategy,
                    "seconds": round(report.seconds, 3),
                    "anomalies": rows,
                }
            )
            return
        note(
            f"{report.images:,} images scored in {report.seconds:.1f} s ({report.left_out:,} without a vector); "
            f"{report.labelled:,} labelled; version {report.info.version.version} of {collection}"
        )
        deliver(result, settings, output, format)


def _write_montage(sky: Sky, collection: str, query: str, strategy: str, path: Path) -> None:
    from skyband.models.discovery.options import Strategy
    from skyband.server.discovery import SCORES
    from skyband.server.montage import thumbnails_png, write_png

    score = SCORES[Strategy(strategy)]
    shown = sky.sql(query).to_arrow().slice(0, _SHOWN)
    key = sky.table(collection).role("id")
    assert key is not None  # it has been scored by it
    names, values = shown[key.name].to_pylist(), shown[score].to_pylist()
    cells = [(str(name), f"{value:.3f}") for name, value in zip(names, values, strict=True)]
    write_png(path, thumbnails_png(sky.store, collection, cells, f"Most unusual of {collection}, by {score}"))
