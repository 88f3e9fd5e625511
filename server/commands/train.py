"""`skyband train`."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import rich_click as click

from skyband.schema.errors import BadOption
from skyband.schema.settings import Settings
from skyband.server.console import SEED, json_option, note, percent, print_json, print_table, store_option
from skyband.server.feature_options import feature_options
from skyband.server.output import open_sky

if TYPE_CHECKING:
    from skyband.models.classifier.progress import Progress
    from skyband.models.features import FeatureOptions
    from skyband.models.scoring.train_table import TrainingReport

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "": 1}


@click.command("train")
@click.argument("table")
@click.option(
    "--label",
    required=True,
    metavar="COLUMN|TABLE.COLUMN",
    help="The classes: a column of TABLE, or of a table of labels with the same ids.",
)
@click.option(
    "--with-labels", is_flag=True, help="Learn from the words of skyband label TABLE too; they override the column."
)
@click.option("--name", required=True, metavar="M", help="Of the model; each training is its next version.")
@click.option("--budget", default="2m", show_default=True, metavar="TIME", help="Time there is: 90s, 20m, 5h.")
@click.option("--levels", "with_levels", is_flag=True, help="Try star, galaxy and quasar first, then finer classes.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of everything random.")
@feature_options
@json_option
@store_option
def command(
    settings: Settings,
    table: str,
    label: str,
    with_labels: bool,
    name: str,
    budget: str,
    with_levels: bool,
    seed: int,
    features: FeatureOptions,
    as_json: bool,
) -> None:
    """Train a classifier on the features of TABLE: XGBoost, a random forest and a neural network, calibrated together.

    A training that was broken off goes on where it was when the same command is given again, and ends in the same
    model. Figures are of rows that were not learnt from, in other parts of the sky.

    Example: skyband train objects --label classes.class --name stars --budget 10m
    """
    from skyband.models.scoring.train_table import train_on_table

    with open_sky(settings) as sky, _progress() as tell:
        report = train_on_table(
            sky,
            table,
            label,
            name,
            features,
            budget_s=_seconds(budget),
            seed=seed,
            with_labels=with_labels,
            with_levels=with_levels,
            on_progress=tell,
            note=note,
        )
    if as_json:
        print_json(_facts(report))
        return
    _show(report)


def _facts(report: TrainingReport) -> dict[str, Any]:
    people = report.people
    return {
        "model": report.model.title,
        "folder": str(report.model.folder),
        "rows": report.rows,
        "rows_without_features": report.without_features,
        "useless_features": list(report.useless),
        "peoples_labels": None
        if people is None
        else {
            "added": people.added,
            "confirmed": people.confirmed,
            "overridden": people.overridden,
            "left_out": dict(people.left_out),
        },
        "seconds": round(report.seconds, 1),
        "metrics": report.classifier.manifest["metrics"],
        "features": list(report.classifier.features),
        "classes": list(report.classifier.classes),
    }


def _show(report: TrainingReport) -> None:
    metrics = report.classifier.manifest["metrics"]
    print(f"{report.model.title}: {report.rows:,} rows, {len(report.classifier.features)} features")
    if (people := report.people) is not None:
        note(
            f"  by people: {people.added:,} labels more, {people.overridden:,} in place of the column's, "
            f"{people.confirmed:,} the same"
        )
        for word, found in people.left_out.items():
            note(f"  left out: {found:,} labels {word!r}, which is no class and too rare for one of its own")
    if report.without_features:
        note(f"  left out: {report.without_features:,} rows without any feature")
    if report.useless:
        note(f"  left out: {len(report.useless)} features that never change: {', '.join(report.useless[:8])}")
    print(
        f"  of rows not learnt from: accuracy {percent(metrics['accuracy'])}, macro F1 {metrics['macro_f1']:.3f}, "
        f"calibration error {metrics['ece']:.3f}"
    )
    rows = [
        (found, f"{one['rows']:,}", percent(one["precision"]), percent(one["recall"]), f"{one['f1']:.3f}")
        for found, one in metrics["by_class"].items()
    ]
    print_table(("class", "rows", "precision", "recall", "F1"), rows, right=(1, 2, 3, 4))
    print(f"\nNext: skyband score TABLE --model {report.model.title}")


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip())
    if found is None or not float(found[1]) > 0:
        raise BadOption(f"--budget {text!r} is no time; give 90s, 20m or 5h")
    return float(found[1]) * _UNITS_S[found[2]]


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """A line on standard error that says how far it is, on terminals only."""
    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("training") as status:

        def tell(progress: Progress) -> None:
            parts = [progress.stage, progress.member, f"fold {progress.fold + 1}" if progress.fold is not None else ""]
            parts.append(f"{progress.round}/{progress.rounds}" if progress.rounds else "")
            parts.append(f"log loss {progress.metric:.4f}" if progress.metric is not None else "")
            parts.append(f"{progress.seconds_left:.0f} s left" if progress.seconds_left is not None else "")
            status.update(", ".join(filter(None, parts)))

        yield tell
