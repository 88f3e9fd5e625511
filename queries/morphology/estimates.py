"""What volunteers would say of the images of a collection that they have not seen, by those that look like them."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skyband.queries.likeness import LikenessOptions
from skyband.queries.morphology.asking import ask, sql_of
from skyband.queries.morphology.options import MorphologyOptions
from skyband.queries.morphology.regression import Score, Targets, estimated, scores_of
from skyband.queries.morphology.votes import Votes
from skyband.schema.columns import Column
from skyband.schema.errors import BadTable
from skyband.schema.names import quote, quote_text
from skyband.schema.progress import OnProgress

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from skyband.queries.likeness import Collection

COMPARED = 10_000
"""Images with votes that are estimated too, to learn the error, unless all are wanted."""

_TOGETHER = 4_096
"""Images whose neighbours are looked for at once."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """Fractions of votes, estimated from neighbours.

    Attributes:
        table: a row an image that was asked for: `columns`.
        columns: of the table.
        scores: of images with votes, estimated without their own (leave one out), an answer each.
        images: of the collection.
        with_votes: of these.
        compared: of these, for the scores.
        cautions: what a person should know before using them.
    """

    table: pa.Table
    columns: tuple[Column, ...]
    scores: tuple[Score, ...]
    images: int
    with_votes: int
    compared: int
    cautions: tuple[str, ...]

    def facts(self) -> dict[str, Any]:
        """Everything but the table, for JSON."""
        return {
            "images": self.images,
            "with_votes": self.with_votes,
            "compared": self.compared,
            "scores": [score.to_json() for score in self.scores],
            "cautions": list(self.cautions),
        }


def estimate_votes(
    connection: duckdb.DuckDBPyConnection,
    collection: Collection,
    votes: Votes,
    *,
    likeness: LikenessOptions,
    options: MorphologyOptions | None = None,
    kind: str = "conditional",
    every: bool = False,
    on_progress: OnProgress | None = None,
) -> Estimates:
    """Estimate the fractions of each answer for the images of a collection that have no votes.

    Each is the mean of the `k` most similar images that have votes, weighted by similarity (`knn.sql`). The error is
    learnt from images with votes, estimated in the same way without their own.

    Args:
        connection: of an open store, which sees the votes.
        collection: of vectors.
        votes: of volunteers, whose ids are those of the images: `joined_votes` makes such.
        likeness: `k`, and what is too near on the sky to count; its filters are not used.
        options: how answers are counted.
        kind: "conditional" (among those who were asked) or "joint" (among all).
        every: estimate images with votes too, all of them, without their own.
        on_progress: is told how many images are done, and of how many.

    Raises:
        BadTable: fewer than two images have votes.
        BadOption: `k` is too large, or the table lacks the columns of the measure.
    """
    import pyarrow.compute as pc

    options = options or MorphologyOptions()
    targets = Targets.of_votes(votes, options, kind)
    images = _images(connection, collection, targets)
    voted = images.filter(images["has_votes"])["id"].to_pylist()
    if len(voted) < 2:
        theirs = ask(connection, f"SELECT {quote(votes.id.name)}::VARCHAR AS id FROM {votes.relation} LIMIT 1")
        own, other = (f"{rows['id'][0].as_py()!r}" if len(rows) else "none" for rows in (images, theirs))
        raise BadTable(
            f"{len(voted)} of {len(images):,} images of {collection.name!r} have {options.least_votes} votes or more "
            f"in {votes.name!r}, and 2 are the least; votes are found by the ids of images (here {own}, there {other})"
        )
    compared = voted if every else heapq.nsmallest(COMPARED, voted, key=_hash)
    wanted = images if every else images.filter(pc.invert(images["has_votes"]))
    queries = sorted({*compared, *wanted["id"].to_pylist()})
    neighbours = _neighbours(collection, queries, voted, likeness, on_progress)
    names = [feature.name for feature in votes.features]
    with estimated(connection, neighbours, targets, likeness.k) as cursor:
        found = {score.target: score for score in scores_of(cursor, likeness.k, options.confidence)}
        cursor.register("wanted_images", wanted)
        listed = ", ".join(f"{sql} AS {quote(column.name)}" for name in names for column, sql in _columns(name))
        table = ask(cursor, sql_of("estimates", images="wanted_images", estimates="temp.estimates", columns=listed))
    scores = tuple(found[name] for name in names if name in found)
    return Estimates(
        table=table,
        columns=(*_KEYS, *(column for name in names for column, _ in _columns(name))),
        scores=scores,
        images=len(images),
        with_votes=len(voted),
        compared=len(compared),
        cautions=tuple(_cautions(table, scores, len(voted), likeness.k, options.least_galaxies)),
    )


_KEYS = (
    Column("id", "VARCHAR", ucd="meta.id;meta.main", description="Image", role="id"),
    Column("ra", "DOUBLE", "deg", "pos.eq.ra;meta.main", description="Right ascension", role="ra"),
    Column("dec", "DOUBLE", "deg", "pos.eq.dec;meta.main", description="Declination", role="dec"),
    Column("has_votes", "BOOLEAN", ucd="meta.code", description="Whether the image has votes, which were left out"),
    Column("neighbours", "INTEGER", ucd="meta.number", description="Similar images that were asked any question"),
)


def _columns(name: str) -> Iterator[tuple[Column, str]]:
    """The columns of a feature, with their SQL."""
    about = (
        ("", "estimate", "DOUBLE", "stat.mean", f"Share of votes for {name}, by similar images"),
        ("_error", "prediction_error", "DOUBLE", "stat.error", f"Error of {name}: scatter of one such galaxy"),
        ("_n", "n", "INTEGER", "meta.number", f"Similar images that were asked about {name}"),
    )
    for suffix, value, type_, ucd, words in about:
        sql = f"max({value}) FILTER (e.target = {quote_text(name)})::{type_}"
        yield Column(f"{name.replace('-', '_')}{suffix}", type_, ucd=ucd, description=words), sql


def _images(connection: duckdb.DuckDBPyConnection, collection: Collection, targets: Targets) -> pa.Table:
    """The images of the collection, and whether they have votes."""
    with connection.cursor() as cursor:
        cursor.register("collection_images", collection.columns(["id", "ra", "dec"]))
        return ask(cursor, sql_of("voted", images="collection_images", values=targets.sql))


def _neighbours(
    collection: Collection,
    queries: Sequence[str],
    voted: Sequence[str],
    likeness: LikenessOptions,
    on_progress: OnProgress | None,
) -> Iterator[pa.Table]:
    """Pairs of images and those with votes that are most like them."""
    import pyarrow as pa

    options = LikenessOptions(k=likeness.k, exclude_arcsec=likeness.exclude_arcsec, ids=pa.array(voted, pa.utf8()))
    for first in range(0, len(queries), _TOGETHER):
        some = queries[first : first + _TOGETHER]
        found = collection.similar_batch(collection.targets(some), options).table
        query = pa.array(some, pa.utf8()).take(found["query_index"].combine_chunks())
        yield pa.table({"query": query, "id": found["id"], "similarity": found["similarity"]})
        if on_progress is not None:
            on_progress(first + len(some), len(queries))


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def _cautions(table: pa.Table, scores: Sequence[Score], voted: int, k: int, least: int) -> Iterator[str]:
    if voted <= 10 * k:
        yield f"only {voted:,} images have votes: {k} neighbours of each are many of all, and not all are like it"
    few = [f"{score.target} ({score.n})" for score in scores if score.n < least]
    if few:
        yield f"too few images to know the error of {', '.join(few)}: fewer than {least} were asked"
    useless = [score.target for score in scores if score.n >= least and (score.r2 is None or score.r2 <= 0)]
    if useless:
        yield f"neighbours tell nothing of {', '.join(useless)}: no better than the mean of all"
    alone = sum(not row for row in table["neighbours"].to_pylist())
    if alone:
        yield f"{alone:,} images have no neighbour with votes, and no estimate"
