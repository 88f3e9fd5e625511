"""Class strings of Galaxy Zoo 2 (`Er`, `Seb`, `SBc2m(r)`, `A`), read and written.

The grammar is that of Willett et al. 2013, MNRAS 435, 2835, appendix A::

    class   = "A" | (smooth | edge-on | disk), {"(", odd, ")"}
    smooth  = "E", ("r" | "i" | "c")                          roundness
    edge-on = "Se", ("r" | "b" | "n")                         shape of the bulge
    disk    = "S", ["B"], ("a" | "b" | "c" | "d"), [arms]     bar, prominence of the bulge
    arms    = ("1" | "2" | "3" | "4" | "+" | "?"), ("t" | "m" | "l")
    odd     = "r" | "l" | "d" | "i" | "o" | "m" | "u"         each once

In SQL `gz2_class_parts(class)` does the same (`schema/functions.sql`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ROUNDNESS = {"r": "completely round", "i": "in between", "c": "cigar-shaped"}
BULGE_SHAPES = {"r": "rounded", "b": "boxy", "n": "no bulge"}
BULGES = {"a": "dominant", "b": "obvious", "c": "just noticeable", "d": "no bulge"}
ARMS = {"1": "1", "2": "2", "3": "3", "4": "4", "+": "more than 4", "?": "cannot tell"}
WINDINGS = {"t": "tight", "m": "medium", "l": "loose"}
ODD = {
    "r": "ring",
    "l": "lens or arc",
    "d": "disturbed",
    "i": "irregular",
    "o": "other",
    "m": "merger",
    "u": "dust lane",
}


@dataclass(frozen=True, slots=True)
class GalaxyClass:
    """The parts of a class string, in the words of the decision tree; None where a part does not apply."""

    shape: str  # "smooth", "edge-on disk", "spiral", "disk" (seen from above, without arms) or "artifact"
    roundness: str | None = None  # of smooth galaxies
    bulge_shape: str | None = None  # of edge-on disks
    bar: bool | None = None  # of spirals and disks, as the bulge is
    bulge: str | None = None
    arms: str | None = None  # of spirals: how many, and how tightly wound
    winding: str | None = None
    odd: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The class string."""
        odd = "".join(f"({_letter(ODD, word)})" for word in self.odd)
        if self.shape == "artifact":
            return "A"
        if self.shape == "smooth":
            return f"E{_letter(ROUNDNESS, self.roundness)}{odd}"
        if self.shape == "edge-on disk":
            return f"Se{_letter(BULGE_SHAPES, self.bulge_shape)}{odd}"
        arms = f"{_letter(ARMS, self.arms)}{_letter(WINDINGS, self.winding)}" if self.shape == "spiral" else ""
        return f"S{'B' if self.bar else ''}{_letter(BULGES, self.bulge)}{arms}{odd}"


def parse_class(text: str) -> GalaxyClass | None:
    """The parts of a class string; None if it is none."""
    if text == "A":
        return GalaxyClass("artifact")
    try:
        return _Reader(text).galaxy()
    except _NotAClass:
        return None


class _NotAClass(Exception):
    """A letter that no class has at its place."""


class _Reader:
    """Reads a text letter by letter."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    def galaxy(self) -> GalaxyClass:
        if self._skip("E"):
            return GalaxyClass("smooth", roundness=self._word(ROUNDNESS), odd=self._odd())
        if not self._skip("S"):
            raise _NotAClass
        if self._skip("e"):
            return GalaxyClass("edge-on disk", bulge_shape=self._word(BULGE_SHAPES), odd=self._odd())
        bar, bulge = self._skip("B"), self._word(BULGES)
        if self._letter() not in ARMS:
            return GalaxyClass("disk", bar=bar, bulge=bulge, odd=self._odd())
        arms, winding = self._word(ARMS), self._word(WINDINGS)
        return GalaxyClass("spiral", bar=bar, bulge=bulge, arms=arms, winding=winding, odd=self._odd())

    def _odd(self) -> tuple[str, ...]:
        """What is odd, to the end of the text."""
        found: list[str] = []
        while self._skip("("):
            found.append(self._word(ODD))
            if not self._skip(")"):
                raise _NotAClass
        if self._letter() or len(set(found)) < len(found):
            raise _NotAClass
        return tuple(found)

    def _letter(self) -> str:
        return self._text[self._place : self._place + 1]

    def _skip(self, letter: str) -> bool:
        found = self._letter() == letter
        self._place += found
        return found

    def _word(self, words: Mapping[str, str]) -> str:
        letter = self._letter()
        if letter not in words:
            raise _NotAClass
        self._place += 1
        return words[letter]


def _letter(words: Mapping[str, str], word: str | None) -> str:
    [letter] = [letter for letter, known in words.items() if known == word]
    return letter
