"""One small simulated sky that most tests look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

from skyband.ingest.simulate import SimulatedSky, simulate_sky


@pytest.fixture(scope="session")
def sky(tmp_path_factory: pytest.TempPathFactory) -> SimulatedSky:
    """60,000 objects in three chunks, the last one not full."""
    return simulate_sky(tmp_path_factory.mktemp("sky"), rows=60_000, seed=7, chunk_rows=25_000)


class Views:
    """SQL over the files of a sky: views `optical`, `nir`, `mir`, `astrometry` and `truth`."""

    def __init__(self, paths: dict[str, Path]) -> None:
        self.con = duckdb.connect()
        for name, path in paths.items():
            self.con.execute(f"CREATE VIEW {name.removeprefix('sim_')} AS FROM '{path}'")

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """All rows of a query."""
        return self.con.execute(query).fetchall()

    def number(self, query: str) -> float:
        """The one number a query gives."""
        ((value,),) = self.con.execute(query).fetchall()
        return float(value)

    def arrays(self, query: str) -> dict[str, np.ndarray]:
        """The columns of a query; NULL is NaN."""
        columns = self.con.execute(query).fetchnumpy()
        return {
            name: np.ma.filled(values.astype(float), np.nan) if isinstance(values, np.ma.MaskedArray) else values
            for name, values in columns.items()
        }


@pytest.fixture(scope="session")
def views(sky: SimulatedSky) -> Iterator[Views]:
    """The sky as SQL."""
    made = Views(dict(sky.paths))
    yield made
    made.con.close()
