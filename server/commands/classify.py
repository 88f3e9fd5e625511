"""`skyband classify`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import command_line, note, progress_bar, store_option
from skyband.server.feature_options import input_options
from skyband.server.output import deliver, output_options

if TYPE_CHECKING:
    import pyarrow as pa

    from skyband.ingest.given import GivenRows
    from skyband.models.features import FeatureOptions
    from skyband.models.scoring.classify_rows import RowClassifier
    from skyband.queries.result import Result

_NAMED = 8


@click.command("classify")
@click.argument("files", metavar="FILE...|-", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", required=True, metavar="M[@VERSION]", help="A model of skyband train; its newest version.")
@click.option(
    "--prior",
    default="train",
    show_default=True,
    metavar="train|uniform|CLASS=SHARE,...",
    help="How common the classes are where the rows come from.",
)
@click.option("--like", metavar="TABLE", help="Table with the same columns, if not the one M was trained with.")
@click.option("--id", "id_", metavar="COLUMN", help="Column that says which row is which; else rows are numbered.")
@click.option(
    "--batch-rows",
    type=click.IntRange(1, 1_000_000),
    default=16_384,
    show_default=True,
    help="Objects taken at once; 1 answers each alert as it comes.",
)
@input_options
@output_options
@store_option
def command(
    settings: Settings,
    files: tuple[Path, ...],
    model: str,
    prior: str,
    like: str | None,
    id_: str | None,
    batch_rows: int,
    features: FeatureOptions,
    output: Path | None,
    format: str | None,
) -> None:
    """Classify the rows of files, without a table of them: Parquet, CSV, FITS, VOTable, JSON and alerts in Avro.

    JSON is a list of objects or an object a line; members of nested objects are columns with a dot, so that
    --input r=candidate.srmag1 names one. "-" reads the standard input.

    Example: skyband classify alerts.jsonl --model stars -o classified.parquet
    """
    from skyband.ingest.given import open_given
    from skyband.models.classifier.classifier import Classifier
    from skyband.models.classifier.priors import read_prior
    from skyband.models.scoring.classify_rows import RowClassifier
    from skyband.models.scoring.given_rows import SkyOfRows
    from skyband.models.scoring.shelf import find_model

    shares = read_prior(prior)
    with SkyOfRows(settings) as sky, progress_bar("classifying") as progress:
        chosen = find_model(sky.store, model)
        asked = RowClassifier(
            sky, chosen, Classifier.load(chosen.folder), prior=shares, inputs=features, like=like, id=id_
        )
        result = _result(asked, open_given(files, sys.stdin.buffer, batch_rows), progress)
        deliver(result, settings, output, format)
    if asked.missing:
        more = f" and {len(asked.missing) - _NAMED} more" if len(asked.missing) > _NAMED else ""
        note(f"features of {chosen.title} that the rows do not give: {', '.join(asked.missing[:_NAMED])}{more}")


def _result(
    asked: RowClassifier, given: Iterator[GivenRows], progress: Callable[[int, int | None], None]
) -> Result:
    """What the model says, as it is said; the first batch is classified before anything is written."""
    from skyband.models.scoring.classify_rows import answer_schema
    from skyband.queries.result import Result
    from skyband.schema.errors import BadFile

    def answers() -> Iterator[pa.RecordBatch]:
        for some in given:
            for batch in some.batches:
                if batch.num_rows:
                    yield asked.classify(batch, some.columns)
                    progress(asked.rows, None)

    rows = answers()
    first = next(rows, None)
    if first is None:
        raise BadFile("there are no rows to classify")
    columns = asked.answer
    return Result(_Answers(first, rows, answer_schema(columns)), columns, query=command_line(), batch_rows=1)


class _Answers:
    """Batches on their way, as a query's are taken."""

    def __init__(self, first: pa.RecordBatch, rest: Iterator[pa.RecordBatch], schema: pa.Schema) -> None:
        self._first, self._rest, self._schema = first, rest, schema

    def to_arrow_reader(self, batch_size: int, /) -> pa.RecordBatchReader:
        """The batches as they are."""
        import itertools

        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self._schema, itertools.chain([self._first], self._rest))
