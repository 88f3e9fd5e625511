"""A table scored by a classifier: what each row is, as new columns."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skyband.models.classifier.classifier import Classifier, Predictions
from skyband.models.classifier.priors import Prior
from skyband.models.classifier.safety import SAFETY
from skyband.models.features import FeatureOptions, FeatureTable, feature_table
from skyband.models.scoring.feature_rows import feature_matrix
from skyband.models.scoring.shelf import ModelVersion, feature_plan
from skyband.queries.sky import Sky
from skyband.schema.added_columns import add_columns, check_names
from skyband.schema.columns import HEALPIX_COLUMN, Column, TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.faults import storage_error
from skyband.schema.keys import data_of
from skyband.schema.locks import writer_lock

if TYPE_CHECKING:
    import pyarrow as pa

_PART_ROWS = 250_000
"""Rows of a part, which is done wholly or not at all."""
_SEPARATOR = "|"

OnProgress = Callable[[int, int | None], None]
"""Is told how many rows are done, and of how many."""


@dataclass(frozen=True)
class ScoreReport:
    """What was published.

    Attributes:
        info: the table as it is now.
        model: that scored it.
        rows: that were scored.
        missing: features of the model that the table cannot give.
        classes: rows of each class, by name.
        safety: rows of each degree of safety.
        seconds: that it took.
    """

    info: TableInfo
    model: ModelVersion
    rows: int
    missing: tuple[str, ...]
    classes: Mapping[str, int]
    safety: Mapping[str, int]
    seconds: float


def score_table(
    sky: Sky,
    table: str,
    model: ModelVersion,
    *,
    prior: Prior = "train",
    inputs: FeatureOptions | None = None,
    prefix: str = "",
    command: str = "",
    on_progress: OnProgress | None = None,
) -> ScoreReport:
    """Score all rows of a table and publish the result as its next version.

    Rows are scored in parts of the sky, which are kept: a run that was broken off goes on where it was, if neither
    the table nor the model nor what was asked for has changed.

    Args:
        sky: an open store.
        table: its name.
        model: a finished one.
        prior: shares of the classes where the rows come from, as `Classifier.predict` takes them.
        inputs: where the features' inputs are, if not where the training had them.
        prefix: of the names of the new columns.
        command: that asked for it, for the history.
        on_progress: is told how it goes.

    Raises:
        TableNotFound: there is no such table.
        BadTable: it gives none of the model's features, or has columns of those names of its own.
        BadFile: the model is damaged.
        BadOption: the prior is impossible.
        TableLocked: somebody else scores or writes the table.
        StorageError, ResourceLimit: it could not be written; the old version stays.
    """
    began = time.monotonic()
    classifier = Classifier.load(model.folder)
    features = _features(sky, table, model, classifier, inputs)
    columns = score_columns(classifier.classes, prefix)
    check_names(features.info, columns)
    run = _Run(features, classifier, model, prior, columns)
    with run.locked():
        counts = run.work(on_progress)
        added = add_columns(
            sky.store,
            table,
            run.rows(),
            columns,
            action="score",
            command=command,
            details={
                f"{prefix}scores": {"model": model.title, "prior": prior if isinstance(prior, str) else dict(prior)}
            },
        )
        run.tidy()
    return ScoreReport(
        info=added.info,
        model=model,
        rows=added.given,
        missing=tuple(features.missing),
        classes={name: counts.get(name, 0) for name in classifier.classes},
        safety={name: counts.get(name, 0) for name in SAFETY},
        seconds=time.monotonic() - began,
    )


def score_columns(classes: tuple[str, ...], prefix: str = "") -> tuple[Column, ...]:
    """Metadata of the columns a table gets."""
    chances = [
        Column(
            f"{prefix}p_{_plain(name)}", "FLOAT", ucd="stat.probability;src.class", description=f"Probability: {name}"
        )
        for name in classes
    ]
    return (
        Column(f"{prefix}class", "VARCHAR", ucd="src.class", description="Likeliest class"),
        *chances,
        Column(f"{prefix}p_max", "FLOAT", ucd="stat.probability", description="Probability of the likeliest class"),
        Column(f"{prefix}entropy", "FLOAT", description="Doubt: 0 sure, 1 all classes alike"),
        Column(f"{prefix}disagreement", "FLOAT", description="Of the members of the ensemble: 0 of one mind, to 1"),
        Column(
            f"{prefix}class_set", "VARCHAR",
            description=f"Classes that cannot be excluded, by conformal prediction, separated by {_SEPARATOR}",
        ),
        Column(
            f"{prefix}safety", "VARCHAR", ucd="meta.code.qual",
            description="safe, extrapolation (beyond what was learnt from) or unsafe",
        ),
        Column(f"{prefix}model_version", "VARCHAR", ucd="meta.version", description="Model that gave the class"),
    )  # fmt: skip


def score_rows(
    features: FeatureTable,
    batch: pa.RecordBatch,
    classifier: Classifier,
    model: str,
    prior: Prior,
    columns: tuple[Column, ...],
) -> pa.RecordBatch:
    """The new columns of a batch of features, after their `id`."""
    import pyarrow as pa

    said = classifier.predict(feature_matrix(features, [batch]), prior=prior)
    names = np.array(classifier.classes, object)
    values: list[Any] = [
        batch.column(0),
        names[said.called],
        *(said.probabilities[:, place].astype(np.float32) for place in range(len(names))),
        said.probabilities.max(axis=1).astype(np.float32),
        said.entropy.astype(np.float32),
        said.disagreement.astype(np.float32),
        _sets(said, names),
        np.array(SAFETY, object)[said.safety],
        pa.repeat(model, batch.num_rows),
    ]
    arrays = [value if isinstance(value, pa.Array) else pa.array(value) for value in values]
    return pa.RecordBatch.from_arrays(arrays, names=["id", *(column.name for column in columns)])


def _sets(said: Predictions, names: np.ndarray[Any, Any]) -> list[str]:
    """The sets in words; few of all the sets there could be come up."""
    kinds, which = np.unique(said.sets, axis=0, return_inverse=True)
    words = [_SEPARATOR.join(names[kind]) for kind in kinds]
    return [words[place] for place in which.ravel()]


def _plain(name: str) -> str:
    """A class as a part of a column's name."""
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_") or "none"


