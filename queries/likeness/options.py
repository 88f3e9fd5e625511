"""What to look for, among what, and what is too trivial to be an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from skyband.queries.cones import Cone
from skyband.schema.errors import BadOption
from skyband.schema.healpix import Doubles

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Targets:
    """Vectors whose likes are looked for, and what is known of the objects they belong to.

    Raises:
        BadOption: they are no vectors, or not as many as ids and positions.
    """

    vectors: np.ndarray[Any, Any]  # shape (m, dimensions), or (dimensions,) for one; made unit vectors
    ids: Sequence[str | None] = ()  # of rows that are not to be found themselves; () for objects from elsewhere
    ra: Doubles = field(default_factory=lambda: np.empty(0))  # degrees, NaN where it is not known; empty: nowhere known
    dec: Doubles = field(default_factory=lambda: np.empty(0))
    copies: Sequence[str | None] = ()  # ids of rows whose file is the target's own: found where `exclude_arcsec` is 0
    sep_arcsec: Doubles = field(
        default_factory=lambda: np.empty(0)
    )  # from the position they were looked for by; or NaN

    def __post_init__(self) -> None:
        vectors = np.atleast_2d(np.asarray(self.vectors, np.float64))
        if vectors.ndim != 2:
            raise BadOption(f"vectors of shape {np.shape(self.vectors)} cannot be looked for; give one a line")
        length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        bad = np.flatnonzero(~(np.isfinite(length) & (length > 0)))
        if bad.size:
            raise BadOption(f"{bad.size} vectors have no direction (the first is number {bad[0]}): NaN, or zero")
        object.__setattr__(self, "vectors", np.ascontiguousarray(vectors / length[:, None], np.float32))
        unknown = np.full(len(vectors), np.nan)
        for name in ("ra", "dec", "sep_arcsec"):
            given = np.atleast_1d(np.asarray(getattr(self, name), np.float64))
            object.__setattr__(self, name, given if given.size else unknown)
        for name in ("ids", "copies"):
            object.__setattr__(self, name, tuple(getattr(self, name)) or (None,) * len(vectors))
        if {len(vectors)} != {len(given) for given in (self.ids, self.copies, self.ra, self.dec, self.sep_arcsec)}:
            raise BadOption(
                f"{len(vectors)} vectors, {len(self.ids)} ids, {len(self.ra)} ra and {len(self.dec)} dec: give as many "
                "of each, or none"
            )

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True, slots=True)
class GivenVector:
    """The vector of an image from elsewhere, and what is known of the image."""

    vector: Sequence[float]
    ra: float | None = None  # degrees
    dec: float | None = None
    copy: str | None = None  # id of the row of the collection whose file is the same


@dataclass(frozen=True, slots=True)
class LikenessOptions:
    """How to search.

    Raises:
        BadOption: a number is impossible.
    """

    k: int = 20  # neighbours
    exclude_arcsec: float = 100.0  # neighbours this near to the target on the sky are it; 0 keeps them
    distinct_arcsec: float = 0.0  # neighbours this near to a more similar one are it, seen twice; 0 keeps them
    where: str = ""  # a condition over the collection's columns
    cone: Cone | None = None  # where on the sky
    ids: pa.Array | pa.ChunkedArray | None = None  # among which rows

    def __post_init__(self) -> None:
        if self.k < 1:
            raise BadOption(f"{self.k} neighbours cannot be looked for; ask for 1 or more")
        for name in ("exclude_arcsec", "distinct_arcsec"):
            if not 0 <= getattr(self, name) <= 648_000:
                raise BadOption(f"{name} is {getattr(self, name)}, which is not in 0 to 648000 arcsec")


@dataclass(frozen=True, slots=True)
class Dropped:
    """Neighbours that were too trivial to be an answer; others took their places."""

    itself: int = 0  # the row with the target's id, or of its file
    same_position: int = 0  # within `exclude_arcsec` of the target
    repeated: int = 0  # within `distinct_arcsec` of a more similar neighbour


@dataclass(frozen=True, slots=True)
class Likeness:
    """Neighbours and how they were found."""

    table: pa.Table  # rank from 1, id, similarity (cosine), ra, dec, sep_arcsec from the target (NULL: not known);
    # for many targets with query_index, from 0, before them
    dropped: Dropped  # of all targets together
    dropped_of: tuple[Dropped, ...]  # of each
    searched: str  # "exact", or the kind of the index
    recall: float  # of the search, as measured when the index was built; 1 where it is exact
    rows: int  # of the collection
    chosen: int  # rows that the filters left
    version: int  # of the collection

    def facts(self) -> dict[str, Any]:
        """Everything but the neighbours, for JSON."""
        return {
            "searched": self.searched,
            "recall": self.recall,
            "rows": self.rows,
            "chosen": self.chosen,
            "version": self.version,
            "dropped": {
                "itself": self.dropped.itself,
                "same_position": self.dropped.same_position,
                "repeated": self.dropped.repeated,
            },
        }
