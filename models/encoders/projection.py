"""Vectors of fewer dimensions: the principal components of a collection's own images."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from torch import Tensor, from_numpy

from skyband.models.encoders.crop import Picture
from skyband.models.encoders.encoder import Encoder, Vectors, weights_digest
from skyband.schema.disk import put_in_place
from skyband.schema.errors import BadFile, BadOption
from skyband.schema.faults import storage_error

_LEAST_VARIANCE = 1e-9
"""Of a component over that of the first: less is rounding."""


@dataclass(frozen=True)
class Projection:
    """Principal components (Pearson 1901) of vectors.

    Attributes:
        mean: of the vectors it was fitted to, shape (from,).
        axes: unit vectors, the one of most variance first, shape (to, from).
        explained: share of the variance that lies along the axes.
        images: how many vectors it was fitted to.
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    explained: float
    images: int

    @classmethod
    def fit(cls, vectors: Vectors, dimensions: int) -> Projection:
        """The projection to the components of most variance; the same of the same vectors.

        Args:
            vectors: n x from.
            dimensions: that remain.

        Raises:
            BadOption: the vectors have no more dimensions, or do not differ in so many.
        """
        images, there = vectors.shape
        if not 1 <= dimensions <= there:
            raise BadOption(f"--pca {dimensions}: the encoder's vectors have {there} dimensions; take 1 to {there}")
        exact = vectors.astype(np.float64)
        mean = exact.mean(axis=0)
        variances, axes = np.linalg.eigh((exact - mean).T @ (exact - mean) / max(1, images - 1))
        variances, axes = variances[::-1], axes.T[::-1]
        differing = min(int((variances > _LEAST_VARIANCE * max(variances[0], 1e-30)).sum()), images - 1)
        if differing < dimensions:
            raise BadOption(
                f"--pca {dimensions}: the vectors of {images:,} images differ in {max(differing, 0)} dimensions only; "
                "take fewer, or add images first"
            )
        axes = axes[:dimensions]
        # An axis may point either way: its largest part shall be positive.
        largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
        return cls(
            mean.astype(np.float32),
            np.ascontiguousarray(axes * np.sign(largest), np.float32),
            float(variances[:dimensions].sum() / variances.sum()),
            images,
        )

    @property
    def dimensions(self) -> int:
        """Of the vectors it makes."""
        return len(self.axes)

    @property
    def digest(self) -> str:
        """Sha256 of its numbers."""
        return weights_digest({"mean": from_numpy(self.mean), "axes": from_numpy(self.axes)})

    @property
    def words(self) -> str:
        """What it keeps, for people."""
        return (
            f"{self.dimensions} principal components hold {100 * self.explained:.3g} % of the variance of the vectors "
            f"of {self.images:,} images, which have {len(self.mean)} dimensions"
        )

    def facts(self) -> dict[str, float]:
        """The same, for JSON."""
        return {
            "dimensions": self.dimensions,
            "from_dimensions": len(self.mean),
            "explained_variance": self.explained,
            "fitted_to_images": self.images,
        }

    def apply(self, vectors: Vectors) -> Vectors:
        """Vectors along the axes, of length 1 again; n x from to n x to."""
        along = (vectors - self.mean) @ self.axes.T
        projected: Vectors = along / np.linalg.norm(along, axis=1, keepdims=True)
        return projected

    def save(self, path: Path) -> None:
        """Write it, whole or not at all.

        Raises:
            StorageError: the disk is full or refuses.
        """
        building = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        said = {"explained": json.dumps(self.explained), "images": json.dumps(self.images)}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            building.write_bytes(save({"mean": self.mean, "axes": self.axes}, said))
            put_in_place(building, path)
        except OSError as error:
            building.unlink(missing_ok=True)
            raise storage_error(f"cannot keep the projection {path}", error) from error

    @classmethod
    def load(cls, path: Path, digest: str) -> Projection:
        """The projection of a file.

        Args:
            path: of the file.
            digest: that it must have.

        Raises:
            BadFile: the file is missing or damaged, or holds another one.
        """
        try:
            with safe_open(path, framework="numpy") as stored:
                said = stored.metadata()
                mean, axes = stored.get_tensor("mean"), stored.get_tensor("axes")
            found = cls(mean, axes, json.loads(said["explained"]), json.loads(said["images"]))
        except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
            raise BadFile(f"{path} does not hold the projection of the vectors: {error}; {_REMEDY}") from None
        if found.digest != digest:
            raise BadFile(f"{path} holds another projection than that of the vectors; {_REMEDY}")
        return found


_REMEDY = "restore it from a copy, or drop the vectors by skyband vectors drop and embed the images again"


class ProjectedEncoder:
    """An encoder whose vectors are projected."""

    def __init__(self, encoder: Encoder, projection: Projection) -> None:
        self._encoder = encoder
        self.projection = projection
        self.device = encoder.device
        self.provenance = replace(encoder.provenance, pca=projection.digest, dimensions=projection.dimensions)

    def prepare(self, picture: Picture) -> Tensor:
        """What the encoder wants of one picture."""
        return self._encoder.prepare(picture)

    def embed(self, prepared: Tensor) -> Vectors:
        """Vectors of a batch of prepared pictures, along the axes of the projection."""
        return self.projection.apply(self._encoder.embed(prepared))
