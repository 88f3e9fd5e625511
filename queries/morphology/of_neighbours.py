"""What volunteers said of the neighbours of an image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from skyband.queries.likeness.neighbours import COLUMNS, Asked
from skyband.queries.likeness.typical import typical_distance
from skyband.queries.morphology.collection import collection_of
from skyband.queries.morphology.joining import joined_votes
from skyband.queries.morphology.neighbourhood import Neighbourhood, neighbourhood_of
from skyband.queries.morphology.options import MorphologyOptions
from skyband.queries.morphology.votes import Votes
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadOption

if TYPE_CHECKING:
    import duckdb


BASES = ("collection", "all")
"""What neighbours are compared with: the images that have votes and pass the filters, or the whole table of votes."""


@dataclass(frozen=True, slots=True)
class VotesWanted:
    """Which votes, and how they are counted."""

    table: str
    through: str = ""  # a table that has the ids of images and votes; see joining.joined_votes
    measure: str = ""  # see MorphologyOptions
    base: str = "collection"  # one of BASES

    def __post_init__(self) -> None:
        """See that the base is one.

        Raises:
            BadOption: it is not.
        """
        if self.base not in BASES:
            raise BadOption(f"the base is {' or '.join(BASES)}, not {self.base!r}")


def votes_of(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, TableInfo], wanted: VotesWanted, asked: Asked
) -> Neighbourhood:
    """What a table of votes says of the neighbours of one target, beside the base.

    Args:
        connection: of an open store.
        tables: of the store, by name.
        wanted: which votes.
        asked: the neighbours.

    Raises:
        TableNotFound: there is no such table.
        BadTable: the table holds no votes.
        BadOption: it lacks the columns of the measure, or `through` cannot be understood.
    """
    collection, target = asked.collection, asked.target
    info = tables.get(wanted.table)
    if info is None:
        raise collection.store.not_found(wanted.table)
    votes = Votes.of(info, collection.store.path)
    with joined_votes(connection, votes, collection, tables, through=wanted.through, options=asked.options) as joined:
        options = MorphologyOptions(measure=wanted.measure)
        if wanted.base == "all":
            base = replace(collection_of(connection, votes, options), votes=joined.votes)
        else:
            base = collection_of(connection, joined.votes, options, joined.base)
        ra, dec = float(target.ra[0]), float(target.dec[0])
        said = neighbourhood_of(
            connection,
            asked.found.table,
            base,
            query=None if np.isnan(ra) or np.isnan(dec) else (ra, dec),
            typical_distance=typical_distance(collection, asked.options),
        )
    return replace(said, joined=joined.joining)


def votes_document(asked: Asked, said: Neighbourhood) -> bytes:
    """Neighbours, how they were found, and what was said of them, as JSON."""
    rows = asked.found.table.select([column.name for column in COLUMNS]).to_pylist()
    return json.dumps({"neighbours": rows, **asked.found.facts(), "votes": said.to_json()}, default=str).encode()
