"""What can be chosen of an analysis of votes."""

from __future__ import annotations

from dataclasses import dataclass

from skyband.schema.errors import BadOption


@dataclass(frozen=True, slots=True)
class MorphologyOptions:
    """How answers are counted, and when evidence is called thin."""

    measure: str = ""  # a key of votes.MEASURES; "" is "debiased" where the table has it, else "votes"
    least_votes: int = 10  # on a question, for a galaxy to count where it is asked for
    confidence: float = 0.95  # of intervals
    least_galaxies: int = 10  # that must have been asked a question before its fraction means much
    widest_interval: float = 0.3  # high - low
    least_similarity: float = 0.5  # of half of the neighbours
    significance: float = 0.01  # p below which a fraction differs from that of the collection

    def __post_init__(self) -> None:
        """See that the numbers are possible.

        Raises:
            BadOption: one is not.
        """
        for name in ("confidence", "significance"):
            if not 0 < getattr(self, name) < 1:
                raise BadOption(f"{name} must lie between 0 and 1, not {getattr(self, name)}")
        for name in ("least_votes", "least_galaxies"):
            if getattr(self, name) < 1:
                raise BadOption(f"{name} must be 1 or more, not {getattr(self, name)}")
