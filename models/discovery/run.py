"""Discovery, from the vectors of a collection to columns of its table."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from skyband.models.discovery.anomalies import AnomalyScores, anomaly_scores
from skyband.models.discovery.clusters import Clusters, Stability, find_clusters, stability_of
from skyband.models.discovery.features import Doubles, Features, Integers, features_of
from skyband.models.discovery.labels import labels_table, mean_labels
from skyband.models.discovery.maps import map_of
from skyband.models.discovery.options import AnomalyOptions, ProjectionOptions, TaxonomyOptions
from skyband.models.discovery.relevance import nearest_distances, predicted_labels, relevance
from skyband.queries.sky import Sky
from skyband.schema.added_columns import add_columns
from skyband.schema.columns import Column, TableInfo
from skyband.schema.progress import Note

if TYPE_CHECKING:
    import pyarrow as pa

ANOMALY_COLUMNS = (
    Column("anomaly_forest", "FLOAT", ucd="stat.rank", description="Unusual by isolation forest: rank, 0 to 1 (most)"),
    Column(
        "anomaly_neighbours",
        "FLOAT",
        ucd="stat.rank",
        description="Unusual by mean distance to the nearest others: rank, 0 to 1 (most)",
    ),
    Column("anomaly", "FLOAT", ucd="stat.rank", description="Unusual by both: rank of the mean of both ranks, 0 to 1"),
    Column(
        "label_predicted",
        "FLOAT",
        ucd="stat.value",
        description="How interesting people would find it, 0 to 5, as a random forest learnt from labels; NULL without",
    ),
    Column(
        "anomaly_reranked",
        "FLOAT",
        ucd="stat.value",
        description="anomaly, re-ranked by labels (Lochner & Bassett 2021), 0 to 1; without labels as it was",
    ),
)
TAXONOMY_COLUMNS = (
    Column("cluster", "INTEGER", ucd="meta.id", description="Kind by HDBSCAN, 0 the most frequent; -1: none"),
    Column("cluster_probability", "FLOAT", ucd="stat.probability", description="How firmly it belongs there, 0 to 1"),
    Column("map_x", "FLOAT", description="Place on a map for the eye, where near images are alike; no unit"),
    Column("map_y", "FLOAT", description="Place on a map for the eye, where near images are alike; no unit"),
)


@dataclass(frozen=True)
class AnomalyReport:
    """What was written.

    Attributes:
        info: the table as it is now.
        images: that were scored.
        left_out: images of the table without a vector of the file they have now; their scores are NULL.
        components, explained: of the projection, and the share of the variance they have.
        labelled: images whose labels were used.
        seconds: that it took.
    """

    info: TableInfo
    images: int
    left_out: int
    components: int
    explained: float
    labelled: int
    seconds: float


@dataclass(frozen=True)
class TaxonomyReport:
    """What was written, and what the kinds are.

    Attributes:
        info: the table as it is now.
        images, left_out, components, explained, seconds: as in `AnomalyReport`.
        clusters: the kinds; rows are places in `ids`.
        ids: of the images, shape (images,).
        places: on the map, shape (images, 2).
        stability: None without clusters or resamples.
    """

    info: TableInfo
    images: int
    left_out: int
    components: int
    explained: float
    clusters: Clusters
    ids: pa.Array
    places: Doubles
    stability: Stability | None
    seconds: float

    @property
    def noise_share(self) -> float:
        """Share of the images that are in no cluster."""
        return float((self.clusters.numbers < 0).mean())


def find_anomalies(
    sky: Sky, name: str, options: AnomalyOptions, *, command: str, note: Note = lambda text: None
) -> AnomalyReport:
    """Score how unusual the images of a collection are, and publish that as columns of its table.

    Args:
        sky: an open store.
        name: of the collection.
        options: how.
        command: that asked for it, for the history.
        note: told what is being done.

    Raises:
        TableNotFound, BadTable: there is no such collection, or too few images have vectors.
        TableLocked: somebody else writes the table.
        StorageError, ResourceLimit: it cannot be written.
    """
    began = time.monotonic()
    features = _features(sky, name, options, note)
    note("scoring")
    scores = anomaly_scores(features, options)
    rows, labels = _labelled(sky, name, features)
    predicted: Doubles | None = None
    reranked = scores.both
    if len(rows):
        note(f"learning from {len(rows):,} labelled images")
        predicted = predicted_labels(features.values, rows, labels, options.seed)
        reranked = relevance(scores.both, predicted, nearest_distances(features.values, rows), options.alpha)
    added = add_columns(
        sky.store,
        name,
        _anomaly_rows(features, scores, predicted, reranked),
        ANOMALY_COLUMNS,
        action="anomalies",
        command=command,
        details={"anomalies": _described(features, options) | {"labelled": len(rows)}},
    )
    return AnomalyReport(
        added.info,
        len(features),
        features.left_out,
        features.values.shape[1],
        features.explained,
        len(rows),
        time.monotonic() - began,
    )


def find_kinds(
    sky: Sky, name: str, options: TaxonomyOptions, *, command: str, note: Note = lambda text: None
) -> TaxonomyReport:
    """Sort the images of a collection into kinds, and publish these as columns of its table.

    Args and errors are those of `find_anomalies`.
    """
    import pyarrow as pa

    began = time.monotonic()
    features = _features(sky, name, options, note)
    note("clustering")
    clusters = find_clusters(features, options)
    note(f"{len(clusters)} clusters; clustering halves again")
    stability = stability_of(features, clusters, options)
    note("drawing the map")
    places = map_of(features, options)
    rows = pa.table(
        {
            "id": features.ids,
            "cluster": clusters.numbers,
            "cluster_probability": clusters.probabilities,
            "map_x": places[:, 0],
            "map_y": places[:, 1],
        }
    )
    details = _described(features, options) | {
        "clusters": len(clusters),
        "least_images": clusters.least_images,
        "clustered": clusters.clustered,
        "stability": asdict(stability) if stability else None,
    }
    added = add_columns(
        sky.store, name, rows, TAXONOMY_COLUMNS, action="taxonomy", command=command, details={"taxonomy": details}
    )
    return TaxonomyReport(
        info=added.info,
        images=len(features),
        left_out=features.left_out,
        components=features.values.shape[1],
        explained=features.explained,
        clusters=clusters,
        ids=features.ids,
        places=places,
        stability=stability,
        seconds=time.monotonic() - began,
    )


def _features(sky: Sky, name: str, options: ProjectionOptions, note: Note) -> Features:
    note(f"reading the vectors of {name}")
    features = features_of(sky, name, options)
    note(
        f"{len(features):,} images, {features.values.shape[1]} components with {features.explained:.1%} of the variance"
    )
    return features


def _labelled(sky: Sky, name: str, features: Features) -> tuple[Integers, Doubles]:
    """Rows of the labelled images, ascending, and the mean of their labels."""
    import pyarrow.compute as pc

    found = mean_labels(sky.connection, sky.tables.get(labels_table(name)))
    places = pc.index_in(found["id"], value_set=features.ids)
    known = places.is_valid().to_numpy().astype(bool)
    rows = places.drop_null().to_numpy().astype(np.int64)
    labels = found["score"].to_numpy()[known]
    order = np.argsort(rows)
    return rows[order], labels[order]


def _anomaly_rows(features: Features, scores: AnomalyScores, predicted: Doubles | None, reranked: Doubles) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "id": features.ids,
            "anomaly_forest": scores.forest,
            "anomaly_neighbours": scores.neighbours,
            "anomaly": scores.both,
            "label_predicted": pa.nulls(len(features), pa.float64()) if predicted is None else predicted,
            "anomaly_reranked": reranked,
        }
    )


def _described(features: Features, options: ProjectionOptions) -> dict[str, Any]:
    """How it was done, for the table's details."""
    return asdict(options) | {"components": features.values.shape[1], "explained_reached": round(features.explained, 4)}
