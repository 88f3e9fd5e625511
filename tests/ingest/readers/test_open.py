"""Finding files, telling formats apart, and putting files together."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from astropy.io import fits
from astropy.table import Table

from skyband.ingest.readers import open_source
from skyband.ingest.readers.detect import detect_format
from skyband.ingest.readers.frames import Frame, frame_of, julian_year
from skyband.ingest.readers.source import unique_names
from skyband.ingest.readers.unite import wider
from skyband.schema.errors import BadFile, BadOption, BadTable

Read = Callable[..., Any]


@pytest.mark.parametrize("format", ["fits", "votable", "ecsv", "parquet"])
def test_the_bytes_decide_not_the_name(tmp_path: Path, format: str) -> None:
    Table({"n": [1], "x": [2.5]}).write(tmp_path / "table", format="ascii.ecsv" if format == "ecsv" else format)
    for name in ("table.csv", "table.fits", "table"):
        path = tmp_path / name
        path.write_bytes((tmp_path / "table").read_bytes())
        assert detect_format(path) == format
        if format != "parquet":
            (tmp_path / "packed").write_bytes(gzip.compress(path.read_bytes()))
            assert detect_format(tmp_path / "packed") == format


def test_text_is_csv_unless_its_name_promises_another_format(tmp_path: Path) -> None:
    for name, format in (("a.csv", "csv"), ("a.tsv", "tsv"), ("a.txt", "csv"), ("a", "csv"), ("a.tsv.gz", "tsv")):
        (tmp_path / name).write_text("n\tx\n1\t2.5\n")
        assert detect_format(tmp_path / name) == format
    (tmp_path / "a.fits").write_text("n,x\n1,2.5\n")
    with pytest.raises(BadFile, match="is not a table in a format known here"):
        detect_format(tmp_path / "a.fits")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89HDF\r\n", "is HDF5; skyband reads Parquet, CSV, TSV, FITS, VOTable and ECSV"),
        (b"PK\x03\x04", "is a ZIP archive"),
        (b"Obj\x01", "is Avro"),
        (b'{"a": 1}', "is JSON"),
        (b"<!doctype html><html>", "is a web page"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "is not a table in a format known here"),
        (b"", "is empty"),
    ],
)
def test_strangers(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(BadFile, match=message):
        open_source([tmp_path / "file"])


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"nothing\.fits: no such file"):
        open_source([tmp_path / "nothing.fits"])
    with pytest.raises(BadFile, match="no file to read"):
        open_source([])
    with pytest.raises(BadFile, match="holds no tables"):
        open_source([tmp_path])
    with pytest.raises(BadOption, match="unknown format 'hdf5'; choose one of parquet, csv"):
        open_source([tmp_path], format="hdf5")


def test_a_folder(tmp_path: Path, read: Read) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("part-10.csv", "part-9.csv", "deep/er/part-1.csv.gz", ".hidden.csv", "_skip.csv"):
        content = f"id,name\n{len(name)},{name}\n".encode()
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "plot.png").write_bytes(b"\x89PNG")
    reading = read(tmp_path)
    assert sorted(reading["name"]) == ["deep/er/part-1.csv.gz", "part-10.csv", "part-9.csv"]
    assert reading.source.path == tmp_path
    assert reading.source.notes == ("left out 2 files that are no tables: README.md, plot.png",)
    # Named twice, read once.
    assert len(read(tmp_path, tmp_path / "part-9.csv").rows) == 3


def test_a_folder_of_several_formats(tmp_path: Path, read: Read) -> None:
    table = Table({"id": [1], "x": [2.5]})
    table.write(tmp_path / "table.fits")
    table.write(tmp_path / "table.csv")
    with pytest.raises(BadTable, match=r"several formats \(1 csv, 1 fits\).*choose one with --format"):
        open_source([tmp_path])
    reading = read(tmp_path, format="fits")
    assert (reading.source.format, reading.rows) == ("fits", [(1, 2.5)])


def test_files_of_several_formats_that_are_named(tmp_path: Path, read: Read) -> None:
    Table({"id": [1], "x": [2.5]}).write(tmp_path / "a.fits")
    (tmp_path / "b.csv").write_text("x,ID\n3.5,2\nabc,7\n5.5,3\n6.5,4\n")
    (tmp_path / "c.vot").write_text(
        '<VOTABLE><RESOURCE><TABLE><FIELD name="ID" datatype="short"/><FIELD name="X" datatype="float"/><DATA>'
        "<TABLEDATA><TR><TD>5</TD><TD>7.5</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    )
    reading = read(tmp_path / "a.fits", tmp_path / "b.csv", tmp_path / "c.vot")
    assert reading.types == {"id": "BIGINT", "x": "DOUBLE"}
    assert sorted(reading.rows) == [(1, 2.5), (2, 3.5), (3, 5.5), (4, 6.5), (5, 7.5)]
    assert [(line, column) for line, column, *_ in reading.rejects] == [(3, "x")]


def test_a_file_that_is_no_fits_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,ra,dec\n1,2,3\n")
    with pytest.raises(BadFile, match="is no FITS file: it does not begin with the card SIMPLE"):
        open_source([path], format="fits")


def fits_table(path: Path, unit: str = "deg", **cards: object) -> Path:
    hdu = fits.BinTableHDU.from_columns([fits.Column("RA", "D", unit=unit, array=[1.0])])
    hdu.header.update(cards)
    hdu.writeto(path)
    return path


def test_files_of_different_units_and_frames(tmp_path: Path, read: Read) -> None:
    first = fits_table(tmp_path / "a.fits")
    assert len(read(first, fits_table(tmp_path / "b.fits", unit="")).rows) == 2
    with pytest.raises(BadTable, match=r"column 'RA' is in deg in .* and in rad in"):
        open_source([first, fits_table(tmp_path / "c.fits", unit="rad")])
    with pytest.raises(BadTable, match=r"positions are ICRS, no epoch in .* and FK5 J2000, no epoch in"):
        open_source([first, fits_table(tmp_path / "d.fits", RADESYS="FK5")])


def test_a_thousand_files_are_one_part_of_a_query(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    Table({"n": [1, 2]}).write(tmp_path / "0.fits")
    for number in range(1, 300):
        (tmp_path / f"{number}.fits").hardlink_to(tmp_path / "0.fits")
    source = open_source([tmp_path])
    with source.relation(connection) as sql:
        assert "UNION" not in sql
        assert connection.execute(f"SELECT count(*), sum(n) FROM {sql}").fetchall() == [(600, 900)]


def test_a_relation_left_in_the_middle(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    Table({"n": range(200_000)}).write(tmp_path / "long.fits")
    source = open_source([tmp_path / "long.fits"])
    with source.relation(connection) as sql:
        assert connection.execute(f"FROM {sql}").fetchone() == (0,)
    with pytest.raises(duckdb.BinderException), source.relation(connection) as sql:
        connection.execute(f"SELECT nothing FROM {sql}")
    with source.relation(connection) as sql:
        assert connection.execute(f"SELECT count(*) FROM {sql}").fetchall() == [(200_000,)]
    assert connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall() == []


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["a", "b"], ["a", "b"]),
        (["ID", "id", "Id"], ["ID", "id_1", "Id_2"]),
        (["", "x", " "], ["column_1", "x", "column_3"]),
        (["a", "a_1", "A"], ["a", "a_1", "A_2"]),
        (["column_2", ""], ["column_2", "column_2_1"]),
    ],
)
def test_unique_names(names: list[str], unique: list[str]) -> None:
    assert unique_names(names) == unique


@pytest.mark.parametrize("one", ["TINYINT", "UTINYINT", "INTEGER", "UINTEGER", "BIGINT", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("two", ["SMALLINT", "USMALLINT", "BIGINT", "DOUBLE"])
def test_the_wider_type_holds_the_limits_of_both(connection: duckdb.DuckDBPyConnection, one: str, two: str) -> None:
    joint = wider(one, two)
    assert joint == wider(two, one) is not None
    for type in (one, two):
        if type in {"FLOAT", "DOUBLE"} or joint == "DOUBLE":
            continue
        unsigned, bits = type.startswith("U"), {"TINY": 8, "SMAL": 16, "INTE": 32, "BIGI": 64}[type.lstrip("U")[:4]]
        limits = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        assert connection.execute(f"SELECT ?::{joint}, ?::{joint}", limits).fetchall() == [limits]


@pytest.mark.parametrize(
    ("one", "two", "joint"),
    [
        ("FLOAT[5]", "DOUBLE[5]", "DOUBLE[5]"),
        ("FLOAT[5]", "FLOAT[6]", "FLOAT[]"),
        ("DATE", "TIMESTAMP", "TIMESTAMP"),
        ("VARCHAR", "DOUBLE", None),
        ("BIGINT", "UBIGINT", None),
        ("FLOAT[5]", "FLOAT", None),
        ("BOOLEAN", "BIGINT", None),
    ],
)
def test_wider_of_others(one: str, two: str, joint: str | None) -> None:
    assert (wider(one, two), wider(two, one)) == (joint, joint)


@pytest.mark.parametrize(
    ("declared", "frame"),
    [
        (("ICRS",), Frame("ICRS")),
        (("eq_FK5", "J2000"), Frame("FK5", "J2000")),
        (("FK5", 1975.0), Frame("FK5", "J1975")),
        (("FK4",), Frame("FK4", "B1950")),
        (("eq_FK4", "1900", "1950"), Frame("FK4", "B1900", 1950.0)),
        (("ecl_FK5",), Frame("ECLIPTIC", "J2000")),
        (("galactic", "J2000", "J2015.5"), Frame("GALACTIC", None, 2015.5)),
        (("barycentric",), None),
        (("",), None),
    ],
)
def test_frames(declared: tuple[str, ...], frame: Frame | None) -> None:
    assert frame_of(*declared) == frame


def test_besselian_epochs_against_astropy() -> None:
    from astropy.time import Time

    for text in ("B1950", "B1875.0", "B2000.0"):
        assert julian_year(text) == pytest.approx(Time(text).jyear, abs=1e-9)
    assert [julian_year(value) for value in ("J2016.0", 2016, "2016.25", "2016-01-01", None, "")] == [
        2016.0,
        2016.0,
        2016.25,
        None,
        None,
        None,
    ]
