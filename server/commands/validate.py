"""`skyband validate`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import json_option, note, print_facts, print_json, print_table, store_option
from skyband.server.feature_options import input_options
from skyband.server.output import open_sky

if TYPE_CHECKING:
    from skyband.models.features import FeatureOptions
    from skyband.models.validation.report import ValidationReport


@click.command("validate")
@click.argument("model", metavar="M[@VERSION]")
@click.argument("table", required=False)
@click.option(
    "--label", metavar="COLUMN|TABLE.COLUMN", help="The classes of TABLE; by default the column of the training's name."
)
@click.option("--confirm", metavar="COLUMN|TABLE.COLUMN", help="Classes from spectra, to compare with.")
@click.option(
    "--prior",
    default=None,
    metavar="train|uniform|CLASS=SHARE,...",
    help="How common the classes are on the sky; known for stars, galaxies and quasars.",
)
@click.option("--leak", is_flag=True, help="Find out how much of the score the missing bands give away.")
@click.option("--faint", is_flag=True, help="Find out how it would be beyond the magnitudes learnt from.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="HTML file to write, with plots.",
)
@input_options
@json_option
@store_option
def command(
    settings: Settings,
    model: str,
    table: str | None,
    label: str | None,
    confirm: str | None,
    prior: str | None,
    leak: bool,
    faint: bool,
    output: Path | None,
    features: FeatureOptions,
    as_json: bool,
) -> None:
    """Say how good the model M is: on rows of its training, each by models that had not seen its part of the sky, or on
    the labelled rows of TABLE, which it did not learn from.

    --leak and --faint train small models on up to 20,000 rows, in about a minute and a few seconds.

    Example: skyband validate stars --leak -o stars.html
    """
    from skyband.models.classifier.classifier import Classifier
    from skyband.models.classifier.priors import read_prior
    from skyband.models.features import FeatureOptions
    from skyband.models.scoring.shelf import find_model
    from skyband.models.validation.evidence import held_out, out_of_fold
    from skyband.models.validation.report import validate
    from skyband.schema.errors import BadOption

    if table is None and (features != FeatureOptions() or label is not None):
        raise BadOption("--label, --input and the like say what a TABLE holds; name the table too")
    with open_sky(settings) as sky, _progress() as tell:
        found = find_model(sky.store, model)
        classifier = Classifier.load(found.folder)
        evidence = (
            out_of_fold(sky, found, classifier, confirm)
            if table is None
            else held_out(sky, found, classifier, table, label, inputs=features, confirm=confirm)
        )
        report = validate(
            found,
            classifier,
            evidence,
            prior=None if prior is None else read_prior(prior),
            with_leak=leak,
            with_depth=faint,
            on_progress=tell,
        )
    if output is not None:
        from skyband.server.validation.page import write_page

        write_page(report, classifier.manifest, output)
        note(f"report written to {output}")
    if as_json:
        print_json(report.document())
        return
    _show(report)


def _show(report: ValidationReport) -> None:
    from skyband.server.validation.sheets import sheets_of
    from skyband.server.validation.words import facts_of

    print_facts(facts_of(report))
    for sheet in sheets_of(report):
        if sheet.is_detail:
            continue
        print(f"\n{sheet.title}")
        print_table(sheet.header, sheet.rows, right=sheet.numbers)
        print(f"  {sheet.about}")
    if report.missing:
        print("\nNot there")
        for what, why in report.missing.items():
            print(f"  {what}: {why}")
    print("\nMore, with plots: -o REPORT.html; all figures: --json")


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A line on standard error that says how far it is, on terminals only."""
    if not sys.stderr.isatty():
        yield lambda doing, done, total: None
        return
    from rich.console import Console

    with Console(stderr=True).status("validating") as status:
        yield lambda doing, done, total: status.update(f"{doing}: {done} of {total}")
