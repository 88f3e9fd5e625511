"""What people think of images and sources: scores of interest from 0 to 5, or what they are, in a word.

One row for each image, or row of any other table, and person; the newest counts. The table of collection `galaxies` is
`galaxies_labels`. Anomalies are ranked by the scores; classifiers learn from the words.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from skyband.queries.images.collections import is_collection
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import BadFile, BadOption, BadTable
from skyband.schema.faults import duckdb_faults, storage_error
from skyband.schema.keys import data_of
from skyband.schema.names import check_table_name, quote
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store
from skyband.schema.writer import TableWriter, write_table

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

KIND = "labels"
"""What `details.kind` of a table of labels says."""

MOST_SCORE = 5.0
"""Score of the most interesting images; 0 is that of the dullest."""

COLUMNS = (
    Column("id", "VARCHAR", ucd="meta.id", description="Image of the collection, or row of the table"),
    Column("labelled_by", "VARCHAR", ucd="meta.id;obs.observer", description="Who gave the label"),
    Column(
        "score", "DOUBLE", ucd="stat.value", description="How interesting it is: 0 (not at all) to 5; NULL if not said"
    ),
    Column("word", "VARCHAR", ucd="meta.note", description="What it is or shows, in a word; NULL where nobody said"),
    Column("labelled_at", "TIMESTAMP", ucd="time", xtype="timestamp", description="When the label was given, UTC"),
)
_LONGEST_WORD = 200
_LONGEST_USER = 100
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Label:
    """What one person says of one image or source: how interesting it is, what it is, or both.

    Raises:
        BadOption: nothing is said; the score is not 0 to 5, or a text is empty, too long, or holds control characters.
    """

    id: str
    score: float | None
    user: str
    word: str = ""

    def __post_init__(self) -> None:
        if self.score is None and not self.word:
            raise BadOption(f"nothing is said of {self.id!r}: give a score from 0 to {MOST_SCORE:g}, or a word")
        if self.score is not None and not (math.isfinite(self.score) and 0 <= self.score <= MOST_SCORE):
            raise BadOption(f"score {self.score:g} of image {self.id!r} is not between 0 and {MOST_SCORE:g}")
        if not self.user:
            raise BadOption("nobody is named who gives the label; say who by --user")
        for what, text, most in (("word", self.word, _LONGEST_WORD), ("name", self.user, _LONGEST_USER)):
            if len(text) > most or re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", text):
                raise BadOption(
                    f"the {what} {ascii(text)[:60]} is longer than {most} characters, or holds control ones"
                )


@dataclass(frozen=True, slots=True)
class LabelReport:
    """What was written.

    Attributes:
        table: of the labels.
        added: labels of images this person had not labelled.
        changed: labels in place of older ones.
        labels: rows of the table now.
        images: that have a label now.
    """

    table: str
    added: int
    changed: int
    labels: int
    images: int


def labels_table(collection: str) -> str:
    """The name of the table of a collection's labels.

    Raises:
        BadName: it would be too long.
    """
    return check_table_name(f"{collection}_labels")


def put_labels(store: Store, collection: str, labels: Sequence[Label], *, command: str) -> LabelReport:
    """Write labels; of several by one person of one image the last counts.

    Args:
        store: that has the collection.
        collection: its name.
        labels: one or more.
        command: what wrote them, for the history.

    Raises:
        TableNotFound, BadTable: there is no such collection, or a table of another kind has the labels' name.
        BadOption: an image is not in the collection; then no label is written.
        TableLocked: somebody else writes labels of this collection.
        StorageError: they cannot be written; the old ones stay.
    """
    import pyarrow as pa

    if not labels:
        raise BadOption("no labels to write")
    newest = {(label.id, label.user): label for label in labels}
    now = datetime.now(UTC).replace(tzinfo=None)
    given = pa.table(
        {
            "id": [label.id for label in newest.values()],
            "labelled_by": [label.user for label in newest.values()],
            "score": pa.array([label.score for label in newest.values()], pa.float64()),
            "word": pa.array([label.word or None for label in newest.values()], pa.utf8()),
            "labelled_at": pa.array([now] * len(newest), pa.timestamp("us")),
        }
    )
    images = store.info(collection)
    name = labels_table(collection)
    with write_table(store, name) as writer, duckdb_faults(f"cannot write labels of {collection!r}"):
        old = writer.previous
        if old is not None and old.details.get("kind") != KIND:
            raise BadTable(f"table {name!r}, where labels of {collection!r} belong, is no table of labels; drop it")
        writer.connection.register("given_labels", given)
        _check_images(writer.connection, images)
        return _publish(writer, images, old, len(newest), command)


def _check_images(connection: duckdb.DuckDBPyConnection, images: TableInfo) -> None:
    key = images.role("id")
    if key is None:
        raise BadTable(f"table {images.name!r} has no ids, so its rows cannot be labelled")
    unknown = connection.execute(
        f"SELECT DISTINCT id FROM given_labels g ANTI JOIN {data_of(images)} t ON t.{quote(key.name)}::VARCHAR = g.id "
        "ORDER BY id"
    ).fetchall()
    if unknown:
        shown = ", ".join(repr(name) for (name,) in unknown[:_NAMED])
        more = ", ..." if len(unknown) > _NAMED else ""
        kind = "image" if is_collection(images) else "row"
        raise BadOption(f"{images.name} has no {kind} {shown}{more}: no label was written")


def _publish(writer: TableWriter, images: TableInfo, old: TableInfo | None, given: int, command: str) -> LabelReport:
    connection = writer.connection
    rows = data_of(old) if old else "(FROM given_labels WHERE false)"
    connection.execute(fill_sql("skyband.models.discovery", "labels", given="given_labels", old=rows))
    [(labels, labelled)] = connection.execute("SELECT count(*), count(DISTINCT id) FROM new.main.data").fetchall()
    info = writer.publish(
        action="label",
        command=command,
        columns={column.name: column for column in COLUMNS},
        description=f"Labels of {images.name}: how interesting people find its rows, and what they are",
        source=images.name,
        details={"kind": KIND, "collection": images.name},
    )
    added = info.rows - (old.rows if old else 0)
    return LabelReport(info.name, added, given - added, int(labels), int(labelled))


def mean_labels(connection: duckdb.DuckDBPyConnection, table: TableInfo | None) -> pa.Table:
    """The mean score of each image over the people who gave it one.

    Args:
        connection: of an open store.
        table: of the labels; None where there are none.

    Returns:
        id, score (0 to 5), by id.
    """
    import pyarrow as pa

    if table is None:
        return pa.table({"id": pa.array([], pa.utf8()), "score": pa.array([], pa.float64())})
    with duckdb_faults("cannot read the labels"):
        query = f"SELECT id, avg(score) AS score FROM {data_of(table)} WHERE score NOT NULL GROUP BY id ORDER BY id"
        return connection.sql(query).to_arrow_table()


def read_labels(path: Path, user: str) -> list[Label]:
    """Labels of a CSV file with the columns `id`, `score` or `word` or both, and where it is known `user`.

    Args:
        path: of the file.
        user: who gave those that name nobody.

    Raises:
        BadFile: it cannot be read, or a line is no label.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(_labels(csv.DictReader(file, skipinitialspace=True), path, user))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{path} is no CSV file: {error}") from None
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise BadFile(f"{path}: there is no such file") from None
        raise storage_error(f"cannot read {path}", error) from error


def _labels(rows: csv.DictReader[str], path: Path, user: str) -> Iterator[Label]:
    named = set(rows.fieldnames or ())
    if "id" not in named or not named & {"score", "word"}:
        raise BadFile(
            f"{path}: labels need a header with id and score or word; it has {', '.join(rows.fieldnames or ())}"
        )
    for row in rows:
        try:
            score = float(row["score"]) if row.get("score") else None
            yield Label(row["id"], score, row.get("user") or user, row.get("word") or "")
        except (TypeError, ValueError) as error:
            raise BadFile(f"{path}, line {rows.line_num}: {error}") from None
