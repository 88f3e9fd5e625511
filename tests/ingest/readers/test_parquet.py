"""Parquet, its metadata conventions, and HATS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import MaskedColumn, QTable, Table

from skyband.ingest.readers import open_source
from skyband.schema.errors import BadFile, BadTable

Read = Callable[..., Any]
Equal = Callable[..., None]


@pytest.mark.real
@pytest.mark.parametrize(
    "name",
    [
        "xmatch_ngc188/gaia_dr2.parquet",
        "xmatch_ngc188/twomass_psc.parquet",
        "labelled_brown_dwarfs/simple_sources.parquet",
        "labelled_transients/s82_rrlyrae_sesar2010.parquet",
    ],
)
def test_real_files(real_data: Path, connection: duckdb.DuckDBPyConnection, name: str) -> None:
    source = open_source([real_data / name])
    expected = pq.read_table(real_data / name)
    with source.relation(connection) as sql:
        rows = connection.sql(f"FROM {sql}").to_arrow_table()
    assert rows.column_names == expected.column_names
    assert source.rows == expected.num_rows
    for field in expected.schema:
        np.testing.assert_equal(rows[field.name].to_pylist(), expected[field.name].to_pylist(), err_msg=field.name)


@pytest.mark.real
@pytest.mark.parametrize(
    ("folder", "rows"),
    [
        ("small_sky_order1_collection", 131),
        ("small_sky_order1_collection/small_sky_order1", 131),
        ("small_sky_order1_collection/small_sky_order1/dataset", 131),
        ("small_sky_order1_collection/small_sky_order1_margin_1deg", 23),
        ("small_sky_xmatch", 111),
    ],
)
def test_hats(real_data: Path, read: Read, folder: str, rows: int) -> None:
    path = real_data / "hats_small_sky" / "hats" / folder
    reading = read(path)
    assert (len(reading.rows), reading.source.rows, len(set(reading["id"]))) == (rows, rows, rows)
    assert "Norder" not in reading.types
    if not folder.endswith("dataset"):  # the columns of the position are named in `properties`
        ucds = {column.name: column.ucd for column in reading.source.columns if column.ucd}
        assert ucds == {"ra": "pos.eq.ra;meta.main", "dec": "pos.eq.dec;meta.main"}


@pytest.mark.real
def test_hats_equals_the_csv_it_was_made_from(real_data: Path, read: Read) -> None:
    folder = real_data / "hats_small_sky"
    catalogue, table = read(folder / "hats" / "small_sky_xmatch"), read(folder / "xmatch__small_sky_xmatch.csv")
    pixels, lines = (dict(zip(reading["id"], reading["ra"], strict=True)) for reading in (catalogue, table))
    assert pixels == pytest.approx(lines, rel=1e-15)


def test_a_collection_without_its_catalogue(tmp_path: Path) -> None:
    (tmp_path / "collection.properties").write_text("hats_primary_table_url=catalogue\n")
    with pytest.raises(BadFile, match="lacks its catalogue 'catalogue'"):
        open_source([tmp_path])


def test_old_hipscat_layout(tmp_path: Path, read: Read) -> None:
    for pixel, numbers in (("Norder=1/Dir=0/Npix=44.parquet", [1, 2]), ("Norder=2/Dir=0/Npix=180.parquet", [3])):
        path = tmp_path / pixel
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"id": numbers, "Norder": [int(pixel[7])] * len(numbers)}), path)
    pq.write_table(pa.table({"id": [0], "Norder": [0]}), tmp_path / "_metadata")
    (tmp_path / "partition_info.csv").write_text("Norder,Dir,Npix\n1,0,44\n")
    assert read(tmp_path).rows == [(1, 1), (2, 1), (3, 2)]


def test_astropy_metadata_and_masks(tmp_path: Path, read: Read) -> None:
    table = QTable({"n": MaskedColumn([1, 2, 3], mask=[False, True, False], description="counted")})
    table["at"] = SkyCoord([1.0, 2.0, 3.0], [4.0, 5.0, 6.0], unit="deg", frame="fk4")
    table["n"].info.meta = {"ucd": "meta.number"}
    table.meta["description"] = "a table"
    table.write(tmp_path / "masked.parquet")
    reading = read(tmp_path / "masked.parquet")
    assert reading.rows == [(1, 1.0, 4.0), (None, 2.0, 5.0), (3, 3.0, 6.0)]
    source = reading.source
    assert [(column.name, column.ucd, column.unit) for column in source.columns] == [
        ("n", "meta.number", ""),
        ("ra", "pos.eq.ra;meta.main", "deg"),
        ("dec", "pos.eq.dec;meta.main", "deg"),
    ]
    assert (source.frame, source.equinox, source.description) == ("FK4", "B1950", "a table")
    assert source.columns[0].description == "counted"


def test_voparquet(tmp_path: Path, read: Read) -> None:
    votable = (
        '<VOTABLE><RESOURCE><COOSYS ID="s" system="FK5" epoch="J2000.0"/><INFO name="rights" value="CC-BY"/><TABLE>'
        '<DESCRIPTION>stars</DESCRIPTION><FIELD name="RA" datatype="double" unit="degree" ucd="pos.eq.ra" ref="s">'
        '<DESCRIPTION>where</DESCRIPTION></FIELD><FIELD name="n" datatype="int" utype="a:b"/></TABLE>'
        "</RESOURCE></VOTABLE>"
    )
    metadata = {"IVOA.VOTable-Parquet.version": "1.0", "IVOA.VOTable-Parquet.content": votable}
    path = tmp_path / "vo.parquet"
    pq.write_table(pa.table({"RA": [1.5], "n": pa.array([2], pa.int32())}).replace_schema_metadata(metadata), path)
    source = open_source([path])
    ra, number = source.columns
    assert (ra.type, ra.unit, ra.ucd, ra.description) == ("DOUBLE", "deg", "pos.eq.ra", "where")
    assert (number.type, number.utype) == ("INTEGER", "a:b")
    assert (source.frame, source.epoch, source.description, source.licence) == ("FK5", 2000.0, "stars", "CC-BY")
    broken = {**metadata, "IVOA.VOTable-Parquet.content": votable[:-9]}
    pq.write_table(pa.table({"RA": [1.5]}).replace_schema_metadata(broken), path)
    reading = read(path)
    assert reading.rows == [(1.5,)]
    assert "its VOTable header was not used" in reading.source.notes[0]


def test_what_astropy_writes_as_voparquet(tmp_path: Path, catalogue: Table, read: Read) -> None:
    table = Table({"ra": [1.0, 2.0], "name": ["x", "é"]})
    described = {
        "ra": {"unit": "deg", "ucd": "pos.eq.ra", "utype": "none", "description": "where"},
        "name": {"unit": "", "ucd": "meta.id", "utype": "none", "description": "who"},
    }
    table.write(tmp_path / "vo.parquet", format="parquet.votable", metadata=described)
    reading = read(tmp_path / "vo.parquet")
    assert reading.rows == [(1.0, "x"), (2.0, "é")]
    assert [(column.unit, column.ucd) for column in reading.source.columns] == [("deg", "pos.eq.ra"), ("", "meta.id")]


def test_names(tmp_path: Path, read: Read) -> None:
    columns = [[1], [2], [3], [4]]
    pq.write_table(pa.table(columns, names=["id", "ID", "", 'a "b"']), tmp_path / "names.parquet")
    assert read(tmp_path / "names.parquet").types == {
        "id": "BIGINT",
        "ID_1": "BIGINT",
        "column_3": "BIGINT",
        'a "b"': "BIGINT",
    }


def test_files_of_different_types_and_order(tmp_path: Path, read: Read) -> None:
    narrow = pa.table({"n": pa.array([1], pa.int32()), "x": pa.array([1.5], pa.float32()), "t": ["a"]})
    wide = pa.table({"T": ["b"], "N": pa.array([2**40], pa.int64()), "X": pa.array([2.5], pa.float64())})
    for name, table in (("part-10.parquet", wide), ("part-2.parquet", narrow)):
        pq.write_table(table, tmp_path / name)
    reading = read(tmp_path)
    assert reading.types == {"n": "BIGINT", "x": "DOUBLE", "t": "VARCHAR"}
    assert reading.rows == [(1, 1.5, "a"), (2**40, 2.5, "b")]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"id": [1]}, "lacks x; files of one table"),
        ({"id": [1], "x": [1.0], "y": [1.0]}, "has y more; files of one table"),
        ({"id": [1], "x": ["text"]}, "column 'x' is DOUBLE in .* and VARCHAR in"),
        ({"id": pa.array([1], pa.uint64()), "x": [1.0]}, "column 'id' is BIGINT in .* and UBIGINT in"),
    ],
)
def test_files_that_are_not_of_one_table(tmp_path: Path, other: dict[str, Any], message: str) -> None:
    pq.write_table(pa.table({"id": [1], "x": [1.0]}), tmp_path / "a.parquet")
    pq.write_table(pa.table(other), tmp_path / "b.parquet")
    with pytest.raises(BadTable, match=message):
        open_source([tmp_path])


def test_truncation(tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    pq.write_table(pa.table({"n": range(10_000)}), whole)
    data = whole.read_bytes()
    path = tmp_path / "cut.parquet"
    for kept in (0, 3, 4, 8, 12, len(data) // 2, len(data) - 9, len(data) - 1):
        path.write_bytes(data[:kept])
        with pytest.raises(BadFile, match=r"is empty|is truncated|no separator|no header|known here"):
            open_source([path])


def test_damaged_pages(tmp_path: Path, read: Read) -> None:
    pq.write_table(
        pa.table({"n": np.arange(100_000), "x": np.arange(100_000) / 7}), tmp_path / "a.parquet", compression="zstd"
    )
    data = bytearray((tmp_path / "a.parquet").read_bytes())
    for start, stop in ((4, 24), (1000, 100_000)):
        broken = bytearray(data)
        broken[start:stop] = bytes(stop - start)
        (tmp_path / "b.parquet").write_bytes(broken)
        with pytest.raises(BadFile, match=r"b\.parquet is damaged"):
            read(tmp_path / "a.parquet", tmp_path / "b.parquet")
