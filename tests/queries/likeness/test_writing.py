"""Rows come in whole or not at all, once each, and only where they belong."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from skyband.queries.likeness import Collection, LikenessOptions, Provenance, Targets
from skyband.queries.likeness.lance import connect
from skyband.schema.errors import BadName, BadOption, BadTable, TableExists, TableLocked, TableNotFound
from skyband.schema.healpix import healpix_index
from skyband.schema.locks import writer_lock
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.queries.likeness.conftest import (
    METADATA,
    PROVENANCE,
    MakeCollection,
    catalogue,
    matrix,
    rows_of,
    true_neighbours,
    unit_vectors,
)


def stored(collection: Collection) -> pa.Table:
    return connect(collection.store.path / "vectors").open_table(collection.name).to_arrow()


def test_rows_are_stored_with_their_key(make_collection: MakeCollection) -> None:
    collection = make_collection(catalogue(200))
    rows = stored(collection)
    assert rows.column_names == ["id", "ra", "dec", "healpix_29", "embedding", "mag", "Survey name", "votes"]
    given = catalogue(200).select(rows.drop("healpix_29").column_names).sort_by("id")
    assert rows.drop("healpix_29").sort_by("id").to_pylist() == given.to_pylist()
    placed = rows.filter(pa.compute.is_valid(rows["ra"]))
    expected = healpix_index(29, placed["ra"].to_numpy(), placed["dec"].to_numpy())
    assert placed["healpix_29"].to_pylist() == expected.tolist()
    assert rows["healpix_29"].null_count == rows["ra"].null_count > 0


def test_an_id_that_comes_again_takes_the_place_of_the_old_row(make_collection: MakeCollection) -> None:
    collection = make_collection(catalogue(50), batch_rows=20)
    fresh = unit_vectors(30, seed=9)
    assert collection.add(rows_of(fresh, first=40, votes=np.arange(30)), PROVENANCE) == 30
    rows = stored(collection).sort_by("id")
    assert len(rows) == 70 == collection.state().rows
    assert rows["id"].to_pylist() == sorted(f"g{row}" for row in range(70))
    changed = {row["id"]: row for row in rows.to_pylist()}
    np.testing.assert_array_equal(np.float32(changed["g45"]["embedding"]), fresh[5])
    assert (changed["g45"]["votes"], changed["g45"]["mag"], changed["g45"]["ra"]) == (5, None, None)
    target = collection.targets(["g45"])
    np.testing.assert_allclose(target.vectors[0], fresh[5], atol=1e-7)


@pytest.mark.parametrize("exact_rows", [0, 10_000])
def test_removed_rows_are_found_no_more(make_collection: MakeCollection, exact_rows: int) -> None:
    rows = catalogue(400)
    # An index that is asked for less may miss one of the nearest.
    collection = make_collection(rows, exact_rows=exact_rows, recall=1.0)
    reader = Collection.open(collection.store, "g")
    target = Targets(matrix(rows)[7])
    assert reader.similar(target, LikenessOptions(k=1)).table["id"].to_pylist() == ["g7"]
    gone = [f"g{row}" for row in range(0, 400, 7)]
    assert collection.remove([*gone, "it's nowhere"]) == len(gone) == 58
    left = np.array([row % 7 > 0 for row in range(400)])
    found = reader.similar(target, LikenessOptions(k=5))
    assert (found.rows, found.table["id"].to_pylist()) == (342, true_neighbours(rows, matrix(rows)[7], 5, left)[0])
    assert sorted(stored(collection)["id"].to_pylist()) == sorted(set(rows["id"].to_pylist()) - set(gone))
    with pytest.raises(BadOption, match="1 ids are not in collection 'g': 'g7'"):
        reader.targets(["g7"])
    assert collection.remove([]) == collection.remove(gone) == 0
    collection.add(rows[7:8], PROVENANCE)
    assert reader.similar(target, LikenessOptions(k=1)).table["id"].to_pylist() == ["g7"]


def test_readers_see_what_was_written(make_collection: MakeCollection) -> None:
    writer = make_collection(catalogue(300))
    reader = Collection.open(writer.store, "g")
    for count in (300, 310, 320):
        writer.add(catalogue(320)[:count], PROVENANCE)
        assert reader.similar(reader.targets(["g1"])).rows == count
    Collection.drop(writer.store, "g")
    with pytest.raises(TableNotFound, match="not there any more"):
        reader.targets(["g1"])
    Collection.create(writer.store, "g", PROVENANCE).add(rows_of(unit_vectors(4)), PROVENANCE)
    assert reader.similar(reader.targets(["g1"])).rows == 4


def test_batches_of_any_size_come_in_whole(make_collection: MakeCollection) -> None:
    collection = make_collection(batch_rows=64)
    rows = catalogue(500)
    written: list[int] = []
    parts = (rows[first : first + 37] for first in range(0, 500, 37))
    assert collection.add(parts, PROVENANCE, progress=written.append) == 500
    assert written == [64, 128, 192, 256, 320, 384, 448, 500]
    assert collection.add(rows.to_batches()[0], PROVENANCE) == 500
    assert collection.add([], PROVENANCE) == 0
    assert collection.state().rows == 500


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda rows: rows.set_column(1, "embedding", bad_vectors(np.nan)), "1 vectors are not finite: g3"),
        (lambda rows: rows.set_column(1, "embedding", bad_vectors(np.inf)), "1 vectors are not finite: g3"),
        (lambda rows: rows.set_column(1, "embedding", bad_vectors(5)), "1 vectors are not of length 1.*g3"),
        (lambda rows: rows.set_column(1, "embedding", pa.array([[1.0]] * 10)), "not lists of 16"),
        (lambda rows: rows.set_column(1, "embedding", pa.nulls(10, rows["embedding"].type)), "10 rows have no vector"),
        (lambda rows: rows.set_column(0, "id", pa.array(["a"] * 4 + ["b"] * 6)), "2 ids are there twice or more: a, b"),
        (lambda rows: rows.set_column(0, "id", pa.array([*"abcdefghi", None])), "1 rows have no id"),
        (lambda rows: rows.append_column("colour", pa.nulls(10)), "have columns .*colour"),
        (lambda rows: rows.drop("embedding"), "needs id and embedding"),
        (lambda rows: rows.append_column("mag", pa.array(["bright"] * 10)), "column 'mag' is not double"),
        (lambda rows: with_positions(rows, 361.0), "10 rows have a position outside ra -180 to 360"),
    ],
)  # fmt: skip
def test_rows_that_do_not_belong_are_refused(make_collection: MakeCollection, change: object, reason: str) -> None:
    collection = make_collection()
    assert callable(change)
    with pytest.raises(BadTable, match=reason):
        collection.add(change(rows_of(unit_vectors(10))), PROVENANCE)
    assert collection.state().rows == 0


def with_positions(rows: pa.Table, ra: float) -> pa.Table:
    return rows.append_column("ra", pa.array([ra] * len(rows))).append_column("dec", pa.array([0.0] * len(rows)))


def bad_vectors(value: float) -> pa.Array:
    vectors = unit_vectors(10)
    vectors[3, 1] = value
    return rows_of(vectors)["embedding"]


def test_vectors_of_another_origin_are_refused(make_collection: MakeCollection) -> None:
    collection = make_collection(catalogue(3))
    other = replace(PROVENANCE, encoder="other", views=1)
    with pytest.raises(BadTable, match="encoder is 'other' and not 'made-up'; views is 1 and not 8"):
        collection.add(catalogue(3), other)
    assert collection.provenance == PROVENANCE == Provenance.from_json(PROVENANCE.to_json())
    assert PROVENANCE.digest != other.digest
    assert PROVENANCE.digest == replace(PROVENANCE).digest
    with pytest.raises(BadOption, match="0 dimensions"):
        replace(PROVENANCE, dimensions=0)


def test_names_are_found_taken_and_dropped(make_collection: MakeCollection) -> None:
    collection = make_collection(catalogue(3))
    store = collection.store
    connect(store.path / "vectors").create_table("g_thumbnails", pa.table({"id": ["g1"], "jpeg": [b"x"]}))
    make_collection(name="other")
    assert Collection.names(store) == ["g", "other"]
    with pytest.raises(TableExists, match="'g' is there already"):
        make_collection()
    with pytest.raises(TableNotFound, match=r"'nosuch'.* there are: g, other"):
        Collection.open(store, "nosuch")
    with pytest.raises(TableNotFound, match="'g_thumbnails'"):
        Collection.drop(store, "g_thumbnails")
    with pytest.raises(BadName):
        Collection.create(store, "No Name", PROVENANCE)
    with pytest.raises(BadName, match="'RA' cannot name"):
        Collection.create(store, "third", PROVENANCE, pa.schema([("RA", pa.float64())]))
    Collection.drop(store, "other")
    assert Collection.names(store) == ["g"]
    assert Collection.names(Store.create(Settings(store=str(store.path / "empty")))) == []


def test_one_writer_at_a_time(make_collection: MakeCollection) -> None:
    collection = make_collection(catalogue(3))
    with writer_lock(collection.store.path / "vectors" / ".g.lock"):
        for write in (
            lambda: collection.add(catalogue(3), PROVENANCE),
            collection.build_index,
            collection.optimize,
            lambda: Collection.drop(collection.store, "g"),
        ):
            with pytest.raises(TableLocked, match="another writer holds 'g'"):
                write()
        assert collection.similar(collection.targets(["g1"])).rows == 3


WRITER = """
import sys
from pathlib import Path
from skyband.queries.likeness.batches import merge
from skyband.queries.likeness.lance import connect
from skyband.queries.likeness.rows import checked
from tests.queries.likeness.conftest import catalogue

