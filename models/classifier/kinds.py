"""Classes by the names people give them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from skyband.models.classifier.matrix import Flags

STELLAR = ("star", "giant", "white dwarf", "brown dwarf")
"""Kinds that are stars in the wide sense; `star` is the main sequence where there are others."""
_NAMES = {
    "star": "star|stars|main sequence|main sequence star|ms",
    "giant": "giant|giants|red giant|giant star",
    "white dwarf": "white dwarf|wd|white dwarfs",
    "brown dwarf": "brown dwarf|bd|brown dwarfs|ultracool dwarf",
    "galaxy": "galaxy|galaxies|gal",
    "quasar": "quasar|quasars|qso|qsos|agn",
    "galaxy cluster": "galaxy cluster|cluster|clusters|galaxy clusters|cluster of galaxies",
    "transient": "transient|transients|variable|supernova|sn",
}
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names.split("|")}


def kind_of(name: str) -> str | None:
    """The kind of object a name of a class stands for ("QSO" is a quasar); None for one that is not known."""
    return _KINDS.get(re.sub(r"[\W_]+", " ", name).strip().lower())


def coarse_classes(classes: Sequence[str]) -> dict[str, str]:
    """Coarse class of each class: star, galaxy or quasar, or itself; empty where that makes no difference, or none."""
    found = {name: coarse_kind(name) or name for name in classes}
    return found if 1 < len(set(found.values())) < len(found) else {}


def coarse_kind(name: str) -> str | None:
    """ "star", "galaxy" or "quasar" for classes that are kinds of these, None for others."""
    kind = kind_of(name)
    if kind in STELLAR:
        return "star"
    return kind if kind in ("galaxy", "quasar") else None


def classes_of(classes: Sequence[str], coarse: str) -> Flags:
    """Which classes are of a coarse kind."""
    return np.array([coarse_kind(name) == coarse for name in classes])


def class_named(classes: Sequence[str], name: str) -> int | None:
    """Place of the class a name means: itself, or the only one of the same kind; None if there is none."""
    if name in classes:
        return list(classes).index(name)
    kind = kind_of(name)
    alike = [place for place, one in enumerate(classes) if kind is not None and kind_of(one) == kind]
    return alike[0] if len(alike) == 1 else None
