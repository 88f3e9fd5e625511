"""Questions about what was discovered, as SQL over the columns that discovery wrote."""

from __future__ import annotations

from skyband.models.discovery.labels import KIND, labels_table
from skyband.models.discovery.options import Strategy
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadOption
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql, limit_rows

SCORES = {
    Strategy.FOREST: "anomaly_forest",
    Strategy.NEIGHBOURS: "anomaly_neighbours",
    Strategy.BOTH: "anomaly",
    Strategy.LABELS: "anomaly_reranked",
    Strategy.PREDICTED: "label_predicted",
}
"""The column each strategy orders by."""


def strategy_of(text: str | None) -> Strategy:
    """The strategy of a name; by labels unless told.

    Raises:
        BadOption: there is none of that name.
    """
    if text is None:
        return Strategy.LABELS
    if text not in list(Strategy):
        raise BadOption(f"strategy={text!r} is not one of {', '.join(Strategy)}")
    return Strategy(text)


def anomalies_query(images: TableInfo, strategy: Strategy, most: int, labels: TableInfo | None = None) -> str:
    """SQL of the most unusual images; of equal ones the one that labels put higher comes first.

    Args:
        images: the collection.
        strategy: which score they are ordered by.
        most: images.
        labels: the table of labels whose images are left out, if any.

    Raises:
        BadOption: the collection has no such scores, or no labels to order by.
    """
    key = images.role("id")
    there = [name for name in SCORES.values() if images.column(name)]
    if key is None or SCORES[strategy] not in there:
        raise BadOption(f"{images.name} has no anomaly scores yet: run skyband anomalies {images.name}")
    if strategy == Strategy.PREDICTED and not images.details.get("anomalies", {}).get("labelled"):
        raise BadOption(f"no labels of {images.name} were learnt from: label some by skyband label, then score anew")
    among = "true"
    if labels is not None:
        among = f"i.{quote(key.name)}::VARCHAR NOT IN (SELECT id FROM {quote(labels.name)})"
    rows = fill_sql(
        "skyband.server",
        "anomalies",
        images=quote(images.name),
        id=quote(key.name),
        score=quote(SCORES[strategy]),
        next=quote(SCORES[Strategy.LABELS]),
        first=", ".join(map(quote, (key.name, *there))),
        among=among,
    )
    return f"{rows.rstrip()} {limit_rows(most)}"


def is_labels_of(table: TableInfo | None, collection: str) -> bool:
    """Whether a table has the labels of a collection."""
    return table is not None and table.details.get("kind") == KIND and table.name == labels_table(collection)
