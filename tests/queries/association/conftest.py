"""Skies whose truth is known: both tables see some of the same objects, with errors they know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from skyband.schema.columns import Column
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.conftest import publish_rows

ERROR = Column("pos_error", "", unit="mas", role="pos_error")

MakeField = Callable[..., Store]


def scattered(
    rng: np.random.Generator, ra: np.ndarray[Any, Any], dec: np.ndarray[Any, Any], error_arcsec: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Positions measured with an error in each coordinate."""
    seen_dec = dec + rng.normal(size=len(dec)) * error_arcsec / 3600
    return ra + rng.normal(size=len(ra)) * error_arcsec / 3600 / np.cos(np.radians(dec)), seen_dec


def check_deciles(p: np.ndarray[Any, Any], is_true: np.ndarray[Any, Any], within: float) -> None:
    """Pairs are as often true as their probabilities say, in every decile."""
    for decile in range(10):
        inside = (p >= decile / 10) & (p < decile / 10 + 0.1 if decile < 9 else p >= 0.9)
        noise = np.sqrt((p[inside] * (1 - p[inside])).sum()) / max(inside.sum(), 1)
        if noise < 0.01:  # elsewhere the field has too few pairs to tell
            assert is_true[inside].mean() == pytest.approx(p[inside].mean(), abs=within), f"decile {decile}"


@pytest.fixture(scope="session")
def make_field(tmp_path_factory: pytest.TempPathFactory) -> MakeField:
    """A store with tables of a square field around (180, 30): ids are the numbers of the objects seen.

    `make_field(per_deg2, side_deg, left=(0.7, 0.3), right=(0.6, 0.5))` gives each table the share of the objects that
    it sees and its mean error in arcsec; errors of the rows run from half of that to one and a half.
    """

    def make(per_deg2: float, side_deg: float, seed: int = 3, **tables: tuple[float, float]) -> Store:
        store = Store.create(Settings(store=str(tmp_path_factory.mktemp("field") / "sky"), memory_gb=1.0, threads=2))
        rng = np.random.default_rng(seed)
        objects = int(per_deg2 * side_deg**2)
        ra = 180 + rng.uniform(-0.5, 0.5, objects) * side_deg / np.cos(np.radians(30))
        dec = 30 + rng.uniform(-0.5, 0.5, objects) * side_deg
        for name, (share, mean_arcsec) in tables.items():
            seen = np.flatnonzero(rng.uniform(size=objects) < share)
            error_arcsec = mean_arcsec * rng.uniform(0.5, 1.5, len(seen))
            ra_seen, dec_seen = scattered(rng, ra[seen], dec[seen], error_arcsec)
            publish_rows(
                store, name, id=seen.tolist(), ra=ra_seen, dec=dec_seen, pos_error=error_arcsec * 1000, metadata=[ERROR]
            )
        return store

    return make
