"""A table scored by a classifier: what each row is, as new columns."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from skyband.models.classifier.classifier import Classifier
from skyband.models.classifier.priors import Prior
from skyband.models.classifier.safety import SAFETY
from skyband.models.features import FeatureOptions, FeatureTable, feature_table
from skyband.models.scoring.score_parts import ScoreParts
from skyband.models.scoring.scores import score_columns
from skyband.models.scoring.shelf import ModelVersion, feature_inputs, feature_plan
from skyband.queries.sky import Sky
from skyband.schema.added_columns import add_columns, check_names
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.names import quote, quote_text
from skyband.schema.progress import OnProgress

_PREFIX = re.compile("[A-Za-z][A-Za-z0-9_]*")


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
    missing_only: bool = False,
    command: str = "",
    on_progress: OnProgress | None = None,
) -> ScoreReport:
    """Score the rows of a table and publish the result as its next version.

    Rows are scored in parts of the sky, which are kept: a run that was broken off goes on where it was, if neither
    the table nor the model nor what was asked for has changed.

    Args:
        sky: an open store.
        table: its name.
        model: a finished one.
        prior: shares of the classes where the rows come from, as `Classifier.predict` takes them.
        inputs: where the features' inputs are; those it does not tell are where the training had them.
        prefix: of the names of the new columns.
        missing_only: score rows that this version of the model has not scored yet, new ones for instance, and keep
            what it said of the others; where there are none, nothing is published.
        command: that asked for it, for the history.
        on_progress: is told how it goes.

    Raises:
        TableNotFound: there is no such table.
        BadTable: it gives none of the model's features, or has columns of those names of its own.
        BadFile: the model is damaged.
        BadOption: the prior is impossible, or the prefix can begin no plain name.
        TableLocked: somebody else scores or writes the table.
        StorageError, ResourceLimit: it could not be written; the old version stays.
    """
    began = time.monotonic()
    if prefix and not _PREFIX.fullmatch(prefix):
        raise BadOption(f"--prefix {prefix!r}: give letters, digits and _, a letter first, as in new_")
    classifier = Classifier.load(model.folder)
    features = model_features(sky, table, model, classifier, inputs)
    columns = score_columns(classifier.classes, prefix)
    check_names(features.info, columns, instead="give the new columns a --prefix, or ingest it under another name")
    said = {"model": model.title, "prior": prior if isinstance(prior, str) else dict(prior)}
    only = _unscored(features.info, columns, said, f"{prefix}scores") if missing_only else "true"
    run = ScoreParts(features, classifier, model, prior, columns, only)
    info, rows, counts = features.info, 0, dict[str, int]()
    if run.total:
        with run.locked():
            counts = run.work(on_progress)
            added = add_columns(
                sky.store,
                table,
                run.rows(),
                columns,
                action="score",
                command=command,
                details={f"{prefix}scores": said},
                keep=only != "true",
            )
            info, rows = added.info, added.given
            run.tidy()
    return ScoreReport(
        info=info,
        model=model,
        rows=rows,
        missing=tuple(features.missing),
        classes={name: counts.get(name, 0) for name in classifier.classes},
        safety={name: counts.get(name, 0) for name in SAFETY},
        seconds=time.monotonic() - began,
    )


def _unscored(info: TableInfo, columns: tuple[Column, ...], said: Mapping[str, Any], details: str) -> str:
    """Condition on the rows, in SQL, of which a model has not said anything yet under the same prior."""
    before, version = info.details.get(details, {}), info.column(columns[-1].name)
    if version is None or before.get("prior") != said["prior"]:
        return "true"
    return f"{quote(version.name)} IS DISTINCT FROM {quote_text(str(said['model']))}"


def model_features(
    sky: Sky, table: str, model: ModelVersion, classifier: Classifier, given: FeatureOptions | None
) -> FeatureTable:
    """The model's own features, in any table.

    Raises:
        TableNotFound: there is no such table.
        BadTable: it gives none of them.
        BadOption: an input is told that cannot be.
    """
    options = replace(
        feature_inputs(model, table, given),
        groups=(),
        features=classifier.features,
        deredden=bool(feature_plan(model).get("deredden")),
        allow_missing=True,
    )
    features = feature_table(sky, table, options)
    if not features.gives_any:
        raise BadTable(
            f"table {table!r} gives none of the {len(features.names)} features of {model.title}; "
            f"see skyband features {table} --list, and say which column is which by --input"
        )
    return features
