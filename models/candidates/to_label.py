"""The rows whose label would teach a model most."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from skyband.models.candidates.find import PACKAGE
from skyband.models.candidates.isolation import GROUPS
from skyband.models.candidates.scored import ScoredTable, where_ids
from skyband.models.classifier.matrix import Doubles, Integers
from skyband.models.discovery.labels import KIND, labels_table
from skyband.models.features import FeatureOptions, matrix
from skyband.models.scoring.shelf import find_model
from skyband.queries.sky import Sky
from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, BadTable, InputError
from skyband.schema.faults import duckdb_faults
from skyband.schema.keys import data_of
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql, limit_rows

if TYPE_CHECKING:
    import pyarrow as pa

_POOL = 10
"""Rows that are chosen from, for each one that is chosen (Zhdanov 2019)."""
_LEAST_POOL = 200
_FARTHEST = 5.0
"""Where a feature is cut off, in its own widths: one odd value should not be a cluster."""

COLUMNS = (
    Column("rank", "BIGINT", ucd="meta.number", description="Place, 1 the most useful"),
    Column("usefulness", "FLOAT", ucd="stat.value", description="Doubt and disagreement of the model, 0 to 1"),
    Column("reasons", "VARCHAR", ucd="meta.note", description="Why, in words"),
    Column("id", "VARCHAR", ucd="meta.id;meta.main", description="Id in the table", role="id"),
    Column("ra", "DOUBLE", "deg", "pos.eq.ra;meta.main", description="Right ascension, ICRS", role="ra"),
    Column("dec", "DOUBLE", "deg", "pos.eq.dec;meta.main", description="Declination, ICRS", role="dec"),
    Column("class", "VARCHAR", ucd="src.class", description="Likeliest class by the model"),
    Column("p_max", "FLOAT", ucd="stat.probability", description="Probability of the likeliest class"),
    Column("stands_for", "BIGINT", ucd="meta.number", description="Doubtful rows that are like it, itself counted"),
)


@dataclass(frozen=True)
class ToLabel:
    """What should be labelled.

    Attributes:
        rows: `COLUMNS`, by rank.
        doubtful: rows that they were chosen from.
        known: rows of the table that had a label already.
    """

    rows: pa.Table
    doubtful: int
    known: int


def choose_to_label(
    sky: Sky,
    table: str,
    count: int = 20,
    *,
    where: str = "",
    prefix: str = "",
    inputs: FeatureOptions | None = None,
    seed: int = 1,
) -> ToLabel:
    """Choose rows of a scored table whose label would help most: doubtful, disputed, and not all alike.

    Of the rows nobody labelled the most doubtful ones are put into as many clusters of features as labels are wanted,
    doubtful rows weighing more, and of each cluster the row nearest to its centre is taken (Zhdanov 2019,
    arXiv:1901.05954). Known are the rows that people gave a word by `skyband label`, and those the model learnt from.

    Args:
        sky: an open store.
        table: its name.
        count: rows to choose.
        where: SQL condition on the rows; all if empty.
        prefix: of the names of the scores.
        inputs: where the inputs of features are; those it does not tell are where the model's training had them.
        seed: of the clusters.

    Raises:
        TableNotFound: there is no such table.
        BadTable: it was not scored, no row meets the condition, or every one has a label.
        BadOption: `count` is not positive.
        QueryError: the condition is none.
    """
    import pyarrow as pa

    if count < 1:
        raise BadOption(f"{count} rows to label: give 1 or more")
    scored = ScoredTable.open(sky, table, inputs, prefix)
    classes = _classes(scored)
    known = _known_ids(scored)
    given = {"known_rows": pa.table({"id": pa.array(sorted(known), pa.utf8())})}
    if where:
        wanted = where_ids(sky, scored.info, where)
        if not wanted:
            raise BadTable(f"no row of {table!r} meets the condition {where!r}")
        given["wanted_rows"] = pa.table({"id": pa.array(wanted, pa.utf8())})
    with duckdb_faults(f"cannot choose rows of {table!r}"):
        cursor = sky.connection.cursor()
        for name, rows in given.items():
            cursor.register(name, rows)
        most = limit_rows(max(_LEAST_POOL, _POOL * count))
        pool = cursor.sql(
            fill_sql(PACKAGE, "to_label", rows=_rows_sql(scored, list(classes.values()), bool(where)), most=most)
        ).to_arrow_table()
        if not len(pool):
            raise BadTable(f"every row of {table!r} that was asked for has a label, or no scores")
        cursor.register("pool", pool.select(["id"]))
        features = scored.feature_table(groups=GROUPS)
        query = f"SELECT f.* FROM ({features.rows().query}) f SEMI JOIN pool p ON p.id = f.{scored.key}::VARCHAR"
        found = cursor.sql(query).to_arrow_table().combine_chunks()
    places = {str(name): place for place, name in enumerate(found.column(0).to_pylist())}
    order = [places[name] for name in pool["id"].to_pylist()]
    values = np.concatenate([matrix(batch, features.names) for batch in found.to_batches()])[order]
    usefulness = pool["usefulness"].to_numpy()
    chosen, stands_for = spread(_scaled(values), usefulness, count, seed)
    return ToLabel(_rows(pool, chosen, stands_for, list(classes)), len(pool), len(known))


def spread(points: Doubles, weights: Doubles, count: int, seed: int) -> tuple[Integers, Integers]:
    """Choose points that are not all near each other: of each of `count` weighted clusters the one nearest the centre.

    Args:
        points: shape (n, dimensions), the heaviest first.
        weights: positive, shape (n,).
        count: to choose; all points if there are fewer different ones.
        seed: of the clusters.

    Returns:
        Places of the chosen points, ascending, and the number of points of each one's cluster.
    """
    from sklearn.cluster import KMeans

    _, first = np.unique(points, axis=0, return_index=True)
    clusters = min(count, len(first))
    if len(points) <= count:
        return np.arange(len(points)), np.ones(len(points), np.int64)
    fitted = KMeans(clusters, n_init=1, random_state=seed).fit(points, sample_weight=np.maximum(weights, 1e-6))
    distances = np.linalg.norm(points - fitted.cluster_centers_[fitted.labels_], axis=1)
    # Of equal distances the heaviest point.
    order = np.lexsort((np.arange(len(points)), distances, fitted.labels_))
    labels, starts, counts = np.unique(fitted.labels_[order], return_index=True, return_counts=True)
    chosen = order[starts]
    by_place = np.argsort(chosen)
    assert len(labels) == len(chosen)
    return chosen[by_place], counts[by_place]


def _classes(scored: ScoredTable) -> Mapping[str, str]:
    """Names of the classes in columns, and the columns of their probabilities."""
    pattern = re.compile(re.escape(scored.prefix) + r"p_(\w+)", re.IGNORECASE)
    columns = [column.name for column in scored.info.columns if column.ucd == "stat.probability;src.class"]
    found = {matched[1]: name for name in columns if (matched := pattern.fullmatch(name))}
    if len(found) < 2:
        raise BadTable(f"table {scored.info.name!r} has no probabilities of two classes: score it anew")
    return found


def _known_ids(scored: ScoredTable) -> set[str]:
    """Ids, as text, of the rows whose class is known."""
    sky, info = scored.sky, scored.info
    found: set[str] = set()
    labels = sky.tables.get(labels_table(info.name))
    queries = []
    if labels is not None and labels.details.get("kind") == KIND:
        queries.append(f"SELECT id FROM {data_of(labels)} WHERE word IS NOT NULL")
    said = info.details.get(f"{scored.prefix}scores", {}).get("model", "")
    try:
        data = find_model(sky.store, said).manifest().get("data", {})
    except InputError:  # the model is gone, and nobody knows what it learnt from
        data = {}
    name, _, column = str(data.get("labels", "")).partition(".")
    learnt = sky.tables.get(name)
    if data.get("table") == info.name and learnt is not None and learnt.column(column) and learnt.role("id"):
        key = learnt.role("id")
        assert key is not None
        queries.append(f"SELECT {quote(key.name)}::VARCHAR FROM {data_of(learnt)} WHERE {quote(column)} IS NOT NULL")
    for query in queries:
        with duckdb_faults("cannot read the labels"):
            found |= {one for (one,) in sky.connection.cursor().execute(query).fetchall()}
    return found


def _rows_sql(scored: ScoredTable, chances: Sequence[str], has_condition: bool) -> str:
    place = {role: scored.info.role(role) for role in ("ra", "dec")}
    prefix = scored.prefix
    chosen = [
        f"t.{scored.key}::VARCHAR AS id",
        *(
            f"{'NULL' if column is None else 't.' + quote(column.name)}::DOUBLE AS {role}"
            for role, column in place.items()
        ),
        *(f"t.{quote(prefix + name)} AS {name}" for name in ("class", "p_max", "disagreement")),
        f"[{', '.join(f't.{quote(name)}::DOUBLE' for name in chances)}] AS chances",
    ]
    joined = f" SEMI JOIN wanted_rows w ON w.id = t.{scored.key}::VARCHAR" if has_condition else ""
    return (
        f"(SELECT {', '.join(chosen)} FROM {data_of(scored.info)} t ANTI JOIN known_rows k "
        f"ON k.id = t.{scored.key}::VARCHAR{joined} WHERE t.{quote(prefix + 'p_max')} IS NOT NULL)"
    )


def _scaled(values: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> Doubles:
    """Features in units of their widths around their medians; what is missing stands in the middle."""
    filled = values[:, ~np.isnan(values).all(axis=0)].astype(np.float64)
    low, middle, high = np.nanquantile(filled, [0.25, 0.5, 0.75], axis=0) if filled.size else np.zeros((3, 0))
    width = np.where(high > low, high - low, 1.0)
    scaled: Doubles = np.clip(np.nan_to_num((filled - middle) / width), -_FARTHEST, _FARTHEST)
    return scaled if scaled.shape[1] else np.zeros((len(values), 1))


def _rows(pool: pa.Table, chosen: Integers, stands_for: Integers, classes: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    rows = pool.take(chosen)
    chances = np.array(rows["chances"].to_pylist())
    best = np.argsort(-chances, axis=1, kind="stable")[:, :2]
    reasons = []
    for one, (first, second), disagreement, like in zip(
        chances, best, rows["disagreement"].to_pylist(), stands_for, strict=True
    ):
        words = [f"{classes[first]} {one[first]:.2f} or {classes[second]} {one[second]:.2f}"]
        words += [f"models disagree by {disagreement:.2f}"] if (disagreement or 0) > 0.1 else []
        words += [f"{like - 1} doubtful rows like it"] if like > 1 else []
        reasons.append("; ".join(words))
    table = rows.select(["usefulness", "id", "ra", "dec", "class", "p_max"])
    table = table.append_column("rank", pa.array(np.arange(1, len(rows) + 1)))
    table = table.append_column("reasons", pa.array(reasons, pa.utf8()))
    table = table.append_column("stands_for", pa.array(stands_for, pa.int64()))
    types = {"VARCHAR": pa.utf8(), "DOUBLE": pa.float64(), "FLOAT": pa.float32(), "BIGINT": pa.int64()}
    schema = pa.schema([(column.name, types[column.type]) for column in COLUMNS])
    return table.select(schema.names).cast(schema)
