"""Writing a sky: the same for the same seed, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from skyband.ingest.simulate import SCHEMAS, SimulatedSky, simulate_sky
from skyband.schema.errors import BadOption, StorageError


def contents(sky: SimulatedSky) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in sky.paths.items()}


def test_the_number_of_threads_changes_nothing(tmp_path: Path) -> None:
    one = simulate_sky(tmp_path / "one", rows=7_000, seed=3, chunk_rows=1_500, threads=1)
    three = simulate_sky(tmp_path / "three", rows=7_000, seed=3, chunk_rows=1_500, threads=3)
    assert contents(one) == contents(three)
    assert one.rows == three.rows


def test_the_seed_changes_everything(tmp_path: Path) -> None:
    first = simulate_sky(tmp_path / "first", rows=500, seed=3)
    second = simulate_sky(tmp_path / "second", rows=500, seed=4)
    columns = ["ra", "dec", "mag_r"]
    one, two = (pq.read_table(sky.paths["sim_truth"], columns=columns).to_pandas() for sky in (first, second))
    assert not set(one["ra"]) & set(two["ra"])
    assert not set(one["dec"]) & set(two["dec"])


def test_chunks_do_not_repeat_each_other(tmp_path: Path) -> None:
    sky = simulate_sky(tmp_path, rows=3_000, seed=3, chunk_rows=1_000)
    ra = pq.read_table(sky.paths["sim_truth"]).column("ra").to_pylist()
    assert len(set(ra)) == 3_000


@pytest.mark.parametrize("rows", [1, 2, 999, 1_000, 1_001])
def test_any_number_of_rows(tmp_path: Path, rows: int) -> None:
    sky = simulate_sky(tmp_path, rows=rows, seed=11, chunk_rows=1_000)
    tables = {name: pq.read_table(path) for name, path in sky.paths.items()}
    assert {name: table.num_rows for name, table in tables.items()} == dict(sky.rows)
    assert tables["sim_truth"].column("true_id").to_pylist() == list(range(rows))
    for name, table in tables.items():
        assert table.schema.equals(SCHEMAS[name])
        assert table.num_rows <= rows


def test_every_small_sky_can_be_made(tmp_path: Path) -> None:
    for seed in range(40):  # classes without a single object, clusters without members, transients without hosts
        assert simulate_sky(tmp_path, rows=5, seed=seed, threads=1).rows["sim_truth"] == 5


def test_progress_counts_objects(tmp_path: Path) -> None:
    done: list[int] = []
    simulate_sky(tmp_path, rows=2_500, seed=1, chunk_rows=1_000, progress=done.append)
    assert done == [1_000, 2_000, 2_500]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": 0, "seed": 1}, "rows is 0"),
        ({"rows": 2**34 + 1, "seed": 1}, "rows is 17179869185"),
        ({"rows": 10, "seed": -1}, "seed is -1"),
        ({"rows": 10, "seed": 1, "chunk_rows": 0}, "chunk_rows is 0"),
        ({"rows": 10, "seed": 1, "threads": 0}, "threads 0"),
    ],
)
def test_impossible_arguments(tmp_path: Path, arguments: dict[str, int], message: str) -> None:
    with pytest.raises(BadOption, match=message):
        simulate_sky(tmp_path / "sky", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "sky").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot write the simulated sky"):
        simulate_sky(tmp_path / "file", rows=10, seed=1)


def test_an_interrupted_sky_leaves_the_old_one(tmp_path: Path) -> None:
    old = contents(simulate_sky(tmp_path, rows=300, seed=1))

    def interrupt(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_sky(tmp_path, rows=3_000, seed=2, chunk_rows=1_000, progress=interrupt)
    assert {path.stem: path.read_bytes() for path in tmp_path.iterdir()} == old
