"""What a validation looks at: rows of known classes, and what a model says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skyband.models.classifier.classifier import Classifier
from skyband.models.classifier.kept import OutOfFold, read_kept
from skyband.models.classifier.kinds import class_named
from skyband.models.classifier.matrix import Doubles, FeatureMatrix, Flags, Integers, digest_of, listed
from skyband.models.features import FeatureOptions, FeatureTable
from skyband.models.scoring.labelled_rows import LabelledRows, labelled_rows, qualified
from skyband.models.scoring.peoples_labels import peoples_labels
from skyband.models.scoring.score_table import model_features
from skyband.models.scoring.shelf import ModelVersion
from skyband.models.validation.measures import Said
from skyband.queries.sky import Sky
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadFile, BadOption, BadTable, TableNotFound
from skyband.schema.names import quote

_FOLD_ORDER = 4
"""HEALPix order of the folds of a table held out, 3.7 deg."""
_FOLDS = 5


@dataclass(frozen=True)
class Evidence:
    """Rows of known classes, n of them.

    Attributes:
        what: the rows in words.
        table: they come from.
        is_held_out: whether they are of a table of their own; else out-of-fold predictions of the training.
        classes: of the model.
        shares: of the classes in the training, the prior of what is said.
        said: of the rows, under that prior.
        sets: conformal sets, n x classes.
        magnitude: NaN where there is none.
        healpix_29: place of each row, -1 for none.
        fold: of each row; whole pixels of `fold_order` are in one fold.
        fold_order: HEALPix order.
        matrix: features; None where they cannot be had any more.
        no_matrix: why not, else "".
        confirmed: words of a spectroscopic class, "" where there is none; None if none was asked for.
        notes: what readers should know of the rows.
    """

    what: str
    table: str
    is_held_out: bool
    classes: tuple[str, ...]
    shares: Doubles
    said: Said
    sets: Flags
    magnitude: Doubles
    healpix_29: Integers
    fold: Integers
    fold_order: int
    matrix: FeatureMatrix | None
    no_matrix: str
    confirmed: NDArray[Any] | None
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.said.codes)


def out_of_fold(sky: Sky, model: ModelVersion, classifier: Classifier, confirm: str | None = None) -> Evidence:
    """The rows of the training, each as the models saw it that had not learnt from its part of the sky.

    Args:
        sky: an open store.
        model: its place.
        classifier: the model.
        confirm: column with a spectroscopic class, in the table of the training, or TABLE.COLUMN.

    Raises:
        BadFile: the model keeps no such predictions.
        BadOption: there is no column to confirm with.
    """
    kept = read_kept(model.folder)
    if kept is None:
        raise BadFile(
            f"{model.title} keeps no out-of-fold predictions: train it anew, or name a table of labelled rows it did "
            f"not learn from (skyband validate {model.name} TABLE --label COLUMN)"
        )
    data = classifier.manifest.get("data", {})
    table = str(data.get("table", ""))
    known, why = _training_rows(sky, model, classifier, kept)
    notes = [f"features are not at hand: {why}"] if why else []
    confirmed = None
    if confirm is not None:
        if known is None:
            raise BadOption(f"--confirm {confirm}: {why}")
        confirmed = _column(sky, qualified(table, confirm), known.ids[kept.rows])
    return Evidence(
        what=f"{len(kept.codes):,} rows of {table or 'the training'}, each by models that had not seen its fold",
        table=table,
        is_held_out=False,
        classes=classifier.classes,
        shares=classifier.shares,
        said=Said(kept.probabilities.astype(np.float64), kept.called, kept.codes),
        sets=kept.sets,
        magnitude=kept.magnitude,
        healpix_29=kept.healpix_29,
        fold=kept.fold,
        fold_order=int(classifier.manifest["recipe"]["folds"]["order"]),
        matrix=None if known is None else known.matrix.rows(kept.rows),
        no_matrix=why,
        confirmed=confirmed,
        notes=tuple(notes),
    )


def held_out(
    sky: Sky,
    model: ModelVersion,
    classifier: Classifier,
    table: str,
    label: str | None = None,
    *,
    inputs: FeatureOptions | None = None,
    confirm: str | None = None,
) -> Evidence:
    """The labelled rows of another table, scored as `score_table` does.

    Args:
        sky: an open store.
        model: its place.
        classifier: the model.
        table: its name.
        label: column with the classes, or TABLE.COLUMN; None for the name it had in the training.
        inputs: where the features' inputs are; those it does not tell are where the training had them.
        confirm: column with a spectroscopic class, or TABLE.COLUMN.

    Raises:
        TableNotFound, BadTable, BadOption: the table, its labels or features are not there, or no label is a class of
            the model.
    """
    data = classifier.manifest.get("data", {})
    label = label or str(data.get("labels", "")).partition(".")[2]
    if not label:
        raise BadOption(f"say which column of {table} holds the classes: --label COLUMN")
    features = model_features(sky, table, model, classifier, inputs)
    rows = labelled_rows(features, label)
    places = {name: class_named(classifier.classes, name) for name in set(rows.labels.tolist())}
    codes = np.array([-1 if (place := places[name]) is None else place for name in rows.labels])
    known = codes >= 0
    if not known.any():
        raise BadTable(
            f"no label of {qualified(table, label)!r} is a class of {model.title}: there are {listed(sorted(places))}; "
            f"the classes are {', '.join(classifier.classes)}"
        )
    notes = tuple(_warnings(model, classifier, features, rows, codes))
    matrix, codes = rows.matrix.rows(known), codes[known]
    said = classifier.predict(matrix)
    healpix_29 = np.full(len(matrix), -1) if matrix.healpix_29 is None else matrix.healpix_29
    return Evidence(
        what=f"{len(matrix):,} labelled rows of {table}, scored by {model.title}",
        table=table,
        is_held_out=True,
        classes=classifier.classes,
        shares=classifier.shares,
        said=Said(said.probabilities, said.called, codes),
        sets=said.sets,
        magnitude=np.full(len(matrix), np.nan) if matrix.magnitude is None else matrix.magnitude,
        healpix_29=healpix_29,
        fold=_folds_of(healpix_29),
        fold_order=_FOLD_ORDER,
        matrix=matrix,
        no_matrix="",
        confirmed=None if confirm is None else _column(sky, qualified(table, confirm), rows.ids[known]),
        notes=notes,
    )


def _training_rows(
    sky: Sky, model: ModelVersion, classifier: Classifier, kept: OutOfFold
) -> tuple[LabelledRows | None, str]:
    """The rows of the training, if they are as they were; else why they are not."""
    data = classifier.manifest.get("data", {})
    try:
        features = model_features(sky, str(data["table"]), model, classifier, None)
        label = str(data["labels"])
        people = peoples_labels(sky, features.info, features.labels(label)) if "peoples_labels" in data else None
        known = labelled_rows(features, label, relation=people.relation if people else None)
    except KeyError:
        return None, "the model does not say which table it was trained on"
    except (TableNotFound, BadTable, BadOption) as error:
        return None, str(error)
    same = len(known.matrix) == classifier.manifest["rows"]
    if same:
        assert known.matrix.healpix_29 is not None
        same = bool((known.matrix.healpix_29[kept.rows] == kept.healpix_29).all())
    if not same or digest_of(known.matrix.values[kept.rows]) != kept.digest:
        return None, f"the rows of {data['table']} are not those {model.title} was trained on any more"
    return known, ""


def _warnings(
    model: ModelVersion, classifier: Classifier, features: FeatureTable, rows: LabelledRows, codes: Integers
) -> Iterator[str]:
    """What readers should know of a table that was held out; codes are -1 for labels that are no class."""
    table = features.info.name
    if classifier.manifest.get("data", {}).get("table") == table:
        yield f"{model.title} learnt from {table}: these figures flatter. Leave the table out for out-of-fold ones"
    absent = [name for code, name in enumerate(classifier.classes) if not (codes == code).any()]
    if absent:
        yield f"no row is of the class {listed(absent)}: it counts as never found where all classes count"
    strange = Counter(rows.labels[codes < 0].tolist())
    if strange:
        names = [f"{name} ({count:,})" for name, count in strange.most_common()]
        yield f"left out, for their labels are no class of the model: {listed(names)}"
    if rows.without_features:
        yield f"left out: {rows.without_features:,} rows without any feature"
    if features.missing:
        lacking = listed(list(features.missing))
        yield f"{len(features.missing)} features the table cannot give count as missing: {lacking}"


def _folds_of(healpix_29: Integers) -> Integers:
    """Folds of whole pixels of `_FOLD_ORDER`, dealt at random."""
    pixels, number = np.unique(healpix_29 >> (2 * (29 - _FOLD_ORDER)), return_inverse=True)
    return np.asarray(np.random.default_rng(0).permutation(len(pixels))[number.reshape(-1)] % _FOLDS)


def _column(sky: Sky, text: str, ids: NDArray[Any]) -> NDArray[Any]:
    """Words of TABLE.COLUMN by the ids of its table, "" where there is none."""
    name, _, column = text.partition(".")
    info: TableInfo = sky.table(name)
    there, key = info.column(column), info.role("id")
    if there is None or key is None:
        raise BadOption(f"--confirm {text}: table {name!r} has no column {column!r}; see skyband describe {name}")
    query = f"SELECT {quote(key.name)} AS id, {quote(there.name)} AS word FROM {quote(name)}"
    answer = sky.sql(f"{query} WHERE word IS NOT NULL").to_arrow()
    words = dict(zip(answer["id"].to_pylist(), answer["word"].to_pylist(), strict=True))
    return np.array([str(words.get(one, "")).strip() for one in ids.tolist()], object)
