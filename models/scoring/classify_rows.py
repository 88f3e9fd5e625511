"""Given rows classified, batch by batch, without a table of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from skyband.models.classifier.classifier import Classifier
from skyband.models.classifier.priors import Prior, prior_shares
from skyband.models.features import FeatureOptions, FeatureTable, feature_table
from skyband.models.features.inputs import bind_inputs, standard_inputs
from skyband.models.scoring.given_rows import GIVEN, SkyOfRows
from skyband.models.scoring.scores import score_columns, score_rows
from skyband.models.scoring.shelf import ModelVersion, feature_plan
from skyband.queries.stream import ResultStream
from skyband.schema.columns import Column, TableInfo, find_column
from skyband.schema.errors import BadFile, BadOption, BadTable
from skyband.schema.names import check_column_name
from skyband.schema.roles import ROW_ID, find_id, is_number

if TYPE_CHECKING:
    import pyarrow as pa

ROW = "row"
"""Name of the answer's first column where rows have no id: they are numbered from 1."""

_NAMED = 8
_MOST_ID_BYTES = 10_000


class RowClassifier:
    """A model that is asked about rows, one batch after the other.

    Attributes:
        model: which one.
        classifier: the model itself.
        missing: features of the model that no batch could give so far.
        rows: that were classified so far.
        answer: columns of what is answered, the id first; the first batch settles them.
    """

    def __init__(
        self,
        sky: SkyOfRows,
        model: ModelVersion,
        classifier: Classifier,
        *,
        prior: Prior = "train",
        inputs: FeatureOptions | None = None,
        like: str | None = None,
        id: str | None = None,
    ) -> None:
        """Ask a model.

        Columns of the rows are what those of the same names are in the table they are like, and else what their names
        and UCDs say. Where the model counts neighbours, they are those of the table it was trained with.

        Args:
            sky: an open store, whose given rows are this one's alone.
            model: which one.
            classifier: that model, loaded.
            prior: as `Classifier.predict` takes it.
            inputs: which columns are standard inputs, and the tables of light curves and neighbours.
            like: a table of the store with the same columns; if None, the one the model was trained with, if it is
                there.
            id: column of the rows that is passed on; if None, the one known to identify them, or else they are
                numbered.

        Raises:
            TableNotFound: there is no table to be like.
            BadOption: the prior is impossible.
            BadFile: the model does not say what its features are.
        """
        prior_shares(prior, classifier.classes, classifier.shares)
        self.model, self.classifier = model, classifier
        self.rows = 0
        self._sky, self._prior, self._id = sky, prior, id
        self._plan = feature_plan(model)
        self._trained = classifier.manifest.get("data", {}).get("table")
        self._like = sky.table(like) if like else sky.tables.get(self._trained or "")
        self._inputs = inputs or FeatureOptions()
        self._known = self._inputs_of_like()
        self._features: dict[str, FeatureTable] = {}
        self.answer: tuple[Column, ...] = ()
        self._missing: set[str] | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Features of the model that no batch could give so far, in the order of the model."""
        return tuple(name for name in self.classifier.features if self._missing and name in self._missing)

    def classify(self, batch: pa.RecordBatch, known: Sequence[Column] = ()) -> pa.RecordBatch:
        """What the model says of rows, in their order: the id, then the columns of `score_columns`.

        Args:
            batch: the rows, any number of them.
            known: what a file says of their columns.

        Raises:
            BadTable: the rows give none of the model's features, or their ids are of several kinds.
            BadOption: they lack a column that was named, or their id is called like a column of the answer.
        """
        import pyarrow as pa

        columns = self.answer = self.answer or self._answer(batch, known)
        ids = self._ids(batch, columns[0])
        features = self._features_of(
            self._sky.give(batch, known, self._like, self._inputs.curves_of), batch.schema.names
        )
        lacking = set(features.missing)
        self._missing = lacking if self._missing is None else self._missing & lacking
        self.rows += batch.num_rows
        found = features.rows().stream()
        table = pa.Table.from_batches(found.batches, found.schema)
        if not table.num_rows:
            return pa.RecordBatch.from_pylist([], answer_schema(columns))
        [whole] = table.sort_by(ROW_ID).combine_chunks().to_batches()
        threads = self._sky.store.settings.processors
        scored = score_rows(
            features, whole, self.classifier, self.model.title, self._prior, columns[1:], threads=threads
        )
        return pa.RecordBatch.from_arrays([ids, *scored.columns[1:]], names=[column.name for column in columns])

    def stream(self, given: Iterable[tuple[pa.RecordBatch, Sequence[Column]]], **properties: Any) -> ResultStream:
        """The same of many batches, as they come, for an encoder; the first is classified at once.

        Args:
            given: batches, each with what a file says of its columns.
            **properties: further fields of `ResultStream`.

        Raises:
            BadFile: there are no rows.
        """
        answers = (self.classify(batch, known) for batch, known in given if batch.num_rows)
        first = next(answers, None)
        if first is None:
            raise BadFile("there are no rows to classify")
        return ResultStream(self.answer, first.schema, itertools.chain([first], answers), **properties)

    def _features_of(self, info: TableInfo, names: Sequence[str]) -> FeatureTable:
        version = info.version.version_id
        if version not in self._features or self._features[version].outdated:
            self._features[version] = self._opened(info, names)
        return self._features[version]

    def _opened(self, info: TableInfo, names: Sequence[str]) -> FeatureTable:
        given = self._inputs
        inputs = {**self._known, **given.inputs}
        # Of objects the first batch must have what is named, and any feature; later ones need not.
        lost = [f"{name}={column}" for name, column in given.inputs.items() if not _is_numbers(info, column)]
        if lost and not self._features:
            raise BadOption(f"--input {lost[0]}: the rows have no such column of numbers; they have {_listed(names)}")
        no_curves = given.curves_of is not None and info.column(given.curves_of) is None
        if no_curves and not self._features:
            raise BadOption(f"--curves-of {given.curves_of}: the rows have no such column; they have {_listed(names)}")
        options = replace(
            given,
            light_curves=None if no_curves else given.light_curves,
            groups=(),
            features=self.classifier.features,
            inputs={name: column for name, column in inputs.items() if _is_numbers(info, column)},
            deredden=bool(self._plan.get("deredden")),
            neighbours=given.neighbours or self._around(),
            allow_missing=True,
        )
        features = feature_table(self._sky, GIVEN, options)
        if not features.gives_any and not self._features:
            raise BadTable(
                f"the rows give none of the {len(features.names)} features of {self.model.title}: their columns are "
                f"{_listed(names)}; say which is which by --input NAME=COLUMN"
            )
        return features

    def _inputs_of_like(self) -> dict[str, str]:
        """The standard inputs that are columns of the table the rows are like, as they were in the training."""
        if self._like is None:
            return {}
        planned = (self._plan.get("inputs") or {}) if self._like.name == self._trained else {}
        bound = bind_inputs(self._like, planned, self._sky.store.path)
        roles = {name for name, item in standard_inputs().items() if item.role}
        found = {name: one.column for name, one in bound.items() if one.column and name not in roles}
        return found | planned

    def _around(self) -> str | None:
        """Whose galaxies surround the rows: they themselves are a few, with nothing around them."""
        table = self._plan.get("neighbours") or self._trained
        return table if table in self._sky.tables else None

    def _answer(self, batch: pa.RecordBatch, known: Sequence[Column]) -> tuple[Column, ...]:
        found = score_columns(self.classifier.classes)
        first = self._id_column(batch, known)
        if find_column(found, first.name):
            raise BadOption(f"the id of the rows is called {first.name!r}, as a column of the answer; rename it")
        return (first, *found)

    def _id_column(self, batch: pa.RecordBatch, known: Sequence[Column]) -> Column:
        columns = [
            replace(find_column(known, name) or Column(name, ""), name=name, type=_kind(batch, name))
            for name in batch.schema.names
        ]
        if self._id is not None:
            column = find_column(columns, self._id)
            if column is None:
                raise BadOption(
                    f"--id {self._id}: the rows have no such column, they have {_listed(batch.schema.names)}"
                )
        else:
            role = self._like.role("id") if self._like else None
            column = (find_column(columns, role.name) if role else None) or find_id(columns)
        if column is None:
            return Column(ROW, "BIGINT", description="Number of the row, from 1")
        check_column_name(column.name)
        kind = "BIGINT" if _kind(batch, column.name) == "BIGINT" else "VARCHAR"
        return replace(column, type=kind, role="id")

    def _ids(self, batch: pa.RecordBatch, column: Column) -> pa.Array:
        import pyarrow as pa

        kind = pa.int64() if column.type == "BIGINT" else pa.string()
        if column.role != "id":
            return pa.array(range(self.rows + 1, self.rows + batch.num_rows + 1), kind)
        if column.name not in batch.schema.names:
            return pa.nulls(batch.num_rows, kind)
        values = batch.column(column.name)
        _check_length(values.dictionary if pa.types.is_dictionary(values.type) else values, column.name)
        try:
            return values.cast(kind)
        except pa.ArrowException:
            raise BadTable(f"ids in {column.name!r} are of several kinds; make all of them text") from None


def _is_numbers(info: TableInfo, name: str) -> bool:
    column = info.column(name)
    return column is not None and is_number(column)


def _check_length(values: pa.Array, name: str) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(values.type) and (pc.max(pc.binary_length(values)).as_py() or 0) > _MOST_ID_BYTES:
        raise BadTable(f"an id in {name!r} is longer than {_MOST_ID_BYTES:,} bytes; name another column with --id")


def answer_schema(columns: Sequence[Column]) -> pa.Schema:
    """The Arrow schema of the columns of an answer."""
    import pyarrow as pa

    kinds = {"VARCHAR": pa.string(), "FLOAT": pa.float32(), "BIGINT": pa.int64()}
    return pa.schema([(column.name, kinds[column.type]) for column in columns])


def _kind(batch: pa.RecordBatch, name: str) -> str:
    import pyarrow as pa

    found = batch.schema.field(name).type
    return "BIGINT" if pa.types.is_integer(found) else "DOUBLE" if pa.types.is_floating(found) else "VARCHAR"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
