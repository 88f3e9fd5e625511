"""Images and votes: which votes are those of which image, by id, through a table, or by position."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from skyband.queries.likeness import Collection, LikenessOptions
from skyband.queries.morphology.asking import ask, sql_of
from skyband.queries.morphology.through import MAPPING_SURVEY, Through
from skyband.queries.morphology.votes import Votes
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import BadOption
from skyband.schema.faults import duckdb_faults
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

RADIUS_ARCSEC = 1.0
"""Images and votes this near to each other are of one galaxy, where no ids join."""

IMAGE_ID = "__image"
"""The column of joined votes that has the image's id."""

_GIVEN = "given_images"


@dataclass(frozen=True, slots=True)
class Joining:
    """How the votes on images were found."""

    how: str  # "id", "through", "position", or "none": nothing joins
    images: int  # that are looked at
    with_votes: int  # of these
    words: str  # for people


@dataclass(frozen=True, slots=True)
class JoinedVotes:
    """The votes on the images of a collection."""

    votes: Votes  # a row an image that has votes; its id is the image's
    joining: Joining
    base: str  # these images, in words


@contextmanager
def joined_votes(
    connection: duckdb.DuckDBPyConnection,
    votes: Votes,
    collection: Collection,
    tables: Mapping[str, TableInfo],
    *,
    through: str = "",
    options: LikenessOptions | None = None,
) -> Iterator[JoinedVotes]:
    """The votes on the images of a collection, for as long as the body lasts.

    Ids are those of the votes, or they join through a table that is named, or through the only table of the survey
    `gz2_filename_mapping`. Where no id of any image joins, votes within 1 arcsec are taken, the nearest ones.

    Args:
        connection: of an open store, which sees the votes; a table is made in its memory, and dropped.
        votes: the table.
        collection: of vectors.
        tables: of the store, by name.
        through: "TABLE" or "TABLE:IMAGE_COLUMN:VOTES_COLUMN"; "" to find out.
        options: whose filters say which images count; all count unless given.

    Raises:
        BadOption: `through` cannot be understood, or a filter not be applied.
        TableNotFound: there is no such table.
        ResourceLimit, StorageError: as the engine fails.
    """
    images, is_filtered = _images(collection, options or LikenessOptions())
    given = Through.parse(through, tables, votes, collection.store) if through else None
    pairs = f"memory.main.{quote(f'__votes_{secrets.token_hex(8)}')}"
    image = Column(IMAGE_ID, "VARCHAR", ucd="meta.id;meta.main", description="Image", role="id")
    relation = (
        f"(SELECT p.image AS {quote(IMAGE_ID)}, v.* FROM {pairs} p "
        f"JOIN {votes.relation} v ON v.{quote(votes.id.name)} = p.voted)"
    )
    with connection.cursor() as cursor:
        cursor.register(_GIVEN, images)
        try:
            with duckdb_faults("the images cannot be joined with their votes"):
                how, words = _join(cursor, pairs, votes, collection, tables, given)
                # The way is that of all images, whatever a filter leaves of them.
                cursor.execute(f"DELETE FROM {pairs} WHERE image NOT IN (SELECT id FROM {_GIVEN} WHERE chosen)")
                [(number, among)] = cursor.execute(
                    f"SELECT (SELECT count(DISTINCT image) FROM {pairs}), count(*) FILTER (chosen) FROM {_GIVEN}"
                ).fetchall()
            if how != "none":
                words = f"{words}, {number:,} of {among:,} images"
            yield JoinedVotes(
                replace(votes, relation=relation, columns=(image, *votes.columns), id=image),
                Joining(how, among, number, words),
                _base(number, collection.name, votes.name, is_filtered=is_filtered),
            )
        finally:
            cursor.execute(f"DROP TABLE IF EXISTS {pairs}")


def _base(number: int, collection: str, votes: str, *, is_filtered: bool) -> str:
    those = f"the {number:,} images of {collection}" if number != 1 else f"the only image of {collection}"
    condition = " for which the condition holds and" if is_filtered else ""
    return f"{those}{condition} that {'has' if number == 1 else 'have'} votes in {votes}"


