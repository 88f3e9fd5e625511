"""Append and replace: columns united, old rows first, history kept, nothing lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from skyband.schema.errors import BadOption, BadTable, TableExists, TableNotFound
from skyband.schema.store import Store
from tests.ingest.stars import Ask, Parquet, Take


def test_a_table_that_is_there_stays(parquet: Parquet, take: Take, rows: Ask) -> None:
    take(parquet(id=[1], ra=[1.0], dec=[2.0]))
    with pytest.raises(TableExists, match=r"'stars' is there already.*--append.*--replace"):
        take(parquet("other.parquet", id=[2], ra=[1.0], dec=[2.0]))
    assert rows("SELECT id FROM stars") == [(1,)]


def test_replace_keeps_the_history(parquet: Parquet, take: Take, rows: Ask) -> None:
    first = take(parquet(id=[1], ra=[1.0], dec=[2.0]), command="skyband ingest a")
    second = take(parquet("b.parquet", name=["x", "y"], ra=[3.0, 4.0], dec=[5.0, 6.0]), mode="replace", command="b")
    assert rows("SELECT name, ra, dec FROM stars ORDER BY name") == [("x", 3.0, 5.0), ("y", 4.0, 6.0)]
    history = [(v.version, v.action, v.rows, v.command) for v in second.info.versions]
    assert history == [(1, "ingest", 1, "skyband ingest a"), (2, "replace", 2, "b")]
    assert second.info.versions[0] == first.info.version
    assert second.info.source == "b.parquet"


def test_replace_makes_a_table_that_is_not_there(parquet: Parquet, take: Take) -> None:
    assert take(parquet(id=[1], ra=[1.0], dec=[2.0]), mode="replace").info.rows == 1


def test_append_needs_a_table(parquet: Parquet, take: Take) -> None:
    with pytest.raises(TableNotFound, match="'stars'"):
        take(parquet(id=[1], ra=[1.0], dec=[2.0]), mode="append")


def test_append_unites_columns_by_name(parquet: Parquet, take: Take, rows: Ask) -> None:
    take(parquet("a.parquet", id=[1, 2], ra=[1.0, 200.0], dec=[2.0, -40.0], g=[15.0, 16.0], only_old=["p", "q"]))
    report = take(parquet("b.parquet", ID=[3], ra=[100.0], dec=[10.0], G=[17.0], only_new=[True]), mode="append")
    assert rows("SELECT id, ra, dec, g, only_old, only_new FROM stars ORDER BY id") == [
        (1, 1.0, 2.0, 15.0, "p", None),
        (2, 200.0, -40.0, 16.0, "q", None),
        (3, 100.0, 10.0, 17.0, None, True),
    ]
    names = [column.name for column in report.info.columns]
    assert names == ["id", "ra", "dec", "g", "only_old", "only_new", "healpix_29"]
    assert rows("SELECT healpix_29 FROM stars") == rows("SELECT healpix(29, ra, dec) AS h FROM stars ORDER BY h")
    assert (report.rows_read, report.rows_kept, report.info.rows) == (1, 1, 3)
    assert [(version.action, version.rows) for version in report.info.versions] == [("ingest", 2), ("append", 3)]
    assert (report.info.source, report.info.details["files"]) == ("a.parquet, b.parquet", ["a.parquet", "b.parquet"])


def test_ids_the_table_has_are_duplicates(parquet: Parquet, take: Take, rows: Ask, rejected: Ask, store: Store) -> None:
    take(parquet("a.parquet", id=[1, 2, 9], ra=[100.0, 200.0, None], dec=[80.0, -40.0, 0.0], mag=[1.0, 2.0, 9.0]))
    # The new row of id 1 would come first on the sky.
    report = take(
        parquet("b.parquet", id=[1, 3, 3], ra=[45.0, 7.0, 7.0], dec=[0.1, 8.0, 8.0], mag=[11.0, 13.0, 12.0]),
        mode="append",
    )
    assert rows("SELECT id, ra, dec, mag FROM stars ORDER BY id") == [
        (1, 100.0, 80.0, 1.0),
        (2, 200.0, -40.0, 2.0),
        (3, 7.0, 8.0, 12.0),
    ]
    assert (report.rows_read, report.rows_kept, report.rejected) == (3, 1, {"duplicate id": 2})
    assert rejected("reason, id, ra, dec, mag") == [
        ("duplicate id", 1, 45.0, 0.1, 11.0),
        ("duplicate id", 3, 7.0, 8.0, 13.0),
        ("missing position", 9, None, 0.0, 9.0),
    ]
    assert report.info.details["rejected"] == {"duplicate id": 2, "missing position": 1}


def test_a_clean_append_keeps_the_rejects_of_the_table(parquet: Parquet, take: Take, rejected: Ask) -> None:
    take(parquet("a.parquet", id=[1, 2], ra=[1.0, None], dec=[1.0, 1.0]))
    report = take(parquet("b.parquet", id=[3], ra=[1.0], dec=[1.0]), mode="append")
    assert report.rejected_file is None
    assert rejected("reason, id") == [("missing position", 2)]


def test_append_of_nothing_new_is_an_error(parquet: Parquet, take: Take, rows: Ask) -> None:
    path = parquet(id=[1], ra=[1.0], dec=[2.0])
    take(path)
    with pytest.raises(BadTable, match="1 duplicate id"):
        take(path, mode="append")
    assert rows("SELECT id FROM stars") == [(1,)]


def test_roles_are_one_column_whatever_the_file_calls_them(parquet: Parquet, take: Take, rows: Ask) -> None:
    take(parquet("a.parquet", source_id=[1], ra=[1.0], dec=[2.0]))
    take(parquet("b.parquet", objid=[2], RAJ2000=[3.0], DEJ2000=[4.0]), mode="append")
    assert rows("SELECT * EXCLUDE (healpix_29) FROM stars ORDER BY source_id") == [(1, 1.0, 2.0), (2, 3.0, 4.0)]


def test_an_own_column_of_that_name_is_a_conflict(parquet: Parquet, take: Take) -> None:
    take(parquet("a.parquet", source_id=[1], ra=[1.0], dec=[2.0]))
    path = parquet("b.parquet", source_id=[2], ra=[0.0], dec=[0.0], RAJ2000=[3.0], DEJ2000=[4.0])
    with pytest.raises(BadTable, match="'ra'"):
        take(path, mode="append", ra="RAJ2000", dec="DEJ2000")


UNIONS = [
    (pa.array([1], pa.int16()), pa.array([70000], pa.int32()), "INTEGER", 1, 70000),
    (pa.array([200], pa.uint8()), pa.array([-5], pa.int8()), "SMALLINT", 200, -5),
    (pa.array([1.5], pa.float32()), pa.array([0.1], pa.float64()), "DOUBLE", 1.5, 0.1),
    (pa.array([1], pa.int32()), pa.array([0.5], pa.float64()), "DOUBLE", 1.0, 0.5),
    (pa.array([0.5], pa.float64()), pa.array([3], pa.int64()), "DOUBLE", 0.5, 3.0),
    (pa.array([5], pa.int64()), pa.array([3.5], pa.float64()), "DOUBLE", 5.0, 3.5),
    (pa.array(["x"]), pa.array([3], pa.int64()), "VARCHAR", "x", "3"),
    (pa.array([5], pa.int64()), pa.array(["17"]), "BIGINT", 5, 17),
]


def test_types_widen_and_values_stay(parquet: Parquet, take: Take, rows: Ask) -> None:
    take(parquet("a.parquet", id=[1], ra=[1.0], dec=[2.0], **{f"x{n}": case[0] for n, case in enumerate(UNIONS)}))
    more = parquet("b.parquet", id=[2], ra=[1.0], dec=[2.0], **{f"x{n}": case[1] for n, case in enumerate(UNIONS)})
    report = take(more, mode="append")
    assert [column.type for column in report.info.columns[3:-1]] == [case[2] for case in UNIONS]
    assert rows("SELECT * EXCLUDE (id, ra, dec, healpix_29) FROM stars ORDER BY id") == [
        tuple(case[3] for case in UNIONS),
        tuple(case[4] for case in UNIONS),
    ]


@pytest.mark.parametrize(
    ("old", "new", "lost"),
    [
        (pa.array([2**53 + 1], pa.int64()), pa.array([0.5], pa.float64()), "9007199254740993 cannot become DOUBLE"),
        (pa.array([5], pa.int64()), pa.array(["five"]), "column x: five cannot become BIGINT"),
        (pa.array([0.5], pa.float64()), pa.array([2**53 + 1], pa.int64()), "9007199254740993 cannot become DOUBLE"),
    ],
)
def test_a_value_that_would_be_lost_is_an_error(
    parquet: Parquet, take: Take, rows: Ask, old: pa.Array, new: pa.Array, lost: str
) -> None:
    take(parquet("a.parquet", id=[1], ra=[1.0], dec=[2.0], x=old))
    with pytest.raises(BadTable, match=lost):
        take(parquet("b.parquet", id=[2], ra=[1.0], dec=[2.0], x=new), mode="append")
    assert rows("SELECT id FROM stars") == [(1,)]


def test_the_table_says_how_text_files_are_read(
    tmp_path: Path, parquet: Parquet, take: Take, rows: Ask, rejected: Ask
) -> None:
    columns = {"m": pa.array([15], pa.int16()), "f": [1.5], "name": ["a"], "n": pa.array([1], pa.int32())}
    take(parquet(id=[1], ra=[1.0], dec=[2.0], **columns))
    path = tmp_path / "more.csv"
    path.write_text(
        "id,ra,dec,m,f,name,n\n2,1,2,3.5,4,007,3000000000\n3,1,2,x,5,1.50,2\nJ4,1,2,4,6,7,3\n5,1,2,5,y,8,4\n"
    )
    report = take(path, mode="append")
    assert {column.name: column.type for column in report.info.columns[3:-1]} == {
        "m": "DOUBLE", "f": "DOUBLE", "name": "VARCHAR", "n": "BIGINT",
    }  # fmt: skip
    assert rows("SELECT id, m, f, name, n FROM stars ORDER BY id") == [
        (1, 15.0, 1.5, "a", 1),
        (2, 3.5, 4.0, "007", 3_000_000_000),
    ]
    assert rejected("reason, line") == [
        ("unreadable value: f", 5),
        ("unreadable value: id", 4),
        ("unreadable value: m", 3),
    ]


def test_epochs_must_agree(parquet: Parquet, take: Take) -> None:
    take(parquet("a.parquet", id=[1], ra=[1.0], dec=[2.0]), epoch=2016.0)
    path = parquet("b.parquet", id=[2], ra=[1.0], dec=[2.0])
    with pytest.raises(BadTable, match=r"epoch 2016, those to be added of epoch 2015\.5"):
        take(path, epoch=2015.5, mode="append")
    assert take(path, mode="append").info.epoch == 2016.0


def test_rows_with_an_epoch_each_do_not_join_rows_of_one_epoch(parquet: Parquet, take: Take) -> None:
    take(parquet("a.parquet", id=[1], ra=[1.0], dec=[2.0]), epoch=2016.0)
    path = parquet("b.parquet", id=[2], ra=[1.0], dec=[2.0], when=[2001.5])
    with pytest.raises(BadTable, match="an epoch each"):
        take(path, epoch="when", mode="append")


def test_rows_without_positions_do_not_join_rows_with(parquet: Parquet, take: Take) -> None:
    take(parquet("a.parquet", id=[1], name=["x"]), positions=False)
    with pytest.raises(BadTable, match="has no positions, and the rows to be added have some"):
        take(parquet("b.parquet", id=[2], ra=[1.0], dec=[2.0]), ra="ra", dec="dec", mode="append")


def test_numbered_rows_go_on_counting(parquet: Parquet, take: Take, rows: Ask) -> None:
    take(parquet("a.parquet", ra=[1.0, 2.0], dec=[2.0, 2.0]), id="@row")
    take(parquet("b.parquet", ra=[3.0, 4.0], dec=[2.0, 2.0]), id="@row", mode="append")
    assert rows("SELECT row_id, ra FROM stars ORDER BY row_id") == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]


def test_text_ids_cannot_be_counted_on(parquet: Parquet, take: Take) -> None:
    take(parquet("a.parquet", id=["x"], ra=[1.0], dec=[2.0]))
    with pytest.raises(BadOption, match="no numbers"):
        take(parquet("b.parquet", ra=[1.0], dec=[2.0]), id="@row", mode="append")


def test_append_in_parts_is_ingest_at_once(parquet: Parquet, take: Take, rows: Ask) -> None:
    generator = np.random.default_rng(7)
    ids, ra, dec = generator.permutation(3000), generator.uniform(0, 360, 3000), generator.uniform(-90, 90, 3000)
    take(parquet(id=ids, ra=ra, dec=dec), table="whole")
    for part, mode in ((slice(0, 1200), "create"), (slice(1200, 1201), "append"), (slice(1201, None), "append")):
        take(parquet(f"{part.start}.parquet", id=ids[part], ra=ra[part], dec=dec[part]), table="parts", mode=mode)
    assert rows("FROM parts") == rows("FROM whole")
