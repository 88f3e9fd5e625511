"""Questions to answers: cones, the band join, SQL and result formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skyband.queries.sky import Sky

__all__ = ["Sky"]


def __getattr__(name: str) -> object:
    """Load `Sky`, and the database engine with it, when it is asked for: `skyband --help` needs neither."""
    if name == "Sky":
        from skyband.queries.sky import Sky

        return Sky
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
