"""Whose turn it is: places with processes, and the questions that wait for them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Literal

from skyband.queries.serving import frames
from skyband.queries.serving.answer import Answer
from skyband.queries.serving.errors import error_of
from skyband.queries.serving.process import QueryProcess
from skyband.queries.serving.question import Query

Lane = Literal["usual", "quick", "job"]
"""Which processes a question may have: those for all, also the one kept for quick questions, or those of jobs."""


@dataclass(eq=False, slots=True)
class Place:
    """A place for a process, and the questions it takes."""

    lanes: tuple[Lane, ...]
    process: QueryProcess | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it is the one for quick questions alone."""
        return self.lanes == ("quick",)

    @property
    def is_ready(self) -> bool:
        """Whether its process can be asked."""
        return self.process is not None and not self.process.has_ended


@dataclass(eq=False, slots=True)
class Waiting:
    """A question that waits for its turn: a place, or its answer, where it was found together with others."""

    query: Query
    lane: Lane
    turn: asyncio.Future[Place | Answer]
    patience: asyncio.Timeout  # how long it waits for its turn
    is_alone: bool = False  # whether it must be answered by itself

    def is_like(self, other: Waiting) -> bool:
        """Whether one search can answer both."""
        is_quick_cone = self.lane == other.lane == "quick" and self.query.language == other.query.language == "cone"
        return is_quick_cone and self.query.text == other.query.text and not (self.is_alone or other.is_alone)

    def settle(self, kind: bytes, payload: bytes) -> None:
        """Take the frame that came for it; after ALONE, it still waits."""
        if self.turn.done():  # nobody wants to know
            return
        if kind == frames.WHOLE:
            self.turn.set_result(Answer.whole(payload))
        elif kind == frames.ERROR:
            self.turn.set_exception(error_of(json.loads(payload)))
