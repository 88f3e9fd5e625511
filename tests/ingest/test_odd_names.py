"""Odd names of columns, files and tables, and files that are cut short or cannot be read in part."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from astropy.table import Table

from skyband.schema.errors import BadFile, BadName, BadOption, BadTable, StoreNotFound
from skyband.schema.store import Store
from tests.ingest.stars import Ask, Parquet, Take, write


@pytest.mark.parametrize("name", ["__ra", "__DEC"])
def test_reserved_column_names_are_refused(parquet: Parquet, take: Take, name: str) -> None:
    with pytest.raises(BadTable, match=name):
        take(parquet(id=[1], ra=[1.0], dec=[2.0], **{name: [1.0]}))


def test_a_column_called_rowid_gets_another_name(parquet: Parquet, take: Take, rows: Ask, rejected: Ask) -> None:
    report = take(parquet(id=[1, 2, 2], ra=[1.0, None, 3.0], dec=[2.0] * 3, rowid=[7, 7, 7]))
    assert rows("SELECT id, ra, rowid_2 FROM stars ORDER BY id") == [(1, 1.0, 7), (2, 3.0, 7)]
    assert rejected("reason, id, rowid_2") == [("missing position", 2, 7)]
    assert any("rowid_2" in note for note in report.notes)


def test_column_names_may_be_anything(parquet: Parquet, take: Take, rows: Ask, rejected: Ask) -> None:
    names = ['say "x"', "select", "a; DROP TABLE stars", "größe", "reason", "it's", "{id}", "e-mail", "row"]
    values = {name: [place, -place] for place, name in enumerate(names)}
    report = take(parquet(id=[1, 2], ra=[1.0, 400.0], dec=[2.0, 2.0], **values))
    assert [column.name for column in report.info.columns][3:-1] == names
    assert rows("SELECT * EXCLUDE (id, ra, dec, healpix_29) FROM stars") == [tuple(range(9))]
    assert rejected('"reason_2", "{id}"') == [("impossible position", -6)]


def test_file_names_may_be_anything(parquet: Parquet, take: Take) -> None:
    report = take(parquet("it's [new] *? 100%.parquet", id=[1], ra=[1.0], dec=[2.0]))
    assert report.info.source == "it's [new] *? 100%.parquet"


@pytest.mark.parametrize("name", ["x; DROP TABLE stars", "../stars", "Stars", "", "select 1", "keys", "a" * 64, 'a"b'])
def test_table_names_are_names(parquet: Parquet, take: Take, store: Store, name: str) -> None:
    with pytest.raises(BadName):
        take(parquet(id=[1], ra=[1.0], dec=[2.0]), table=name)
    assert list(store.tables_folder.iterdir()) == []


def test_a_column_that_is_not_there(parquet: Parquet, take: Take) -> None:
    with pytest.raises(BadOption, match="objid"):
        take(parquet(id=[1], ra=[1.0], dec=[2.0]), id="objid")


@pytest.mark.parametrize("cut", [4, 0.95])
def test_truncated_files_leave_nothing(parquet: Parquet, take: Take, store: Store, cut: float) -> None:
    path = parquet(id=list(range(1000)), ra=[1.0] * 1000, dec=[2.0] * 1000)
    content = path.read_bytes()
    path.write_bytes(content[: int(cut * len(content)) if cut < 1 else int(cut)])
    with pytest.raises(BadFile, match=r"stars\.parquet"):
        take(path)
    assert store.names() == []


def test_a_truncated_fits_file(stars: Table, tmp_path: Path, take: Take, store: Store) -> None:
    path = write(stars, tmp_path, "fits")
    path.write_bytes(path.read_bytes()[:-2880])
    with pytest.raises(BadFile, match=r"stars\.fits"):
        take(path)
    assert store.names() == []


def test_csv_rows_that_cannot_be_read(tmp_path: Path, take: Take, rows: Ask, rejected: Ask) -> None:
    path = tmp_path / "stars.csv"
    good = "".join(f"{place},{place / 10},{place / 20},{place}.5\n" for place in range(10, 600))
    path.write_text(f"id,ra,dec,mag\n{good}600,60,30,bright\n601,60.1\n602,abc,1.0,3.0\n603,1.0,2.0,7.5\n")
    report = take(path)
    assert (report.rows_read, report.rows_kept) == (594, 591)
    assert report.rejected == {"unreadable line": 1, "unreadable value: mag": 1, "unreadable value: ra": 1}
    assert rejected("reason, parse_filename(file), line, text, id") == [
        ("unreadable line", "stars.csv", 593, "601,60.1", None),
        ("unreadable value: mag", "stars.csv", 592, "600,60,30,bright", None),
        ("unreadable value: ra", "stars.csv", 594, "602,abc,1.0,3.0", None),
    ]
    assert rows("SELECT id, ra, dec, mag FROM stars WHERE id > 598 ORDER BY id") == [
        (599, 59.9, 29.95, 599.5),
        (603, 1.0, 2.0, 7.5),
    ]


@pytest.mark.parametrize("kind", ["parquet", "fits", "csv"])
def test_progress_counts_to_the_end(kind: str, parquet: Parquet, tmp_path: Path, store: Store) -> None:
    from skyband.ingest.pipeline import IngestOptions, ingest

    count = 200_000
    columns = {"id": np.arange(count), "ra": np.linspace(0, 359, count), "dec": np.zeros(count)}
    path = tmp_path / f"stars.{kind}"
    if kind == "parquet":
        parquet(**columns)
    elif kind == "fits":
        Table(columns).write(path)
    else:
        pyarrow.csv.write_csv(pa.table(columns), path)
    told: list[tuple[int, int | None]] = []
    ingest(store, [path], IngestOptions(table="stars"), progress=lambda done, total: told.append((done, total)))
    # Nobody knows how many rows a CSV file has before it is read.
    assert told[-1] == (count, None if kind == "csv" else count)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_store_must_be_there_to_be_read(tmp_path: Path) -> None:
    from skyband.schema.settings import Settings

    with pytest.raises(StoreNotFound):
        Store.open(Settings(store=str(tmp_path / "nowhere")))


@pytest.mark.parametrize("name", ["\x010\x02", "flux\n(mJy)", "a\x7f"])
def test_a_column_with_a_control_character_in_its_name(parquet: Parquet, take: Take, store: Store, name: str) -> None:
    path = parquet(**{"id": [1], "ra": [2.0], "dec": [3.0], name: [4.0]})
    with pytest.raises(BadName, match="control character"):
        take(path)
    assert store.names() == []
