"""A table scored part by part: what is done of a run that was broken off is not done again."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import groupby, pairwise
from math import ceil
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skyband.models.classifier.classifier import Classifier
from skyband.models.classifier.priors import Prior
from skyband.models.features import FeatureTable
from skyband.models.scoring.scores import score_rows
from skyband.models.scoring.shelf import ModelVersion
from skyband.schema.columns import HEALPIX_COLUMN, Column
from skyband.schema.faults import storage_error
from skyband.schema.keys import data_of
from skyband.schema.locks import writer_lock
from skyband.schema.processors import in_order
from skyband.schema.progress import OnProgress

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_PART_ROWS = 500_000
"""Rows of a part, which is done wholly or not at all."""
_PIECE_ROWS = 16_384
"""Rows that a thread scores at once."""

_Piece = tuple[int, "pa.RecordBatch | None"]
"""Number of a part and some of its rows; None begins a part, which may have none."""


class ScoreParts:
    """The parts of one scoring, in a folder of the model."""

    def __init__(
        self,
        features: FeatureTable,
        classifier: Classifier,
        model: ModelVersion,
        prior: Prior,
        columns: tuple[Column, ...],
        only: str,
    ) -> None:
        self._features, self._classifier, self._model = features, classifier, model
        self._prior, self._columns, self._only = prior, columns, only
        self.total = self._count()
        names = [column.name for column in columns]
        asked = repr((features.versions, features.options, prior, names, only, _PART_ROWS))
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
        found: Counter[str] = Counter()

        def count(number: int) -> None:
            found.update(self._counted(number))
            if on_progress is not None:
                on_progress(sum(found[name] for name in self._classifier.classes), self.total)

        parts = dict(enumerate(self._parts()))
        missing = {number: healpix for number, healpix in parts.items() if not self._path(number).exists()}
        for number in parts.keys() - missing.keys():
            count(number)
        threads = self._features.sky.store.settings.processors
        with closing(in_order(self._scored, self._pieces(missing), threads)) as scored:
            for number, pieces in groupby(scored, key=itemgetter(0)):
                self._write(self._path(number), (batch for _, batch in pieces if batch is not None))
                count(number)
        return found

    def rows(self) -> Iterator[pa.RecordBatch]:
        """All that was scored."""
        import pyarrow.parquet as pq

        for number, _ in enumerate(self._parts()):
            with pq.ParquetFile(self._path(number)) as file:
                yield from file.iter_batches(_PART_ROWS)

    def tidy(self) -> None:
        """Remove the parts of a scoring that is published."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"part-{number:05}.parquet"

    def _count(self) -> int:
        """How many rows there are to score."""
        info = self._features.info
        if self._only == "true":
            return info.rows
        cursor = self._features.sky.connection.cursor()
        [(found,)] = cursor.execute(f"SELECT count(*) FROM {data_of(info)} WHERE {self._only}").fetchall()
        return int(found)

    def _parts(self) -> list[tuple[int, int] | None]:
        """Ranges of healpix_29 with about `_PART_ROWS` rows each; None for all rows, where some have no place."""
        info = self._features.info
        parts = ceil(self.total / _PART_ROWS)
        if parts < 2 or info.column(HEALPIX_COLUMN) is None:
            return [None]
        shares = [number / parts for number in range(1, parts)]
        found = (
            self._features.sky.connection.cursor()
            .execute(
                f"SELECT count(*) FILTER ({HEALPIX_COLUMN} IS NULL), quantile_disc({HEALPIX_COLUMN}, {shares}) "
                f"FROM {data_of(info)} WHERE {self._only}"
            )
            .fetchone()
        )
        assert found is not None
        unplaced, borders = found
        if unplaced:
            return [None]
        edges = sorted({-1, *borders, 1 << 62})
        return [(low + 1, high) for low, high in pairwise(edges)]

    def _pieces(self, parts: Mapping[int, tuple[int, int] | None]) -> Iterator[_Piece]:
        """The features of parts."""
        for number, healpix in parts.items():
            yield number, None
            for batch in self._features.rows(healpix=healpix, only=self._only).stream().batches:
                for start in range(0, batch.num_rows, _PIECE_ROWS):
                    yield number, batch.slice(start, _PIECE_ROWS)

    def _scored(self, piece: _Piece) -> _Piece:
        number, batch = piece
        if batch is None:
            return piece
        features, classifier = self._features, self._classifier
        return number, score_rows(features, batch, classifier, self._model.title, self._prior, self._columns)

    def _write(self, path: Path, scored: Iterable[pa.RecordBatch]) -> None:
        making = path.with_suffix(".making")
        writer: pq.ParquetWriter | None = None
        try:
            for batch in scored:
                writer = writer or self._writer(making, batch.schema)
                writer.write_batch(batch)
            writer = writer or self._writer(making, self._nothing())
        except OSError as error:
            raise storage_error(f"cannot write {making}", error) from error
        finally:
            if writer is not None:
                writer.close()
        making.replace(path)

    def _counted(self, number: int) -> dict[str, int]:
        """Rows of each class and degree of safety in a part."""
        import pyarrow.parquet as pq

        table = pq.read_table(self._path(number), columns=[self._columns[0].name, self._columns[-2].name])
        items = [item for column in table.columns for item in column.value_counts().to_pylist()]
        return {item["values"]: item["counts"] for item in items}

    def _writer(self, path: Path, schema: pa.Schema) -> pq.ParquetWriter:
        import pyarrow.parquet as pq

        # Probabilities hardly repeat: looking for those that do takes more time than all the rest.
        texts = [column.name for column in self._columns if column.type == "VARCHAR"]
        return pq.ParquetWriter(path, schema, compression="none", use_dictionary=texts)

    def _nothing(self) -> pa.Schema:
        import pyarrow as pa

        kinds = {"VARCHAR": pa.string(), "FLOAT": pa.float32()}
        return pa.schema([("id", pa.string()), *((column.name, kinds[column.type]) for column in self._columns)])