def _features(
    sky: Sky, table: str, model: ModelVersion, classifier: Classifier, given: FeatureOptions | None
) -> FeatureTable:
    """The model's own features, in any table."""
    plan = feature_plan(model)
    if given is None:
        is_same = classifier.manifest.get("data", {}).get("table") == table
        given = FeatureOptions(
            inputs=plan.get("inputs") or {} if is_same else {},
            light_curves=plan.get("light_curves") if is_same else None,
            curves_of=plan.get("curves_of") if is_same else None,
            neighbours=plan.get("neighbours") if is_same else None,
        )
    options = replace(
        given, groups=(), features=classifier.features, deredden=bool(plan.get("deredden")), allow_missing=True
    )
    features = feature_table(sky, table, options)
    if not features.gives_any:
        raise BadTable(
            f"table {table!r} gives none of the {len(features.names)} features of {model.title}; "
            f"see skyband features {table} --list, and say which column is which by --input"
        )
    return features


class _Run:
    """The parts of one scoring, in a folder of the model."""

    def __init__(
        self,
        features: FeatureTable,
        classifier: Classifier,
        model: ModelVersion,
        prior: Prior,
        columns: tuple[Column, ...],
    ) -> None:
        import hashlib

        self._features, self._classifier, self._model = features, classifier, model
        self._prior, self._columns = prior, columns
        asked = repr((features.info.version.version_id, features.options, prior, [column.name for column in columns]))
        digest = hashlib.sha256(asked.encode()).hexdigest()[:12]
        self._folder = model.folder / "scores" / f"{features.info.name}-{digest}"

    def locked(self) -> Any:
        """One run at a time does the same."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(f"cannot make {self._folder}", error) from error
        return writer_lock(self._folder.parent / f".{self._folder.name}.lock")

    def work(self, on_progress: OnProgress | None) -> dict[str, int]:
        """Score the parts that are not done; returns the rows of each class and degree of safety."""
        counts: dict[str, int] = {}
        done, rows = 0, self._features.info.rows
        for number, healpix in enumerate(self._parts()):
            path = self._path(number)
            if not path.exists():
                self._score(path, healpix)
            for name, found in _counted(path, self._columns):
                counts[name] = counts.get(name, 0) + found
                done += found if name in self._classifier.classes else 0
            if on_progress is not None:
                on_progress(done, rows)
        return counts

    def rows(self) -> Iterator[pa.RecordBatch]:
        """All that was scored."""
        import pyarrow.parquet as pq

        for number, _ in enumerate(self._parts()):
            with pq.ParquetFile(self._path(number)) as file:
                yield from file.iter_batches()

    def tidy(self) -> None:
        """Remove the parts of a scoring that is published."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"part-{number:05}.parquet"

    def _parts(self) -> list[tuple[int, int] | None]:
        """Ranges of healpix_29 with about `_PART_ROWS` rows each; None for all rows, where some have no place."""
        info = self._features.info
        parts = ceil(info.rows / _PART_ROWS)
        if parts < 2 or info.column(HEALPIX_COLUMN) is None:
            return [None]
        shares = [number / parts for number in range(1, parts)]
        found = (
            self._features.sky.connection.cursor()
            .execute(
                f"SELECT count(*) FILTER ({HEALPIX_COLUMN} IS NULL), quantile_disc({HEALPIX_COLUMN}, {shares}) "
                f"FROM {data_of(info)}"
            )
            .fetchone()
        )
        assert found is not None
        unplaced, borders = found
        if unplaced:
            return [None]
        edges = sorted({-1, *borders, 1 << 62})
        return [(low + 1, high) for low, high in pairwise(edges)]

    def _score(self, path: Path, healpix: tuple[int, int] | None) -> None:
        import pyarrow.parquet as pq

        making = path.with_suffix(".making")
        writer: pq.ParquetWriter | None = None
        try:
            for batch in self._features.rows(healpix=healpix).stream().batches:
                scored = score_rows(
                    self._features, batch, self._classifier, self._model.title, self._prior, self._columns
                )
                writer = writer or pq.ParquetWriter(making, scored.schema)
                writer.write_batch(scored)
            if writer is None:
                writer = pq.ParquetWriter(making, self._nothing())
        except OSError as error:
            raise storage_error(f"cannot write {making}", error) from error
        finally:
            if writer is not None:
                writer.close()
        making.replace(path)

    def _nothing(self) -> pa.Schema:
        import pyarrow as pa

        kinds = {"VARCHAR": pa.string(), "FLOAT": pa.float32()}
        return pa.schema([("id", pa.string()), *((column.name, kinds[column.type]) for column in self._columns)])


def _counted(path: Path, columns: tuple[Column, ...]) -> Iterator[tuple[str, int]]:
    """Rows of each class and degree of safety in a part."""
    import pyarrow.parquet as pq

    for name in (columns[0].name, columns[-2].name):
        for item in pq.read_table(path, columns=[name])[name].value_counts().to_pylist():
            yield item["values"], item["counts"]
