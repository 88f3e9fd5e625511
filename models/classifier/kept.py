"""What a model said of the rows it was trained with when it had not learnt from them, kept for its validation."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skyband.models.classifier.matrix import Doubles, FeatureMatrix, Flags, Floats, Integers, digest_of
from skyband.models.classifier.members.trees import read_arrays
from skyband.models.classifier.run import read_files
from skyband.schema.errors import BadFile

KEPT = "out_of_fold.npz"
"""Name of the file in the folder of a model."""


@dataclass(frozen=True)
class OutOfFold:
    """Of n rows of a training, each by models that had not seen its fold.

    Attributes:
        rows: places in the training, which has them by ascending id.
        codes: true classes.
        called: what they are called.
        fold: each was held out with.
        healpix_29: of each.
        magnitude: of each, NaN where there is none.
        probabilities: calibrated, under the prior of the training, n x classes.
        sets: whether each class is in the conformal set, n x classes.
        digest: of the features' values of these rows.
    """

    rows: Integers
    codes: Integers
    called: Integers
    fold: Integers
    healpix_29: Integers
    magnitude: Doubles
    probabilities: Floats
    sets: Flags
    digest: str

    @classmethod
    def of(
        cls,
        matrix: FeatureMatrix,
        rows: Integers,
        codes: Integers,
        called: Integers,
        fold: np.ndarray[tuple[int], np.dtype[np.int8]],
        probabilities: Doubles,
        sets: Flags,
    ) -> OutOfFold:
        """Of these rows of a training; the other arrays are of these rows alone."""
        assert matrix.healpix_29 is not None
        return cls(
            rows=rows,
            codes=codes,
            called=called,
            fold=fold.astype(np.int64),
            healpix_29=matrix.healpix_29[rows],
            magnitude=np.full(len(rows), np.nan) if matrix.magnitude is None else matrix.magnitude[rows],
            probabilities=probabilities.astype(np.float32),
            sets=sets,
            digest=digest_of(matrix.values[rows]),
        )

    def dump(self) -> bytes:
        """Arrays as an npz file, in the narrowest types that hold them."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            rows=self.rows,
            codes=self.codes.astype(np.int32),
            called=self.called.astype(np.int32),
            fold=self.fold.astype(np.int8),
            healpix_29=self.healpix_29,
            magnitude=self.magnitude,
            probabilities=self.probabilities,
            sets=np.packbits(self.sets, axis=1),
            digest=np.frombuffer(self.digest.encode(), np.uint8),
        )
        return buffer.getvalue()

    @classmethod
    def load(cls, data: bytes) -> OutOfFold:
        """What `dump` gave.

        Raises:
            BadFile: it is none.
        """
        try:
            arrays = read_arrays(data)
            probabilities = arrays["probabilities"]
            rows, classes = probabilities.shape
            found = cls(
                rows=arrays["rows"].astype(np.int64),
                codes=arrays["codes"].astype(np.int64),
                called=arrays["called"].astype(np.int64),
                fold=arrays["fold"].astype(np.int64),
                healpix_29=arrays["healpix_29"].astype(np.int64),
                magnitude=arrays["magnitude"],
                probabilities=probabilities,
                sets=np.unpackbits(arrays["sets"], axis=1, count=classes).astype(bool),
                digest=arrays["digest"].tobytes().decode(),
            )
            places = (found.rows, found.codes, found.called, found.fold, found.healpix_29, found.magnitude)
            sizes = {len(one) for one in places}
            if sizes != {rows} or found.sets.shape != (rows, classes):
                raise ValueError("its arrays are of several lengths")
        except (ValueError, KeyError, TypeError) as error:
            raise BadFile(f"no out-of-fold predictions: {error}") from None
        return found


def read_kept(folder: Path) -> OutOfFold | None:
    """The out-of-fold predictions of a model; None for one that keeps none.

    Raises:
        BadFile: there is no model, or a file of it is damaged.
    """
    _, files = read_files(folder)
    return OutOfFold.load(files[KEPT]) if KEPT in files else None
