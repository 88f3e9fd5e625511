"""Features that lie on disk while they are learnt from."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skyband.models.scoring import spool
from skyband.models.scoring.spool import gathered, spooled
from skyband.schema.errors import StorageError


@given(st.lists(st.integers(0, 5), max_size=6), st.integers(1, 4), st.integers(0, 2**32))
def test_batches_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], features: int, seed: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    random = np.random.default_rng(seed)
    batches = [random.random((rows, features), np.float32) for rows in sizes]
    whole = np.concatenate([np.empty((0, features), np.float32), *batches])
    # Batches of features come as columns one behind the other.
    found = spooled((np.asfortranarray(batch) for batch in batches), features, folder)
    np.testing.assert_array_equal(found, whole)
    rows = random.integers(0, max(1, len(whole)), 7 if len(whole) else 0)
    columns = random.permutation(features)[: random.integers(1, features + 1)]
    np.testing.assert_array_equal(gathered(found, rows, columns, folder), whole[rows][:, columns])


def test_many_rows_are_gathered_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "_ROWS", 10)
    values = np.arange(300, dtype=np.float32).reshape(100, 3)
    order = np.random.default_rng(1).permutation(100)[:95]
    np.testing.assert_array_equal(gathered(values, order, np.array([2, 0]), tmp_path), values[order][:, [2, 0]])
    assert not list(tmp_path.iterdir())


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file grows beyond a hundred kilobytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    batches = [np.zeros((10_000, 2), np.float32)] * 3
    with pytest.raises(StorageError, match="cannot keep the features on disk"):
        spooled(batches, 2, tmp_path)
    assert not list(tmp_path.iterdir())


def test_where_the_store_cannot_be_written_the_system_has_room(tmp_path: Path) -> None:
    np.testing.assert_array_equal(spooled([np.ones((2, 1), np.float32)], 1, tmp_path / "nowhere"), [[1], [1]])
