"""Features of sources as a matrix, checked where it comes in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from skyband.schema.errors import BadOption, BadTable

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_CHUNK_ROWS = 500_000
_BLOCK_ROWS = 8_192
_NAMED = 8
"""Names a message lists at most."""


@dataclass(frozen=True)
class FeatureMatrix:
    """Features of n sources; NaN is a missing value.

    Attributes:
        values: float32, n x f.
        names: of the f features.
        digest: of the features' definitions; models refuse matrices with another one.
        healpix_29: NESTED index of each source, for folds; None where nothing is trained.
        magnitude: of each source, for calibration by magnitude; NaN where there is none.
        groups: number of the object each row is of: rows of one object stay together; negative for rows that are
            the only ones of theirs.
        weights: of rows, positive.
        bands: features that vanish together, by the name of what was not observed ("W1", "astrometry"). A feature
            may need several bands, as colours do.
        counts: bands that features count, by the name of the feature.

    Raises:
        BadTable: shapes disagree, names repeat, or a value is infinite.
    """

    values: Floats
    names: tuple[str, ...]
    digest: str = ""
    healpix_29: Integers | None = None
    magnitude: Doubles | None = None
    groups: Integers | None = None
    weights: Doubles | None = None
    bands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    counts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.dtype != np.float32:
            raise BadTable(
                f"features are a {self.values.ndim}-D {self.values.dtype} array; give rows x features float32"
            )
        if self.values.shape[1] != len(self.names) or len(set(self.names)) != len(self.names):
            raise BadTable(f"{self.values.shape[1]} columns of features have {len(set(self.names))} different names")
        if not self.names:
            raise BadTable("there is no feature; give one at least")
        for what in ("healpix_29", "magnitude", "groups", "weights"):
            given = getattr(self, what)
            if given is not None and given.shape != (len(self.values),):
                raise BadTable(f"{what} has the shape {given.shape}, but there are {len(self.values)} rows")
        unknown = sorted({*self.counts, *(name for names in self.bands.values() for name in names)} - set(self.names))
        if unknown:
            raise BadTable(f"bands or counts of them name features that are not there: {listed(unknown)}")
        infinite = np.zeros(len(self.names), bool)
        for rows in chunks(len(self.values)):
            infinite |= np.isinf(self.values[rows]).any(axis=0)
        if infinite.any():
            raise BadTable(f"infinite values in {listed(self._named(infinite))}; make them missing (NaN)")
        if self.weights is not None and not (np.isfinite(self.weights) & (self.weights > 0)).all():
            raise BadTable("weights of rows must be positive numbers; leave rows of no weight out")

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, chosen: Integers | Flags | slice) -> FeatureMatrix:
        """The matrix of some of its rows."""
        return replace(
            self,
            values=self.values[chosen],
            healpix_29=None if self.healpix_29 is None else self.healpix_29[chosen],
            magnitude=None if self.magnitude is None else self.magnitude[chosen],
            groups=None if self.groups is None else self.groups[chosen],
            weights=None if self.weights is None else self.weights[chosen],
        )

    def features(self, names: Sequence[str]) -> FeatureMatrix:
        """The matrix of some of its features, in the order asked for.

        Raises:
            BadTable: a feature is missing.
        """
        missing = [name for name in names if name not in self.names]
        if missing:
            raise BadTable(
                f"the table lacks {len(missing)} of {len(names)} features: {listed(missing)}; build them first"
            )
        if tuple(names) == self.names:
            return self
        bands = {band: tuple(one for one in members if one in names) for band, members in self.bands.items()}
        counts = {name: counted for name, counted in self.counts.items() if name in names}
        places = [self.names.index(name) for name in names]
        return replace(self, values=self.values[:, places], names=tuple(names), bands=bands, counts=counts)

    def as_trained(self, names: Sequence[str], digest: str) -> FeatureMatrix:
        """The matrix as a model wants it that was trained with `names`.

        Raises:
            BadTable: a feature is missing.
            BadOption: features of the same names are defined otherwise.
        """
        found = self.features(names)
        if found.digest != digest:
            raise BadOption(
                f"the model was trained with features of the definition {digest or '(none)'}, these are of "
                f"{found.digest or '(none)'}; build the features as the model wants them, or train anew"
            )
        return found

    def ranges(self) -> tuple[Floats, Floats]:
        """Least and largest value of each feature; the least is above the largest where no row has one."""
        least = np.full(len(self.names), np.inf, np.float32)
        most = -least
        for rows in chunks(len(self)):
            # Missing values do not count.
            least = np.fmin(least, np.fmin.reduce(self.values[rows], axis=0, initial=np.inf))
            most = np.fmax(most, np.fmax.reduce(self.values[rows], axis=0, initial=-np.inf))
        return least, most

    def empty_rows(self) -> Flags:
        """Whether each row has no feature at all."""
        return np.concatenate(
            [np.isnan(self.values[rows]).all(axis=1) for rows in chunks(len(self))] or [np.empty(0, bool)]
        )

    def places(self) -> Integers:
        """HEALPix key of every row.

        Raises:
            BadTable: there are none.
        """
        if self.healpix_29 is None:
            raise BadTable("training needs healpix_29 of every row, so that neighbours on the sky stay in one fold")
        return self.healpix_29

    def check_trainable(self) -> None:
        """Refuse features that nothing can be learnt from.

        Raises:
            BadTable: there are no positions, a row or a feature has no value, or a feature always has the same.
        """
        self.places()
        least, most = self.ranges()
        empty_rows = int(self.empty_rows().sum())
        if empty_rows == len(self):
            raise BadTable("every feature of every row is missing (NaN); nothing can be learnt")
        if (most < least).any():
            raise BadTable(f"no row has a value of {listed(self._named(most < least))}; leave these features out")
        if (most == least).any():
            raise BadTable(f"constant in all rows: {listed(self._named(most == least))}; leave these features out")
        if empty_rows:
            raise BadTable(f"{empty_rows} rows have no feature at all (NaN); leave them out of the training")

    def _named(self, flags: Flags) -> list[str]:
        return [name for name, flag in zip(self.names, flags, strict=True) if flag]


def blocks(rows: int) -> Sequence[slice]:
    """Slices of many rows that threads share out, each small enough for a core's cache; one at least."""
    return [slice(start, min(start + _BLOCK_ROWS, rows)) for start in range(0, rows, _BLOCK_ROWS)] or [slice(0, 0)]


def chunks(rows: int) -> Iterator[slice]:
    """Slices that go through many rows in little memory."""
    for start in range(0, rows, _CHUNK_ROWS):
        yield slice(start, min(start + _CHUNK_ROWS, rows))


def packed_rows(flags: Flags) -> NDArray[np.void]:
    """Each row of flags as one item of bytes, which can be compared and looked up whole."""
    packed = np.packbits(flags, axis=1)
    return np.ascontiguousarray(packed).view(f"V{packed.shape[1]}").reshape(-1)


def digest_of(*arrays: NDArray[np.generic] | None) -> str:
    """Sixteen hexadecimal digits that are equal for equal arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            digest.update(b"none")
            continue
        digest.update(f"{array.dtype}{array.shape}".encode())
        for rows in chunks(len(array)):
            digest.update(np.ascontiguousarray(array[rows]).tobytes())
    return digest.hexdigest()[:16]


def listed(names: Sequence[str]) -> str:
    """Names in words, not all if they are many."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
