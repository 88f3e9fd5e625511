"""What people said that rows are, put before the labels of a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skyband.models.classifier.folds import FoldPlan
from skyband.models.classifier.labels import LEAST_ROWS_A_FOLD
from skyband.models.discovery.labels import KIND, labels_table
from skyband.models.features.table import LabelRelation
from skyband.models.scoring.scores import plain_name
from skyband.queries.sky import Sky
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.faults import duckdb_faults
from skyband.schema.keys import data_of
from skyband.schema.names import quote_text
from skyband.schema.sql import fill_sql

_PACKAGE = "skyband.models.scoring"


@dataclass(frozen=True)
class PeoplesLabels:
    """Labels of people beside those of a column.

    Attributes:
        table: of the people's labels.
        relation: what is learnt from: theirs, and those of the column elsewhere.
        added: rows that only people gave a class.
        confirmed, overridden: rows of the column that people gave the same class, or another one.
        left_out: words that name no class of the column, and too few rows for one of their own; with their rows.
    """

    table: TableInfo
    relation: LabelRelation
    added: int
    confirmed: int
    overridden: int
    left_out: Mapping[str, int]


def peoples_labels(sky: Sky, table: TableInfo, column: LabelRelation) -> PeoplesLabels:
    """The labels of `skyband label`, whose words are classes, before those of a column.

    A word is the class of the column that reads the same but for case, spaces and signs; one that names no class is a
    new class if it was given to enough rows to be learnt, and is left out else.

    Args:
        sky: an open store.
        table: that is learnt from.
        column: its labels.

    Raises:
        BadTable: nobody labelled a row of the table by a word.
    """
    labels = sky.tables.get(labels_table(table.name))
    if labels is None or labels.details.get("kind") != KIND:
        raise BadTable(f"nobody has labelled rows of {table.name!r} yet: skyband label {table.name} ID --word CLASS")
    key = table.role("id")
    assert key is not None
    said = fill_sql(_PACKAGE, "peoples_labels", labels=data_of(labels))
    with duckdb_faults("cannot read the labels"):
        cursor = sky.connection.cursor()
        known = cursor.execute(f"SELECT DISTINCT label::VARCHAR FROM {column.sql} WHERE label IS NOT NULL").fetchall()
        counts = dict(cursor.execute(f"SELECT word, count(*) FROM ({said}) GROUP BY word ORDER BY word").fetchall())
        if not counts:
            raise BadTable(f"no label of {labels.name!r} has a word that could be a class: give it by --word CLASS")
        classes = {plain_name(name): name for (name,) in sorted(known)}
        least = LEAST_ROWS_A_FOLD * FoldPlan().count
        classes |= {word: word for word, rows in counts.items() if word not in classes and rows >= least}
        pairs = ", ".join(f"({quote_text(word)}, {quote_text(name)})" for word, name in classes.items())
        both = fill_sql(_PACKAGE, "labels_of_both", column=column.sql, said=said, classes=pairs, type=key.type)
        [(added, confirmed, overridden)] = cursor.execute(
            "SELECT count(*) FILTER (c.label IS NULL), count(*) FILTER (c.label = b.label), "
            f"count(*) FILTER (c.label <> b.label) FROM ({both}) b "
            f"SEMI JOIN ({said}) s ON s.id = b.id::VARCHAR AND s.word IN ({', '.join(map(quote_text, classes))}) "
            f"LEFT JOIN (SELECT id, label::VARCHAR AS label FROM {column.sql}) c ON c.id = b.id"
        ).fetchall()
    return PeoplesLabels(
        table=labels,
        relation=LabelRelation(f"({both})", column.column),
        added=int(added),
        confirmed=int(confirmed),
        overridden=int(overridden),
        left_out={word: int(rows) for word, rows in counts.items() if word not in classes},
    )
