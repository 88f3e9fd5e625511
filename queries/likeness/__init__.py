"""Likeness: collections of unit vectors, and the nearest of any vector."""

from skyband.queries.likeness.collection import Collection
from skyband.queries.likeness.index_report import IndexReport
from skyband.queries.likeness.options import Dropped, GivenVector, Likeness, LikenessOptions, Targets
from skyband.queries.likeness.provenance import Provenance
from skyband.queries.likeness.state import CollectionState

__all__ = [
    "Collection",
    "CollectionState",
    "Dropped",
    "GivenVector",
    "IndexReport",
    "Likeness",
    "LikenessOptions",
    "Provenance",
    "Targets",
]
