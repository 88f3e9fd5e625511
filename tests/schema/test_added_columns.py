"""Computed columns beside those of a table: every row keeps its place, everything else stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyband.queries import Sky
from skyband.schema.added_columns import DETAIL, add_columns
from skyband.schema.columns import HEALPIX_COLUMN, Column
from skyband.schema.errors import BadName, BadTable, QueryError, TableLocked, TableNotFound
from skyband.schema.locks import writer_lock
from skyband.schema.settings import Settings
from skyband.schema.store import Store
from tests.conftest import publish_rows

MakeTable = Callable[..., Any]
SCORE = Column("score", "FLOAT", "mag", "stat.value", description="How good")
KIND = Column("kind", "VARCHAR", "", "meta.code", description="Which kind")


def rows(store: Store, table: str, query: str = "FROM {}") -> list[tuple[Any, ...]]:
    with Sky(store.path) as sky:
        return list(sky.sql(query.format(table)).rows())


def add(store: Store, given: Any, *columns: Column, **others: Any) -> Any:
    return add_columns(store, "stars", given, columns, action="score", command="skyband score stars", **others)


@pytest.fixture
def stars(store: Store, make_table: MakeTable) -> Store:
    mag = Column("g", "", "mag", "phot.mag", description="Magnitude")
    make_table(
        "stars", id=[1, 2, 3], ra=[10.0, 200.0, 100.0], dec=[0.0, 5.0, -5.0], g=[1.5, 2.5, None], metadata=[mag],
        epoch=2016.0,
    )  # fmt: skip
    return store


def test_rows_get_their_values_and_the_rest_stays(stars: Store) -> None:
    before, info = rows(stars, "stars"), stars.info("stars")
    report = add(
        stars,
        pa.table({"kind": ["a", "b", "c"], "id": [3, 1, 9], "score": [0.25, 0.5, 9.0]}),
        *(SCORE, KIND),
        details={"score": {"seed": 1}},
    )
    assert (report.given, report.matched) == (3, 2)
    values: dict[int, tuple[float | None, str | None]] = {1: (0.5, "b"), 2: (None, None), 3: (0.25, "a")}
    assert rows(stars, "stars") == [(*row, *values[row[0]]) for row in before]
    after = stars.info("stars")
    assert after == report.info
    assert after.columns[: len(info.columns)] == info.columns
    assert after.column("score") == Column("score", "FLOAT", "mag", "stat.value", description="How good")
    assert after.column("kind") == Column("kind", "VARCHAR", "", "meta.code", description="Which kind", ascii=True)
    assert (after.epoch, after.description, after.versions[:1]) == (2016.0, info.description, info.versions)
    assert (after.version.version, after.version.action, after.version.command) == (2, "score", "skyband score stars")
    assert after.details == {"score": {"seed": 1}, DETAIL: {"score": 2, "kind": 2}}


def test_computed_columns_are_replaced_whole_and_in_their_places(stars: Store) -> None:
    add(stars, pa.table({"id": [1, 2, 3], "score": [1.0, 2.0, 3.0], "kind": ["a", "b", "c"]}), SCORE, KIND)
    counted = Column("Score", "INTEGER", description="Counted")
    add(stars, pa.table({"id": [2], "Score": [7]}), counted)
    found = stars.info("stars")
    names = ["id", "ra", "dec", "g", HEALPIX_COLUMN, "Score", "kind"]
    assert [column.name for column in found.columns] == names
    assert found.column("score") == counted
    assert rows(stars, "stars", "SELECT id, score, kind FROM {} ORDER BY id") == [
        (1, None, "a"), (2, 7, "b"), (3, None, "c"),
    ]  # fmt: skip
    assert found.details[DETAIL] == {"kind": 2, "Score": 3}


def test_values_come_in_batches_and_ids_as_text(stars: Store) -> None:
    def batches() -> Iterator[pa.RecordBatch | pa.Table]:
        yield pa.record_batch({"id": ["1", "no number"], "score": [1.0, 2.0]})
        yield pa.table({"id": pa.array(["3", None]), "score": pa.array([3, 4])})

    report = add(stars, batches(), SCORE)
    assert (report.given, report.matched) == (4, 2)
    assert rows(stars, "stars", "SELECT id, score FROM {} ORDER BY id") == [(1, 1.0), (2, None), (3, 3.0)]


def test_a_table_without_positions_keeps_its_order(store: Store) -> None:
    from skyband.schema.writer import write_table

    names = [f"n{number:05}" for number in np.random.default_rng(1).permutation(3000)]
    with write_table(store, "stars") as writer:
        writer.connection.register("given", pa.table({"name": names}))
        writer.connection.execute("CREATE TABLE new.main.data AS FROM given")
        writer.publish(action="test", command="", columns={"name": Column("name", "", role="id")})
    before = rows(store, "stars")
    add(store, pa.table({"id": sorted(names), "score": np.arange(3000.0)}), SCORE)
    place = {name: float(number) for number, name in enumerate(sorted(names))}
    assert rows(store, "stars") == [(name, place[name]) for (name,) in before]


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_any_rows_against_a_dictionary(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("sky")
    store = Store.create(Settings(store=str(folder), threads=2))
    ids = data.draw(st.lists(st.integers(-5, 30), min_size=1, max_size=20, unique=True))
    ra = data.draw(st.lists(st.sampled_from([0.0, 10.0, 359.9]), min_size=len(ids), max_size=len(ids)))
    scores = data.draw(st.dictionaries(st.integers(-5, 30), st.none() | st.floats(width=32, allow_nan=False)))
    publish_rows(store, "stars", id=ids, ra=ra, dec=[0.0] * len(ids))
    before = rows(store, "stars")
    values = pa.array(list(scores.values()), pa.float32())
    report = add(store, pa.table({"id": pa.array(list(scores), pa.int64()), "score": values}), SCORE)
    assert report.matched == len(set(ids) & set(scores))
    assert rows(store, "stars") == [(*row, scores.get(row[0])) for row in before]


@pytest.mark.parametrize(
    ("given", "columns", "error", "message"),
    [
        ({"id": [1, 1], "score": [1.0, 2.0]}, (SCORE,), BadTable, "an id twice or more: 1"),
        ({"id": [1], "kind": ["a"]}, (SCORE,), BadTable, "need a column 'score'; they have id, kind"),
        ({"name": [1], "score": [1.0]}, (SCORE,), BadTable, "need a column 'id'"),
        ({"id": [1], "g": [1.0]}, (Column("G", "FLOAT"),), BadTable, "a column 'g' of its own"),
        ({"id": [1], "ra": [1.0]}, (Column("ra", "DOUBLE"),), BadTable, "a column 'ra' of its own"),
        ({"id": [1], "healpix_29": [1]}, (Column(HEALPIX_COLUMN, "BIGINT"),), BadTable, "'healpix_29' of its own"),
        ({"id": [1], "score": [1.0]}, (SCORE, SCORE), BadTable, "each computed column once"),
        ({"id": [1]}, (), BadTable, "no columns"),
        ({"id": [1], "rowid": [1.0]}, (Column("rowid", "FLOAT"),), BadName, "rowid"),
        ({"id": [1], "score": ["much"]}, (SCORE,), QueryError, "cannot add columns to table 'stars'"),
    ],
)
def test_what_cannot_be_added_leaves_the_table(
    stars: Store, given: dict[str, Any], columns: tuple[Column, ...], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        add(stars, pa.table(given), *columns)
    assert stars.info("stars").version.version == 1
    assert not list(stars.tables_folder.glob(".*building*"))


def test_other_writers_and_other_tables(stars: Store, make_table: MakeTable) -> None:
    values = pa.table({"id": [1], "score": [1.0]})
    with writer_lock(stars.lock_file("stars")), pytest.raises(TableLocked, match="stars"):
        add(stars, values, SCORE)
    with pytest.raises(TableNotFound, match="no table 'suns'"):
        add_columns(stars, "suns", values, [SCORE], action="score", command="")
    assert not stars.has("suns")
    # An error among the batches is its own, and nothing is published.
    with pytest.raises(ZeroDivisionError):
        add(stars, (pa.table({"id": [1], "score": [1 / number]}) for number in (1, 0)), SCORE)
    assert stars.info("stars").version.version == 1


def test_rows_without_news_may_keep_what_they_had(stars: Store) -> None:
    add(stars, pa.table({"id": [1, 2], "score": [0.5, 0.25], "kind": ["a", "b"]}), SCORE, KIND)
    add(stars, pa.table({"id": [2, 3], "score": [None, 9.0], "kind": ["c", None]}), SCORE, KIND, keep=True)
    assert rows(stars, "stars", "SELECT id, score, kind FROM {} ORDER BY id") == [
        (1, 0.5, "a"),
        (2, None, "c"),
        (3, 9.0, None),
    ]
    later = Column("later", "FLOAT")
    add(stars, pa.table({"id": [3], "later": [1.0]}), later, keep=True)
    assert rows(stars, "stars", "SELECT id, score, later FROM {} ORDER BY id") == [
        (1, 0.5, None),
        (2, None, None),
        (3, 9.0, 1.0),
    ]
