"""Tables of paths and URLs: ids, positions and pixel scales of their rows, and what is wrong with some."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from skyband.schema.errors import BadOption, BadTable
from skyband.schema.names import quote_text
from skyband.schema.store import Store
from tests.ingest.images.conftest import Add, Put
from tests.pictures import jpeg
from tests.places import ImageServer

Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def folder(put: Put) -> Path:
    """Three images to speak of."""
    for number in range(3):
        put(f"pics/g{number}.jpg", jpeg(number))
    return put("pics/g0.jpg", jpeg(0)).parent


def text(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_ids_positions_and_scales_come_with_the_paths(
    add: Add, folder: Path, rows: Ask, served: ImageServer, tmp_path: Path
) -> None:
    url = served.put("/x/y.jpg", jpeg(9))
    listed = text(
        folder / "list.csv",
        "objid,file_name,RA (deg),Dec (deg),pixscale,remark",
        "1237650000000000001,g0.jpg,150.5,2.5,0.396,near",
        f"1237650000000000002,{tmp_path}/pics/g1.jpg,,,,nowhere",
        f"1237650000000000003,{url},359.5,-2.5,0.262,far",
    )
    report = add(listed)
    assert dict(report.rejected) == {}
    assert rows("SELECT id, ra, dec, pixel_scale, source FROM gals ORDER BY id") == [
        ("1237650000000000001", 150.5, 2.5, 0.396, str(folder / "g0.jpg")),
        ("1237650000000000002", None, None, None, str(folder / "g1.jpg")),
        ("1237650000000000003", 359.5, -2.5, 0.262, url),
    ]


def test_positions_in_hours_and_other_frames_are_understood(add: Add, folder: Path, rows: Ask) -> None:
    listed = text(folder / "list.tsv", "name\tpath\tra\tdec", "a\tg0.jpg\t10:00:00\t-01:30:00")
    add(listed)
    assert rows("SELECT id, ra, dec FROM gals") == [("a", pytest.approx(150.0), pytest.approx(-1.5))]
    pa.parquet.write_table(
        pa.table({"glon": [0.0], "glat": [0.0], "id": ["b"], "path": ["g1.jpg"]}), folder / "l.parquet"
    )
    add(folder / "l.parquet", collection="galactic")
    assert rows("SELECT id, round(ra, 3), round(dec, 3) FROM galactic") == [("b", 266.405, -28.936)]


def test_without_ids_the_names_of_the_files_are_ids(add: Add, folder: Path, rows: Ask) -> None:
    report = add(text(folder / "list.csv", "image_path,ra,dec", "g1.jpg,10,20", "g0.jpg,11,21"))
    assert rows("SELECT id, ra FROM gals ORDER BY id") == [("g0", 11.0), ("g1", 10.0)]
    assert report.notes == ()


def test_without_positions_it_is_said_why(add: Add, folder: Path, rows: Ask) -> None:
    report = add(text(folder / "list.csv", "id,path", "7,g1.jpg"))
    assert rows("SELECT id, ra FROM gals") == [("7", None)]
    assert len(report.notes) == 1
    assert report.notes[0].startswith("no positions are taken from list.csv: no columns of right ascension")


def test_columns_can_be_named(add: Add, folder: Path, rows: Ask) -> None:
    listed = text(folder / "list.csv", "a,b,c,d", "7,g1.jpg,10,20")
    add(listed, id="a", path="b", ra="c", dec="d")
    assert rows("SELECT id, ra, dec, source FROM gals") == [("7", 10.0, 20.0, str(folder / "g1.jpg"))]


def test_rows_that_are_wrong_are_turned_away(add: Add, folder: Path, rows: Ask, store: Store) -> None:
    listed = text(
        folder / "list.csv",
        "id,path,ra,dec",
        "a,g0.jpg,10,20",
        "a,g1.jpg,11,20",
        ",g1.jpg,12,20",
        "b,,13,20",
        "c,g2.jpg,400,20",
        "d,nosuch.jpg,14,20",
    )
    report = add(listed)
    assert dict(report.rejected) == {
        "duplicate id": 1,
        "impossible position": 1,
        "missing id": 1,
        "missing path or URL": 1,
        "not fetched": 1,
    }
    assert rows("SELECT id, ra FROM gals") == [("a", 10.0)]
    path = quote_text(str(store.rejected_file("gals")))
    assert rows(f"SELECT id, source, reason FROM read_parquet({path}) ORDER BY reason") == [
        ("a", str(folder / "g1.jpg"), "duplicate id"),
        ("c", str(folder / "g2.jpg"), "impossible position"),
        (None, str(folder / "g1.jpg"), "missing id"),
        ("b", None, "missing path or URL"),
        ("d", str(folder / "nosuch.jpg"), "not fetched"),
    ]
    # The same again: nothing is listed twice.
    add(listed)
    assert rows(f"SELECT count(*) FROM read_parquet({path})") == [(5,)]


def test_a_list_gives_positions_to_images_that_are_there(add: Add, folder: Path, rows: Ask) -> None:
    add(folder)
    report = add(text(folder / "list.csv", "id,path,ra,dec", "g0,g0.jpg,10,20", "g1,g1.jpg,11,20"))
    assert (report.added, report.updated, report.unchanged) == (0, 2, 0)
    assert rows("SELECT id, ra FROM gals ORDER BY id") == [("g0", 10.0), ("g1", 11.0), ("g2", None)]
    # And the folder, which knows no positions, takes none away.
    assert add(folder).unchanged == 3


@pytest.mark.parametrize(
    ("header", "options", "error", "words"),
    [
        ("id,ra,dec", {}, BadTable, "give --path COLUMN"),
        ("id,path,file", {}, BadTable, "several columns could be the address"),
        ("id,path", {"path": "where"}, BadOption, "--path where"),
        ("id,path", {"id": "objid"}, BadOption, "--id objid"),
        ("id,path", {"ra": "path"}, BadOption, "--ra and --dec belong together"),
    ],
)
def test_unclear_tables_are_refused(
    add: Add, folder: Path, header: str, options: dict[str, Any], error: type[Exception], words: str
) -> None:
    values = ",".join({"id": "1", "path": "g0.jpg", "file": "g0.jpg"}.get(name, "1") for name in header.split(","))
    with pytest.raises(error, match=words):
        add(text(folder / "list.csv", header, values), **options)
