"""`skyband classify`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from skyband.schema.settings import Settings
from skyband.server.console import command_line, note, progress_bar, store_option
from skyband.server.feature_options import input_options
from skyband.server.output import deliver, output_options

if TYPE_CHECKING:
    import pyarrow as pa

    from skyband.models.features import FeatureOptions
    from skyband.queries.stream import ResultStream
    from skyband.schema.columns import Column

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
    from skyband.queries.result import Result

    shares = read_prior(prior)
    with SkyOfRows(settings) as sky, progress_bar("classifying") as progress:
        chosen = find_model(sky.store, model)
        asked = RowClassifier(
            sky, chosen, Classifier.load(chosen.folder), prior=shares, inputs=features, like=like, id=id_
        )

        def rows() -> Iterator[tuple[pa.RecordBatch, Sequence[Column]]]:
            for given in open_given(files, sys.stdin.buffer, note, batch_rows):
                for batch in given.batches:
                    yield batch, given.columns
                    progress(asked.rows, None)

        stream = asked.stream(rows())
        result = Result(_Answers(stream), stream.columns, query=command_line(), batch_rows=batch_rows)
        deliver(result, settings, output, format)
    if asked.missing:
        more = f" and {len(asked.missing) - _NAMED} more" if len(asked.missing) > _NAMED else ""
        note(f"features of {chosen.title} that the rows do not give: {', '.join(asked.missing[:_NAMED])}{more}")


class _Answers:
    """Rows on their way, as a query's are taken."""

    def __init__(self, stream: ResultStream) -> None:
        self._stream = stream

    def to_arrow_reader(self, batch_size: int, /) -> pa.RecordBatchReader:
        """The batches as they are."""
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self._stream.schema, self._stream.batches)
