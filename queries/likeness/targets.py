"""What is looked for: images of a collection by their ids or positions, and vectors from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from skyband.queries.likeness.collection import Collection
from skyband.queries.likeness.options import GivenVector, Targets
from skyband.queries.likeness.search import separation_arcsec
from skyband.schema.errors import BadOption

NEAR_ARCSEC = 60.0
"""How far from a position its image may be, unless told."""

MOST_ARCSEC = 648_000.0
"""Half a circle: nothing on the sky is farther."""

_POSITION = re.compile(r"\s*([+-]?\d+(?:\.\d*)?)\s*,\s*([+-]?\d+(?:\.\d*)?)\s*")


def find_targets(
    collection: Collection,
    names: Sequence[str],
    vectors: Mapping[str, GivenVector],
    radius_arcsec: float = NEAR_ARCSEC,
) -> Targets:
    """What names stand for: vectors that are given, images of the collection, positions.

    Args:
        collection: where to look.
        names: of the targets.
        vectors: from elsewhere, by name.
        radius_arcsec: how far from a position its image may be.

    Raises:
        BadOption: a name is none of them.
    """
    there = collection.snapshot().rows_of(names) >= 0
    stored = [name for name, is_there in zip(names, there, strict=True) if is_there and name not in vectors]
    by_name = dict(zip(stored, _each(collection.targets(stored)), strict=True)) if stored else {}
    parts = []
    for name in names:
        if name in vectors:
            parts.append(target_given(collection, vectors[name]))
        else:
            parts.append(by_name.get(name) or target_named(collection, name, radius_arcsec))
    return Targets(
        np.concatenate([part.vectors for part in parts]),
        [part.ids[0] for part in parts],
        np.concatenate([part.ra for part in parts]),
        np.concatenate([part.dec for part in parts]),
        [part.copies[0] for part in parts],
        np.concatenate([part.sep_arcsec for part in parts]),
    )


def target_named(collection: Collection, what: str, radius_arcsec: float = NEAR_ARCSEC) -> Targets:
    """The row of an id; of "RA,DEC", degrees, the nearest one on the sky.

    Raises:
        BadOption: it is neither, or as `target_at`.
    """
    if collection.snapshot().rows_of([what])[0] >= 0:
        return collection.targets([what])
    place = _POSITION.fullmatch(what)
    if place is None:
        raise BadOption(f"{what!r} is no id of collection {collection.name!r}, and no position as 'RA,DEC' in degrees")
    return target_at(collection, float(place[1]), float(place[2]), radius_arcsec)


def target_at(collection: Collection, ra: float, dec: float, radius_arcsec: float = NEAR_ARCSEC) -> Targets:
    """The row nearest to a position on the sky; `sep_arcsec` says how far it is.

    Args:
        collection: where to look.
        ra: degrees, -360 to 360.
        dec: degrees.
        radius_arcsec: how far it may be.

    Raises:
        BadOption: no row has a position, none is so near, or there is no such place on the sky.
    """
    if not -360 <= ra <= 360:
        raise BadOption(f"ra {ra:g} is not in -360 to 360 degrees")
    if not -90 <= dec <= 90:
        raise BadOption(f"dec {dec:g} is not in -90 to 90 degrees")
    if not 0 < radius_arcsec <= MOST_ARCSEC:
        raise BadOption(f"radius_arcsec is {radius_arcsec:g}, which is not more than 0 and at most {MOST_ARCSEC:g}")
    directory = collection.snapshot().directory
    separation = separation_arcsec(directory.ra, directory.dec, ra, dec)
    if np.isnan(separation).all():
        raise BadOption(f"no row of collection {collection.name!r} has a position; look by id or by image")
    row = int(np.nanargmin(separation))
    name, nearest_arcsec = directory.ids[row].as_py(), float(separation[row])
    if nearest_arcsec > radius_arcsec:
        raise BadOption(
            f"no image of collection {collection.name!r} is within {radius_arcsec:g} arcsec of {ra:g},{dec:g}: the "
            f"nearest, {name}, is {angle_words(nearest_arcsec)} away; give its id, or a larger radius_arcsec"
        )
    return replace(collection.targets([name]), sep_arcsec=np.array([nearest_arcsec]))


def target_given(collection: Collection, given: GivenVector) -> Targets:
    """A vector from elsewhere; where its image has no position, the image of the same file says it."""
    there = collection.snapshot().rows_of([given.copy])[0] >= 0
    copy = given.copy if there else None
    if given.ra is not None and given.dec is not None:
        ra, dec = np.array([given.ra]), np.array([given.dec])
    elif copy is not None:
        known = collection.targets([copy])
        ra, dec = known.ra, known.dec
    else:
        ra = dec = np.array([np.nan])
    return Targets(np.asarray(given.vector), ra=ra, dec=dec, copies=[copy])


def angle_words(angle_arcsec: float) -> str:
    """An angle in the unit that people would take."""
    if angle_arcsec < 120:
        return f"{angle_arcsec:.3g} arcsec"
    return f"{angle_arcsec / 60:.3g} arcmin" if angle_arcsec < 7200 else f"{angle_arcsec / 3600:.4g} degrees"


def _each(targets: Targets) -> list[Targets]:
    return [
        Targets(targets.vectors[n], [targets.ids[n]], targets.ra[n : n + 1], targets.dec[n : n + 1])
        for n in range(len(targets))
    ]
