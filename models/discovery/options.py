"""What can be chosen of a search for the unusual, and of a taxonomy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from skyband.schema.errors import BadOption


class Strategy(StrEnum):
    """What images are ordered by."""

    FOREST = "forest"  # isolation forest
    NEIGHBOURS = "neighbours"  # mean distance to the nearest others
    BOTH = "both"  # the two together
    LABELS = "labels"  # both, re-ranked by what people said
    PREDICTED = "predicted"  # what people would say, unusual or not: more of what they like


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectionOptions:
    """How vectors are made short.

    Raises:
        BadOption: a number is out of its range.
    """

    explained: float = 0.95  # share of the variance that the components shall have
    most_components: int = 40
    sample_rows: int = 50_000  # rows that the components, and what else is learnt, are learnt from, at most
    seed: int = 1  # of everything drawn at random

    def __post_init__(self) -> None:
        if not 0 < self.explained <= 1:
            raise BadOption(f"share of variance {self.explained:g} is not more than 0 and at most 1")
        for name in ("most_components", "sample_rows"):
            if getattr(self, name) < 2:
                raise BadOption(f"{name} must be 2 or more, not {getattr(self, name)}")
        if self.seed < 0:
            raise BadOption(f"the seed must be 0 or more, not {self.seed}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyOptions(ProjectionOptions):
    """How the unusual is found.

    Raises:
        BadOption: a number is out of its range.
    """

    explained: float = 0.999  # what is unusual may lie where the usual hardly varies
    neighbours: int = 20  # whose mean distance counts; as many odd images of one kind pass for usual
    trees: int = 200  # of the isolation forest
    alpha: float = 1.0  # how fast the influence of labels ends with the distance from them; see `relevance`

    def __post_init__(self) -> None:
        # By name: a dataclass with slots is not the class that super() of its body knows.
        ProjectionOptions.__post_init__(self)
        if self.neighbours < 1 or self.trees < 1:
            raise BadOption(f"{self.neighbours} neighbours and {self.trees} trees: each must be 1 or more")
        if not 0 < self.alpha <= 100:
            raise BadOption(f"alpha {self.alpha:g} is not more than 0 and at most 100")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxonomyOptions(ProjectionOptions):
    """How a collection is sorted into kinds.

    Raises:
        BadOption: a number is out of its range.
    """

    most_components: int = 10  # density means little in many dimensions
    sample_rows: int = 20_000  # rows that are clustered; others belong where their nearest sampled row does
    least_images: int | None = None  # of a cluster; None: 0.6 roots of the clustered rows, 10 at least
    largest_share: float = 0.5  # of all in one cluster; kinds that shade into each other, as galaxies do, are else one
    resamples: int = 10  # halves that are clustered again, for stability; 0: none
    map: Literal["tsne", "pca"] = "tsne"  # what puts images on the map
    map_rows: int = 3_000  # rows that t-SNE places; others stand beside their nearest placed ones

    def __post_init__(self) -> None:
        ProjectionOptions.__post_init__(self)
        if self.least_images is not None and self.least_images < 2:
            raise BadOption(f"a cluster has 2 images or more, not {self.least_images}")
        if not 0 < self.largest_share <= 1:
            raise BadOption(f"the largest share {self.largest_share:g} of a cluster is not more than 0 and at most 1")
        if self.resamples < 0 or self.map_rows < 10:
            raise BadOption(f"{self.resamples} resamples, {self.map_rows} rows on the map: give 0 and 10 or more")
