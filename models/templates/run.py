"""A table compared with templates, into new columns."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from skyband.models.classifier.matrix import Doubles
from skyband.models.features import FeatureOptions, FeatureTable, feature_table, matrix
from skyband.models.templates.fit import LEAST_BANDS, fit
from skyband.models.templates.library import Band, Library, bands, class_names
from skyband.queries.sky import Sky
from skyband.schema.added_columns import add_columns, check_names
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.progress import OnProgress

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class TemplateReport:
    """What was published.

    Attributes:
        info: the table as it is now.
        bands: that were compared, and where they come from.
        templates: of each class.
        classes: rows whose likeliest class is each.
        rows: of the table; those with fewer than three bands have no best class.
        seconds: that it took.
    """

    info: TableInfo
    bands: Mapping[str, str]
    templates: Mapping[str, int]
    classes: Mapping[str, int]
    rows: int
    seconds: float


def fit_templates(
    sky: Sky,
    table: str,
    libraries: Sequence[Library],
    *,
    inputs: FeatureOptions | None = None,
    command: str = "",
    on_progress: OnProgress | None = None,
) -> TemplateReport:
    """Compare the magnitudes of all rows of a table with templates, and publish the best ones as columns.

    Args:
        sky: an open store.
        table: its name.
        libraries: templates of each class.
        inputs: where magnitudes are, if the table does not tell, and whether to deredden them.
        command: that asked for it, for the history.
        on_progress: is told how many rows are done, and of how many.

    Raises:
        TableNotFound: there is no such table.
        BadTable: it has fewer than three of the bands, or columns of those names of its own.
        BadOption: an input is not where it was said to be, or there is no E(B-V) to deredden with.
        TableLocked: somebody else writes the table.
        StorageError, ResourceLimit: it could not be written; the old version stays.
    """
    began = time.monotonic()
    names = [f"{band.name}_{what}" for what in ("mag", "error_mag") for band in bands()]
    options = replace(inputs or FeatureOptions(), groups=(), features=tuple(names), allow_missing=True)
    features = feature_table(sky, table, options)
    there = {band.name: features.inputs[band.name].origin for band in bands() if band.name in features.inputs}
    if len(there) < LEAST_BANDS:
        raise BadTable(
            f"table {table!r} has {len(there)} of the bands {', '.join(band.name for band in bands())}: "
            f"{LEAST_BANDS} at least are compared with templates (--input NAME=COLUMN says which column is which)"
        )
    columns = template_columns(libraries)
    check_names(features.info, columns)
    counts: Counter[str] = Counter()

    def batches() -> Iterator[pa.RecordBatch]:
        done = 0
        for batch in features.rows().stream().batches:
            found = _fitted(features, batch, libraries, columns)
            counts.update(found.column("template_class").drop_null().to_pylist())
            done += batch.num_rows
            if on_progress is not None:
                on_progress(done, features.info.rows)
            yield found

    templates = {library.name: len(library.titles) for library in libraries}
    details = {"templates": {"bands": there, "templates": templates, "deredden": options.deredden}}
    added = add_columns(sky.store, table, batches(), columns, action="templates", command=command, details=details)
    classes = {name: counts[name] for name in class_names(libraries)}
    return TemplateReport(added.info, there, templates, classes, added.given, time.monotonic() - began)


def template_columns(libraries: Sequence[Library]) -> tuple[Column, ...]:
    """Metadata of the columns a table gets."""
    return (
        Column("template_class", "VARCHAR", ucd="src.class", description="Likeliest class by its best template"),
        Column("template_name", "VARCHAR", ucd="meta.id", description="That template"),
        Column("template_redshift", "FLOAT", ucd="src.redshift.phot", description="Its redshift; NULL for stars"),
        Column("template_chi2", "FLOAT", ucd="stat.fit.chi2", description="Its chi square, with a free scale"),
        Column("template_bands", "INTEGER", ucd="meta.number", description="Bands that were compared"),
        *(
            Column(
                f"template_chi2_{name}", "FLOAT", ucd="stat.fit.chi2", description=f"Smallest chi square as a {name}"
            )
            for name in class_names(libraries)
        ),
    )


def ab_offset(band: Band, system: str) -> float:
    """What makes a magnitude of a band one in AB: 0, or AB - Vega where its system is Vega."""
    return band.ab_minus_vega if (system or band.system) == "Vega" else 0.0


def _fitted(
    features: FeatureTable, batch: pa.RecordBatch, libraries: Sequence[Library], columns: Sequence[Column]
) -> pa.RecordBatch:
    import pyarrow as pa

    values = matrix(batch, features.names).astype(np.float64)
    half = len(bands())
    offsets = [
        ab_offset(band, features.inputs[band.name].system) if band.name in features.inputs else 0.0 for band in bands()
    ]
    fits = fit(values[:, :half] + np.array(offsets), values[:, half:], libraries)
    comparable = np.isfinite(fits.chi2).any(axis=1)
    winner = fits.best
    rows = np.arange(len(winner))
    best = fits.template[rows, winner]
    titles = np.empty(len(winner), object)
    redshifts = np.full(len(winner), np.nan)
    for place, library in enumerate(libraries):
        own = winner == place
        titles[own] = np.array(library.titles, object)[best[own]]
        redshifts[own] = library.redshifts[best[own]]
    classes = np.array(class_names(libraries), object)[winner]
    missing = ~comparable
    arrays = [
        batch.column(0),
        pa.array(classes, pa.utf8(), mask=missing),
        pa.array(titles, pa.utf8(), mask=missing),
        _floats(np.where(comparable, redshifts, np.nan)),
        _floats(fits.chi2[rows, winner]),
        pa.array(fits.bands, pa.int32()),
        *(_floats(column) for column in fits.chi2.T),
    ]
    return pa.RecordBatch.from_arrays(arrays, names=["id", *(column.name for column in columns)])


def _floats(values: Doubles) -> pa.Array:
    """Numbers as FLOAT, NULL for NaN."""
    import pyarrow as pa

    return pa.array(values.astype(np.float32), pa.float32(), mask=np.isnan(values))
