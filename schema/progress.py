"""What long work tells those who wait for it."""

from __future__ import annotations

from collections.abc import Callable

OnProgress = Callable[[int, int | None], None]
"""Is told how many are done, and of how many; None where that is not known."""

Note = Callable[[str], None]
"""Is told in words what is done, or what there is to know."""
