"""A process that classifies rows somebody sent.

Run as `python -m skyband.server.api.classify_worker FD`, where FD is its end of a socket pair. The files may be
hostile: they are read here, under limits, and never in the server. A question is of a model and a file, and answered by
a file in the folder it is given and what is to be said of that. Models stay loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyband.ingest.given import open_sent
from skyband.models.features import FeatureOptions
from skyband.models.scoring.classify_rows import RowClassifier
from skyband.models.scoring.given_rows import SkyOfRows
from skyband.models.scoring.shelf import ModelVersion, find_model
from skyband.queries.formats import FORMATS, Info, encode
from skyband.queries.serving.lockdown import allow_files, limit_process
from skyband.queries.serving.uploads import check_bytes, limited
from skyband.schema.errors import BadFile, ResourceLimit
from skyband.schema.settings import Settings
from skyband.server.api.kept_worker import Answer, answer_questions

if TYPE_CHECKING:
    import pyarrow as pa

    from skyband.models.classifier.classifier import Classifier
    from skyband.models.classifier.priors import Prior

ANSWER = "answer"
"""Name of the file with the answer."""
UPLOAD = "rows"
"""What the file of the rows goes by."""
MISSING = "MISSING_FEATURES"
"""The remark that says which features of the model the rows did not give."""

_KEPT_MODELS = 4
_MOST_COLUMNS = 5_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client wants to know of its rows."""

    model: str  # name or name@version
    format: str  # a name of `queries.formats.FORMATS`
    prior: Prior = "train"
    inputs: dict[str, str] = field(default_factory=dict)  # standard input -> column
    like: str | None = None  # table whose columns those of the same names are
    id: str | None = None  # column that is passed on


class ClassifyWorker:
    """Answers the questions of one server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sky = SkyOfRows(replace(settings, memory_gb=settings.query_memory_gb))
        self._models: dict[tuple[str, int], Classifier] = {}  # by title and time of the manifest; the last used last
        self._is_limited = False

    def answer(self, wanted: Wanted, upload: Path, folder: Path) -> dict[str, Any]:
        """Classify the rows of a file into another one; returns what is to be said of that.

        Raises:
            BadFile, BadTable: the file is no table, or gives none of the model's features.
            BadOption, TableNotFound: there is no such model, prior, column or table.
            ResourceLimit: there are more rows or bytes than there may be.
        """
        model = find_model(self._sky.store, wanted.model)
        classifier = self._classifier(model)
        asked = RowClassifier(
            self._sky,
            model,
            classifier,
            prior=wanted.prior,
            inputs=FeatureOptions(inputs=wanted.inputs),
            like=wanted.like,
            id=wanted.id,
        )
        check_bytes(upload, self._settings.upload_max_bytes)
        sent = open_sent(upload)
        rows = ((batch, sent.columns) for batch in _narrow(limited(sent.batches, self._settings)))
        stream = asked.stream(rows, name="classified", description=f"What {model.title} says of uploaded rows")

        def remarks() -> Iterator[Info]:
            if asked.missing:
                names = ", ".join(asked.missing)
                yield Info(MISSING, str(len(asked.missing)), f"features of {model.title} the rows do not give: {names}")

        with (folder / ANSWER).open("wb") as file:
            size = 0
            for chunk in encode(stream, wanted.format, trailer=remarks, spool_folder=folder):
                size += len(chunk)
                if size > self._settings.result_max_bytes:
                    raise ResourceLimit(f"the answer has more than {self._settings.result_max_bytes:,} bytes")
                file.write(chunk)
        return {
            "content_type": FORMATS[wanted.format].mime,
            "rows": asked.rows,
            "model": model.title,
            "missing": list(asked.missing),
        }

    def _classifier(self, model: ModelVersion) -> Classifier:
        """A model, loaded once for each of its versions; a version that was trained anew is another one."""
        from skyband.models.classifier.classifier import Classifier
        from skyband.models.classifier.run import MANIFEST

        key = (model.title, (model.folder / MANIFEST).stat().st_mtime_ns)
        found = self._models.pop(key, None) or Classifier.load(model.folder)
        self._models[key] = found
        while len(self._models) > _KEPT_MODELS:
            self._models.pop(next(iter(self._models)))
        if not self._is_limited:
            # The libraries are in memory now; what rows need comes on top.
            limit_process(self._settings.query_memory_gb, self._settings.result_max_bytes)
            self._is_limited = True
        allow_files(True)
        return found


def _narrow(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if batch.num_columns > _MOST_COLUMNS:
            raise BadFile(f"it has {batch.num_columns:,} columns; {_MOST_COLUMNS:,} are the most")
        yield batch


def _begin(settings: Settings) -> Answer:
    worker = ClassifyWorker(settings)

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        return worker.answer(Wanted(**asked["wanted"]), Path(asked["files"][UPLOAD]), Path(asked["folder"]))

    return answer


if __name__ == "__main__":
    answer_questions(_begin, "the rows need more memory than a request may have; send fewer")
