"""Likeness over HTTP and TAP: a running service over a table with vectors."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse_single_table

from skyband.queries.likeness import Collection, LikenessOptions
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.queries.likeness.conftest import PROVENANCE, rows_of, unit_vectors
from tests.server.conftest import json_rows, serving

ROWS = 200
AWKWARD = "it's {images} a/b ü"


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """Vectors and a table of the same ids, one of them awkward, along the equator."""
    store = Store.create(Settings(store=str(tmp_path_factory.mktemp("likeness") / "sky")))
    ids = [f"g{row}" for row in range(ROWS - 1)] + [AWKWARD]
    ra = np.arange(ROWS) * 1.5
    publish_rows(store, "gals", id=ids, ra=ra, dec=np.zeros(ROWS), flux=np.arange(ROWS) / 4)
    made = Collection.create(store, "gals", PROVENANCE)
    rows = rows_of(unit_vectors(ROWS), ra=ra, dec=np.zeros(ROWS))
    made.add(rows.set_column(0, "id", [ids]), PROVENANCE)
    return made


@pytest.fixture(scope="module")
def client(collection: Collection) -> Iterator[httpx.Client]:
    with serving(collection.store.path) as served:
        yield served.client


def expected(collection: Collection, name: str, k: int) -> list[tuple[int, str]]:
    table = collection.similar(collection.targets([name]), LikenessOptions(k=k)).table
    return list(zip(table["rank"].to_pylist(), table["id"].to_pylist(), strict=True))


def test_likes_of_an_image_with_all_that_is_known_of_them(client: httpx.Client, collection: Collection) -> None:
    check(json_rows(client.get("/similar/gals/g5?k=7")), expected(collection, "g5", 7))


def test_ids_may_be_awkward(client: httpx.Client, collection: Collection) -> None:
    check(json_rows(client.get("/sql", params={"query": sql_of(AWKWARD, 7)})), expected(collection, AWKWARD, 7))


def check(found: list[dict[str, Any]], wanted: list[tuple[int, str]]) -> None:
    assert [(row["rank"], row["id"]) for row in found] == wanted
    for row in found:
        place = ROWS - 1 if row["id"] == AWKWARD else int(row["id"][1:])
        assert (row["ra"], row["flux"]) == (place * 1.5, place / 4)


def sql_of(name: str, k: int) -> str:
    quoted = name.replace("'", "''")
    return f"SELECT s.rank, g.* FROM similar('{quoted}', {k}, 'gals') s JOIN gals g USING (id) ORDER BY rank"


def test_the_image_nearest_to_a_position(client: httpx.Client, collection: Collection) -> None:
    found = json_rows(client.get("/similar/gals", params={"ra": "15.2", "dec": "-0.1"}))
    assert [(row["rank"], row["id"]) for row in found] == expected(collection, "g10", 20)
    assert found[0]["target_sep_arcsec"] > 100


def test_other_formats_carry_units(client: httpx.Client, collection: Collection) -> None:
    table = parse_single_table(io.BytesIO(client.get("/similar/gals/g5?k=3&format=votable").content)).to_table()
    assert [str(one) for one in table["id"]] == [name for _, name in expected(collection, "g5", 3)]
    assert str(table["target_sep_arcsec"].unit) == "arcsec"
    parquet = pq.read_table(io.BytesIO(client.get("/similar/gals/g5?k=3&format=parquet").content))
    assert parquet["rank"].to_pylist() == [1, 2, 3]


def test_tap_joins_likeness_with_a_catalogue(client: httpx.Client, collection: Collection) -> None:
    text = (
        "SELECT s.rank, g.id FROM similar('g5', 9) AS s JOIN gals AS g ON g.id = s.id WHERE g.flux > 10 ORDER BY rank"
    )
    answer = client.post("/tap/sync", data={"LANG": "ADQL", "QUERY": text})
    table = parse_single_table(io.BytesIO(answer.content)).to_table()
    found = [(int(row["rank"]), str(row["id"])) for row in table]
    assert found == [one for one in expected(collection, "g5", 9) if int(one[1][1:]) > 40]


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/similar/gals/nobody", 400, "'nobody'"),
        ("/similar/nothing/g5", 404, "nothing"),
        ("/similar/gals", 400, "/similar/gals?ra=<deg>&dec=<deg>"),
        ("/similar/gals?ra=400&dec=0", 400, "400"),
        ("/similar/gals/g5?k=0", 400, "k='0'"),
        ("/similar/gals/g5?k=1000000", 400, "k='1000000'"),
        ("/similar/gals/g5?format=jpeg", 400, "jpeg"),
        ("/sql?query=FROM similar('g5', 3, '../../etc')", 400, "etc"),
        ("/sql?query=FROM similar((SELECT 1))", 400, "constants alone"),
        ("/sql?query=FROM similar('g5', 3, 'nothing')", 404, "no collection 'nothing'"),
    ],
)
def test_wrong_questions(client: httpx.Client, collection: Collection, path: str, status: int, message: str) -> None:
    """The answer says nothing of where on the disk the store is."""
    response = client.get(path)
    assert response.status_code == status
    assert message in response.json()["error"]["message"]
    assert str(collection.store.path) not in response.text


def test_what_is_added_while_serving_is_found(tmp_path: Path) -> None:
    store = Store.create(Settings(store=str(tmp_path / "sky")))
    vectors = unit_vectors(40)
    made = Collection.create(store, "gals", PROVENANCE)
    made.add(rows_of(vectors[:20]), PROVENANCE)
    publish_rows(store, "gals", id=[f"g{row}" for row in range(40)], ra=np.arange(40.0), dec=np.zeros(40))
    with serving(store.path) as served:
        before = {row["id"] for row in json_rows(served.client.get("/similar/gals/g3?k=39"))}
        made.add(rows_of(vectors[20:], first=20), PROVENANCE)
        after = {row["id"] for row in json_rows(served.client.get("/similar/gals/g3?k=39"))}
    assert before == {f"g{row}" for row in range(20) if row != 3}
    assert after == {f"g{row}" for row in range(40) if row != 3}
