"""Where vectors come from: only those of one origin can be compared."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields

from skyband.schema.errors import BadOption


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that decides what vector a picture gets.

    Raises:
        BadOption: a vector has no dimensions, or no picture would be seen.
    """

    encoder: str  # name of the model
    weights_sha256: str  # of the file of weights
    preprocessing: str  # how pictures are cut, scaled and normalised, in words or as JSON
    views: int  # rotations and flips that are averaged
    pca: str  # sha256 of the projection, "" without one
    dimensions: int  # of a vector

    def __post_init__(self) -> None:
        if self.dimensions < 1 or self.views < 1:
            raise BadOption(f"vectors of {self.dimensions} dimensions from {self.views} views: give 1 or more of both")

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that are equal for equal provenance."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """The fields as JSON, in one spelling."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Provenance:
        """Read what `to_json` wrote."""
        return cls(**json.loads(text))

    def differences(self, other: Provenance) -> str:
        """What differs, in words; empty if nothing does."""
        pairs = ((item.name, getattr(self, item.name), getattr(other, item.name)) for item in fields(self))
        return "; ".join(f"{name} is {mine!r} and not {theirs!r}" for name, mine, theirs in pairs if mine != theirs)