def _images(collection: Collection, options: LikenessOptions) -> tuple[pa.Table, bool]:
    """Images (id, ra, dec in degrees, chosen), and whether there is a filter."""
    import pyarrow as pa

    snapshot = collection.snapshot()
    rows = snapshot.chosen_rows(options)
    chosen = np.ones(len(snapshot.directory), bool)
    if rows is not None:
        chosen[:] = False
        chosen[rows] = True
    directory = snapshot.directory
    return pa.table({"id": directory.ids, "ra": directory.ra, "dec": directory.dec, "chosen": chosen}), rows is not None


def _join(
    cursor: duckdb.DuckDBPyConnection,
    pairs: str,
    votes: Votes,
    collection: Collection,
    tables: Mapping[str, TableInfo],
    given: Through | None,
) -> tuple[str, str]:
    """Make the table of pairs by the first way that joins anything; which it is, also in words."""
    for how, words, sql in _ways(votes, collection, tables, given):
        cursor.execute(f"CREATE OR REPLACE TABLE {pairs} AS {sql}")
        if cursor.execute(f"SELECT count(*) FROM {pairs}").fetchall() != [(0,)]:
            return how, words
    theirs = ask(cursor, f"SELECT {quote(votes.id.name)}::VARCHAR AS id FROM {votes.relation} LIMIT 1")
    ours = ask(cursor, f"SELECT id FROM {_GIVEN} ORDER BY id LIMIT 1")
    own, other = (f"{rows['id'][0].as_py()!r}" if len(rows) else "none" for rows in (ours, theirs))
    return "none", (
        f"no image of {collection.name} has votes in {votes.name}: images are called as {own} is, votes by the column "
        f"{votes.id.name} as {other} is{f', {given} joins none' if given else ''}, and no positions of both are within "
        f"{RADIUS_ARCSEC:g} arcsec; name a table that has both ids, through TABLE:IMAGE_COLUMN:VOTES_COLUMN"
    )


def _ways(
    votes: Votes, collection: Collection, tables: Mapping[str, TableInfo], given: Through | None
) -> Iterator[tuple[str, str, str]]:
    """Each way to join, in the order they are tried: its name, in words, and SQL of (image, voted)."""
    ids = {"images": _GIVEN, "votes": votes.relation, "id": quote(votes.id.name), "type": votes.id.type}
    found = given
    if given is None:
        yield "id", f"joined by {votes.id.name}", sql_of("joined_by_id", **ids)
        found = _mapping(votes, collection, tables)
    if found is not None:
        columns = {
            "through": quote(found.table),
            "image": quote(found.image.name),
            "image_type": found.image.type,
            "voted": quote(found.voted.name),
        }
        untold = "" if given else ", which is there"
        yield "through", f"joined through {found}{untold}", sql_of("joined_through", **ids, **columns)
    ra, dec = votes.position("ra"), votes.position("dec")
    if ra and dec:
        theirs = f"(SELECT {quote(votes.id.name)} AS id, {ra} AS ra, {dec} AS dec FROM {votes.relation})"
        band_join = fill_sql(
            "skyband.schema",
            "band_join",
            left=_unit_vectors(_GIVEN),
            right=_unit_vectors(theirs),
            radius_arcsec=f"{RADIUS_ARCSEC!r}",
            band_arcsec=f"{RADIUS_ARCSEC!r}",
        )
        words = f"joined by position within {RADIUS_ARCSEC:g} arcsec"
        yield "position", words, sql_of("joined_at_position", pairs=band_join)


def _mapping(votes: Votes, collection: Collection, tables: Mapping[str, TableInfo]) -> Through | None:
    """The only table of names of files that there is, if its columns are clear."""
    known = [info for info in tables.values() if info.survey == MAPPING_SURVEY]
    if len(known) != 1:
        return None
    try:
        return Through.of(known[0], votes, collection.store.path)
    except BadOption:
        return None


def _unit_vectors(positions: str) -> str:
    return (
        f"(SELECT id, unit_x(ra, dec) AS x, unit_y(ra, dec) AS y, unit_z(dec) AS z FROM {positions} "
        "WHERE isfinite(ra) AND isfinite(dec))"
    )
