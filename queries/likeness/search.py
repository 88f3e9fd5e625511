"""Neighbours of vectors: chosen, found, freed of the trivial, and filled up again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from skyband.queries.likeness.options import Dropped, Likeness, LikenessOptions, Targets
from skyband.queries.likeness.rows import Vectors
from skyband.queries.likeness.snapshot import Snapshot
from skyband.queries.likeness.tiers import Flags, Nearest
from skyband.schema.errors import BadOption
from skyband.schema.healpix import Doubles, Integers

if TYPE_CHECKING:
    import pyarrow as pa

_SPARE = 8
"""Neighbours looked for beyond those asked for, where some may be dropped."""

_TOGETHER = 512
_HELD = 4_000_000
"""Targets that are looked for at once, and neighbours held while they are judged: some 100 MB."""

_MORE = 4
"""Times as many are looked for next, where too many were."""


def search(snapshot: Snapshot, targets: Targets, options: LikenessOptions, *, numbered: bool) -> Likeness:
    """The nearest rows of each target.

    Args:
        snapshot: a version of a collection.
        targets: what to look for.
        options: how.
        numbered: whether the answer has `query_index`.

    Raises:
        BadOption: a filter names what is not there, or the vectors are of another collection's kind.
    """
    if len(targets) and targets.vectors.shape[1] != snapshot.provenance.dimensions:
        raise BadOption(
            f"vectors of {targets.vectors.shape[1]} dimensions cannot be looked for in collection {snapshot.name!r}, "
            f"which has {snapshot.provenance.dimensions}; encode with {snapshot.provenance.encoder}"
        )
    allowed = snapshot.chosen_rows(options)
    chosen = len(snapshot.directory) if allowed is None else len(allowed)
    found = [_NOTHING]
    dropped = np.zeros((len(targets), 3), np.int64)
    itself = snapshot.rows_of(_own_ids(targets, options))
    waiting = np.arange(len(targets))
    count, sure = options.k + (_SPARE if _may_drop(targets, options, itself) else 0), options.k
    while waiting.size and chosen:
        if count >= chosen:
            count = sure = chosen
        missing = []
        for group in np.array_split(waiting, range(_group(count), len(waiting), _group(count))):
            nearest = snapshot.tier.nearest(targets.vectors[group], count, allowed, sure)
            judged = _Judged(snapshot, targets, group, itself, nearest, options)
            is_done = judged.is_enough | (count >= chosen)
            found.append(judged.found(is_done))
            dropped[group[is_done]] = judged.dropped()[is_done]
            missing.append(group[~is_done])
        waiting = np.concatenate(missing)
        count = sure = count * _MORE
    return Likeness(
        table=_table(snapshot, targets, found, numbered),
        dropped=Dropped(*dropped.sum(axis=0).tolist()),
        dropped_of=tuple(Dropped(*line) for line in dropped.tolist()),
        searched=snapshot.tier.name,
        recall=snapshot.recall,
        rows=len(snapshot.directory),
        chosen=chosen,
        version=snapshot.version,
    )


class _Found(NamedTuple):
    """Neighbours that stay, those of a target one after the other, most similar first; shapes (n,)."""

    number: Integers  # of the target
    rows: Integers
    similarity: Vectors


_NOTHING = _Found(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))


class _Judged:
    """Which neighbours stay, and why the others do not."""

    def __init__(
        self,
        snapshot: Snapshot,
        targets: Targets,
        places: Integers,
        itself: Integers,
        nearest: Nearest,
        options: LikenessOptions,
    ) -> None:
        self._nearest, self._k, self._places = nearest, options.k, places
        rows = nearest.rows
        is_there = rows >= 0
        self._itself = is_there & (rows == itself[places, None])
        self._same = np.zeros(rows.shape, bool)
        directory = snapshot.directory
        if options.exclude_arcsec:
            separation = separation_arcsec(
                directory.ra[rows], directory.dec[rows], targets.ra[places, None], targets.dec[places, None]
            )
            # NaN, where a position is not known, is not near.
            self._same = is_there & (separation <= options.exclude_arcsec) & ~self._itself
        self.is_kept = is_there & ~(self._itself | self._same)
        self._repeated = np.zeros(rows.shape, bool)
        if options.distinct_arcsec:
            for line in range(len(rows)):
                self._repeated[line] = _repeats(
                    directory.ra[rows[line]], directory.dec[rows[line]], self.is_kept[line], options
                )
            self.is_kept &= ~self._repeated

        self._before = np.cumsum(self.is_kept, axis=1)  # those that stay so far, each itself among them
        self.is_enough = self._before[:, -1] >= options.k

    def found(self, is_done: Flags) -> _Found:
        """The first `k` that stay, of some of the lines."""
        chosen = self.is_kept & (self._before <= self._k) & is_done[:, None]
        lines, _ = np.nonzero(chosen)
        return _Found(self._places[lines], self._nearest.rows[chosen], self._nearest.similarity[chosen])

    def dropped(self) -> Integers:
        """What was dropped of each line before the last of them, by the fields of `Dropped`; shape (m, 3)."""
        is_before = self._before < self._k
        reasons = (self._itself, self._same, self._repeated)
        return np.column_stack([np.count_nonzero(reason & is_before, axis=1) for reason in reasons])


def _group(count: int) -> int:
    """How many targets to look for at once, so many neighbours each."""
    return max(1, min(_TOGETHER, _HELD // count))


def _own_ids(targets: Targets, options: LikenessOptions) -> list[str | None]:
    copies = targets.copies if options.exclude_arcsec else (None,) * len(targets)
    return [name if name is not None else copy for name, copy in zip(targets.ids, copies, strict=True)]


def _may_drop(targets: Targets, options: LikenessOptions, itself: Integers) -> bool:
    has_place = bool(options.exclude_arcsec) and not np.isnan(targets.ra).all()
    return bool(options.distinct_arcsec) or has_place or bool((itself >= 0).any())


def _repeats(ra: Doubles, dec: Doubles, is_kept: Flags, options: LikenessOptions) -> Flags:
    """Which of some positions, in their order, are near to one before that stays; shape (n,)."""
    repeated = np.zeros(len(ra), bool)
    stays: list[int] = []
    for place in np.flatnonzero(is_kept):
        near = separation_arcsec(ra[stays], dec[stays], ra[place], dec[place]) <= options.distinct_arcsec
        repeated[place] = near.any()
        if not repeated[place]:
            stays.append(int(place))
            if len(stays) == options.k:
                break
    return repeated


def separation_arcsec(ra1: Doubles, dec1: Doubles, ra2: Doubles | float, dec2: Doubles | float) -> Doubles:
    """The angle between positions in degrees, by the haversine formula; NaN where one of them is not known."""
    lat1, lat2 = np.radians(dec1), np.radians(dec2)
    half = np.sin((lat1 - lat2) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin(np.radians(ra1 - ra2) / 2) ** 2
    separation: Doubles = np.degrees(2 * np.arcsin(np.sqrt(np.minimum(half, 1)))) * 3600
    return separation


def _table(snapshot: Snapshot, targets: Targets, found: list[_Found], numbered: bool) -> pa.Table:
    import pyarrow as pa

    number, rows, similarity = (np.concatenate(column) for column in zip(*found, strict=True))
    # Some targets were looked for once more, after the others.
    order = np.argsort(number, kind="stable")
    number, rows, similarity = number[order], rows[order], similarity[order]
    rank = 1 + np.arange(len(rows)) - np.searchsorted(number, number)
    directory = snapshot.directory
    ra, dec = directory.ra[rows], directory.dec[rows]
    separation = separation_arcsec(ra, dec, targets.ra[number], targets.dec[number])
    columns: dict[str, Any] = {"query_index": pa.array(number, pa.int32())} if numbered else {}
    columns |= {
        "rank": pa.array(rank, pa.int32()),
        "id": directory.ids.take(pa.array(rows)),
        "similarity": pa.array(similarity),
        "ra": _known(ra),
        "dec": _known(dec),
        "sep_arcsec": _known(separation),
    }
    return pa.table(columns)


def _known(values: Doubles) -> pa.Array:
    """NaN is NULL."""
    import pyarrow as pa

    return pa.array(values, from_pandas=True)
