"""Rows of a collection: their columns, and the checks they pass before they are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from skyband.queries.likeness.provenance import Provenance
from skyband.schema.columns import HEALPIX_COLUMN
from skyband.schema.errors import BadName, BadTable
from skyband.schema.healpix import KEY_ORDER, healpix_index

if TYPE_CHECKING:
    import pyarrow as pa

Vectors = np.ndarray[Any, np.dtype[np.float32]]

EMBEDDING = "embedding"
PROVENANCE_KEY, IDENTITY_KEY = b"skyband:provenance", b"skyband:collection"
"""Metadata of a collection's schema: where its vectors come from; a name no other collection ever had."""

_PRIMARY_KEY = {b"lance-schema:unenforced-primary-key:position": b"1"}
"""Declared when the table is made: without it, two upserts at once would each add a new id."""

_OWN = ("id", "ra", "dec", HEALPIX_COLUMN, EMBEDDING)
_LENGTH_TOLERANCE = 1e-4
_NAMED = 5


def collection_schema(provenance: Provenance, metadata: pa.Schema | None, identity: str) -> pa.Schema:
    """The columns of a collection.

    Args:
        provenance: of its vectors.
        metadata: further columns, to filter by.
        identity: a name of its own.

    Raises:
        BadName: a column of the metadata cannot be named so.
    """
    import pyarrow as pa

    further = list(metadata or ())
    for field in further:
        if field.name.lower() in (*_OWN, "_rowid", "_distance") or not re.fullmatch(r"[^`\x00-\x1f]+", field.name):
            raise BadName(f"{field.name!r} cannot name a metadata column of a collection; rename it")
    own = [
        pa.field("id", pa.utf8(), nullable=False, metadata=_PRIMARY_KEY),
        pa.field("ra", pa.float64()),
        pa.field("dec", pa.float64()),
        pa.field(HEALPIX_COLUMN, pa.int64()),
        pa.field(EMBEDDING, pa.list_(pa.float32(), provenance.dimensions), nullable=False),
    ]
    return pa.schema(
        [*own, *further], metadata={PROVENANCE_KEY: provenance.to_json().encode(), IDENTITY_KEY: identity.encode()}
    )


def checked(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows as they are stored: the columns of the schema in its order, with the key of their positions.

    Args:
        rows: `id`, `embedding`, and any of `ra`, `dec` and the metadata columns; what is missing is NULL.
        schema: of the collection.

    Raises:
        BadTable: columns nobody knows, ids twice or none, vectors that are not finite or not of length 1,
            impossible positions.
    """
    import pyarrow as pa

    unknown = [name for name in rows.column_names if name not in schema.names]
    missing = [name for name in ("id", EMBEDDING) if name not in rows.column_names]
    if unknown or missing or len(set(rows.column_names)) < rows.num_columns:
        raise BadTable(
            f"the rows have columns {', '.join(rows.column_names)}; a collection takes each of "
            f"{', '.join(name for name in schema.names if name != HEALPIX_COLUMN)} once at most, "
            f"and needs id and {EMBEDDING}"
        )
    ids = rows["id"].cast(pa.utf8()).combine_chunks()
    _check_ids(ids)
    check_vectors(vectors_of(rows[EMBEDDING], schema.field(EMBEDDING).type.list_size), ids.to_pylist)
    given = {"id": ids, **_positions(rows, ids)}
    arrays = []
    for field in schema:
        try:
            if field.name in given:
                arrays.append(given[field.name])
            elif field.name in rows.column_names:
                arrays.append(rows[field.name].cast(field.type))
            else:
                arrays.append(pa.nulls(len(rows), field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise BadTable(f"column {field.name!r} is not {field.type}: {error}") from error
    return pa.table(arrays, schema=schema.remove_metadata())


def vectors_of(column: pa.ChunkedArray, dimensions: int) -> Vectors:
    """A column of vectors as an array.

    Returns:
        Shape (rows, dimensions); without a copy where there is one chunk of float32.

    Raises:
        BadTable: a vector is missing or of another length.
    """
    import pyarrow as pa

    try:
        flat = column.cast(pa.list_(pa.float32(), dimensions)).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise BadTable(f"the vectors are {column.type} and not lists of {dimensions} float32: {error}") from error
    if flat.null_count:
        raise BadTable(f"{flat.null_count} rows have no vector; leave them out")
    vectors: Vectors = flat.flatten().to_numpy(zero_copy_only=False).reshape(len(flat), dimensions)
    return vectors


def check_vectors(vectors: Vectors, names: Any) -> None:
    """Refuse vectors that are not finite or not of length 1.

    Args:
        vectors: shape (n, dimensions).
        names: called for what to call each in the message.

    Raises:
        BadTable: with the names of some.
    """
    length2 = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    # NaN is not within the tolerance either.
    bad = np.flatnonzero(~(np.abs(length2 - 1) <= 2 * _LENGTH_TOLERANCE))
    if bad.size:
        finite = np.isfinite(length2[bad])
        worst = "not of length 1; divide them by their length" if finite.all() else "not finite"
        raise BadTable(f"{bad.size} vectors are {worst}: {_some(names(), bad)}")


def _check_ids(ids: pa.Array) -> None:
    import pyarrow.compute as pc

    if ids.null_count:
        raise BadTable(f"{ids.null_count} rows have no id; every row needs one")
    counts = pc.value_counts(ids)
    twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    if len(twice):
        raise BadTable(f"{len(twice)} ids are there twice or more: {_some(twice.to_pylist(), range(len(twice)))}")


def _positions(rows: pa.Table, ids: pa.Array) -> dict[str, pa.Array]:
    """`ra`, `dec` and the key; NULL together where one of them is not known."""
    import pyarrow as pa

    if "ra" not in rows.column_names or "dec" not in rows.column_names:
        ra = dec = np.full(len(rows), np.nan)
    else:
        ra, dec = (rows[name].cast(pa.float64()).to_numpy() for name in ("ra", "dec"))
    known = ~(np.isnan(ra) | np.isnan(dec))
    bad = np.flatnonzero(known & ~((ra >= -180) & (ra <= 360) & (np.abs(dec) <= 90)))
    if bad.size:
        names = _some(ids.to_pylist(), bad)
        raise BadTable(f"{bad.size} rows have a position outside ra -180 to 360 and dec -90 to 90 degrees: {names}")
    key = np.zeros(len(rows), np.int64)
    key[known] = healpix_index(KEY_ORDER, ra[known], dec[known])
    return {name: pa.array(values, mask=~known) for name, values in (("ra", ra), ("dec", dec), (HEALPIX_COLUMN, key))}


def _some(names: Sequence[Any], places: Sequence[int] | np.ndarray[Any, Any]) -> str:
    shown = ", ".join(str(names[int(place)]) for place in places[:_NAMED])
    return f"{shown}, ..." if len(places) > _NAMED else shown
