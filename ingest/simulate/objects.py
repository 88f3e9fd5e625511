"""The true objects of a chunk: one array a property, all classes together."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from skyband.ingest.simulate.columns import CLASSES
from skyband.ingest.simulate.loci import BANDS, EXTINCTION, Doubles, Floats, Indices, load_loci

EPOCH = 2016.0
"""Julian year of the true positions."""

_NAMED = ("early-type", "late-type", "QSO", "reddened QSO", "cluster", "SN Ia", "SN II", "CV")
SUBTYPES: tuple[str, ...] = tuple(
    dict.fromkeys([*(name for locus in load_loci().values() for name in locus.subtypes), *_NAMED])
)
"""Every subtype; objects hold the index."""

OPTICAL, NIR, MIR, ASTROMETRY = 1, 2, 4, 8
"""Bits of `Objects.looked`: the surveys that looked while the object shone."""


@dataclass(slots=True)
class Objects:
    """n objects."""

    kind: NDArray[np.uint8]  # index of CLASSES
    subtype: NDArray[np.uint8]  # index of SUBTYPES
    ra: Doubles  # deg, ICRS, at EPOCH
    dec: Doubles  # deg
    magnitudes: Floats  # (bands, n), apparent, extinction included
    ebv_total: Floats  # E(B-V) of the whole line of sight
    pmra: Floats  # mas/yr, includes cos(dec)
    pmdec: Floats  # mas/yr
    parallax: Floats  # mas
    radial_velocity: Floats  # km/s, NaN for none
    redshift: Floats  # NaN inside the Galaxy
    teff: Floats  # K, NaN for no star
    radius_arcsec: Floats  # half-light radius, 0 for a point
    parent: NDArray[np.int32]  # place of the parent in the chunk, -1 for none
    sep_arcsec: Floats  # distance to the parent, inf for none
    looked: NDArray[np.uint8]

    @classmethod
    def blank(cls, n: int) -> Objects:
        """Room for n point sources without motion, parent or redshift."""

        def full(value: float) -> Floats:
            return np.full(n, value, np.float32)

        return cls(
            kind=np.zeros(n, np.uint8),
            subtype=np.zeros(n, np.uint8),
            ra=np.zeros(n),
            dec=np.zeros(n),
            magnitudes=np.empty((len(BANDS), n), np.float32),
            ebv_total=full(0.0),
            pmra=full(0.0),
            pmdec=full(0.0),
            parallax=full(0.0),
            radial_velocity=full(np.nan),
            redshift=full(np.nan),
            teff=full(np.nan),
            radius_arcsec=full(0.0),
            parent=np.full(n, -1, np.int32),
            sep_arcsec=full(np.inf),
            looked=np.full(n, OPTICAL | NIR | MIR | ASTROMETRY, np.uint8),
        )

    def __len__(self) -> int:
        return self.ra.size

    def part(self, start: int, stop: int) -> Objects:
        """Views of the objects from `start` to `stop`: what is written there is written here."""
        return Objects(*(getattr(self, item.name)[..., start:stop] for item in fields(self)))

    def taken(self, index: Indices) -> Objects:
        """Copies of the objects at these places."""
        return Objects(*(np.take(getattr(self, item.name), index, axis=-1) for item in fields(self)))

    def shuffled(self, rng: np.random.Generator) -> Objects:
        """The same objects in random order, so that their place says nothing of their class."""
        order = rng.permutation(len(self))
        place = np.empty(len(self) + 1, np.int32)
        place[order] = np.arange(len(self))
        place[-1] = -1  # no parent stays no parent
        shuffled = self.taken(order)
        shuffled.parent = place[shuffled.parent]
        return shuffled

    def shine(self, rng: np.random.Generator, colours: Floats, r_mag: Doubles, ebv: Doubles, scatter: Floats) -> None:
        """Set `magnitudes`.

        Args:
            rng: source of random numbers.
            colours: (bands, n) magnitudes relative to r.
            r_mag: (n,) r magnitude without extinction.
            ebv: (n,) E(B-V) in front of the object.
            scatter: (bands,) intrinsic spread of the colours, mag.
        """
        noise = rng.standard_normal(colours.shape, dtype=np.float32)
        noise *= scatter[:, None]
        noise += colours
        noise += r_mag.astype(np.float32)
        noise += EXTINCTION[:, None] * ebv.astype(np.float32)
        self.magnitudes[:] = noise

    def name_subtypes(self, names: tuple[str, ...], rows: Indices | NDArray[np.bool_]) -> None:
        """Set `subtype` to `names[rows]`."""
        codes = np.array([SUBTYPES.index(name) for name in names], np.uint8)
        self.subtype[:] = codes[rows.astype(np.intp)]


def kind(name: str) -> int:
    """The code of a class."""
    return CLASSES.index(name)
