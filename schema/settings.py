"""Settings: one frozen dataclass; every field can be set by `SKYBAND_<NAME>` in the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from skyband.schema.errors import BadOption

ENVIRONMENT_PREFIX = "SKYBAND_"

_LIMITS = (
    ("memory_gb", 0.1, 1e6),
    ("threads", 0, 1024),
    ("batch_rows", 1, 2**24),
    ("print_rows", 0, 10**6),
    ("chance_sample_rows", 1, 10**9),
    ("lock_wait_s", 0, 1e6),
)
"""Numbers a setting may have: name, least, most. NaN is in no range."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults for a laptop; limits are settings too.

    Raises:
        BadOption: a number is out of its range.
    """

    # Folder of the store.
    store: str = "sky"
    # Memory DuckDB may use, GB; larger work is cut into batches or spilled to disk.
    memory_gb: float = 4.0
    # Threads DuckDB may use; 0 means one a core.
    threads: int = 0
    # Rows of an Arrow batch when results stream.
    batch_rows: int = 65_536
    # Rows `skyband sql` prints on a terminal before it stops and says how many there are.
    print_rows: int = 40
    # Rows of the left table used to measure the chance-match rate of a cross-match.
    chance_sample_rows: int = 200_000
    # Seconds a writer waits for another writer of the same table before it gives up.
    lock_wait_s: float = 0.0

    def __post_init__(self) -> None:
        for name, least, most in _LIMITS:
            value = getattr(self, name)
            if not least <= value <= most:
                raise BadOption(
                    f"setting {name} is {value:g}, which is not in {least:g} to {most:g}; "
                    f"correct {ENVIRONMENT_PREFIX}{name.upper()}"
                )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Defaults overridden by `SKYBAND_*` variables.

        Raises:
            BadOption: a variable is not of its field's type, or out of its range.
        """
        values = os.environ if environment is None else environment
        chosen: dict[str, str | int | float] = {}
        for item in fields(cls):
            text = values.get(ENVIRONMENT_PREFIX + item.name.upper())
            if text is None:
                continue
            kind = {"str": str, "int": int, "float": float}[str(item.type)]
            try:
                chosen[item.name] = kind(text)
            except ValueError:
                raise BadOption(
                    f"{ENVIRONMENT_PREFIX}{item.name.upper()}={text!r} is not {item.type}; unset it or give a number"
                ) from None
        return cls(**chosen)  # type: ignore[arg-type]

    @property
    def store_path(self) -> Path:
        """Folder of the store."""
        return Path(self.store).expanduser()

    def duckdb_config(self) -> dict[str, str | bool | int | float | list[str]]:
        """The part of these settings DuckDB takes when it connects."""
        config: dict[str, str | bool | int | float | list[str]] = {"memory_limit": f"{self.memory_gb:g}GB"}
        if self.threads:
            config["threads"] = self.threads
        return config
