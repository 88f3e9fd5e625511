"""The answers to `similar(...)` in a query, as tables it can join."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from skyband.queries.likeness.collection import Collection
from skyband.queries.likeness.in_sql import NAME, Call
from skyband.queries.likeness.options import GivenVector, Likeness, LikenessOptions, Targets
from skyband.queries.likeness.targets import NEAR_ARCSEC, find_targets
from skyband.schema.columns import Column
from skyband.schema.errors import BadOption, QueryError
from skyband.schema.names import quote
from skyband.schema.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = (
    Column("rank", "INTEGER", ucd="meta.number", description="Place among the neighbours, from 1"),
    Column("id", "VARCHAR", ucd="meta.id;meta.main", description="Image"),
    Column("similarity", "FLOAT", description="Cosine of the angle between the two vectors, -1 to 1"),
    Column("ra", "DOUBLE", "deg", "pos.eq.ra", description="Right ascension of the image"),
    Column("dec", "DOUBLE", "deg", "pos.eq.dec", description="Declination of the image"),
    Column("sep_arcsec", "DOUBLE", "arcsec", "pos.angDistance", description="Separation from the target"),
)
"""Columns of the neighbours of one target."""
_OF_MANY = (Column("target", "VARCHAR", ucd="meta.id", description="What the image is like"), *COLUMNS)

MOST_TARGETS = 1000
"""Targets of one call."""

_KEPT_OPEN = 4
"""Collections whose vectors stay in memory."""

IdsWhere = Callable[[str], "pa.ChunkedArray"]
"""Runs a query whose one column is ids, with the rights of whoever wrote the condition in it."""


@dataclass(frozen=True, slots=True)
class Found:
    """The table in the place of a call.

    Attributes:
        rows: the neighbours.
        columns: of them.
        facts: how they were found and what was left out, for JSON; of targets looked for by their positions also which
            images they are, and how far from there.
    """

    rows: pa.Table
    columns: tuple[Column, ...]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """Neighbours of one target, with what was looked for and among what."""

    collection: Collection
    target: Targets
    options: LikenessOptions
    found: Likeness


class Neighbours:
    """Looks for what calls name, in collections that stay open.

    A target is the id of an image, "RA,DEC" in degrees (the image nearest to there, within `radius_arcsec`), the name
    of a vector that came with the query, or a list of these in JSON, whose neighbours are looked for together and told
    apart by the column `target`.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: OrderedDict[str, Collection] = OrderedDict()

    def of(self, call: Call, ids_where: IdsWhere, vectors: Mapping[str, GivenVector] | None = None) -> Found:
        """The neighbours a call asks for.

        Args:
            call: what is looked for.
            ids_where: finds the images for which the call's condition holds.
            vectors: targets from elsewhere, by name.

        Raises:
            QueryError: it is not clear which collection is meant, it has no such image, or the condition is none.
            TableNotFound: there is no such collection.
            BadOption: `k`, `exclude_arcsec` or `radius_arcsec` is out of its range, a vector has another length, no
                image is near a position.
        """
        names = _listed(call.target)
        if names is None:
            asked = self.of_one(call, ids_where, vectors)
            return Found(_told(asked.found), COLUMNS, _facts(asked.target, asked.found, [call.target]))
        collection = self.collection(call)
        targets = find_targets(collection, names, vectors or {}, _radius_arcsec(call))
        found = collection.similar_batch(targets, options_of(call, collection.name, ids_where))
        return Found(_told(found, names), _OF_MANY, _facts(targets, found, names))

    def of_one(self, call: Call, ids_where: IdsWhere, vectors: Mapping[str, GivenVector] | None = None) -> Asked:
        """The target a call names, and all that is known of its neighbours; raises as `of` does."""
        collection = self.collection(call)
        target = find_targets(collection, [call.target], vectors or {}, _radius_arcsec(call))
        options = options_of(call, collection.name, ids_where)
        return Asked(collection, target, options, collection.similar(target, options))

    def collection(self, call: Call) -> Collection:
        """The collection a call names; raises as `of` does."""
        name = call.collection
        if not name:
            names = Collection.names(self._store)
            if len(names) > 1:
                raise QueryError(f"{NAME} needs the name of a collection as third argument: {', '.join(names)}")
            name = Collection.only(self._store).name
        collection = self._open.pop(name, None)
        self._open[name] = collection = collection or Collection.open(self._store, name)
        if len(self._open) > _KEPT_OPEN:
            self._open.popitem(last=False)
        return collection


def _radius_arcsec(call: Call) -> float:
    return NEAR_ARCSEC if call.radius_arcsec is None else call.radius_arcsec


def options_of(call: Call, collection: str, ids_where: IdsWhere) -> LikenessOptions:
    """The options of a search.

    Raises:
        BadOption: `k` or `exclude_arcsec` is out of its range.
        QueryError: the condition is none.
    """
    options = LikenessOptions(k=call.k)
    if call.exclude_arcsec is not None:
        options = replace(options, exclude_arcsec=call.exclude_arcsec)
    return replace(options, ids=ids_where(ids_query(collection, call.where))) if call.where else options


def ids_query(collection: str, where: str) -> str:
    """SQL of the images for which a condition holds; it may end with a comment."""
    return f"SELECT id FROM {quote(collection)} WHERE (\n{where}\n)"


def _listed(target: str) -> list[str] | None:
    """The names in a list of targets; None for one target.

    Raises:
        QueryError: the list holds something else, nothing, or too much.
    """
    if not target.lstrip().startswith("["):
        return None
    try:
        names = json.loads(target)
    except (ValueError, RecursionError):
        return None
    if not names or not all(isinstance(name, str) for name in names):
        raise QueryError(f'{NAME} takes a list of texts: \'["<id>", "<id>"]\'')
    if len(names) > MOST_TARGETS:
        raise BadOption(f"{len(names)} targets are more than {MOST_TARGETS}; ask several times")
    return list(names)


def _facts(targets: Targets, found: Likeness, names: Sequence[str]) -> dict[str, Any]:
    positions = [
        {"target": name, "id": targets.ids[n], "sep_arcsec": float(targets.sep_arcsec[n])}
        for n, name in enumerate(names)
        if not np.isnan(targets.sep_arcsec[n])
    ]
    return found.facts() | ({"positions": positions} if positions else {})


def _told(found: Likeness, names: Sequence[str] = ()) -> pa.Table:
    """Neighbours as the columns say, of many targets if they have names."""
    import pyarrow as pa

    rows = found.table.set_column(
        found.table.schema.get_field_index("rank"), "rank", found.table["rank"].cast(pa.int32())
    )
    if names:
        rows = rows.append_column("target", pa.array(names, pa.utf8()).take(rows["query_index"].combine_chunks()))
    return rows.select([column.name for column in (_OF_MANY if names else COLUMNS)])
