"""What volunteers said of the neighbours of an image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from skyband.queries.likeness import Likeness, Targets
from skyband.queries.likeness.neighbours import COLUMNS
from skyband.queries.morphology.collection import collection_of
from skyband.queries.morphology.neighbourhood import Neighbourhood, neighbourhood_of
from skyband.queries.morphology.votes import Votes
from skyband.schema.columns import TableInfo

if TYPE_CHECKING:
    import duckdb


def votes_of(
    connection: duckdb.DuckDBPyConnection, votes: TableInfo, store: Path, target: Targets, found: Likeness
) -> Neighbourhood:
    """What a table of votes says of the neighbours of one target, beside all it knows.

    Args:
        connection: of an open store.
        votes: the table.
        store: folder of the store.
        target: whose neighbours they are.
        found: the neighbours.

    Raises:
        BadTable: the table holds no votes.
    """
    base = collection_of(connection, Votes.of(votes, store))
    ra, dec = float(target.ra[0]), float(target.dec[0])
    place = None if np.isnan(ra) or np.isnan(dec) else (ra, dec)
    return neighbourhood_of(connection, found.table, base, query=place)


def votes_document(found: Likeness, said: Neighbourhood) -> bytes:
    """Neighbours, how they were found, and what was said of them, as JSON."""
    rows = found.table.select([column.name for column in COLUMNS]).to_pylist()
    return json.dumps({"neighbours": rows, **found.facts(), "votes": said.to_json()}, default=str).encode()
