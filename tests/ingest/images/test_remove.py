"""Images that are removed are gone with all that was made of them, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from skyband.ingest.images import remove_images
from skyband.queries import Sky
from skyband.queries.images import Thumbnails
from skyband.queries.likeness import Collection, Provenance
from skyband.schema.errors import BadOption, BadTable, TableLocked, TableNotFound
from skyband.schema.locks import writer_lock
from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.ingest.images.conftest import Add, Put
from tests.pictures import jpeg

NAMES = [f"g{number}" for number in range(6)]


@pytest.fixture
def gals(store: Store, put: Put, add: Add, tmp_path: Path) -> Collection:
    """Six images with vectors, the first four with positions; and a broken file."""
    listed = ["path,id,ra,dec"]
    for number, name in enumerate(NAMES):
        put(f"pics/{name}.jpg", jpeg(number))
        listed.append(f"{tmp_path}/pics/{name}.jpg,{name},{f'{number * 10},{number}' if number < 4 else ','}")
    put("pics/bad.jpg", b"<svg/>")
    put("list.csv", "\n".join([*listed, f"{tmp_path}/pics/bad.jpg,bad,,"]).encode())
    add(tmp_path / "list.csv", description="Six of them")
    origin = Provenance("drawn", "", "", 1, "", 6)
    collection = Collection.create(store, "gals", origin)
    collection.add(pa.table({"id": NAMES, "embedding": list(np.eye(6, dtype=np.float32))}), origin)
    return collection


def ids(store: Store) -> list[str]:
    with Sky(store.path) as sky:
        return [name for (name,) in sky.sql("SELECT id FROM gals ORDER BY id").rows()]


def test_rows_vectors_and_thumbnails_are_gone_and_files_stay(store: Store, gals: Collection, tmp_path: Path) -> None:
    before = store.info("gals")
    with Sky(store.path) as sky:
        rows = {row[0]: row for row in sky.sql("SELECT * FROM gals").rows()}
    report = remove_images(store, "gals", ["g1", "g4", "g1"], command="skyband images remove gals g1 g4")
    left = ["g0", "g2", "g3", "g5"]
    assert (report.removed, report.vectors, report.thumbnails) == (2, 2, 2)
    with Sky(store.path) as sky:
        assert sky.sql("SELECT * FROM gals ORDER BY id").rows() == [rows[name] for name in left]
        assert sky.sql("SELECT id FROM keys.gals ORDER BY ra").rows() == [("g0",), ("g2",), ("g3",)]
    assert sorted(gals.columns(["id"])["id"].to_pylist()) == left
    assert sorted(Thumbnails(store, "gals").read(NAMES)) == left
    info = store.info("gals")
    assert (info.version.version, info.version.command, info.rows) == (2, "skyband images remove gals g1 g4", 4)
    assert info == report.info
    assert (info.description, info.columns) == (before.description, before.columns)
    assert info.details == {**before.details, "without_position": 1}
    assert len(list((tmp_path / "pics").iterdir())) == 7


def test_removed_images_can_be_added_again(store: Store, gals: Collection, add: Add, tmp_path: Path) -> None:
    remove_images(store, "gals", ["g2"])
    report = add(tmp_path / "list.csv")
    assert (report.added, report.unchanged) == (1, 5)
    assert ids(store) == NAMES


def test_without_positions_that_remain_the_key_is_gone(store: Store, gals: Collection) -> None:
    remove_images(store, "gals", NAMES[:4])
    info = store.info("gals")
    assert [column.name for column in info.columns if column.role] == ["id"]
    assert "healpix_29" not in [column.name for column in info.columns]
    assert "without_position" not in info.details
    assert ids(store) == ["g4", "g5"]


def test_a_collection_without_vectors(store: Store, gals: Collection) -> None:
    Collection.drop(store, "gals")
    report = remove_images(store, "gals", ["g0"])
    assert (report.removed, report.vectors, report.thumbnails) == (1, 0, 1)


def test_what_cannot_be_removed_changes_nothing(store: Store, gals: Collection) -> None:
    publish_rows(store, "stars", id=[1], ra=[1.0], dec=[2.0])
    with pytest.raises(BadOption, match="2 ids are not in collection 'gals': 'g7', 'g8'; nothing was removed"):
        remove_images(store, "gals", ["g1", "g8", "g7"])
    with pytest.raises(BadOption, match="all images of collection 'gals'; remove it by skyband drop gals"):
        remove_images(store, "gals", NAMES)
    with pytest.raises(BadTable, match="'stars' is no collection of images"):
        remove_images(store, "stars", ["1"])
    with pytest.raises(TableNotFound, match="no table 'none'"):
        remove_images(store, "none", ["1"])
    with writer_lock(store.path / "vectors" / ".gals.lock"), pytest.raises(TableLocked):
        remove_images(Store.open(store.settings), "gals", ["g1"])
    assert ids(store) == NAMES
    assert gals.state().rows == len(Thumbnails(store, "gals").read(NAMES)) == 6
    assert store.info("gals").version.version == 1