table = connect(Path(sys.argv[1])).open_table("g")
print("ready", flush=True)
sys.stdin.readline()
for first in range(0, 200, 50):
    merge(table, checked(catalogue(200)[first : first + 50], table.schema))
"""


def test_two_writers_without_the_lock_add_no_duplicate(make_collection: MakeCollection) -> None:
    collection = make_collection(catalogue(20))
    command = [sys.executable, "-c", WRITER, str(collection.store.path / "vectors")]
    root = Path(__file__).parents[3]
    writers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.communicate()[1] or writer.returncode for writer in writers] == [0, 0]
    assert sorted(stored(collection)["id"].to_pylist()) == sorted(f"g{row}" for row in range(200))


KILLED = """
import sys
from skyband.queries.likeness import Collection
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.queries.likeness.conftest import PROVENANCE, catalogue

store = Store.open(Settings(store=sys.argv[1], likeness_batch_rows=50))
rows = catalogue(5_000)
Collection.open(store, "g").add(rows, PROVENANCE, progress=lambda written: print(written, flush=True))
"""


def test_a_killed_writer_leaves_whole_batches(make_collection: MakeCollection) -> None:
    collection = make_collection()
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", KILLED, str(collection.store.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(4)]
        writer.kill()
    assert told == [50, 100, 150, 200]
    rows = collection.state().rows
    assert rows >= 200 and rows % 50 == 0
    assert sorted(stored(collection)["id"].to_pylist()) == sorted(f"g{row}" for row in range(rows))
    # Its lock died with it.
    assert collection.add(catalogue(5_000)[: rows + 50], PROVENANCE) == rows + 50
    assert collection.similar(collection.targets(["g1"])).rows == rows + 50


def test_metadata_columns_are_listed(make_collection: MakeCollection) -> None:
    listed = make_collection().state().columns
    own = (("id", "string"), ("ra", "double"), ("dec", "double"), ("healpix_29", "int64"))
    assert listed == own + tuple((field.name, str(field.type)) for field in METADATA)
