"""Folds by places on the sky: what is tested lies elsewhere than what was learnt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skyband.models.classifier.labels import Labels
from skyband.models.classifier.matrix import Flags, Integers, listed
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.healpix import KEY_ORDER, neighbours

_COARSEST, _FINEST = 4, 12


@dataclass(frozen=True)
class FoldPlan:
    """How rows are dealt out.

    Attributes:
        count: of folds.
        order: HEALPix order of the pixels that stay whole; 4 has sides of 3.7 deg.
        buffer_order: rows next to a held-out row, in the same or a neighbouring pixel of this finer order, are not
            trained with; None for no buffer.
        seed: of the dealing.
    """

    count: int = 5
    order: int = 4
    buffer_order: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class Folds:
    """Folds of n rows.

    Attributes:
        plan: they were dealt by.
        fold: of each row, shape (n,).
        places: number of the place each row belongs to; places are never cut, shape (n,).
    """

    plan: FoldPlan
    fold: NDArray[np.int8]
    places: Integers
    _healpix_29: Integers

    def held_out(self, fold: int) -> Integers:
        """Rows of a fold."""
        return np.flatnonzero(self.fold == fold)

    def training(self, fold: int) -> Integers:
        """Rows to train with when a fold is held out."""
        rows = np.flatnonzero(self.fold != fold)
        if self.plan.buffer_order is not None:
            rows = rows[~self._beside(rows, self.held_out(fold), self.plan.buffer_order)]
        return rows

    def _beside(self, rows: Integers, held_out: Integers, order: int) -> Flags:
        shift = 2 * (KEY_ORDER - order)
        pixels = np.unique(self._healpix_29[held_out] >> shift)
        around = np.union1d(pixels, neighbours(order, pixels))
        return np.isin(self._healpix_29[rows] >> shift, around)


def coarsest_order(labels: Labels, healpix_29: Integers, folds: int) -> int:
    """HEALPix order of the largest pixels that can be dealt: as many as folds, and two with rows of each class.

    Order 4 (3.7 deg) for rows all over the sky, finer for those of a field, but none finer than 12 (0.9 arcmin).

    Args:
        labels: of the rows.
        healpix_29: of the rows, NESTED.
        folds: how many.
    """
    classes = len(labels.classes)
    for order in range(_COARSEST, _FINEST):
        pixel_and_class = np.unique((healpix_29 >> (2 * (KEY_ORDER - order))) * classes + labels.codes)
        pixels = len(np.unique(pixel_and_class // classes))
        if pixels >= folds and np.bincount(pixel_and_class % classes, minlength=classes).min() >= 2:
            return order
    return _FINEST


def deal_folds(labels: Labels, healpix_29: Integers, groups: Integers | None, plan: FoldPlan) -> Folds:
    """Deal rows into folds: pixels and objects stay whole, classes are spread as evenly as that allows.

    Args:
        labels: of the rows.
        healpix_29: of the rows, NESTED.
        groups: object each row is of; negative for rows without another of the same object; None for no such rows.
        plan: how.

    Returns:
        The same folds for the same rows and plan.

    Raises:
        BadOption: the plan is impossible.
        BadTable: a class lies in so few places that a fold's training would have none of it.
    """
    if plan.count < 2:
        raise BadOption(f"{plan.count} folds: take 2 or more")
    if not 0 <= plan.order <= KEY_ORDER or not (
        plan.buffer_order is None or plan.order <= plan.buffer_order <= KEY_ORDER
    ):
        raise BadOption(
            f"HEALPix orders of folds are {plan.order} and {plan.buffer_order} (buffer): "
            f"take 0 to {KEY_ORDER}, the buffer's no coarser"
        )
    if healpix_29.min() < 0 or healpix_29.max() >= 12 << (2 * KEY_ORDER):
        raise BadTable("healpix_29 has values that are no pixels of order 29")
    places = _places(healpix_29 >> (2 * (KEY_ORDER - plan.order)), groups)
    number = int(places.max()) + 1
    if number < plan.count:
        raise BadTable(
            f"the rows lie in {number} separate pixels of HEALPix order {plan.order}, too few for {plan.count} folds; "
            "take a higher order"
        )
    folds = Folds(plan, _deal(labels.codes, places, plan.count, plan.seed), places, healpix_29)
    for fold in range(plan.count):
        trained = folds.training(fold)
        absent = np.bincount(labels.codes[trained], minlength=len(labels.classes)) == 0
        if absent.any():
            names = [name for name, flag in zip(labels.classes, absent, strict=True) if flag]
            raise BadTable(
                f"all rows of {listed(names)} lie in so few pixels of HEALPix order {plan.order} that one fold takes "
                "them all; take a higher order, or leave the class out"
            )
    return folds


def _places(pixels: Integers, groups: Integers | None) -> Integers:
    """Number of each row's place: pixels, merged where rows of one object lie in several."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    found, number = np.unique(pixels, return_inverse=True)
    if groups is None or (groups < 0).all():
        return number.astype(np.int64)
    grouped = groups >= 0
    objects, of_row = np.unique(groups[grouped], return_inverse=True)
    size = len(found) + len(objects)
    links = (np.ones(len(of_row), np.int8), (number[grouped], len(found) + of_row))
    _, component = connected_components(coo_array(links, shape=(size, size)), directed=False)
    return np.unique(component[number], return_inverse=True)[1].astype(np.int64)


def _deal(codes: Integers, places: Integers, parts: int, seed: int) -> NDArray[np.int8]:
    """The part each row falls to: places with the most uneven classes first, each to where it evens out best."""
    table = np.zeros((int(places.max()) + 1, int(codes.max()) + 1))
    np.add.at(table, (places, codes), 1.0)
    total = np.maximum(table.sum(axis=0), 1.0)
    share = table / total
    order = np.random.default_rng(seed).permutation(len(table))
    order = order[np.argsort(-share.max(axis=1)[order], kind="stable")]
    held = np.zeros((parts, table.shape[1]))
    part_of = np.zeros(len(table), np.int8)
    for place in order:
        if not table[place].any():
            continue
        # Least sum of squares after the step: what fills the part where its classes are scarcest.
        part = int(np.argmin((2 * held * share[place]).sum(axis=1)))
        held[part] += share[place]
        part_of[place] = part
    return part_of[places]
