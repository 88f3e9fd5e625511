"""`skyband score`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import (
    command_line,
    json_option,
    note,
    percent,
    print_json,
    print_table,
    progress_bar,
    store_option,
)
from skyband.server.feature_options import input_options
from skyband.server.output import open_sky

if TYPE_CHECKING:
    from skyband.models.features import FeatureOptions
    from skyband.models.scoring.score_table import ScoreReport


@click.command("score")
@click.argument("table")
@click.option("--model", required=True, metavar="M[@VERSION]", help="A model of skyband train; its newest version.")
@click.option(
    "--prior",
    default="train",
    show_default=True,
    metavar="train|uniform|CLASS=SHARE,...",
    help="How common the classes are where TABLE comes from.",
)
@click.option("--prefix", default="", metavar="TEXT", help="Of the names of the new columns, for a second model.")
@click.option("--missing-only", is_flag=True, help="Only rows that this version of the model has not scored yet.")
@input_options
@json_option
@store_option
def command(
    settings: Settings,
    table: str,
    model: str,
    prior: str,
    prefix: str,
    missing_only: bool,
    features: FeatureOptions,
    as_json: bool,
) -> None:
    """Classify the rows of TABLE: class, probabilities, doubt and safety become columns of its next version.

    After skyband ingest --append, --missing-only scores the new rows and leaves the others as they are.
    --input, --light-curves and --neighbours are those of the training for the table it learnt from, each unless told
    anew. A run that was broken off goes on where it was.

    Example: skyband score objects --model stars --prior star=0.6,galaxy=0.39,quasar=0.01
    """
    from skyband.models.classifier.priors import read_prior
    from skyband.models.scoring.score_table import score_table
    from skyband.models.scoring.shelf import find_model

    shares = read_prior(prior)
    with open_sky(settings) as sky, progress_bar(f"scoring {table}") as progress:
        report = score_table(
            sky,
            table,
            find_model(sky.store, model),
            prior=shares,
            inputs=features,
            prefix=prefix,
            missing_only=missing_only,
            command=command_line(),
            on_progress=progress,
        )
    if as_json:
        print_json(_facts(report))
        return
    _show(report)


def _facts(report: ScoreReport) -> dict[str, Any]:
    return {
        "table": report.info.name,
        "version": report.info.version.version,
        "model": report.model.title,
        "rows": report.rows,
        "classes": dict(report.classes),
        "safety": dict(report.safety),
        "missing_features": list(report.missing),
        "seconds": round(report.seconds, 2),
    }


def _show(report: ScoreReport) -> None:
    if not report.rows:
        print(f"{report.info.name}: {report.model.title} has scored all of its {report.info.rows:,} rows already")
        return
    speed = report.rows / max(report.seconds, 1e-9)
    print(
        f"{report.info.name}: {report.rows:,} rows scored by {report.model.title} in {report.seconds:.1f} s "
        f"({speed:,.0f} rows/s); version {report.info.version.version}"
    )
    if report.missing:
        note(
            f"  {len(report.missing)} features the table cannot give count as missing: {', '.join(report.missing[:8])}"
        )
    rows = max(report.rows, 1)
    print_table(
        ("class", "rows", "share"),
        [(name, f"{found:,}", percent(found / rows)) for name, found in report.classes.items()],
        right=(1, 2),
    )
    print("  " + ", ".join(f"{name} {percent(found / rows)}" for name, found in report.safety.items()))
