"""`similar('id', k)` in SQL and ADQL, against the search it stands for."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import numpy as np
import pytest

from skyband.queries import Sky
from skyband.queries.likeness import Collection, LikenessOptions
from skyband.queries.likeness.in_sql import find_calls, replace_calls
from skyband.queries.serving import Query
from skyband.schema.errors import BadOption, QueryError, SkybandError
from skyband.schema.store import Store
from tests.conftest import publish_rows
from tests.queries.likeness.conftest import PROVENANCE, MakeCollection, catalogue, rows_of, unit_vectors
from tests.queries.serving.conftest import Served


@pytest.fixture
def collection(make_collection: MakeCollection) -> Collection:
    made = make_collection(catalogue(300))
    publish_rows(
        made.store, "votes", id=[f"g{n}" for n in range(300)], ra=[n * 1.0 for n in range(300)], dec=[0.0] * 300,
        smooth=[n / 300 for n in range(300)],
    )  # fmt: skip
    return made


def expected(collection: Collection, name: str, k: int) -> list[tuple[int, str, float]]:
    table = collection.similar(collection.targets([name]), LikenessOptions(k=k)).table
    return list(zip(*(table[column].to_pylist() for column in ("rank", "id", "similarity")), strict=True))


def test_neighbours_join_a_catalogue(collection: Collection) -> None:
    with Sky(collection.store.path) as sky:
        found = sky.sql(
            "SELECT s.rank, v.id, s.similarity, v.smooth FROM similar('g7', 12) s JOIN votes v USING (id) ORDER BY rank"
        )
        rows = found.rows()
    assert [row[:3] for row in rows] == expected(collection, "g7", 12)
    assert [row[3] for row in rows] == [int(row[1][1:]) / 300 for row in rows]
    assert [column.ucd for column in found.columns] == ["meta.number", "meta.id;meta.main", "", ""]


@pytest.mark.parametrize(
    ("call", "k"),
    [("similar('g3')", 20), ("SIMILAR ( 'g3' , 4 )", 4), ("similar('g3', 5, 'g')", 5), ("similar('g3', 2) AS s", 2)],
)
def test_the_ways_to_call_it(collection: Collection, call: str, k: int) -> None:
    with Sky(collection.store.path) as sky:
        assert sky.sql(f"SELECT rank, id, similarity FROM {call} ORDER BY rank").rows() == expected(collection, "g3", k)


def test_a_position_is_that_of_the_nearest_image(collection: Collection) -> None:
    rows = catalogue(300)
    row = next(n for n in range(300) if rows["ra"][n].is_valid)
    ra, dec = rows["ra"][row].as_py(), rows["dec"][row].as_py()
    with Sky(collection.store.path) as sky:
        found = sky.sql(f"SELECT rank, id, similarity FROM similar('{ra:.6f}, {dec:+.6f}', 5) ORDER BY rank").rows()
    assert found == expected(collection, f"g{row}", 5)


def test_a_position_may_be_so_far_from_its_image(collection: Collection) -> None:
    rows = catalogue(300)
    row = next(n for n in range(300) if rows["ra"][n].is_valid)
    ra, dec = rows["ra"][row].as_py(), rows["dec"][row].as_py()
    away = f"{ra:.6f}, {dec - np.sign(dec) * 0.02:+.6f}"
    with Sky(collection.store.path) as sky:
        with pytest.raises(BadOption, match="no image of collection 'g' is within 60 arcsec"):
            sky.sql(f"FROM similar('{away}', 5)")
        found = sky.sql(f"SELECT rank, id, similarity FROM similar('{away}', 5, radius_arcsec => 73) ORDER BY rank")
        assert found.rows() == expected(collection, f"g{row}", 5)
        assert [column.type for column in found.columns] == ["INTEGER", "VARCHAR", "FLOAT"]


def test_two_in_one_query(collection: Collection) -> None:
    with Sky(collection.store.path) as sky:
        [(both,)] = sky.sql("SELECT count(*) FROM similar('g3', 30) a, similar('g4', 30) AS b WHERE a.id = b.id").rows()
    ids = [{row[1] for row in expected(collection, name, 30)} for name in ("g3", "g4")]
    assert both == len(ids[0] & ids[1])


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'similar(1)' AS x",
        "SELECT a SIMILAR TO 'b.*' FROM t",
        "SELECT similar FROM t -- FROM similar('a', 3)",
        "SELECT similar(1)",
        "SELECT /* FROM similar('a') */ 1",
        "FROM \"similar\"('a')",
        "FROM similar",
        "broken ' FROM similar('a')",
    ],
)
def test_what_is_no_call_is_left_alone(text: str) -> None:
    assert replace_calls(text, lambda call: pytest.fail("no call")) == text


@pytest.mark.parametrize("alias", ["s", "AS s", '"s"', 'AS "s"'])
def test_a_call_may_have_any_name(alias: str) -> None:
    text = f"SELECT s.id FROM similar('b', 3) {alias} WHERE s.rank = 1"
    assert replace_calls(text, lambda call: "found") == f"SELECT s.id FROM found {alias} WHERE s.rank = 1"


def test_places_and_arguments_of_calls() -> None:
    text = "WITH n AS (FROM similar('it''s', 7, 'c')) SELECT * FROM n JOIN similar('b') USING (id)"
    first, second = find_calls(text)
    assert text[first.start : first.end] == "similar('it''s', 7, 'c')"
    assert (first.target, first.k, first.collection, first.has_alias) == ("it's", 7, "c", False)
    assert text[second.start : second.end] == "similar('b')"
    assert (second.target, second.k, second.collection) == ("b", 20, "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FROM similar()", "constants alone"),
        ("FROM similar(7)", "constants alone"),
        ("FROM similar('a', b)", "constants alone"),
        ("FROM similar('a', 3, 'c', 4)", "constants alone"),
        ("FROM similar('a', 2.5)", "2.5 neighbours"),
        ("FROM similar('a', 3", "not closed"),
        ("FROM similar('a', (SELECT 3))", "constants alone"),
        ("FROM similar('a', 3, radius_arcsec => '5')", "numbers as exclude_arcsec and radius_arcsec"),
        ("FROM similar('a', 3, where => 5)", "a text as where"),
    ],
)
def test_wrong_arguments(text: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        find_calls(text)


def test_what_is_not_there(collection: Collection) -> None:
    with Sky(collection.store.path) as sky:
        for text, message in (
            ("FROM similar('nobody')", "'nobody'"),
            ("FROM similar('g1', 5, 'other')", "no collection 'other'"),
            ("FROM similar('g1', 0)", "0 neighbours"),
            ("FROM similar('g1', 1000000)", "1000000|1,000,000"),
        ):
            with pytest.raises(SkybandError, match=message):
                sky.sql(text)
        other = Collection.create(collection.store, "second", PROVENANCE)
        other.add(rows_of(unit_vectors(5)), PROVENANCE)
        with pytest.raises(QueryError, match="name of a collection as third argument"):
            sky.sql("FROM similar('g1')")
        assert len(sky.sql("FROM similar('g1', 3, 'second')").rows()) == 3


def test_a_store_without_collections_says_so(store: Store) -> None:
    with Sky(store.path) as sky, pytest.raises(SkybandError, match="skyband embed"):
        sky.sql("FROM similar('g1')")


@pytest.fixture
def served(collection: Collection) -> Iterator[Served]:
    opened = Served(collection.store, query_processes=1)
    yield opened
    opened.close()


def test_query_processes_answer_it_in_sql_and_adql(collection: Collection, served: Served) -> None:
    """Locked down as they are, and with a filter on the other table."""
    joined = "similar('g9', 15) AS s JOIN votes AS v ON s.id = v.id"
    text = f"SELECT s.rank, s.id, s.similarity FROM {joined} WHERE v.smooth < 0.5"
    wanted = [row for row in expected(collection, "g9", 15) if int(row[1][1:]) < 150]
    for language in ("sql", "adql"):
        data, _ = served.do(served.answer(Query(f"{text} ORDER BY rank", language, format="csv")))
        rows = [
            (int(row["rank"]), row["id"], float(row["similarity"]))
            for row in csv.DictReader(io.StringIO(data.decode()))
        ]
        assert [row[:2] for row in rows] == [row[:2] for row in wanted]
        assert [row[2] for row in rows] == pytest.approx([row[2] for row in wanted], abs=1e-6)
    with pytest.raises(BadOption, match="'nobody'"):
        served.sql("FROM similar('nobody')")
    # Nothing of it stays for the next query.
    with pytest.raises(QueryError):
        served.sql("FROM tap_upload.similar_1")
