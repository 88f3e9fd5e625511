"""Rows that cannot be kept: each in the file beside the table with its reason, none lost."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skyband.ingest.pipeline import IngestOptions, IngestReport, ingest
from skyband.schema.errors import BadTable
from skyband.schema.settings import Settings
from skyband.schema.store import Store

Parquet = Callable[..., Path]
Take = Callable[..., IngestReport]
Ask = Callable[..., list[tuple[Any, ...]]]

NAN, INF = math.nan, math.inf


def test_each_reason(parquet: Parquet, take: Take, rows: Ask, rejected: Ask, store: Store) -> None:
    path = parquet(
        source_id=[1, None, 3, 4, 5, 6, 7, 8, 9],
        ra=[10.0, 10.0, None, NAN, 400.0, 10.0, INF, 20.0, -180.5],
        dec=[20.0, 20.0, 20.0, 20.0, 20.0, -90.5, 20.0, None, 0.0],
        mag=[17.0, 17.1, 17.2, 17.3, 17.4, 17.5, 17.6, 17.7, 17.8],
    )
    report = take(path)
    assert rows("SELECT source_id, ra, dec, mag FROM stars") == [(1, 10.0, 20.0, 17.0)]
    assert rejected("reason, source_id, ra, dec, mag") == [
        ("impossible position", 5, 400.0, 20.0, 17.4),
        ("impossible position", 6, 10.0, -90.5, 17.5),
        ("impossible position", 7, INF, 20.0, 17.6),
        ("impossible position", 9, -180.5, 0.0, 17.8),
        ("missing id", None, 10.0, 20.0, 17.1),
        ("missing position", 3, None, 20.0, 17.2),
        ("missing position", 4, None, 20.0, 17.3),
        ("missing position", 8, 20.0, None, 17.7),
    ]
    counts = {"impossible position": 4, "missing id": 1, "missing position": 3}
    assert (report.rows_read, report.rows_kept, report.rejected) == (9, 1, counts)
    assert report.rejected_file == store.rejected_file("stars")
    assert report.info.details["rejected"] == counts


@pytest.mark.parametrize("type", [pa.float32(), pa.float64()])
def test_nan_is_a_missing_value_whatever_the_statistics_of_the_file_say(
    parquet: Parquet, take: Take, rows: Ask, type: pa.DataType
) -> None:
    columns = {"ra": [1.0, NAN, 3.0, 4.0], "dec": [1.0, 2.0, NAN, 4.0], "mag": [NAN, 2.0, 3.0, 4.0]}
    report = take(parquet(id=[1, 2, 3, 4], **{name: pa.array(values, type) for name, values in columns.items()}))
    assert report.rejected == {"missing position": 2}
    assert rows("SELECT id, ra, dec, mag FROM stars ORDER BY id") == [(1, 1.0, 1.0, None), (4, 4.0, 4.0, 4.0)]


def test_the_whole_range_of_positions_is_kept(parquet: Parquet, take: Take, rows: Ask) -> None:
    ra = [-180.0, -0.0, 0.0, 359.9999999, 360.0, 12.0, 12.0]
    dec = [0.0, 1.0, 2.0, 3.0, 4.0, 90.0, -90.0]
    report = take(parquet(id=list(range(7)), ra=ra, dec=dec))
    assert report.rejected == {}
    assert report.rejected_file is None
    assert rows("SELECT ra, dec FROM stars ORDER BY id") == list(zip(ra, dec, strict=True))


def test_of_duplicates_the_first_on_the_sky_stays(parquet: Parquet, take: Take, rows: Ask, rejected: Ask) -> None:
    path = parquet(
        name=["a", "b", "a", "a", "b", "c"],
        ra=[45.0, 10.0, 45.0, 200.0, 10.0, 400.0],
        dec=[60.0, 20.0, 1.0, -10.0, 20.0, 0.0],
        mag=[1.0, 9.0, 2.0, 3.0, 8.0, 5.0],
    )
    report = take(path)
    order = rows("SELECT dec FROM (SELECT unnest([60.0, 1.0, -10.0]) AS dec) ORDER BY healpix(29, 45.0, dec)")
    assert order[0] == (1.0,)
    assert rows("SELECT name, ra, dec, mag FROM stars ORDER BY ALL") == [("a", 45.0, 1.0, 2.0), ("b", 10.0, 20.0, 8.0)]
    assert rejected("reason, name, ra, dec, mag") == [
        ("duplicate id", "a", 45.0, 60.0, 1.0),
        ("duplicate id", "a", 200.0, -10.0, 3.0),
        ("duplicate id", "b", 10.0, 20.0, 9.0),
        ("impossible position", "c", 400.0, 0.0, 5.0),
    ]
    assert report.rejected == {"duplicate id": 3, "impossible position": 1}


def test_rows_that_stay_are_numbered_along_the_sky_without_gaps(parquet: Parquet, take: Take, rows: Ask) -> None:
    ids = [number % 700 for number in range(1000)]
    take(parquet(id=ids, ra=[(number * 137.5) % 360 for number in range(1000)], dec=[0.0] * 1000))
    assert rows("SELECT rowid, row_number() OVER (ORDER BY healpix_29, id) - 1 FROM t_stars.main.data") == [
        (number, number) for number in range(700)
    ]


@pytest.mark.parametrize("as_text", [False, True])
def test_duplicates_are_found_among_many_rows(as_text: bool, parquet: Parquet, take: Take, rejected: Ask) -> None:
    """Many row groups and threads; ids in no order; those of a pair far from each other in the file and on the sky."""
    count = 400_000
    numbers = np.random.default_rng(1).permutation(count) - count // 2
    numbers[[5, count - 1]] = numbers[[count // 2, 7]]
    ids: list[Any] = [f"star {number}" if as_text else number for number in numbers.tolist()]
    report = take(parquet(id=ids, ra=np.linspace(0, 359, count), dec=np.linspace(-80, 80, count)))
    assert (report.rows_kept, report.rejected) == (count - 2, {"duplicate id": 2})
    assert rejected("id") == sorted([(ids[5],), (ids[7],)])


def test_a_row_without_position_is_no_duplicate(parquet: Parquet, take: Take, rows: Ask, rejected: Ask) -> None:
    take(parquet(id=[7, 7], ra=[None, 30.0], dec=[10.0, -30.0]))
    assert rows("SELECT id, ra FROM stars") == [(7, 30.0)]
    assert rejected("reason, id, ra, dec") == [("missing position", 7, None, 10.0)]


def test_sexagesimal_text_that_cannot_be_read(parquet: Parquet, take: Take, rows: Ask, rejected: Ask) -> None:
    path = parquet(
        id=["m1", "m2", "m3", "m4"],
        ra=["05:34:31.94", "21:33:27", " ", "25:00:00"],
        dec=["+22:00:52.2", "south", "+10:00:00", "+10:00:00"],
    )
    take(path)
    ((name, ra, dec),) = rows("SELECT id, ra_icrs, dec_icrs FROM stars")
    assert (name, ra, dec) == ("m1", pytest.approx(83.633083333333), pytest.approx(22.0145))
    assert rejected("reason, id, ra, dec") == [
        ("impossible position", "m4", "25:00:00", "+10:00:00"),
        ("missing position", "m3", " ", "+10:00:00"),
        ("unreadable position", "m2", "21:33:27", "south"),
    ]


def test_a_clean_ingest_removes_the_rejects_of_the_one_before(parquet: Parquet, take: Take, store: Store) -> None:
    take(parquet("bad.parquet", id=[1, 2], ra=[1.0, None], dec=[1.0, 1.0]))
    assert store.rejected_file("stars").exists()
    take(parquet("good.parquet", id=[1, 2], ra=[1.0, 2.0], dec=[1.0, 1.0]), mode="replace")
    assert not store.rejected_file("stars").exists()


def test_all_rows_bad_is_an_error_that_counts(parquet: Parquet, take: Take, store: Store) -> None:
    path = parquet(id=[1, 2, None], ra=[None, 400.0, 500.0], dec=[1.0, 1.0, 1.0])
    with pytest.raises(BadTable, match=r"none of its 3 rows .*1 impossible position, 1 missing id, 1 missing position"):
        take(path)
    assert [path.name for path in store.tables_folder.iterdir()] == [".stars.lock"]


def test_a_file_without_rows_is_an_error(parquet: Parquet, take: Take, store: Store) -> None:
    path = parquet(id=pa.array([], pa.int64()), ra=pa.array([], pa.float64()), dec=pa.array([], pa.float64()))
    with pytest.raises(BadTable, match="no rows"):
        take(path)
    assert store.names() == []


def test_a_column_called_reason_keeps_its_name(parquet: Parquet, take: Take, rejected: Ask) -> None:
    take(parquet(id=[1, 2], ra=[1.0, None], dec=[1.0, 1.0], reason=["x", "y"]))
    assert rejected("id, reason, reason_2") == [(2, "y", "missing position")]


ANGLES = st.one_of(
    st.none(),
    st.sampled_from([NAN, INF, -INF, 400.0, -181.0, 90.0000001, -90.0, 360.0, 0.0]),
    st.floats(-90, 90),
)
SKIES = st.lists(st.tuples(st.one_of(st.none(), st.integers(-3, 12)), ANGLES, ANGLES), min_size=1, max_size=60)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SKIES)
def test_every_row_is_kept_or_rejected(
    tmp_path_factory: pytest.TempPathFactory, sky: list[tuple[int | None, float | None, float | None]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    store = Store.create(Settings(store=str(folder / "sky"), memory_gb=1.0, threads=1))
    ids, ras, decs = zip(*sky, strict=True)
    columns = {
        "id": pa.array(ids, pa.int64()),
        "ra": pa.array(ras, pa.float64()),
        "dec": pa.array(decs, pa.float64()),
        "place": pa.array(range(len(sky)), pa.int64()),
    }
    path = folder / "any.parquet"
    pa.parquet.write_table(pa.table(columns), path)
    good = {
        place: id_
        for place, (id_, ra, dec) in enumerate(sky)
        if id_ is not None and ra is not None and dec is not None and -180 <= ra <= 360 and -90 <= dec <= 90
    }
    options = IngestOptions(table="any_sky")
    if not good:
        with pytest.raises(BadTable):
            ingest(store, [path], options)
        return
    report = ingest(store, [path], options)
    kept, out = _places(store)
    assert sorted(kept + out) == list(range(len(sky)))
    assert set(kept) <= good.keys()
    assert sorted(good[place] for place in kept) == sorted(set(good.values()))
    assert (report.rows_read, report.rows_kept, sum(report.rejected.values())) == (len(sky), len(kept), len(out))


def _places(store: Store) -> tuple[list[int], list[int]]:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{store.table_file('any_sky')}' AS kept (READ_ONLY)")
        kept = [place for (place,) in connection.execute("SELECT place FROM kept.main.data").fetchall()]
        rejected = store.rejected_file("any_sky")
        if not rejected.exists():
            return kept, []
        out = connection.execute("SELECT place FROM read_parquet(?)", [str(rejected)]).fetchall()
    return kept, [place for (place,) in out]


@pytest.mark.parametrize("table", ["unread", "turned_away", "placed", "turned"])
def test_tables_may_be_called_like_what_is_used_on_the_way(
    parquet: Parquet, take: Take, rows: Ask, rejected: Ask, table: str
) -> None:
    path = parquet(id=[1, 2], ra=[1.0, None], dec=[1.0, 1.0])
    for mode in ("create", "replace"):
        report = take(path, table=table, mode=mode)
        assert report.rejected == {"missing position": 1}
    assert rows(f"SELECT id FROM {table}") == [(1,)]
    assert rejected("id, reason", table) == [(2, "missing position")]
